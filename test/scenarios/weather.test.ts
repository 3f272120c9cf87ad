import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { listAt } from '../../src/lib/rehearse/expect.js';
import { codeOf, World } from './world.js';

/**
 * The network and AWS have a bad day: 5, with a word on what is going on, and the next run finishes. Side by side, for
 * most of their time is waiting.
 */
const story = (name: string, tell: (world: World) => Promise<void>) =>
  it.concurrent(name, async () => {
    const world = await World.open();
    await tell(world).finally(() => world.close());
  }, 240_000);

story(
  'a remote that is away: vetoes wait in the clone, approving says 5, and the next contact publishes what waits',
  async (world) => {
    const asked = await world.rotate('architect');
    await world.ok('privacy', 'keys', 'pending');
    renameSync(world.origin, `${world.origin}.away`);
    const approving = await world.run('privacy', ['keys', 'approve', asked.id, '--reviewed', asked.digest]);
    expect([approving.exit, codeOf(approving)]).toEqual([5, 'REMOTE_UNREACHABLE']);
    expect(approving.stderr).toContain('trying again');
    const executing = await world.run('privacy', ['keys', 'execute', asked.id]);
    expect([executing.exit, codeOf(executing)]).toEqual([5, 'REMOTE_UNREACHABLE']);
    const rejecting = await world.ok('privacy', 'keys', 'reject', asked.id, '--reason', 'on a train');
    expect(rejecting.json.pushed).toBe(false);
    expect(listAt((await world.ok('privacy', 'keys', 'pending')).json, 'waiting')).toHaveLength(1);
    renameSync(`${world.origin}.away`, world.origin);
    await world.ok('privacy', 'heartbeat');
    expect(await world.stateOf('architect', asked.id)).toBe('rejected');
  },
);

story('AWS throttles and then loses an answer: 5 first, then exactly one rotation', async (world) => {
  const asked = await world.approvedRotation();
  await world.fault({ kind: 'throttle', operation: 'RotateKeyOnDemand', times: null });
  const throttled = await world.run('deputy', ['keys', 'execute', asked.id]);
  expect([throttled.exit, codeOf(throttled)]).toEqual([5, 'THROTTLED']);
  expect(throttled.stderr).toContain('throttling RotateKeyOnDemand');
  expect(await world.rotations()).toBe(0);
  expect(await world.stateOf('privacy', asked.id)).toBe('executing');
  await world.clearFaults();
  await world.fault({ kind: 'after', operation: 'RotateKeyOnDemand' });
  await world.ok('privacy', 'keys', 'execute', asked.id);
  expect(await world.struck()).toBe(1);
  expect(await world.rotations()).toBe(1);
});

story('a remote and AWS that say nothing: 5 within the limit, and the next run finishes', async (world) => {
  const asked = await world.approvedRotation();
  await world.ok('deputy', 'keys', 'pending');
  const bin = join(world.dir, 'bin');
  mkdirSync(bin);
  // A git that reaches the remote and then hears nothing.
  const wrapper = `#!/bin/sh\nfor word in "$@"; do case "$word" in fetch|push) exec sleep 300;; esac; done\nPATH='${process.env.PATH}' exec git "$@"\n`;
  writeFileSync(join(bin, 'git'), wrapper);
  chmodSync(join(bin, 'git'), 0o755);
  await world.fault({ kind: 'hang', operation: 'RotateKeyOnDemand', seconds: 300 });
  const [remote, aws] = await Promise.all([
    world.run('privacy', ['keys', 'execute', asked.id], { PATH: `${bin}:${process.env.PATH}` }),
    world.run('deputy', ['keys', 'execute', asked.id]),
  ]);
  expect([remote.exit, codeOf(remote)]).toEqual([5, 'TIMEOUT']);
  expect(aws.exit, aws.stdout).toBe(5);
  expect(aws.stderr).toContain('looking at the key');
  expect(await world.rotations()).toBe(0);
  await world.ok('privacy', 'keys', 'execute', asked.id);
  expect(await world.rotations()).toBe(1);
});
