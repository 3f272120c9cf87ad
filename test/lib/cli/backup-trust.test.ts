import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackupSigning, rehearseBackup } from '../../../src/lib/backup/backup.js';
import { formatBackupStatement, MANIFEST_TYPE, parseBackupStatement } from '../../../src/lib/backup/manifest.js';
import { MANIFEST_PATH, SIGNER_PATH, TRUSTED_ROOT_PATH } from '../../../src/lib/backup/paths.js';
import { digestOf } from '../../../src/lib/base/bytes.js';
import type { CustodyError } from '../../../src/lib/base/errors.js';
import { instantFromMillis } from '../../../src/lib/base/time.js';
import { isManifest } from '../../../src/lib/cli/backup-signing.js';
import { verifierOf } from '../../../src/lib/cli/backup-trust.js';
import { verifyGivenRecords } from '../../../src/lib/cli/verify-records.js';
import type { RecordsReport } from '../../../src/lib/inspect/records.js';
import { createCertifier } from '../../../src/lib/net/fulcio.js';
import { createWitnesses } from '../../../src/lib/net/witnesses.js';
import { planDigest } from '../../../src/lib/plan/format.js';
import type { SigstorePlan } from '../../../src/lib/plan/plan.js';
import { createKeyStatementSigner, openKeylessStatementSigner } from '../../../src/lib/signing/sigstore/seal.js';
import { parseTrustedRoot } from '../../../src/lib/signing/sigstore/trusted-root.js';
import type { StatementSigner } from '../../../src/lib/signing/statement-signer.js';
import {
  type BackupDesk,
  backupDesk,
  coldDesk,
  createBackupOffice,
  failing,
  policyOf,
  statuses,
  teamOfOneKey,
} from '../../support/backup-desk.js';
import { copyOffice, type Office } from '../../support/office.js';
import { CASE_DATA_KEY, PRIMARY } from '../../support/people.js';
import { ISSUER, SigstoreWorld, SUBJECT } from '../../support/sigstore-world.js';

/** Backups that an identity signs, in one history with backups of keys, over the mocks of sigstore-js. */

const clock = { now: () => instantFromMillis(Date.now()) };
let world: SigstoreWorld;
let stranger: SigstoreWorld;
/** A backup by a key, one by an identity with a heartbeat, one by a key that is witnessed. */
let whole: Office;
/** The files after the second and after the last of them. */
const history: ReadonlyMap<string, Uint8Array>[] = [];

beforeAll(async () => {
  world = await SigstoreWorld.start();
  stranger = await SigstoreWorld.start();
  whole = await officeWith({
    trustedRoot: digestOf(world.root(1)),
    identities: [{ issuer: ISSUER, subject: SUBJECT }],
  });
  const desk = backupDesk(whole.desk('architect'));
  await desk.backUp();
  await desk.backUp({ signing: await keyless(desk) });
  await desk.backUp({ signing: await keyless(desk) });
  history.push(new Map(whole.remote.files()));
  whole.aws.key(CASE_DATA_KEY, PRIMARY).policy = policyOf('kms:Encrypt');
  const { signing } = await desk.run();
  const witnessed = createKeyStatementSigner(
    whole.desk('architect').actor.signer,
    createWitnesses(world.instance(1), isManifest),
    parseTrustedRoot(world.root(1)),
  );
  const beside = new Map([...signing.beside, [TRUSTED_ROOT_PATH, world.root(1)]]);
  await desk.backUp({ signing: { ...signing, signer: witnessed, beside } });
  history.push(new Map(whole.remote.files()));
});
afterAll(async () => {
  await world.stop();
  await stranger.stop();
});

const officeWith = (sigstore: SigstorePlan) =>
  createBackupOffice(teamOfOneKey({ plan: (plan) => ({ ...plan, sigstore }) }));

function signerIn(by: SigstoreWorld, subject = SUBJECT): Promise<StatementSigner> {
  const certify = createCertifier(by.url, async () => by.token({ sub: subject }), clock);
  return openKeylessStatementSigner(
    certify,
    null,
    createWitnesses(by.instance(1), isManifest),
    parseTrustedRoot(by.root(1)),
  );
}

async function keyless(desk: BackupDesk, by = world, subject = SUBJECT, root = by.root(1)): Promise<BackupSigning> {
  const { signing } = await desk.run();
  return {
    ...signing,
    signer: await signerIn(by, subject),
    by: 'keyless',
    beside: new Map([[TRUSTED_ROOT_PATH, root]]),
  };
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (cause: CustodyError) => cause.code,
  );

describe('one history of keys and identities', () => {
  it('is verified by a machine that has nothing but the repository', async () => {
    const report = await (await coldDesk(whole)).verify();
    expect(report.checks.filter(({ status }) => status !== 'pass')).toEqual([]);
    expect(report).toMatchObject({ verdict: 'verified', backups: 3 });
    expect([...whole.remote.files().keys()]).toEqual(expect.arrayContaining([SIGNER_PATH, TRUSTED_ROOT_PATH]));
  });

  it('is gone on with by a key, which leaves no trusted root behind', async () => {
    const office = copyOffice(whole);
    const desk = await coldDesk(office, 'architect');
    expect((await rehearseBackup(await desk.run())).changed).toBe(true);
    await desk.backUp();
    expect(office.remote.files().has(TRUSTED_ROOT_PATH)).toBe(false);
    expect((await desk.verify()).verdict).toBe('verified');
  });
});

