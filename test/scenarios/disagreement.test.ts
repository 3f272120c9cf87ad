import { afterAll, beforeAll, expect, it } from 'vitest';
import { textAt } from '../../src/lib/rehearse/expect.js';
import { codeOf, World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

it('T14 one rejects while another gives the last approval: it is rejected', async () => {
  const asked = await world.rotate('architect');
  await world.approve('architect', asked);
  const [approved, rejected] = await Promise.all([
    world.run('privacy', ['keys', 'approve', asked.id, '--reviewed', asked.digest]),
    world.run('deputy', ['keys', 'reject', asked.id, '--reason', 'not this month']),
  ]);
  expect(rejected.exit, rejected.stdout).toBe(0);
  // The approval may have come first, or have found the request ended.
  expect([0, 3]).toContain(approved.exit);
  expect(await world.stateOf('architect', asked.id)).toBe('rejected');
  expect(codeOf(await world.ends(3, 'architect', 'keys', 'execute', asked.id))).toBe('REQUEST_ENDED');
  expect(await world.rotations()).toBe(0);
});

it('T15 an approval is taken back, and its file does not bring it back; then the request itself', async () => {
  const asked = await world.rotate('architect');
  await world.approve('architect', asked);
  await world.approve('privacy', asked);
  const back = await world.ok('privacy', 'keys', 'withdraw', asked.id, '--reason', 'read it again');
  expect(textAt(back.json, 'request', 'state')).toBe('pending');
  expect(codeOf(await world.ends(8, 'deputy', 'keys', 'execute', asked.id))).toBe('PENDING');
  expect(codeOf(await world.ends(3, 'deputy', 'keys', 'withdraw', asked.id))).toBe('REFUSED');
  const gone = await world.ok('architect', 'keys', 'withdraw', asked.id);
  expect(textAt(gone.json, 'request', 'state')).toBe('withdrawn');
  expect(codeOf(await world.ends(3, 'deputy', 'keys', 'execute', asked.id))).toBe('REQUEST_ENDED');
  expect(await world.rotations()).toBe(0);
});
