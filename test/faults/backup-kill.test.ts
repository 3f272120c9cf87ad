import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { GetKeyPolicyCommand, KMSClient, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import { fromIni } from '@aws-sdk/credential-providers';
import { expect } from 'vitest';
import { listAt, at as memberAt } from '../../src/lib/rehearse/expect.js';
import { planProposal } from '../../src/lib/request/open.js';
import { askedIn, gitIn, type World } from '../scenarios/world.js';
import type { CliOutcome } from '../support/cli.js';
import { foundedWorld } from './founded.js';
import { type Cut, kill, killBesidePush } from './kill.js';
import { carryOut, HOW } from './seats.js';
import { count, filesOf } from './whole.js';

/**
 * T51: backups and their restoring, each really killed (kill -9) before, during and after what they write, and run again. The
 * world has one of five planned keys, so that a backup that is made ends with 3 and says what it leaves out.
 */

const story = foundedWorld();

const BACKUP = ['policy', 'backup'];
const inBackup = (world: World) => [...filesOf(world).keys()].filter((path) => path.startsWith('backups/'));

async function backedUp(world: World): Promise<unknown> {
  const { json } = await world.ends(3, 'architect', ...BACKUP);
  expect(listAt(json, 'backup', 'unreadable').map((gap) => memberAt(gap, 'code'))).toEqual(Array(5).fill('NOT_FOUND'));
  return { sequence: memberAt(json, 'backup', 'sequence'), changed: memberAt(json, 'backup', 'changed') };
}

/** On another machine: all but completeness holds, which this world does not have. */
async function expectVerified(world: World, backups: number): Promise<void> {
  const { json } = await world.ends(3, 'privacy', ...['policy', 'verify']);
  const failed = listAt(json, 'checks').filter((check) => memberAt(check, 'status') !== 'pass');
  expect(failed.map((check) => memberAt(check, 'id'))).toEqual(['complete']);
  expect(memberAt(json, 'backups')).toBe(backups);
}

async function changeLive(world: World, sid: string): Promise<string> {
  const { configFile: configFilepath, credentialsFile: filepath, endpoint } = world.serving.info;
  const credentials = fromIni({ profile: 'executor', configFilepath, filepath, ignoreCache: true });
  const client = new KMSClient({ region: 'eu-central-1', endpoint, credentials });
  try {
    const where = { KeyId: world.caseDataArn, PolicyName: 'default' };
    const { Policy = '' } = await client.send(new GetKeyPolicyCommand(where));
    const policy = JSON.parse(Policy) as { Statement: object[] };
    policy.Statement.push({ ...policy.Statement[0], Sid: sid });
    await client.send(new PutKeyPolicyCommand({ ...where, Policy: JSON.stringify(policy) }));
    return Policy;
  } finally {
    client.destroy();
  }
}

/** Of one run, in its order; nothing has reached the remote at any of them. */
const UNPUBLISHED: readonly (readonly [string, Cut])[] = [
  ['while keys are read', { aws: 'GetKeyPolicy', when: 'before' }],
  ['before files are written into the clone', { git: 'fast-import', when: 'before' }],
  ['after they are', { git: 'fast-import', when: 'after' }],
  ['before it is signed', { aws: 'Sign', when: 'before' }],
  ['after it is', { aws: 'Sign', when: 'after' }],
  ['before its commit', { git: 'fast-import', nth: 2, when: 'before' }],
  ['after its commit', { git: 'fast-import', nth: 2, when: 'after' }],
  ['before it is pushed', { git: 'push', when: 'before' }],
];

story('T51 a backup is published whole or not at all, wherever its run is killed', async (world) => {
  const before = world.head();
  for (const [name, cut] of UNPUBLISHED) {
    await kill(world, { player: 'architect', words: BACKUP }, cut);
    expect(world.head(), name).toBe(before);
  }
  await kill(world, { player: 'architect', words: BACKUP }, { git: 'push', when: 'after' });
  expect(inBackup(world)).toContain('backups/manifest.sigstore.json');
  expect(count(world, 'backup')).toBe(1);
  const first = inBackup(world);
  expect(await backedUp(world)).toEqual({ sequence: 1, changed: false });
  expect(inBackup(world).filter((path) => !first.includes(path))).toEqual(['backups/heartbeat.sigstore.json']);
  expect(count(world, 'backup')).toBe(2);
  await expectVerified(world, 1);
});

story('T51 the next backup, a heartbeat, and a push that goes on alone', async (world) => {
  await backedUp(world);
  await changeLive(world, 'Second');
  const { letGo } = await killBesidePush(world, { player: 'architect', words: BACKUP });
  expect(await backedUp(world)).toEqual({ sequence: 2, changed: true });
  // The push of the one that is dead comes too late.
  await letGo();
  expect(count(world, 'backup')).toBe(2);
  await kill(world, { player: 'architect', words: BACKUP }, { git: 'push', when: 'before' });
  expect(count(world, 'backup')).toBe(2);
  await kill(world, { player: 'architect', words: BACKUP }, { git: 'push', when: 'after' });
  expect(count(world, 'backup')).toBe(3);
  expect(await backedUp(world)).toEqual({ sequence: 2, changed: false });
  expect(count(world, 'backup')).toBe(4);
  await expectVerified(world, 2);
});

story('T51 in a repository of their own, the ledger is told of a backup late, and once', async (world) => {
  const own = join(world.dir, 'backups.git');
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', own]);
  await carryOut(world, ({ state: { plan } }) =>
    planProposal(plan, { ...plan.plan, backup: { repository: own } }, 'elsewhere', null),
  );
  const commits = () => gitIn(own, ['rev-list', '--all']).split('\n').filter(Boolean).length;
  await kill(world, { player: 'architect', words: BACKUP }, { git: 'push', when: 'before' });
  expect([commits(), count(world, 'backup')]).toEqual([0, 0]);
  // There, and the ledger does not know yet.
  await kill(world, { player: 'architect', words: BACKUP }, { git: 'push', nth: 2, when: 'before' });
  expect([commits(), count(world, 'backup')]).toEqual([1, 0]);
  // The late telling is the first push of the next run.
  await kill(world, { player: 'architect', words: BACKUP }, { git: 'push', when: 'after' });
  expect([commits(), count(world, 'backup')]).toEqual([1, 1]);
  expect(await backedUp(world)).toEqual({ sequence: 1, changed: false });
  expect([commits(), count(world, 'backup')]).toEqual([2, 2]);
  await expectVerified(world, 1);
});

const RESTORE = ['policy', 'restore', 'case-data', '--reason', HOW.reason];

story('T51 a policy is restored by one request and one call, wherever its runs are killed', async (world) => {
  await backedUp(world);
  await changeLive(world, 'PastTheTool');
  const opened = count(world, 'request');
  await kill(world, { player: 'architect', words: RESTORE }, { git: 'push', when: 'before' });
  expect(count(world, 'request')).toBe(opened);
  await kill(world, { player: 'architect', words: RESTORE }, { git: 'push', when: 'after' });
  expect(count(world, 'request')).toBe(opened + 1);
  const restore: CliOutcome = await world.ok('architect', ...RESTORE);
  expect(memberAt(restore.json, 'created')).toBe(false);
  expect(count(world, 'request')).toBe(opened + 1);
  const asked = askedIn(restore);
  for (const player of ['architect', 'privacy'] as const) await world.approve(player, asked);
  world.done.length = 0;
  const execute = { player: 'deputy', words: ['keys', 'execute', asked.id] } as const;
  await kill(world, execute, { aws: 'PutKeyPolicy', when: 'after' });
  await world.ok('deputy', ...execute.words);
  expect(world.done.filter((name) => name === 'PutKeyPolicy')).toHaveLength(1);
  const same = await world.ok('architect', ...RESTORE);
  expect(memberAt(same.json, 'request')).toBeUndefined();
  await expectVerified(world, 1);
});