describe('T20 an identity', () => {
  it.each([
    'https://github.com/acme/keys/.github/workflows/backup.yml@refs/heads/mai',
    `${SUBJECT}x`,
    SUBJECT.toUpperCase(),
  ])('%s is refused, and no backup is made on top', async (subject) => {
    const office = copyOffice(whole);
    const desk = await coldDesk(office);
    await desk.backUp({ signing: await keyless(desk, world, subject) });
    expect(failing(await (await coldDesk(office)).verify())).toContain('signatures');
    expect(await codeOf((await coldDesk(office)).backUp())).toBe('SIGNER_UNKNOWN');
  });

  it('of the right name, by an instance that nobody trusts, is refused', async () => {
    const office = copyOffice(whole);
    const desk = await coldDesk(office);
    await desk.backUp({ signing: await keyless(desk, stranger) });
    expect(failing(await (await coldDesk(office)).verify())).toContain('signatures');
  });

  it('is refused where the plan names none', async () => {
    const office = await createBackupOffice();
    const desk = backupDesk(office.desk('architect'));
    await desk.backUp({ signing: await keyless(desk) });
    expect(failing(await (await coldDesk(office)).verify())).toContain('signatures');
    expect(await codeOf((await coldDesk(office)).backUp())).toBe('SIGNER_UNKNOWN');
  });

  it('without its trusted root proves nothing; with another one beside it misleads', async () => {
    for (const root of [null, stranger.root(1)]) {
      const office = await officeWith({
        trustedRoot: digestOf(world.root(1)),
        identities: [{ issuer: ISSUER, subject: SUBJECT }],
      });
      const desk = backupDesk(office.desk('architect'));
      const signing = await keyless(desk);
      const beside = new Map(root === null ? [] : [[TRUSTED_ROOT_PATH, root]]);
      await desk.backUp({ signing: { ...signing, beside } });
      expect(statuses(await (await coldDesk(office)).verify()), String(root)).toMatchObject({ signatures: 'fail' });
    }
    const office = copyOffice(whole);
    const desk = await coldDesk(office);
    await desk.backUp({ signing: await keyless(desk, world, SUBJECT, stranger.root(1)) });
    expect(failing(await (await coldDesk(office)).verify())).toEqual(['signers']);
  });
});

describe('T20 a trusted root that a newer plan has replaced', () => {
  it('proves what names the plan of then, and nothing that names the newer one', async () => {
    const desk = await coldDesk(whole);
    const { state, place } = await desk.run();
    const [first] = state.plans;
    if (!first) throw new Error('no plan');
    const identities = [{ issuer: ISSUER, subject: SUBJECT }];
    const sigstore = { trustedRoot: digestOf(stranger.root(1)), identities };
    const second = { ...first, version: 2, previous: planDigest(first), plan: { ...first.plan, sigstore } };
    const verifier = verifierOf(
      { rosters: state.rosters, plans: [first, second] },
      { folder: '/nonexistent', store: place.store },
    );
    const signer = await signerIn(world);
    const naming = async (plan: typeof first) => {
      const { manifest: old } = await openedManifest();
      const predicate = { ...old, planDigest: planDigest(plan) };
      return signer.seal(formatBackupStatement({ type: MANIFEST_TYPE, subject: digestOf('x'), predicate }));
    };
    expect(await verifier.open(await naming(first))).toMatchObject({ signer: { kind: 'keyless', subject: SUBJECT } });
    expect(await codeOf(naming(second).then((bundle) => verifier.open(bundle)))).toMatch(/UNPROVEN|SIGNER_UNKNOWN/);
    // A plan that lists another identity under the same root is another plan, too.
    const third = {
      ...second,
      plan: { ...first.plan, sigstore: { ...first.plan.sigstore, identities: [{ issuer: ISSUER, subject: 'x' }] } },
    } as typeof first;
    const other = verifierOf(
      { rosters: state.rosters, plans: [first, third] },
      { folder: '/nonexistent', store: place.store },
    );
    expect(await codeOf(naming(third).then((bundle) => other.open(bundle)))).toBe('SIGNER_UNKNOWN');
  });

  async function openedManifest() {
    const bytes = whole.remote.files().get(MANIFEST_PATH) ?? new Uint8Array();
    const { dsseEnvelope } = JSON.parse(Buffer.from(bytes).toString()) as { dsseEnvelope: { payload: string } };
    const said = parseBackupStatement(Buffer.from(dsseEnvelope.payload, 'base64'), 'x');
    if (said.type !== MANIFEST_TYPE) throw new Error('no manifest');
    return { manifest: said.predicate };
  }
});

