import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openAws } from '../../src/lib/aws/connection.js';
import { createS3Objects } from '../../src/lib/aws/s3-objects.js';
import type { JsonObject } from '../../src/lib/base/canonical-json.js';
import { instantFromMillis } from '../../src/lib/base/time.js';
import { createLedgerSink } from '../../src/lib/guard/sink.js';
import { createSlotLedger } from '../../src/lib/ledger/slots.js';
import type { LedgerPlan } from '../../src/lib/plan/plan.js';
import { at, listAt, textAt } from '../../src/lib/rehearse/expect.js';
import { openFileStore } from '../../src/lib/sandbox/state.js';
import { kill } from '../faults/kill.js';
import { type CliOutcome, custody, type Player } from '../support/cli.js';
import { patient } from '../support/ledger-writers.js';
import {
  createLedgerRoles,
  keysOf,
  type LedgerRole,
  ledgerProfiles,
  READER,
  rawS3,
  role,
  WRITER,
} from './ledger-world.js';
import { type Asked, askedIn, codeOf, World } from './world.js';

/**
 * The audit ledger in S3 by the command line alone, from the plan that wants it to what an outsider verifies; then it is attacked by
 * everybody who can reach it.
 */

const REGION = 'eu-central-1';
const BUCKET = 'acme-audit-7f3a';
const ACCOUNT = '000000000000';
const DAYS = 365;

let world: World;
let keyArn = '';
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** The same terminal with the ledger's roles at hand. */
const as = (profile: LedgerRole): NodeJS.ProcessEnv => ({
  AWS_CONFIG_FILE: ledgerProfiles(world),
  CUSTODY_LEDGER_PROFILE: profile,
});
/** Who takes events in must know what is there already, and may not be one who writes alone. */
const both = (): NodeJS.ProcessEnv => ({ ...as('ledger-w'), CUSTODY_LEDGER_READER: 'ledger-r' });

async function ends(exit: number, player: Player, words: string, env = as('ledger-w')): Promise<CliOutcome> {
  const outcome = await world.run(player, words.split(' '), env);
  expect(outcome.exit, `custody ${words}\n${outcome.stdout}\n${outcome.stderr}`).toBe(exit);
  return outcome;
}

async function carriedOut(asked: Asked): Promise<CliOutcome> {
  await approved(asked);
  return ends(0, 'deputy', `keys execute ${asked.id}`);
}

async function approved({ id, digest }: Asked): Promise<void> {
  const words = `keys approve ${id} --reviewed ${digest}`;
  await Promise.all((['architect', 'privacy'] as const).map((player) => ends(0, player, words)));
}

async function propose(edit: (draft: string) => string): Promise<void> {
  const file = join(world.clone('architect'), 'custody.yaml');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, edit(text));
  expect(readFileSync(file, 'utf8')).not.toBe(text);
  await carriedOut(askedIn(await ends(0, 'architect', 'plan propose --reason ledger')));
}

const raw = (profile: string) => rawS3(world, profile, REGION);

/** The key with its users first, while the repository's chain is the only ledger; then the plan that puts the ledger into S3. */
async function establish(): Promise<void> {
  const user = (arn: string, may: string) =>
    `      - { roleArn: "${arn}", may: [${may}], viaService: s3, encryptionContext: {} }\n`;
  await propose((draft) =>
    draft
      .replace(
        /(alias: alias\/cmk\/audit-ledger[\s\S]*?users:\n)/,
        `$1${user(WRITER, 'generate-data-key')}${user(READER, 'decrypt')}`,
      )
      .replace('retention: 2555d', `retention: ${DAYS}d`),
  );
  const opened = listAt((await ends(0, 'architect', 'keys apply --reason ledger')).json, 'requests');
  const mine = opened.find((item) => at(item, 'key', 'name') === 'audit-ledger');
  const done = await carriedOut({ id: textAt(mine, 'id'), digest: textAt(mine, 'digest') });
  keyArn = textAt(done.json, 'receipt', 'key', 'arn');
  const lists = `    writerRoleArns: ["${WRITER}"]\n    readerRoleArns: ["${READER}"]`;
  const s3 = `  store: s3\n  s3:\n    bucket: ${BUCKET}\n    region: ${REGION}\n    key: audit-ledger\n${lists}`;
  await propose((draft) => draft.replace('  store: git', s3));
  const admin = { ...as('ledger-w'), AWS_PROFILE: 'admin' };
  const made = await ends(0, 'architect', 'ledger provision --create', admin);
  expect(made.json.verdict).toBe('verified');
}

