import { afterAll, beforeAll, expect, it } from 'vitest';
import { at, listAt } from '../../src/lib/rehearse/expect.js';
import { type Asked, codeOf, World } from '../scenarios/world.js';
import { type Cut, kill, killBesidePush } from './kill.js';
import { count, expectNothingLost, filesOf } from './whole.js';

/**
 * Real processes, really killed (kill -9): nothing is done twice, nothing is lost, the same command again goes on or
 * says that it is done. Every test has a world of its own, copied from one in which a rotation is approved by two.
 */

let approved: World;
let asked: Asked;

beforeAll(async () => {
  approved = await World.open();
  asked = await approved.approvedRotation();
  await approved.stop();
});
afterAll(() => approved.close());

const story = (name: string, tell: (world: World) => Promise<void>) =>
  it.concurrent(name, async () => {
    const world = await approved.copy();
    const before = filesOf(world);
    try {
      await tell(world);
      expectNothingLost(world, before);
    } finally {
      await world.close();
    }
  }, 240_000);

interface Point {
  readonly where: string;
  readonly cut: Cut;
  /** Rotations at AWS and files of the request when it is dead. */
  readonly left: { readonly rotations: number; readonly files: readonly string[] };
  readonly again: 'finishes' | 'says that it is done';
}

const POINTS: readonly Point[] = [
  {
    where: 'before its intent is pushed',
    cut: { git: 'push', when: 'before' },
    left: { rotations: 0, files: [] },
    again: 'finishes',
  },
  {
    where: 'when its intent has arrived',
    cut: { git: 'push', when: 'after' },
    left: { rotations: 0, files: ['intent.json'] },
    again: 'finishes',
  },
  {
    where: 'during the call at AWS, before it had an effect',
    cut: { aws: 'RotateKeyOnDemand', when: 'before' },
    left: { rotations: 0, files: ['intent.json'] },
    again: 'finishes',
  },
  {
    where: 'during the call at AWS, after it had its effect',
    cut: { aws: 'RotateKeyOnDemand', when: 'after' },
    left: { rotations: 1, files: ['intent.json'] },
    again: 'finishes',
  },
  {
    where: 'before its receipt is pushed',
    cut: { git: 'push', nth: 2, when: 'before' },
    left: { rotations: 1, files: ['intent.json'] },
    again: 'finishes',
  },
  {
    where: 'when its receipt has arrived',
    cut: { git: 'push', nth: 2, when: 'after' },
    left: { rotations: 1, files: ['intent.json', 'receipt.json'] },
    again: 'says that it is done',
  },
];

function slots(world: World): readonly string[] {
  const names = world.filesOf(asked.id).map((path) => path.split('/').at(-1) ?? '');
  return names.filter((name) => name === 'intent.json' || name === 'receipt.json').sort();
}

for (const { where, cut, left, again } of POINTS) {
  story(`T51 execute, killed ${where}`, async (world) => {
    await kill(world, { player: 'deputy', words: ['keys', 'execute', asked.id] }, cut);
    // Nobody waits for AWS: a rotation that was begun is finished then, and an old call would have shown.
    world.serving.sandbox.advance(600);
    expect(await world.rotations()).toBe(left.rotations);
    expect(slots(world)).toEqual(left.files);
    // Whoever goes on: the same machine, or where an intent is there, another custodian's.
    const rerun = await world.run(left.files.length > 0 ? 'privacy' : 'deputy', ['keys', 'execute', asked.id]);
    if (again === 'finishes') {
      expect(rerun.exit, rerun.stdout).toBe(0);
      expect(at(rerun.json, 'request', 'state')).toBe('executed');
    } else {
      expect([rerun.exit, codeOf(rerun)], rerun.stdout).toEqual([3, 'REQUEST_ENDED']);
      expect(at(rerun.json, 'error', 'details', 'state')).toBe('executed');
    }
    world.serving.sandbox.advance(600);
    expect(await world.rotations()).toBe(1);
    expect(slots(world)).toEqual(['intent.json', 'receipt.json']);
    for (const kind of ['intent', 'receipt']) expect(count(world, kind)).toBe(count(approved, kind) + 1);
  });
}

const approving = (): readonly string[] => ['keys', 'approve', asked.id, '--reviewed', asked.digest];

story('T51 approve, killed while it signs and before it pushes, signs once', async (world) => {
  await kill(world, { player: 'deputy', words: approving() }, { aws: 'Sign', when: 'after' });
  await kill(world, { player: 'deputy', words: approving() }, { git: 'push', when: 'before' });
  expect(count(world, 'approval')).toBe(count(approved, 'approval'));
  await world.ok('deputy', ...approving());
  expect(count(world, 'approval')).toBe(count(approved, 'approval') + 1);
});

story('T51 approve, killed when its approval has arrived, counts once', async (world) => {
  await kill(world, { player: 'deputy', words: approving() }, { git: 'push', when: 'after' });
  const again = await world.run('deputy', approving());
  expect([again.exit, at(again.json, 'error', 'details', 'reason')]).toEqual([3, 'same-person']);
  expect(count(world, 'approval')).toBe(count(approved, 'approval') + 1);
});

story('T51 reject, killed when its rejection has arrived, has ended the request', async (world) => {
  const words = ['keys', 'reject', asked.id, '--reason', 'killed'];
  await kill(world, { player: 'deputy', words }, { git: 'push', when: 'after' });
  const again = await world.run('deputy', words);
  expect([again.exit, at(again.json, 'error', 'details', 'state')]).toEqual([3, 'rejected']);
  expect(count(world, 'rejection')).toBe(1);
});

story('T51 withdraw, killed before it pushes, withdraws once', async (world) => {
  const words = ['keys', 'withdraw', asked.id, '--reason', 'killed'];
  await kill(world, { player: 'architect', words }, { git: 'push', when: 'before' });
  expect(count(world, 'withdrawal')).toBe(0);
  const again = await world.ok('architect', ...words);
  expect(at(again.json, 'request', 'state')).toBe('withdrawn');
  expect(count(world, 'withdrawal')).toBe(1);
});

story('T51 heartbeat, killed while its clone takes in what has arrived, beats again', async (world) => {
  await kill(world, { player: 'deputy', words: ['heartbeat'] }, { git: 'update-ref', nth: 2, when: 'before' });
  expect(count(world, 'heartbeat')).toBe(1);
  await world.ok('deputy', 'heartbeat');
  expect(count(world, 'heartbeat')).toBe(2);
});

const opening = ['keys', 'rotation', 'case-data', '--period-days', '200', '--reason', 'killed'];

async function expectOneOpened(world: World): Promise<void> {
  const { json } = await world.ok('privacy', 'keys', 'pending');
  expect(listAt(json, 'requests').filter((item) => at(item, 'action') === 'key.rotation')).toHaveLength(1);
}

story('T51 an opener, killed when its request has arrived, is told of it', async (world) => {
  await kill(world, { player: 'architect', words: opening }, { git: 'push', when: 'after' });
  const again = await world.ok('architect', ...opening);
  expect(again.json.created).toBe(false);
  await expectOneOpened(world);
});

story('T51 an opener, killed while a push of its own goes on alone, opens one request', async (world) => {
  const { letGo } = await killBesidePush(world, { player: 'architect', words: opening });
  const again = await world.ok('architect', ...opening);
  expect(again.json.created).toBe(true);
  await letGo();
  await expectOneOpened(world);
});
