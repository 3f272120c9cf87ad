import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Seat } from '../../src/lib/cli/context.js';
import { listAt, at as memberAt } from '../../src/lib/rehearse/expect.js';
import { policyProposal, tagProposal } from '../../src/lib/request/access.js';
import { openRequest, type Proposal, planProposal } from '../../src/lib/request/open.js';
import { rotateProposal, rotationProposal } from '../../src/lib/request/rotate.js';
import { reject } from '../../src/lib/request/veto.js';
import { type Asked, askedIn, codeOf, type World } from '../scenarios/world.js';
import { type CliOutcome, custody, type Player } from '../support/cli.js';
import { foundedWorld } from './founded.js';
import { type Cut, kill } from './kill.js';
import { at, carryOut, decide, HOW, sign } from './seats.js';
import { count, filesOf } from './whole.js';

/**
 * T51: the flows beside an execution and a plain approval, each really killed (kill -9) where it writes or calls AWS, and
 * run again: commands that open several requests, a new plan, a batch, and everything that sets or clears an approval slot.
 */

const story = foundedWorld();

const before = (aws: string): Cut => ({ aws, when: 'before' });
const after = (aws: string): Cut => ({ aws, when: 'after' });
const arrived: Cut = { git: 'push', when: 'after' };

/** A command that is killed once, run again, and what it says then. */
interface Row {
  readonly player: Player;
  readonly words: readonly string[];
  readonly cut: Cut;
  /** What must hold while it is dead. */
  readonly dead?: (world: World) => void | Promise<void>;
  /** Exit, and the code of an error, of the same command again. */
  readonly again: readonly [exit: number, code?: string];
}

async function killedOnce(world: World, { player, words, cut, dead, again }: Row): Promise<CliOutcome> {
  await kill(world, { player, words }, cut);
  await dead?.(world);
  const outcome = await custody([...words, '--json'], world.environment(player));
  expect([outcome.exit, codeOf(outcome)], `${words.join(' ')}\n${outcome.stdout}`).toEqual([again[0], again[1]]);
  return outcome;
}

async function pending(world: World, action: string): Promise<readonly Asked[]> {
  const { json } = await world.ok('privacy', 'keys', 'pending');
  const open = listAt(json, 'requests').filter((item) => memberAt(item, 'action') === action);
  return open.map((item) => ({ id: String(memberAt(item, 'id')), digest: String(memberAt(item, 'digest')) }));
}

story('T51 what opens many requests, and a plan that comes into force', async (world) => {
  // Opened when the account was founded; asked for anew.
  const first = await pending(world, 'key.create');
  for (const { id } of first)
    await at(world, 'privacy', ({ ports, actor }) => reject(ports, actor, id, HOW.reason), 'remote');
  const opened = count(world, 'request');
  await killedOnce(world, {
    player: 'architect',
    words: ['keys', 'apply', '--reason', HOW.reason],
    cut: arrived,
    dead: () => expect(count(world, 'request')).toBe(opened + 1),
    again: [0],
  });
  expect(await pending(world, 'key.create')).toHaveLength(first.length);
  expect(count(world, 'request')).toBe(opened + first.length);

  const draft = join(world.clone('architect'), 'custody.yaml');
  writeFileSync(draft, readFileSync(draft, 'utf8').replace('freshness: 24h', 'freshness: 48h'));
  const words = ['plan', 'propose', '--reason', HOW.reason];
  const proposed = await killedOnce(world, { player: 'architect', words, cut: arrived, again: [0] });
  expect(proposed.json.created).toBe(false);
  const { id } = askedIn(proposed);
  for (const player of ['architect', 'privacy'] as const) await at(world, player, (seat) => sign(seat, id), 'remote');
  await killedOnce(world, {
    player: 'deputy',
    words: ['keys', 'execute', id],
    cut: { git: 'push', nth: 2, when: 'before' },
    dead: () => expect(filesOf(world).has('plan/2.json')).toBe(false),
    again: [0],
  });
  expect([...filesOf(world).keys()].filter((path) => path.startsWith('plan/'))).toEqual(['plan/1.json', 'plan/2.json']);
});

const CASE_DATA = { key: 'case-data', region: null };

story('T51 a batch, killed in its middle, does the rest and nothing twice', async (world) => {
  await decide(world, (seat) => rotationProposal(seat, 'case-data', 200, HOW));
  await decide(world, (seat) => tagProposal(seat, CASE_DATA, new Map([['team', 'a']]), HOW));
  world.done.length = 0;
  const receipts = count(world, 'receipt');
  await killedOnce(world, {
    player: 'deputy',
    words: ['keys', 'execute', '--ready'],
    cut: after('TagResource'),
    // What a run began is left to it for twenty minutes: nobody sees from here that it is dead.
    dead: () => world.serving.sandbox.advance(1260),
    again: [0],
  });
  expect(world.done.filter((name) => ['EnableKeyRotation', 'TagResource'].includes(name)).sort()).toEqual([
    'EnableKeyRotation',
    'TagResource',
  ]);
  expect(count(world, 'receipt')).toBe(receipts + 2);
});