describe('what a log of Rekor v1 may be told', () => {
  it('is manifests and heartbeats of backups, and nothing that is like them', () => {
    const bundles = [whole.remote.files().get(MANIFEST_PATH) ?? new Uint8Array()];
    const [statement] = bundles.map((bytes) => {
      const { dsseEnvelope } = JSON.parse(Buffer.from(bytes).toString()) as { dsseEnvelope: { payload: string } };
      return Buffer.from(dsseEnvelope.payload, 'base64').toString();
    });
    const said = statement ?? '';
    expect(isManifest(Buffer.from(said))).toBe(true);
    for (const other of [
      '',
      '{}',
      said.replace('manifest:v1', 'policy:v1'),
      said.replace('"scope":"plan"', '"policy":"text","scope":"plan"'),
      said.replace('"SHA256SUMS"', '"policy.json"'),
    ])
      expect(isManifest(Buffer.from(other)), other.slice(0, 40)).toBe(false);
  });
});

describe('what an outsider was handed', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'custody-handed-'));
    for (const [at, files] of history.entries()) {
      mkdirSync(join(dir, String(at)));
      for (const name of ['manifest.sigstore.json', 'heartbeat.sigstore.json', 'SHA256SUMS'])
        writeFileSync(join(dir, String(at), name), files.get(`backups/${name}`) ?? '');
    }
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const [byIdentity, byWitnessed] = [0, 1];
  const me = { issuer: ISSUER, subject: SUBJECT };
  const judge = (at: number, root: Buffer | null, identities = [me], names = ['manifest', 'heartbeat'], folder = dir) =>
    verifyGivenRecords(
      names.map((name) => join(folder, String(at), `${name}.sigstore.json`)),
      whole.team.roster,
      { root: root === null ? null : parseTrustedRoot(root), identities },
    );
  const said = ({ checks }: RecordsReport) => checks.map(({ status, detail }) => `${status}: ${detail}`).join('\n');

  it('an identity’s manifest and heartbeat, about the files beside them', async () => {
    const report = await judge(byIdentity, world.root(1));
    expect(report.checks.filter(({ status }) => status !== 'pass')).toEqual([]);
    expect(report.verdict).toBe('verified');
    const signer = `${SUBJECT} (${ISSUER})`;
    expect(report.records).toMatchObject([
      { kind: 'backup manifest', signer },
      { kind: 'backup heartbeat', signer },
    ]);
  });

  it('a roster’s key that witnesses saw', async () => {
    const report = await judge(byWitnessed, world.root(1), [], ['manifest']);
    expect(report).toMatchObject({ verdict: 'verified', records: [{ kind: 'backup manifest', signer: 'architect' }] });
    expect((await judge(byWitnessed, stranger.root(1), [], ['manifest'])).verdict).toBe('refused');
  });

  it.each<[string, () => Promise<RecordsReport>, string, RegExp]>([
    ['no root: nothing is believed', () => judge(byIdentity, null), 'unproven', /skip: .*--trusted-root/],
    [
      'a root, and nobody who may sign',
      () => judge(byIdentity, world.root(1), []),
      'refused',
      /no identity is trusted/,
    ],
    ['another root', () => judge(byIdentity, stranger.root(1)), 'refused', /^fail/],
    [
      'one letter less of a subject',
      () => judge(byIdentity, world.root(1), [{ ...me, subject: SUBJECT.slice(0, -1) }]),
      'refused',
      /not trusted/,
    ],
    [
      'the same subject of another issuer',
      () => judge(byIdentity, world.root(1), [{ ...me, issuer: `${ISSUER}/` }]),
      'refused',
      /not trusted/,
    ],
  ])('%s', async (_, judging, verdict, detail) => {
    const report = await judging();
    expect(report.verdict).toBe(verdict);
    expect(said(report)).toMatch(detail);
  });

  it('a list that is not the one signed, or is gone, and a seal of another repository', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'custody-moved-'));
    cpSync(dir, folder, { recursive: true });
    writeFileSync(join(folder, '0', 'SHA256SUMS'), 'x');
    const moved = await judge(byIdentity, world.root(1), [me], ['manifest'], folder);
    rmSync(join(folder, '0', 'SHA256SUMS'));
    const alone = await judge(byIdentity, world.root(1), [me], ['manifest'], folder);
    rmSync(folder, { recursive: true });
    expect([moved.verdict, said(moved)]).toEqual(['refused', expect.stringMatching(/fail: .*SHA256SUMS is sha256:/)]);
    expect([alone.verdict, said(alone)]).toEqual(['unproven', expect.stringMatching(/skip: there is no .*SHA256SUMS/)]);
    const other = { ...whole.team.roster, repository: '0'.repeat(16) };
    const path = join(dir, '0', 'manifest.sigstore.json');
    const foreign = await verifyGivenRecords([path], other, {
      root: parseTrustedRoot(world.root(1)),
      identities: [me],
    });
    expect([foreign.verdict, said(foreign)]).toEqual(['refused', expect.stringMatching(/fail: repository /)]);
  });
});
