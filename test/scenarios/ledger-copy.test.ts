import { afterAll, beforeAll, expect, it } from 'vitest';
import type { JsonObject } from '../../src/lib/base/canonical-json.js';
import { AwsAccess } from '../../src/lib/cli/aws-access.js';
import { Context } from '../../src/lib/cli/context.js';
import { openScene } from '../../src/lib/cli/drill-scene.js';
import { drillLedger } from '../../src/lib/drill/ledger.js';
import { Probe } from '../../src/lib/drill/probe.js';
import type { KeyUse, Plan } from '../../src/lib/plan/plan.js';
import { replicationRolePolicy } from '../../src/lib/policy/ledger-bucket.js';
import { at, listAt } from '../../src/lib/rehearse/expect.js';
import { createProposal } from '../../src/lib/request/estate.js';
import { planProposal } from '../../src/lib/request/open.js';
import { REPLICATION_ROLE } from '../../src/lib/setup/ledger-bucket.js';
import { findEntryKeys } from '../../src/lib/setup/provision-ledger.js';
import { at as atSeat, carryOut } from '../faults/seats.js';
import { PACKAGE_ROOT } from '../support/built.js';
import type { CliOutcome, Player } from '../support/cli.js';
import {
  createLedgerRoles,
  ledgerProfiles,
  putRoles,
  READER,
  type Rewrite,
  rewritten,
  role,
  WRITER,
} from './ledger-world.js';
import { World } from './world.js';

/**
 * The audit ledger's copy in another Region: provisioned, filled by S3's replication, proven by a drill. Then what can become of a
 * copy: each time the drill's check of the copy fails, alone, and names what is lost.
 */

const [REGION, COPY] = ['eu-central-1', 'eu-west-1'];
const [BUCKET, COPY_BUCKET] = ['acme-audit-7f3a', 'acme-audit-7f3a-copy'];
const KEY = 'audit-ledger';
const DAY = 86_400;
/** Short, so that clocks need not be moved by more than a session of AWS takes. */
const RPO = 600;
const REPLICATES = role(REPLICATION_ROLE);

let world: World;
beforeAll(async () => {
  world = await World.open();
  await createLedgerRoles(world);
  await putRoles(world, [{ name: REPLICATION_ROLE, enters: { Service: 's3.amazonaws.com' }, may: NOTHING }]);
  await carryOut(world, ({ state: { plan } }) => planProposal(plan, withUsers(plan.plan), 'the ledger', null));
  await carryOut(world, ({ plan, state }) => createProposal(plan, state.roster, KEY, 'the ledger', null));
  await carryOut(world, ({ state: { plan } }) => planProposal(plan, inS3(plan.plan), 'the ledger', null));
  await mayReplicate();
}, 600_000);
afterAll(() => world?.close());

const NOTHING = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] };

/** The key in both Regions, with its users, while the repository's chain is the only ledger. */
function withUsers(plan: Plan): Plan {
  const { [KEY]: key } = plan.keys;
  if (!key) throw new Error('the template has it');
  const user = (roleArn: string, ...may: KeyUse[]) => ({ roleArn, may, viaService: 's3', encryptionContext: {} });
  const more = [user(WRITER, 'generate-data-key'), user(READER, 'decrypt')];
  const users = [...key.users, ...more, user(REPLICATES, 'decrypt', 'encrypt', 'generate-data-key')];
  const both = { ...key, multiRegion: true, replicas: [COPY], users };
  return {
    ...plan,
    keys: { ...plan.keys, [KEY]: both },
    ledger: { store: 'git', retentionDays: 365 },
    recovery: { ...plan.recovery, rpoSeconds: RPO },
  };
}

function inS3(plan: Plan): Plan {
  const roles = { writerRoleArns: [WRITER], readerRoleArns: [READER] };
  const replica = { bucket: COPY_BUCKET, region: COPY };
  return {
    ...plan,
    ledger: { ...plan.ledger, store: 's3', s3: { bucket: BUCKET, region: REGION, key: KEY, ...roles, replica } },
  };
}

/** As the Terraform that `ledger provision` writes has it. */
async function mayReplicate(): Promise<void> {
  const { keyArn, copyKeyArn } = await atSeat(
    world,
    'architect',
    ({ plan, aws }) => findEntryKeys(plan, aws.reader),
    'remote',
  );
  const keys = { keyArn, replicaKeyArn: copyKeyArn ?? '' };
  const may = replicationRolePolicy({ partition: 'aws', bucket: BUCKET, replica: COPY_BUCKET, ...keys });
  await putRoles(world, [
    { name: REPLICATION_ROLE, enters: { Service: 's3.amazonaws.com' }, may: JSON.parse(may) as object },
  ]);
}

const LEDGER = { CUSTODY_LEDGER_PROFILE: 'ledger-w', CUSTODY_LEDGER_READER: 'ledger-r' };

