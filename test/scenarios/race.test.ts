import { afterEach, beforeEach, expect, it } from 'vitest';
import { at, listAt } from '../../src/lib/rehearse/expect.js';
import { PLAYERS } from '../support/cli.js';
import { codeOf, World } from './world.js';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

it('T59 two executors on two machines at once: one rotation, one intent, one receipt', async () => {
  const asked = await world.approvedRotation();
  await world.ok('deputy', 'keys', 'pending');
  const elsewhere = await world.machine('deputy', 'laptop');
  const outcomes = await Promise.all([
    world.run('deputy', ['keys', 'execute', asked.id]),
    world.run('deputy', ['keys', 'execute', asked.id], elsewhere),
    world.run('privacy', ['keys', 'execute', asked.id]),
  ]);
  const failures = outcomes.filter(({ exit }) => exit !== 0);
  // The others find it begun by somebody else, or ended; one that comes while it runs may finish it.
  for (const outcome of failures) expect([3, 6], outcome.stdout).toContain(outcome.exit);
  for (const outcome of failures) expect(['CONFLICT', 'REQUEST_ENDED']).toContain(codeOf(outcome));
  expect(failures.length).toBeLessThan(3);
  expect(await world.rotations()).toBe(1);
  const names = world.filesOf(asked.id).map((path) => path.split('/').at(-1));
  expect(names.filter((name) => name === 'intent.json' || name === 'receipt.json')).toHaveLength(2);
  expect(await world.stateOf('architect', asked.id)).toBe('executed');
  expect((await world.ok('architect', 'ledger', 'verify')).json.verdict).toBe('verified');
});

it('ten custodians’ processes publish at once: nothing is lost', async () => {
  const before = world.filesOf('heartbeats').length;
  const machines: { player: (typeof PLAYERS)[number]; env: NodeJS.ProcessEnv }[] = [];
  for (let n = 0; n < 10; n++) {
    const player = PLAYERS[n % 3] ?? 'deputy';
    machines.push({ player, env: await world.machine(player, `machine-${n}`) });
  }
  const outcomes = await Promise.all(machines.map(({ player, env }) => world.run(player, ['heartbeat'], env)));
  for (const outcome of outcomes) expect(outcome.exit, outcome.stdout + outcome.stderr).toBe(0);
  expect(world.filesOf('heartbeats').length - before).toBe(10);
  const entries = listAt((await world.ok('architect', 'ledger', 'show')).json, 'entries');
  expect(entries.filter((entry) => at(entry, 'kind') === 'heartbeat')).toHaveLength(before + 10);
  expect((await world.ok('architect', 'ledger', 'verify')).json.verdict).toBe('verified');
});
