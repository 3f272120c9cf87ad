import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type AwsConnection, openAws } from '../../src/lib/aws/connection.js';
import { callDirectly } from '../../src/lib/aws/direct.js';
import { commitmentOf } from '../../src/lib/base/material.js';
import type { Seat } from '../../src/lib/cli/context.js';
import { type KeyArn, type KeyReader, partsOf } from '../../src/lib/key/key.js';
import { aliasProposal, grantProposal } from '../../src/lib/request/access.js';
import { createProposal } from '../../src/lib/request/estate.js';
import { type Bringing, importProposal } from '../../src/lib/request/import.js';
import { type Proposal, planProposal } from '../../src/lib/request/open.js';
import { replicateProposal } from '../../src/lib/request/regions.js';
import { lookAtReplacement, type MovedBy, replaceProposal } from '../../src/lib/request/replace.js';
import { certificateProposal, stateProposal } from '../../src/lib/request/state-change.js';
import type { World } from '../scenarios/world.js';
import { custody } from '../support/cli.js';
import { PRIMARY, REPLICA } from '../support/people.js';
import { foundedWorld } from './founded.js';
import { type Cut, kill } from './kill.js';
import { at, carryOut, decide, HOW, passTime } from './seats.js';

/**
 * T51: the execution of each action in a process of its own, killed (kill -9) at one of the places at which every action
 * can be, and run again as a process. Every place and every action meet in the tables that run in process; here the two
 * are only dealt out to each other.
 */

const story = foundedWorld();

interface Row {
  readonly propose: (seat: Seat) => Proposal | Promise<Proposal>;
  readonly cut: Cut;
  /** The mutating call of the action; null where it makes none. */
  readonly call: string | null;
  readonly material?: Uint8Array;
  readonly check: (reader: KeyReader) => Promise<void>;
}

const DAY = 86_400;
const arrived: Cut = { git: 'push', when: 'after' };
const unwritten: Cut = { git: 'push', nth: 2, when: 'before' };
const before = (aws: string): Cut => ({ aws, when: 'before' });
const after = (aws: string): Cut => ({ aws, when: 'after' });

const CASE_DATA = { key: 'case-data', region: null };
const EXTRA = 'alias/cmk/extra';
const APP = 'arn:aws:iam::000000000000:role/app';

async function keyIdOf(reader: KeyReader, alias: string, region = PRIMARY): Promise<string> {
  return (await reader.aliases(region)).find(({ name }) => name === alias)?.keyId ?? '';
}
const caseData = (reader: KeyReader) => keyIdOf(reader, 'alias/cmk/case-data');
const stateOf = async (reader: KeyReader) => (await reader.describe(PRIMARY, await caseData(reader)))?.state ?? null;
const grantsOf = async (reader: KeyReader) => (await reader.grants(PRIMARY, await caseData(reader))) ?? [];

/** Executes what was decided as a process that is killed, and again as one that is not. */
async function killedOnce(world: World, { propose, cut, call, material, check }: Row): Promise<void> {
  const id = await decide(world, propose);
  const words = ['keys', 'execute', id, ...(material ? ['--material-fd', '3'] : [])];
  world.done.length = 0;
  await kill(world, { player: 'deputy', words, input: material }, cut);
  // Nobody waits until an earlier call would show.
  world.serving.sandbox.advance(60);
  const again = await custody([...words, '--json'], world.environment('deputy'), material);
  expect(again.exit, `${JSON.stringify(cut)}\n${again.stdout}`).toBe(0);
  if (call !== null) expect(world.done.filter((name) => name === call)).toEqual([call]);
  await at(world, 'privacy', ({ aws }) => check(aws.reader));
  expect(world.filesOf(id).map((path) => path.split('/').at(-1))).toEqual(
    expect.arrayContaining(['intent.json', 'receipt.json']),
  );
}

const ACCESS: readonly Row[] = [
  {
    propose: (seat) => aliasProposal(seat, CASE_DATA, { kind: 'create', name: EXTRA }, HOW),
    cut: after('CreateAlias'),
    call: 'CreateAlias',
    check: async (reader) => expect(await keyIdOf(reader, EXTRA)).toBe(await caseData(reader)),
  },
  {
    propose: (seat) => {
      const context = { exact: true, pairs: new Map([['custody:purpose', 'case-data']]) };
      return grantProposal(seat, CASE_DATA, { grantee: APP, operations: ['Decrypt'], context, retiring: null }, HOW);
    },
    cut: after('CreateGrant'),
    call: 'CreateGrant',
    check: async (reader) => expect(await grantsOf(reader)).toHaveLength(1),
  },
];