const EXECUTOR = 'arn:aws:iam::000000000000:role/custody-executor';
const BY_DEPUTY = { reason: 'killed', executor: 'deputy' };

function underInterlock({ state: { plan } }: Seat): Proposal {
  const role = (name: string) => `arn:aws:iam::000000000000:role/${name}`;
  const interlock = { coldExecutorRoleArn: role('custody-cold'), auditorRoleArn: role('custody-auditor') };
  return planProposal(plan, { ...plan.plan, interlock }, 'KMS asks for two', null);
}

const slots = (world: World) =>
  at(world, 'privacy', async ({ aws }) => [...(await aws.slots.list(EXECUTOR)).keys()].sort(), 'remote');
const ARCHITECT = 'custody:architect:case-data';
const PRIVACY = 'custody:privacy:case-data';
const DEPUTY = 'custody:deputy:case-data';

async function ask(world: World, propose: (seat: Seat) => Promise<Proposal>): Promise<Asked> {
  return at(
    world,
    'architect',
    async (seat) => {
      const { case: found } = await openRequest(seat.ports, seat.actor, seat.aws, await propose(seat));
      return { id: found.id, digest: found.request.digest };
    },
    'remote',
  );
}

const approving = ({ id, digest }: Asked) => ['keys', 'approve', id, '--reviewed', digest];
const twice = [3, 'REFUSED'] as const;
const over = [3, 'REQUEST_ENDED'] as const;

story('T51 approval slots: set, set late, cleared by whoever executes, withdraws or rejects', async (world) => {
  await carryOut(world, underInterlock);
  const installing = await decide(world, (seat) => policyProposal(seat, CASE_DATA, null, BY_DEPUTY));
  world.done.length = 0;
  await killedOnce(world, {
    player: 'deputy',
    words: ['keys', 'execute', installing],
    cut: after('PutKeyPolicy'),
    again: [0],
  });
  expect(world.done.filter((name) => name === 'PutKeyPolicy')).toHaveLength(1);

  const rotation = await ask(world, (seat) => rotateProposal(seat, 'case-data', BY_DEPUTY));
  await killedOnce(world, {
    player: 'privacy',
    words: approving(rotation),
    cut: before('TagRole'),
    dead: async () => expect(await slots(world)).toEqual([]),
    again: twice,
  });
  // The approval counts; its slot is set by this.
  await killedOnce(world, {
    player: 'privacy',
    words: ['keys', 'arm', rotation.id],
    cut: before('TagRole'),
    again: [0],
  });
  await killedOnce(world, {
    player: 'privacy',
    words: ['keys', 'arm', rotation.id],
    cut: after('TagRole'),
    again: [0],
  });
  expect(await slots(world)).toEqual([PRIVACY]);
  await killedOnce(world, { player: 'architect', words: approving(rotation), cut: after('TagRole'), again: twice });
  expect(await slots(world)).toEqual([ARCHITECT, PRIVACY]);
  await killedOnce(world, {
    player: 'deputy',
    words: ['keys', 'execute', rotation.id],
    cut: before('UntagRole'),
    dead: async () => expect(await world.rotations()).toBe(1),
    again: over,
  });
  expect(await world.rotations()).toBe(1);

  const tags = await ask(world, (seat) => tagProposal(seat, CASE_DATA, new Map([['team', 'a']]), BY_DEPUTY));
  for (const player of ['privacy', 'deputy'] as const) await at(world, player, (seat) => sign(seat, tags.id), 'remote');
  const withdrawing = ['keys', 'withdraw', tags.id, '--approval', '--reason', 'killed'];
  await killedOnce(world, {
    player: 'privacy',
    words: withdrawing,
    cut: before('UntagRole'),
    dead: async () => expect(await slots(world)).toContain(PRIVACY),
    again: twice,
  });
  expect(await slots(world)).toEqual([ARCHITECT, DEPUTY]);
  await killedOnce(world, {
    player: 'deputy',
    words: ['keys', 'reject', tags.id, '--reason', 'killed'],
    cut: before('UntagRole'),
    dead: async () => expect(await slots(world)).toContain(DEPUTY),
    again: over,
  });
  // What is left of the rotation that was killed while it cleaned up is the next execution's.
  expect(await slots(world)).toEqual([ARCHITECT]);
  expect([count(world, 'withdrawal'), count(world, 'rejection')]).toEqual([1, 1]);
  await carryOut(world, (seat) => tagProposal(seat, CASE_DATA, new Map([['team', 'b']]), BY_DEPUTY));
  expect(await slots(world)).toEqual([]);
});
