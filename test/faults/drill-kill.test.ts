import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeKeyCommand, KMSClient, ListKeysCommand, ListResourceTagsCommand } from '@aws-sdk/client-kms';
import { fromIni } from '@aws-sdk/credential-providers';
import { expect } from 'vitest';
import { SCRATCH_TAG } from '../../src/lib/policy/scratch.js';
import { listAt, at as memberAt, textAt } from '../../src/lib/rehearse/expect.js';
import { askedIn, codeOf, type World } from '../scenarios/world.js';
import type { CliOutcome } from '../support/cli.js';
import { foundedWorld } from './founded.js';
import { type Cut, kill } from './kill.js';
import { filesOf } from './whole.js';

/**
 * Drills, really killed (kill -9) in each of their steps. The world has one of five planned keys: no drill in it is verified, and
 * each that ends says so with 3.
 */

const story = foundedWorld((world) => world.ends(3, 'architect', 'policy', 'backup'));

const DRILL = ['dr', 'verify', '--drill-profile', 'drill', '--skip', 'interlock'];
const cut = (world: World, at: Cut) => kill(world, { player: 'architect', words: DRILL }, at);
const evidence = (world: World) => [...filesOf(world).keys()].filter((path) => path.startsWith('drills/'));
const checkIn = ({ json }: CliOutcome, id: string) => listAt(json, 'checks').find((one) => memberAt(one, 'id') === id);