const state = (action: Parameters<typeof stateProposal>[1], cut: Cut, call: string, expected: string): Row => ({
  propose: (seat) => stateProposal(seat, action, 'case-data', undefined, HOW),
  cut,
  call,
  check: async (reader) => expect(await stateOf(reader)).toBe(expected),
});

const LIFE: readonly Row[] = [
  state('key.disable', unwritten, 'DisableKey', 'Disabled'),
  state('key.delete', after('ScheduleKeyDeletion'), 'ScheduleKeyDeletion', 'PendingDeletion'),
];

story('T51 a name, a grant, and the life of a key with the veto against its end', async (world) => {
  for (const row of [...ACCESS, ...LIFE]) await killedOnce(world, row);
  const words = ['keys', 'cancel-deletion', 'case-data', '--reason', 'it is needed'];
  world.done.length = 0;
  await kill(world, { player: 'deputy', words }, after('CancelKeyDeletion'));
  world.serving.sandbox.advance(60);
  const again = await world.run('deputy', words);
  expect(again.exit, again.stdout).toBe(0);
  expect(world.done.filter((name) => name === 'CancelKeyDeletion')).toHaveLength(1);
  // Deleted again, to its end.
  await carryOut(world, (seat) => stateProposal(seat, 'key.delete', 'case-data', undefined, HOW));
  await passTime(world, 31 * DAY);
  await killedOnce(world, {
    propose: (seat) => certificateProposal(seat, 'case-data', undefined, HOW),
    cut: arrived,
    call: null,
    check: async (reader) => expect(await caseData(reader)).toBe(''),
  });
});

const root = (reader: KeyReader, region = PRIMARY) => keyIdOf(reader, 'alias/cmk/root', region);
const materials = async (reader: KeyReader) => (await reader.materials(PRIMARY, await root(reader))) ?? [];

const createRoot = ({ plan, state: { roster } }: Seat): Proposal => {
  const proposal = createProposal(plan, roster, 'root', 'first the primary', null);
  return { ...proposal, parameters: { ...proposal.parameters, replicas: [] } };
};

/** The root's material is ours from the next plan on. */
const externalPlan = ({ state: { plan } }: Seat): Proposal => {
  const { root: planned } = plan.plan.keys;
  if (!planned) throw new Error('the template has a root');
  const rotation = { ...planned.rotation, automatic: false };
  const external = { ...planned, origin: 'EXTERNAL', rotation } as const;
  return planProposal(plan, { ...plan.plan, keys: { ...plan.plan.keys, root: external } }, 'our material', null);
};

const bringing = (material: Uint8Array): Bringing => ({
  commitment: commitmentOf(material),
  wrapping: 'RSAES_OAEP_SHA_256',
  expiresAt: null,
});
const ours = randomBytes(32);
const which = { region: null, materialId: null };

const ELSEWHERE: readonly Row[] = [
  {
    propose: (seat) => importProposal(seat, 'root', which, bringing(ours), HOW),
    cut: after('ImportKeyMaterial'),
    call: 'ImportKeyMaterial',
    material: ours,
    check: async (reader) => expect(await materials(reader)).toMatchObject([{ importState: 'IMPORTED' }]),
  },
  {
    propose: (seat) => replicateProposal(seat, 'root', REPLICA, HOW),
    cut: after('ReplicateKey'),
    call: 'ReplicateKey',
    check: async (reader) => expect(await root(reader, REPLICA)).toBe(await root(reader)),
  },
];

story('T51 material of our own comes, and the key goes to another Region', async (world) => {
  await carryOut(world, externalPlan);
  await carryOut(world, createRoot);
  for (const row of ELSEWHERE) await killedOnce(world, row);
});

const CONTEXT = { 'custody:purpose': 'case-data' };
const LINES = 300;
/** The first ReEncrypt after a batch of lines was written. */
const AFTER_A_BATCH: Cut = { aws: 'ReEncrypt', skip: 280, when: 'after' };

