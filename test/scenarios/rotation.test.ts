import { afterAll, beforeAll, expect, it } from 'vitest';
import { at, listAt, textAt } from '../../src/lib/rehearse/expect.js';
import { World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

it('two of three custodians rotate a key, and a script that asks twice doubles nothing', async () => {
  const asked = await world.rotate('architect', '--reason', 'the yearly one');
  const again = await world.ok('deputy', 'keys', 'rotate', 'case-data');
  expect(at(again.json, 'created')).toBe(false);
  expect(textAt(again.json, 'request', 'id')).toBe(asked.id);

  const one = await world.approve('architect', asked);
  expect(textAt(one.json, 'request', 'state')).toBe('pending');
  const early = await world.ends(8, 'deputy', 'keys', 'execute', asked.id);
  expect(at(early.json, 'error', 'code')).toBe('PENDING');
  expect(await world.rotations()).toBe(0);

  const two = await world.approve('privacy', asked);
  expect(textAt(two.json, 'request', 'state')).toBe('approved');
  const done = await world.ok('deputy', 'keys', 'execute', asked.id);
  expect(listAt(done.json, 'receipt', 'awsRequestIds')).toHaveLength(1);
  expect(await world.rotations()).toBe(1);

  // Everyone sees the end, nobody can run it again, and the ledger tells of each step once.
  expect(await world.stateOf('privacy', asked.id)).toBe('executed');
  const replay = await world.ends(3, 'privacy', 'keys', 'execute', asked.id);
  expect(at(replay.json, 'error', 'code')).toBe('REQUEST_ENDED');
  expect(await world.rotations()).toBe(1);
  expect((await world.ok('privacy', 'ledger', 'verify')).json.verdict).toBe('verified');
  const entries = listAt((await world.ok('architect', 'ledger', 'show')).json, 'entries');
  const kinds = entries.filter((entry) => at(entry, 'requestId') === asked.id).map((entry) => at(entry, 'kind'));
  expect(kinds).toEqual(['request', 'approval', 'approval', 'intent', 'receipt']);
});