const ledger: LedgerPlan = {
  store: 's3',
  retentionDays: DAYS,
  s3: { bucket: BUCKET, region: REGION, key: 'audit-ledger', writerRoleArns: [WRITER], readerRoleArns: [READER] },
};

/** The tool's own way to the bucket, in the writer's role, with decisions of the guard going into the ledger. */
async function own() {
  const { accessKeyId, secretAccessKey, sessionToken = '' } = await keysOf(world, 'ledger-w', REGION);
  const environment = {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  };
  const options = {
    environmentKind: 'sandbox',
    account: ACCOUNT,
    region: REGION,
    environment,
    ledger,
    timeoutMillis: 20_000,
  } as const;
  const endpointUrl = world.serving.info.endpoint;
  const place = { bucket: BUCKET, region: REGION, prefix: 'custody/', keyArn, retentionDays: DAYS };
  const objects = createS3Objects(await openAws({ ...options, endpointUrl }), {
    ...place,
    now: () => instantFromMillis(world.serving.sandbox.nowMillis()),
  });
  const sink = createLedgerSink(createSlotLedger(objects), 'architect', patient());
  return openAws({ ...options, endpointUrl, guardSink: sink });
}

const SLOT = 'custody/slots/000000001';
/** Which of the writes of a run it is killed at: its events are a bundle, then a slot. */
const KILLED = [
  [0, 'after'],
  [1, 'before'],
  [1, 'after'],
] as const;

async function versionOf(Key: string): Promise<string> {
  const client = await raw('ledger-r');
  const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: Key }));
  return Versions.at(-1)?.VersionId ?? '';
}

const no = (name: string) => expect.objectContaining({ name });

/** What the role that writes, and the administrator of the account, may not do. */
async function attackRaw(): Promise<void> {
  const VersionId = await versionOf(SLOT);
  const [{ Key: bundle = '' } = {}] =
    (await (await raw('ledger-r')).send(new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: 'custody/bundles/' })))
      .Versions ?? [];
  const target = { Bucket: BUCKET, Key: SLOT };
  const soon = new Date(world.serving.sandbox.nowMillis() + 86_400_000);
  for (const profile of ['ledger-w', 'admin', 'ledger-r', 'outsider']) {
    const client = await raw(profile);
    const refused = [
      ...(profile === 'ledger-r' ? [] : [new GetObjectCommand({ Bucket: BUCKET, Key: bundle })]),
      new DeleteObjectCommand(target),
      new DeleteObjectCommand({ ...target, VersionId, BypassGovernanceRetention: true }),
      new PutObjectCommand({ ...target, Body: 'forged' }),
      new PutObjectRetentionCommand({ ...target, VersionId, Retention: { Mode: 'COMPLIANCE', RetainUntilDate: soon } }),
    ];
    for (const command of refused)
      await expect(client.send(command as never), profile).rejects.toThrow(no('AccessDenied'));
    client.destroy();
  }
}

const entriesOf = async (kind: string, last = 200): Promise<readonly JsonObject[]> => {
  const shown = await ends(0, 'privacy', `ledger show --kind ${kind} --last ${last}`, as('ledger-r'));
  return listAt(shown.json, 'entries').map((entry) => at(entry, 'facts') as JsonObject);
};