/** Data keys under a key, as an application has them. */
async function storedKeys(line: AwsConnection, arn: string): Promise<string> {
  const parameters = { KeyId: arn, KeySpec: 'AES_256', EncryptionContext: CONTEXT };
  const few = await Promise.all(
    [1, 2, 3].map(() => callDirectly(line, PRIMARY, 'GenerateDataKeyWithoutPlaintext', parameters)),
  );
  const ciphertexts = few.map(({ CiphertextBlob }) => Buffer.from(CiphertextBlob as Uint8Array).toString('base64'));
  const lines = Array.from({ length: LINES }, (_, id) => ({
    id: String(id),
    ciphertext: ciphertexts[id % 3],
    context: CONTEXT,
  }));
  return `${lines.map((item) => JSON.stringify(item)).join('\n')}\n`;
}

async function plaintextOf(line: AwsConnection, arn: string, text: string): Promise<string> {
  const { ciphertext } = JSON.parse(text) as { readonly ciphertext: string };
  const parameters = { KeyId: arn, CiphertextBlob: Buffer.from(ciphertext, 'base64'), EncryptionContext: CONTEXT };
  const { Plaintext } = await callDirectly(line, PRIMARY, 'Decrypt', parameters);
  return Buffer.from(Plaintext as Uint8Array).toString('hex');
}

/** Custodians' keys for signing, which are keys of the account too. */
const SIGNERS = 3;

const replacing = (moved: MovedBy | null) => async (seat: Seat) =>
  replaceProposal(await lookAtReplacement(seat, 'case-data', moved), moved, HOW);

const REPLACED: readonly Row[] = [
  {
    propose: replacing(null),
    cut: after('CreateKey'),
    call: 'CreateKey',
    check: async (reader) => expect(await reader.keyIds(PRIMARY)).toHaveLength(SIGNERS + 2),
  },
  {
    propose: replacing(null),
    cut: before('PutKeyPolicy'),
    call: 'PutKeyPolicy',
    check: async (reader) => expect(await reader.policy(PRIMARY, await caseData(reader))).toContain('ReEncryptFrom'),
  },
];

story('T51 a key is replaced, and what is under it moved, once', async (world) => {
  const opening = ['keys', 'replace', 'case-data', '--reason', HOW.reason];
  await kill(world, { player: 'architect', words: opening }, arrived);
  expect((await world.ok('architect', ...opening)).json.created).toBe(false);
  const line = await serviceLine(world);
  const [input, output] = [join(world.dir, 'old.jsonl'), join(world.dir, 'new.jsonl')];
  writeFileSync(input, await storedKeys(line, world.caseDataArn));
  for (const row of REPLACED) await killedOnce(world, row);
  const { successor } = await at(world, 'privacy', (seat) => lookAtReplacement(seat, 'case-data', null), 'remote');
  const [old, fresh] = [world.caseDataArn, successor ?? ''];
  const words = ['keys', 'rewrap', fresh, '--from', old, '--lines', input, '--out', output, '--profile', 'service'];
  world.done.length = 0;
  await kill(world, { player: 'deputy', words }, AFTER_A_BATCH);
  expect(existsSync(output)).toBe(false);
  const { rewrap } = (await world.ok('deputy', ...words)).json as { readonly rewrap: Record<string, unknown> };
  expect(rewrap).toMatchObject({ total: LINES - 256, moved: LINES - 256, failed: 0, resumed: 256 });
  // What was written is not asked for again; what was under way when it was killed is.
  expect(world.done.filter((name) => name === 'ReEncrypt').length).toBeLessThan(LINES + 64);
  const [given, later] = [input, output].map((file) => readFileSync(file, 'utf8').trim().split('\n'));
  expect(later?.map((text) => JSON.parse(text).id)).toEqual(given?.map((text) => JSON.parse(text).id));
  for (const index of [0, 1, 2, 255, 256, LINES - 1])
    expect(await plaintextOf(line, fresh, later?.[index] ?? '')).toBe(
      await plaintextOf(line, old, given?.[index] ?? ''),
    );
  await killedOnce(world, {
    propose: replacing({ by: 'architect' }),
    cut: after('UpdateAlias'),
    call: 'UpdateAlias',
    check: async (reader) => expect(await caseData(reader)).toBe(partsOf(fresh as KeyArn).keyId),
  });
  line.close();
});

function serviceLine(world: World): Promise<AwsConnection> {
  const environment = { ...process.env, ...world.environment('deputy') };
  const account = { environmentKind: 'sandbox', account: '000000000000', profile: 'service' } as const;
  return openAws({ ...account, environment, timeoutMillis: 10_000 });
}