/** States of the scratch keys that there are, asked past the tool. */
async function scratchKeys(world: World): Promise<readonly string[]> {
  const { configFile: configFilepath, credentialsFile: filepath, endpoint } = world.serving.info;
  const credentials = fromIni({ profile: 'drill', configFilepath, filepath, ignoreCache: true });
  const client = new KMSClient({ region: 'eu-central-1', endpoint, credentials });
  try {
    const { Keys = [] } = await client.send(new ListKeysCommand({}));
    const states: string[] = [];
    for (const { KeyId } of Keys) {
      const tagged = await client.send(new ListResourceTagsCommand({ KeyId })).catch(() => null);
      if (!tagged?.Tags?.some(({ TagKey }) => TagKey === SCRATCH_TAG)) continue;
      states.push((await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState ?? '');
    }
    return states;
  } finally {
    client.destroy();
  }
}

/** Clones of drills that lie about on the machine. */
function copies(world: World): readonly string[] {
  const state = join(world.dir, 'home-architect', 'state');
  const all = readdirSync(state, { recursive: true }).map(String);
  return all.filter((path) => /drill-copies\/[^/]+$/.test(path));
}

/** In its order; until the first scratch key nothing but a clone can be left. */
const EARLY: readonly (readonly [string, Cut])[] = [
  ['while a copy is cloned', { git: 'fetch', nth: 2, when: 'after' }],
  ['before a canary is made', { aws: 'Encrypt', when: 'before' }],
  ['after it was', { aws: 'Encrypt', when: 'after' }],
  ['after it came back', { aws: 'Decrypt', when: 'after' }],
  ['before a scratch key is made', { aws: 'CreateKey', when: 'before' }],
];
const LATE: readonly (readonly [string, Cut])[] = [
  ['after a scratch key was discarded', { aws: 'ScheduleKeyDeletion', when: 'after' }],
  ['before the evidence is signed', { aws: 'Sign', when: 'before' }],
  ['after it was', { aws: 'Sign', when: 'after' }],
  ['before it is in a commit', { git: 'fast-import', when: 'before' }],
  ['before it is pushed', { git: 'push', when: 'before' }],
];

story('a drill is told of whole or not at all, and leaves nothing behind, wherever it is killed', async (world) => {
  const head = world.head();
  for (const [name, at] of EARLY) {
    await cut(world, at);
    expect([world.head(), await scratchKeys(world)], name).toEqual([head, []]);
    if ('git' in at) expect(copies(world), name).toHaveLength(1);
  }
  for (const [name, at] of LATE) {
    await cut(world, at);
    expect(world.head(), name).toBe(head);
    expect(new Set(await scratchKeys(world)), name).toEqual(new Set(['PendingDeletion']));
  }
  await cut(world, { git: 'push', when: 'after' });
  expect(evidence(world)).toHaveLength(1);
  // The lock of each one that was killed was taken over; this one finds all in order.
  const last = await world.ends(3, 'architect', ...DRILL);
  expect(memberAt(last.json, 'number')).toBe(2);
  expect(checkIn(last, 'policies.leftovers')).toBeUndefined();
  expect(checkIn(last, 'ledger.drills')).toMatchObject({ status: 'pass' });
  expect(checkIn(last, 'data.case-data')).toMatchObject({ status: 'pass', provesData: true });
  expect(copies(world)).toEqual([]);
  expect(listAt((await world.ok('privacy', 'dr', 'history')).json, 'drills')).toHaveLength(2);
});

story(
  'a scratch key that a killed drill left is found by the next one, which waits first and then says so',
  async (world) => {
    const cuts: readonly Cut[] = [
      { aws: 'CreateKey', when: 'after' },
      { aws: 'ScheduleKeyDeletion', when: 'before' },
    ];
    for (const [round, at] of cuts.entries()) {
      await cut(world, at);
      expect((await scratchKeys(world)).filter((state) => state === 'Enabled')).toHaveLength(1);
      // Young enough to be of a drill that runs on another machine.
      const waiting = await world.ends(6, 'privacy', ...DRILL);
      expect(codeOf(waiting)).toBe('LOCKED');
      expect(textAt(waiting.json, 'error', 'message')).toMatch(/another drill \([0-9a-f]{16}\) made a scratch key/);
      // The machine on which it was killed knows that it is over; any other one waits.
      if (round === 0) await world.advance('16m');
      const next = await world.ends(3, round === 0 ? 'privacy' : 'architect', ...DRILL);
      expect(checkIn(next, 'policies.leftovers')).toMatchObject({
        status: 'pass',
        detail: '1 scratch keys of a drill that was cut off are deleted',
      });
      expect(new Set(await scratchKeys(world))).toEqual(new Set(['PendingDeletion']));
      expect(evidence(world)).toHaveLength(round + 1);
    }
  },
);

const CYCLE = ['dr', 'cycle', '--drill-profile', 'drill'];
const LOOK = ['dr', 'verify', '--drill-profile', 'drill', '--only', 'cycle'];
/** Where nothing is asked yet, each leaves the key of an exercise behind, or none. */
const UNASKED: readonly (readonly [string, Cut, number])[] = [
  ['before its key is made', { aws: 'CreateKey', when: 'before' }, 0],
  ['after it was', { aws: 'CreateKey', when: 'after' }, 1],
  ['before its policy is put', { aws: 'PutKeyPolicy', when: 'before' }, 1],
  ['after it was', { aws: 'PutKeyPolicy', when: 'after' }, 1],
  ['after the request was signed', { aws: 'Sign', when: 'after' }, 1],
  ['before it is pushed', { git: 'push', when: 'before' }, 1],
];

story('an exercise that was killed while it was opened leaves a key that the next drill deletes', async (world) => {
  let keys = 0;
  for (const [name, at, left] of UNASKED) {
    await kill(world, { player: 'architect', words: CYCLE }, at);
    const enabled = (await scratchKeys(world)).filter((state) => state === 'Enabled');
    keys += left;
    expect(enabled, name).toHaveLength(keys);
  }
  await world.advance('16m');
  await world.ends(3, 'architect', ...LOOK);
  expect(new Set(await scratchKeys(world))).toEqual(new Set(['PendingDeletion']));
  // Pushed is asked for: the next run finds the request, and its key stays for it.
  await kill(world, { player: 'architect', words: CYCLE }, { git: 'push', when: 'after' });
  await world.advance('16m');
  await world.ends(3, 'architect', ...LOOK);
  const again = await world.ok('privacy', ...CYCLE);
  expect([memberAt(again.json, 'created'), memberAt(again.json, 'madeKey')]).toEqual([false, false]);
  const [id, digest] = [textAt(again.json, 'request', 'id'), textAt(again.json, 'request', 'digest')];
  for (const player of ['architect', 'privacy'] as const)
    await world.ok(player, 'keys', 'approve', id, '--reviewed', digest);
  await world.ok('architect', 'keys', 'execute', id);
  // Cut off while it is rid of the key, a drill has told nobody; the next one does it again.
  await kill(world, { player: 'architect', words: LOOK }, { aws: 'ScheduleKeyDeletion', when: 'before' });
  const last = await world.ends(3, 'architect', ...LOOK);
  for (const check of ['executed', 'judged', 'deleted'])
    expect(checkIn(last, `cycle.${check}`), check).toMatchObject({ status: 'pass' });
  expect(new Set(await scratchKeys(world))).toEqual(new Set(['PendingDeletion']));
});

/** Lets a planned key, which is not made, take imported material. */
async function planImported(world: World): Promise<void> {
  const file = join(world.clone('architect'), 'custody.yaml');
  const text = readFileSync(file, 'utf8');
  const edited = text.replace(
    /(^ {2}webauthn:[\s\S]*?)rotation: \{ automatic: true/m,
    '$1origin: EXTERNAL\n    rotation: { automatic: false',
  );
  expect(edited).not.toBe(text);
  writeFileSync(file, edited);
  const change = askedIn(await world.ok('architect', 'plan', 'propose', '--reason', 'material of our own'));
  for (const player of ['architect', 'privacy'] as const) await world.approve(player, change);
  await world.ok('deputy', 'keys', 'execute', change.id);
}

/** In the order of the trial: its key waits for material, has it, has lost it, has it again. */
const IMPORT: readonly (readonly [Cut, string])[] = [
  [{ aws: 'CreateKey', when: 'after' }, 'PendingImport'],
  [{ aws: 'GetParametersForImport', when: 'after' }, 'PendingImport'],
  [{ aws: 'ImportKeyMaterial', when: 'before' }, 'PendingImport'],
  [{ aws: 'ImportKeyMaterial', when: 'after' }, 'Enabled'],
  [{ aws: 'DeleteImportedKeyMaterial', when: 'before' }, 'Enabled'],
  [{ aws: 'DeleteImportedKeyMaterial', when: 'after' }, 'PendingImport'],
  [{ aws: 'ImportKeyMaterial', skip: 1, when: 'after' }, 'Enabled'],
  [{ aws: 'ScheduleKeyDeletion', when: 'before' }, 'Enabled'],
];

story('wherever the trial of an import is killed, the next drill is rid of its key', async (world) => {
  await planImported(world);
  const only = ['dr', 'verify', '--drill-profile', 'drill', '--only', 'material'];
  for (const [at, state] of IMPORT) {
    const name = JSON.stringify(at);
    await kill(world, { player: 'architect', words: only }, at);
    expect(
      (await scratchKeys(world)).filter((one) => one !== 'PendingDeletion'),
      name,
    ).toEqual([state]);
    await world.advance('16m');
  }
  const last = await world.ends(3, 'privacy', ...only);
  expect(checkIn(last, 'policies.leftovers')).toMatchObject({ status: 'pass' });
  expect(checkIn(last, 'material.import')).toMatchObject({ status: 'pass' });
  expect(new Set(await scratchKeys(world))).toEqual(new Set(['PendingDeletion']));
});