/** The one version of an object in the sandbox's own state becomes these, as no call of AWS could make them. */
async function tamper(change: (row: JsonObject) => readonly JsonObject[], key: string): Promise<void> {
  await world.stop();
  const store = openFileStore(join(world.dir, 'sandbox'));
  const id = (row: JsonObject) => String(row.number).padStart(15, '0');
  const [[number, own] = [], ...more] = [...store.rows('s3.versions')].filter(([, row]) => row.key === key);
  expect(more).toEqual([]);
  store.remove('s3.versions', number ?? '');
  if (own !== undefined) for (const row of change(own)) store.put('s3.versions', id(row), row);
  for (const [at, bytes] of [...store.rows('s3.bytes')])
    if (at === number) store.put('s3.bytes', '000000900000000', bytes);
  store.flush();
  store.close();
  world = await world.again();
}

const verdictNow = async (exit: number, more = '') => ends(exit, 'deputy', `ledger verify${more}`, as('ledger-r'));
const detailOf = ({ json }: CliOutcome, id: string) =>
  listAt(json, 'checks').flatMap((item) => (at(item, 'id') === id ? [String(at(item, 'detail'))] : []));

it('T38–T41 T46 an audit ledger in S3 lives, is proven, and tells of every attempt to purge it', async () => {
  await createLedgerRoles(world);
  await establish();
  await ends(0, 'architect', 'ledger carry');

  // A ledger that cannot be written to: nothing is called, and the request is not spent.
  const asked = askedIn(await ends(0, 'architect', 'keys rotate case-data'));
  await approved(asked);
  const before = world.done.filter((name) => name === 'RotateKeyOnDemand').length;
  expect(codeOf(await ends(4, 'deputy', `keys execute ${asked.id}`, as('ledger-r')))).toBe('DENIED');
  expect(world.done.filter((name) => name === 'RotateKeyOnDemand')).toHaveLength(before);
  expect(world.filesOf(asked.id).some((path) => path.endsWith('intent.json'))).toBe(false);
  await ends(0, 'deputy', `keys execute ${asked.id}`);
  expect(world.done.filter((name) => name === 'RotateKeyOnDemand')).toHaveLength(before + 1);

  // A delete by the tool's own client, and by clients that ask no guard.
  const link = (await own()).s3(REGION, 'ledger.append');
  const purge = link.once('DeleteObject', (sdk, client) =>
    client.send(new sdk.DeleteObjectCommand({ Bucket: BUCKET, Key: SLOT })),
  );
  await expect(purge).rejects.toThrow(/the guard does not let s3 DeleteObject through: operation-not-allowed/);
  await attackRaw();

  // Three at once: each has the events that its own stream gave, and the ledger is one chain.
  const { stdout: events } = await custody(['sandbox', 'events', '--dir', join(world.dir, 'sandbox')]);
  const taken = await Promise.all(
    (['architect', 'privacy', 'deputy'] as const).map((player) => ingest(player, events)),
  );
  expect(
    taken.map(({ exit }) => exit),
    taken.map(({ stderr }) => stderr).join('\n'),
  ).toEqual([3, 3, 3]);
  expect(
    (await entriesOf('guard')).map(({ operation, decision, object }) => [operation, decision, object]),
  ).toContainEqual(['DeleteObject', 'denied', SLOT]);
  const usage = await entriesOf('usage');
  const attempts = usage.filter(
    ({ eventName, errorCode }) => eventName === 'DeleteObject' && errorCode === 'AccessDenied',
  );
  expect(new Set(attempts.map(({ principalArn }) => principalArn))).toEqual(
    new Set([WRITER, READER, role('Admin'), role('outsider')]),
  );
  expect(
    attempts.every(({ bucket, object, evidence }) => bucket === BUCKET && object === SLOT && evidence === 'none'),
  ).toBe(true);
  expect(new Set(usage.map(({ eventId }) => eventId)).size).toBe(usage.length);
  expect(usage.filter(({ eventName, errorCode }) => eventName === 'PutObject' && errorCode === null)).toEqual([]);

  // Taking in is really killed at its writes, and run again.
  const words = ['ledger', 'ingest', '--lookup'];
  for (const [skip, when] of KILLED) {
    await kill(world, { player: 'privacy', words, env: both() }, { aws: 'PutObject', skip, when });
  }

  // Proven to an outsider, from what is signed.
  const outside = await ends(3, 'privacy', 'ledger ingest --lookup', both());
  expect(at(outside.json, 'counts', 'refused')).toBe(0);
  const once = (await entriesOf('usage', 1000)).map(({ eventId }) => eventId);
  expect(new Set(once).size).toBe(once.length);
  const whole = await verdictNow(0);
  expect(whole.json).toMatchObject({ verdict: 'verified', ledger: 'ledger' });
  const signed = await ends(0, 'architect', 'ledger checkpoint', both());
  expect(at(signed.json, 'checkpoint', 'size')).toBe(at(whole.json, 'head', 'size'));
  const proof = join(world.dir, 'entry-3.tlog-proof');
  await ends(0, 'privacy', `ledger prove 3 --out ${proof}`, as('ledger-r'));
  const roster = join(world.dir, 'roster.json');
  writeFileSync(roster, world.read('roster/1.json'));
  expect((await ends(0, 'deputy', `verify ${proof} --roster ${roster}`)).json.verdict).toBe('verified');

  // What no call of AWS could do any more is found by whoever reads, and the entry is named.
  const [slot, first] = ['custody/slots/000000001', textAt(whole.json, 'head', 'digest')];
  expect(first).toMatch(/^sha256:/);
  const days = (row: JsonObject, count: number) => ({
    ...row,
    retainUntilMillis: Number(row.modifiedMillis) + count * 86_400_000,
  });
  await tamper((row) => [{ ...days(row, 30) }], slot);
  const short = await verdictNow(3);
  expect(detailOf(short, 'store')).toEqual([
    expect.stringMatching(/^entry \d+: slots\/000000001 has retention until .* only, less than 365 days$/),
  ]);
  await tamper(
    (row) => [
      days(row, DAYS),
      { ...row, number: 900_000_000, versionId: 'later' },
      { ...row, number: 900_000_001, versionId: 'mark', marker: true },
    ],
    slot,
  );
  const hidden = await verdictNow(3);
  expect(detailOf(hidden, 'store')).toEqual([
    expect.stringMatching(/^entry \d+: slots\/000000001 has 2 versions, a delete marker over it/),
  ]);
  // The first version is the ledger's all the same.
  expect(detailOf(hidden, 'chain')).toEqual(detailOf(whole, 'chain'));

  // Who has written to it does not write on where its end was cut off.
  const reader = await raw('ledger-r');
  const names = await reader.send(new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: 'custody/slots/' }));
  await tamper(() => [], names.Versions?.at(-1)?.Key ?? '');
  const cut = await ends(3, 'architect', 'ledger carry');
  expect(codeOf(cut)).toBe('LEDGER_BROKEN');
  expect(cut.stdout).toMatch(/which this machine has seen, is gone/);
});

async function ingest(player: Player, events: string): Promise<CliOutcome> {
  const { spawn } = await import('node:child_process');
  const { PACKAGE_ROOT } = await import('../support/built.js');
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(PACKAGE_ROOT, 'bin/run.js'), 'ledger', 'ingest', '--stdin', '--json'], {
      env: { ...process.env, ...world.environment(player), ...both() },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (part) => (stdout += String(part)));
    child.stderr.on('data', (part) => (stderr += String(part)));
    child.on('close', (exit) => resolve({ exit: exit ?? 1, stdout, stderr, json: {} }));
    child.stdin.end(events);
  });
}