async function ends(exit: number, player: Player, words: string, env: NodeJS.ProcessEnv = {}): Promise<CliOutcome> {
  const all = { AWS_CONFIG_FILE: ledgerProfiles(world), ...LEDGER, ...env };
  const outcome = await world.run(player, words.split(' '), all);
  expect(outcome.exit, `custody ${words}\n${outcome.stdout}\n${outcome.stderr}`).toBe(exit);
  return outcome;
}

/** What the drill of the ledger finds over the scene that `dr verify` opens, as lines `id status: detail`. */
async function drill(of: World): Promise<readonly string[]> {
  const flags = { repo: of.clone('deputy'), profile: 'deputy', ledgerProfile: 'ledger-w', ledgerReader: 'ledger-r' };
  const context = new Context(flags, { json: true, packageRoot: PACKAGE_ROOT, version: '0.1.0' });
  const environment = { ...process.env, ...of.environment('deputy'), AWS_CONFIG_FILE: ledgerProfiles(of) };
  const tell = () => undefined;
  Object.assign(context, {
    environment,
    access: new AwsAccess(flags, environment, tell),
    progress: { ...context.progress, tell },
  });
  try {
    const scene = await openScene(context, await context.seat('remote'), { 'drill-profile': 'drill' });
    const probe = new Probe('ledger', () => 0);
    await drillLedger(scene, probe);
    return probe.checks.map(({ id, status, detail }) => `${id} ${status}: ${detail}`);
  } finally {
    await context.close();
  }
}

/** The check of the copy, and which checks failed. */
async function copyNow() {
  const lines = await drill(world);
  const failed = lines.filter((line) => line.includes(' fail: ')).map((line) => line.split(' ')[0]);
  return { failed, copy: lines.find((line) => line.startsWith('ledger.audit-copy ')) };
}

const LOST = ['ledger.audit-copy'];
/** Rows of the copy's objects below a folder, in the order in which they were written. */
const inCopy =
  (prefix: string, change: (row: JsonObject) => JsonObject | null): Rewrite =>
  (table, row) =>
    table === 's3.versions' && row.bucket === COPY_BUCKET && String(row.key).startsWith(`custody/${prefix}`)
      ? change(row)
      : row;

it('T40 T41 the copy in another Region is proven by dr verify, and each loss of it is named', async () => {
  const made = await ends(0, 'architect', 'ledger provision --create', { AWS_PROFILE: 'admin' });
  expect(made.json.verdict).toBe('verified');
  await ends(0, 'architect', 'ledger carry');
  const { json } = await ends(3, 'architect', 'dr verify --drill-profile drill --only ledger');
  const audit = listAt(json, 'checks').filter((item) => String(at(item, 'id')).startsWith('ledger.audit'));
  expect(audit.map((item) => at(item, 'status'))).toEqual(['pass', 'pass', 'pass', 'pass', 'pass', 'pass']);
  expect(at(audit.at(-1), 'detail')).toMatch(/^2 slots and bundles, each as in the ledger and kept as long/);

  // Nobody replicates any more: what is written from then on would be lost, and after the plan's rpo that is a loss.
  world = await rewritten(world, (table, row, id) =>
    table === 's3.buckets' && id === BUCKET ? { ...row, replication: null } : row,
  );
  await ends(0, 'architect', 'ledger carry');
  const behind =
    /2 of 4 slots and bundles are not in the copy, the oldest, (slots\/000000001|bundles\/[0-9a-f]{64}), for \d+ s; the plan allows 600 s$/;
  const soon = await copyNow();
  expect(soon).toEqual({ failed: [], copy: expect.stringMatching(behind) });
  expect(soon.copy).toContain(' pass: ');
  world.serving.sandbox.advance(RPO + 1);
  expect(await copyNow()).toEqual({ failed: LOST, copy: expect.stringMatching(behind) });

  // An object that was there is gone.
  world = await rewritten(
    world,
    inCopy('slots/000000000', () => null),
  );
  const gone = /3 of 4 slots and bundles are not in the copy, the oldest, slots\/000000000, for/;
  expect(await copyNow()).toEqual({ failed: LOST, copy: expect.stringMatching(gone) });

  // One is held for less than the plan wants, which no call of AWS could do.
  let bundle = '';
  const shorter = inCopy('bundles/', (row) => {
    bundle = String(row.number);
    return { ...row, retainUntilMillis: Number(row.modifiedMillis) + 30 * DAY * 1000 };
  });
  world = await rewritten(world, shorter);
  const short = /in the copy, bundles\/[0-9a-f]{64} has retention until .* only, less than 365 days$/;
  expect(await copyNow()).toEqual({ failed: LOST, copy: expect.stringMatching(short) });

  // Another object under the same name, whole by all that S3 says of it.
  const other = Buffer.from('another bundle');
  world = await rewritten(world, (table, row, id) => {
    if (Number(id) !== Number(bundle)) return row;
    if (table === 's3.bytes') return { bytes: other.toString('base64') };
    return table === 's3.versions' ? { ...row, size: other.length, checksums: {} } : row;
  });
  const replaced = /fail: bundles\/[0-9a-f]{64} is another one in the copy$/;
  expect(await copyNow()).toEqual({ failed: LOST, copy: expect.stringMatching(replaced) });
}, 600_000);
