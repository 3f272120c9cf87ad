import { beforeAll, describe, expect, it } from 'vitest';
import {
  formatBackupStatement,
  HEARTBEAT_TYPE,
  type HeartbeatPredicate,
  MANIFEST_TYPE,
  type ManifestPredicate,
  parseBackupStatement,
} from '../../src/lib/backup/manifest.js';
import { SIGNER_PATH, TRUSTED_ROOT_PATH } from '../../src/lib/backup/paths.js';
import { prepareRestore } from '../../src/lib/backup/restore.js';
import { nameOfSigner, publicKeyPem } from '../../src/lib/backup/signer.js';
import { formatSums, parseSums } from '../../src/lib/backup/sums.js';
import { eventOf, ledgerAfter } from '../../src/lib/backup/telling.js';
import { openBundle, sealBundle } from '../../src/lib/base/bundle.js';
import { digestOf } from '../../src/lib/base/bytes.js';
import type { JsonObject } from '../../src/lib/base/canonical-json.js';
import { CustodyError } from '../../src/lib/base/errors.js';
import { addSeconds } from '../../src/lib/base/time.js';
import { seal } from '../../src/lib/record/envelope.js';
import { rosterPath } from '../../src/lib/record/paths.js';
import type { CommitId, Files } from '../../src/lib/record/store.js';
import { beat } from '../../src/lib/request/heartbeat.js';
import { formatRoster, rosterDigest } from '../../src/lib/roster/format.js';
import { keyStatementVerifier } from '../../src/lib/signing/key-statement.js';
import {
  type BackupDesk,
  backupDesk,
  coldDesk,
  createBackupMemory,
  createBackupOffice,
  failing,
  policyOf,
  statuses,
  teamOfOneKey,
} from '../support/backup-desk.js';
import { createMemoryRemote } from '../support/memory-record-store.js';
import { copyOffice, type Office } from '../support/office.js';
import { CASE_DATA_KEY, PRIMARY, REPLICA, type TestSigner } from '../support/people.js';

const FOLDER = `backups/111122223333/${PRIMARY}/${CASE_DATA_KEY}`;
const MANIFEST = 'backups/manifest.sigstore.json';
const SUMS = 'backups/SHA256SUMS';
const HEARTBEAT = 'backups/heartbeat.sigstore.json';

const caught = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (cause: unknown) => cause,
  );
const codeOf = async (work: Promise<unknown>) => ((await caught(work)) as CustodyError | null)?.code;

/** Three backups and a heartbeat; every test works on a copy. */
let whole: Office;
beforeAll(async () => {
  whole = await createBackupOffice();
  const desk = backupDesk(whole.desk('architect'));
  await desk.backUp();
  whole.aws.key(CASE_DATA_KEY, PRIMARY).policy = policyOf('kms:Decrypt', 'kms:Encrypt');
  await desk.backUp();
  whole.aws.key(CASE_DATA_KEY, PRIMARY).policy = policyOf('kms:Encrypt');
  await desk.backUp();
  await desk.backUp();
});

/** The commits of a line, oldest first. */
async function lineOf(office: Office): Promise<readonly CommitId[]> {
  const store = office.remote.client();
  const { head } = await store.sync();
  return head === null ? [] : store.history(head);
}

/** Writes the whole line anew, each commit as `change` makes it, as one who owns the server can. */
async function rewrite(office: Office, change: (files: Map<string, Uint8Array>, at: number) => void): Promise<void> {
  let parent: CommitId | null = null;
  const line = await lineOf(office);
  for (const [at, commit] of line.entries()) {
    const files = new Map(office.remote.files(commit));
    change(files, at);
    parent = office.remote.force(files, parent);
  }
}

describe('T20 who may sign', () => {
  const keyless = {
    issuer: 'https://token.example.com',
    subject: 'https://github.com/acme/keys/.github/workflows/b.yml@refs/heads/main',
  };
  const trustedRoot = `sha256:${'0'.repeat(64)}`;
  const team = teamOfOneKey({ plan: (plan) => ({ ...plan, sigstore: { trustedRoot, identities: [keyless] } }) });
  it('an identity of an instance is compared exactly: no pattern, no case, no other issuer', () => {
    const { plan, roster } = team;
    const by = (issuer: string, subject: string) =>
      nameOfSigner({ kind: 'keyless', issuer, subject }, [roster], [plan]);
    expect(by(keyless.issuer, keyless.subject)).toBe('keyless');
    for (const subject of [
      `${keyless.subject}x`,
      keyless.subject.toUpperCase(),
      '.*',
      '',
      keyless.subject.replace('.', 'x'),
    ])
      expect(by(keyless.issuer, subject)).toBeNull();
    for (const issuer of [`${keyless.issuer}/`, 'https://TOKEN.example.com', '*', ''])
      expect(by(issuer, keyless.subject)).toBeNull();
    const { sigstore: _, ...none } = plan.plan;
    expect(nameOfSigner({ kind: 'keyless', ...keyless }, [roster], [{ ...plan, plan: none }])).toBeNull();
  });
});

/** A manifest made by hand over what lies there, by any signer. */
async function forge(
  office: Office,
  signer: TestSigner,
  change: Partial<ManifestPredicate> = {},
  beside: Files = new Map(),
): Promise<void> {
  const files = new Map([...office.remote.files(), ...beside]);
  const bundle = openBundle(files.get(MANIFEST) ?? new Uint8Array(), 'x', 1e6);
  const said = parseBackupStatement(bundle.payload, 'x');
  if (said.type !== MANIFEST_TYPE) throw new Error('no manifest');
  const sums = parseSums(files.get(SUMS) ?? new Uint8Array()).map(({ path, digest }) => {
    const bytes = beside.get(path);
    return { path, digest: bytes ? digestOf(bytes) : digest };
  });
  files.set(SUMS, formatSums(sums));
  const next = {
    ...said.predicate,
    sequence: said.predicate.sequence + 1,
    previous: digestOf(files.get(MANIFEST) ?? ''),
    ...change,
  };
  const subject = digestOf(files.get(SUMS) ?? '');
  files.set(
    MANIFEST,
    await sealBundle(formatBackupStatement({ type: MANIFEST_TYPE, subject, predicate: next }), signer),
  );
  files.delete(HEARTBEAT);
  office.remote.force(files);
}

describe('T21 signatures', () => {
  it('by nobody who is listed are refused, and no backup is made on top', async () => {
    const office = copyOffice(whole);
    await forge(office, whole.team.signers.outsider);
    const desk = await coldDesk(office);
    expect(failing(await desk.verify())).toContain('signatures');
    expect(await codeOf(desk.backUp())).toBe('SIGNER_UNKNOWN');
  });

  it('of a listed key with the hint of another one, or moved onto other bytes, do not verify', async () => {
    const { architect, deputy } = whole.team.signers;
    const verifier = keyStatementVerifier([architect.publicKey, deputy.publicKey]);
    const bytes = Buffer.from(await sealBundle(Buffer.from('{}'), architect)).toString();
    const other = Buffer.from(await sealBundle(Buffer.from('{}'), deputy)).toString();
    const hint = (text: string) => /"hint":"([^"]+)"/.exec(text)?.[1] ?? '';
    const swapped = Buffer.from(bytes.replace(hint(bytes), hint(other)));
    expect(await codeOf(verifier.open(swapped))).toBe('SIGNATURE_INVALID');
    expect(await codeOf(verifier.open(Buffer.from(bytes.replace('"e30="', '"W10="'))))).toBe('SIGNATURE_INVALID');
    expect(await codeOf(verifier.open(Buffer.from(bytes.replace('in-toto', 'in-tata'))))).toBe('RECORD_MALFORMED');
  });

  it('T64 of a record or a heartbeat are no manifest', async () => {
    const office = copyOffice(whole);
    const files = new Map(office.remote.files());
    files.set(MANIFEST, files.get(HEARTBEAT) ?? new Uint8Array());
    office.remote.force(files);
    expect(failing(await (await coldDesk(office)).verify())).toContain('signatures');
    const at = whole.clock.now();
    const { team } = whole;
    const predicate = {
      tool: { name: 'x', version: '1', digest: digestOf('') },
      repository: team.roster.repository,
      by: 'architect',
      at,
      seen: { head: null, expiresAt: at },
    };
    const record = await seal(
      { kind: 'heartbeat', subjects: [{ name: 'genesis', digest: digestOf('') }], predicate } as never,
      team.signers.architect,
    );
    const another = copyOffice(whole);
    another.remote.force(new Map([...whole.remote.files(), [MANIFEST, record]]));
    expect(failing(await (await coldDesk(another)).verify())).toContain('signatures');
  });

  it('the key that lies beside must be the one that signed', async () => {
    const office = copyOffice(whole);
    const { privacy, deputy } = whole.team.signers;
    const pem = Buffer.from(deputy.publicKey.object.export({ format: 'pem', type: 'spki' }).toString());
    await forge(office, privacy, {}, new Map([[SIGNER_PATH, pem]]));
    expect(failing(await (await coldDesk(office)).verify())).toEqual(['signers', 'ledger']);
  });

  it('a trusted root beside, where the plan pins none, is not taken', async () => {
    const office = copyOffice(whole);
    await forge(office, whole.team.signers.architect, {}, new Map([[TRUSTED_ROOT_PATH, Buffer.from('{}')]]));
    expect(failing(await (await coldDesk(office)).verify())).toContain('signers');
  });

  it('under a roster that was not in force then are refused', async () => {
    const office = copyOffice(whole);
    await forge(office, whole.team.signers.architect, { rosterDigest: digestOf('another roster') });
    expect(failing(await (await coldDesk(office)).verify())).toContain('signers');
  });
});

describe('T23 nothing', () => {
  it('is unproven, never verified', async () => {
    const office = await createBackupOffice();
    expect(await (await coldDesk(office)).verify()).toMatchObject({ verdict: 'unproven', newest: null });
    const skipped = await (await coldDesk(copyOffice(whole))).verify(9);
    expect(skipped.verdict).toBe('unproven');
  });

  it('is not signed: a run that could read no key fails', async () => {
    const office = await createBackupOffice();
    const desk = backupDesk(
      office.machine('architect', {
        intercept: async (step, act) => {
          if (step === 'kms describe')
            throw new CustodyError('DENIED', 'no', { details: { awsCode: 'AccessDeniedException' } });
          return act();
        },
      }),
    );
    await office.desk('architect').ports.store.sync();
    expect(await codeOf(desk.backUp())).toBe('DENIED');
    expect([...office.remote.files().keys()].some((path) => path.startsWith('backups/'))).toBe(false);
  });
});

describe('T30 T38 a remote that takes back', () => {
  let seen: BackupDesk;
  let office: Office;
  async function begin() {
    office = copyOffice(whole);
    seen = await coldDesk(office);
    expect((await seen.verify()).verdict).toBe('verified');
  }

  it('gives another backup of the number that was seen: refused, and nothing is remembered of it', async () => {
    await begin();
    const held = seen.memory.held();
    if (held === null) throw new Error('nothing was remembered');
    const memory = createBackupMemory({ ...held, manifest: digestOf('another manifest') });
    const clone = backupDesk(office.machine('privacy'), undefined, memory);
    expect(failing(await clone.verify())).toEqual(['memory']);
    expect(memory.held()?.manifest).toBe(digestOf('another manifest'));
    expect(await codeOf(clone.backUp())).toBe('ROLLBACK');
  });

  it('force-pushed: this clone refuses it', async () => {
    await begin();
    await rewrite(office, (files) => files.delete('records/none'));
    const line = await lineOf(office);
    office.remote.rewind(line.at(-2) ?? null);
    expect(await codeOf(seen.verify())).toBe('HISTORY_REWRITTEN');
  });

  it('rolled back: another clone on this machine refuses it, and says what to do', async () => {
    await begin();
    const line = await lineOf(office);
    const third = line.findLastIndex((commit) => !office.remote.files(commit).has(HEARTBEAT));
    office.remote.rewind(line[third - 1] ?? null);
    const clone = backupDesk(office.machine('privacy'), undefined, seen.memory);
    const report = await clone.verify();
    expect(failing(report)).toEqual(['memory']);
    expect(report.checks.find(({ id }) => id === 'memory')?.detail).toContain('compare with another custodian');
    const refused = (await caught(clone.backUp())) as CustodyError;
    expect(refused.code).toBe('ROLLBACK');
    expect(refused.suggestions.join(' ')).toContain('Ask the other custodians');
  });

  it('without any backup any more: refused where one was seen', async () => {
    await begin();
    const files = new Map([...office.remote.files()].filter(([path]) => !path.startsWith('backups/')));
    office.remote.force(files);
    expect((await (await coldDesk(office)).verify()).verdict).toBe('refused');
    const never = backupDesk((await createBackupOffice()).machine('deputy'), undefined, seen.memory);
    expect(failing(await never.verify())).toEqual(['backups']);
  });

  it('in a repository of its own: the ledger gives it away, on a machine that has seen nothing', async () => {
    const fresh = await createBackupOffice();
    const own = createMemoryRemote();
    const desk = backupDesk(fresh.desk('architect'), own.client());
    const { commit } = await desk.backUp();
    fresh.aws.key(CASE_DATA_KEY, PRIMARY).description = 'other';
    await desk.backUp();
    own.rewind(commit);
    const cold = backupDesk(fresh.machine('privacy'), own.client(), createBackupMemory());
    expect(failing(await cold.verify())).toEqual(['ledger']);
  });
});

describe('T39 a history', () => {
  it.each([
    ['a gap', (files: Map<string, Uint8Array>, second: Files, third: Files) => copyBackup(files, second, third)],
  ])('with %s fails', async (_, change) => {
    const office = copyOffice(whole);
    const line = await lineOf(office);
    const [second, third] = [2, 3].map((sequence) =>
      whole.remote.files(line.find((commit) => sequenceAt(whole.remote.files(commit)) === sequence)),
    );
    await rewrite(office, (files) => {
      if (sequenceAt(files) === 2) change(files, second ?? new Map(), third ?? new Map());
    });
    const failed = failing(await (await coldDesk(office)).verify());
    expect(failed).toContain('sequence');
    expect(failed).toContain('chain');
  });

  it('with two backups in each other’s place fails', async () => {
    const office = copyOffice(whole);
    const line = await lineOf(office);
    const at = (sequence: number) =>
      whole.remote.files(line.find((commit) => sequenceAt(whole.remote.files(commit)) === sequence));
    await rewrite(office, (files) => {
      const sequence = sequenceAt(files);
      if (sequence === 1 || sequence === 2) copyBackup(files, files, at(3 - sequence));
    });
    expect(failing(await (await coldDesk(office)).verify())).toContain('sequence');
  });

  // Each on a copy of its own: what an earlier commit did wrong stays wrong, and would be found in place of this.
  it.each<[string, string, (files: Map<string, Uint8Array>) => unknown]>([
    ['a file that no list has', 'files', (files) => files.set(`${FOLDER}/materials.json`, Buffer.from('[]\n'))],
    ['a file taken away', 'files', (files) => files.delete(`${FOLDER}/tags.json`)],
    ['other bytes in a file', 'files', (files) => files.set(`${FOLDER}/tags.json`, Buffer.from('{}\n'))],
    [
      'a shorter list',
      'lists',
      (files) => files.set(SUMS, formatSums(parseSums(files.get(SUMS) ?? Buffer.of()).slice(1))),
    ],
    ['a list that is none', 'lists', (files) => files.set(SUMS, Buffer.from('none'))],
  ])('with %s fails', async (_, question, change) => {
    const office = copyOffice(whole);
    const files = new Map(office.remote.files());
    const before = files.get(`${FOLDER}/tags.json`);
    change(files);
    expect(before?.length).toBeGreaterThan(3);
    office.remote.force(files);
    expect(failing(await (await coldDesk(office)).verify())).toEqual([question]);
  });

  it('of another repository is refused', async () => {
    const office = copyOffice(whole);
    await forge(office, whole.team.signers.architect, { repository: 'fedcba9876543210' });
    expect(failing(await (await coldDesk(office)).verify())).toContain('chain');
  });

  it('whose times go backwards fails, by more than clocks differ', async () => {
    const before = sequencedAt(whole);
    const expiresAt = addSeconds(before, 3600);
    for (const [seconds, found] of [
      [-299, ['ledger']],
      [-301, ['sequence', 'ledger']],
    ] as const) {
      const office = copyOffice(whole);
      await forge(office, whole.team.signers.architect, { createdAt: addSeconds(before, seconds), expiresAt });
      expect(failing(await (await coldDesk(office)).verify())).toEqual(found);
    }
  });

  it('with a heartbeat that the ledger does not know fails, but in a repository of its own', async () => {
    const office = copyOffice(whole);
    await beatAgain(office.remote);
    expect(failing(await (await coldDesk(office)).verify())).toEqual(['ledger']);
    const elsewhere = await createBackupOffice();
    const own = createMemoryRemote();
    const desk = backupDesk(elsewhere.desk('architect'), own.client());
    await desk.backUp();
    await desk.backUp();
    await beatAgain(own, elsewhere.team.signers.architect);
    expect(failing(await backupDesk(elsewhere.machine('privacy'), own.client()).verify())).toEqual([]);
  });

  it.each([
    ['manifest', { manifest: digestOf('another manifest') }],
    ['repository', { repository: 'fedcba9876543210' }],
    ['sequence', { sequence: 2 }],
  ])('with a heartbeat of another %s fails', async (_, change) => {
    const office = copyOffice(whole);
    await beatAgain(office.remote, whole.team.signers.architect, change);
    expect(failing(await (await coldDesk(office)).verify())).toContain('chain');
  });

  it.each([
    [MANIFEST, 'signatures'],
    [SUMS, 'lists'],
  ])('without %s fails, and no backup is made on top', async (path, question) => {
    const office = copyOffice(whole);
    office.remote.force(new Map([...office.remote.files()].filter(([one]) => one !== path)));
    expect(failing(await (await coldDesk(office)).verify())).toContain(question);
    expect(await codeOf((await coldDesk(office, 'architect')).backUp())).toBe('REFUSED');
  });

  it('of which the ledger tells otherwise fails', async () => {
    const office = copyOffice(whole);
    await forge(office, whole.team.signers.architect);
    expect(failing(await (await coldDesk(office)).verify())).toContain('ledger');
  });

  it('with a new line for one file, and another file changed beside it, names that one', async () => {
    const office = copyOffice(whole);
    const parent = office.remote.head();
    const text = Buffer.from('{}\n');
    await forge(office, office.team.signers.architect, {}, new Map([[`${FOLDER}/key.json`, text]]));
    const path = `${FOLDER}/tags.json`;
    office.remote.force(new Map([...office.remote.files(), [path, Buffer.from('{"a": "b"}\n')]]), parent);
    const { faults } = await (await coldDesk(office)).verify();
    expect(faults.filter(({ question }) => question === 'files').map(({ message }) => message)).toEqual([
      expect.stringContaining(path),
    ]);
  });

  it('are gone: each entry that tells of one is named, for each may be the one that was changed', async () => {
    const office = copyOffice(whole);
    const line = await lineOf(office);
    const tellers = [...office.remote.files()].flatMap(([path, bytes]) =>
      path.startsWith('ledger/') && Buffer.from(bytes).includes('"kind":"backup"') ? [path] : [],
    );
    expect(tellers).toHaveLength(4);
    const before = line.findLast((commit) => sequenceAt(office.remote.files(commit)) === 1);
    const ledger = [...office.remote.files()].filter(([path]) => path.startsWith('ledger/'));
    office.remote.force(new Map([...office.remote.files(before), ...ledger]), before ?? null);
    const { checks } = await (await coldDesk(office)).verify();
    const { status, detail = '' } = checks.find(({ id }) => id === 'ledger') ?? {};
    expect(status).toBe('fail');
    for (const path of tellers.slice(1)) expect(detail).toContain(path);
    expect(detail).not.toContain(tellers[0]);
  });
});

function copyBackup(into: Map<string, Uint8Array>, _: Files, from: Files): void {
  for (const path of [...into.keys()].filter((one) => one.startsWith('backups/'))) into.delete(path);
  for (const [path, bytes] of from) if (path.startsWith('backups/')) into.set(path, bytes);
}

function sequenceAt(files: Files): number {
  const manifest = files.get(MANIFEST);
  if (!manifest) return 0;
  const said = parseBackupStatement(openBundle(manifest, 'x', 1e6).payload, 'x');
  return said.type === MANIFEST_TYPE ? said.predicate.sequence : 0;
}

describe('T31 freshness', () => {
  it('is over when nobody signs, and cannot be claimed for longer than the plan allows', async () => {
    const office = copyOffice(whole);
    const year = '2030-01-01T00:00:00.000Z' as ManifestPredicate['expiresAt'];
    await forge(office, whole.team.signers.architect, { expiresAt: year });
    office.clock.advance(90_000);
    expect(statuses(await (await coldDesk(office)).verify()).fresh).toBe('fail');
  });

  it('is over when its signer said so, though the plan allows more', async () => {
    const office = copyOffice(whole);
    const createdAt = office.clock.now();
    await forge(office, whole.team.signers.architect, { createdAt, expiresAt: addSeconds(createdAt, 60) });
    expect(statuses(await (await coldDesk(office)).verify()).fresh).toBe('pass');
    office.clock.advance(61);
    expect(statuses(await (await coldDesk(office)).verify()).fresh).toBe('fail');
  });

  it('of the future is not believed', async () => {
    const office = copyOffice(whole);
    const createdAt = '2029-01-01T00:00:00.000Z' as ManifestPredicate['createdAt'];
    const expiresAt = '2029-01-02T00:00:00.000Z' as ManifestPredicate['expiresAt'];
    await forge(office, whole.team.signers.architect, { createdAt, expiresAt });
    expect(statuses(await (await coldDesk(office)).verify()).fresh).toBe('fail');
  });
});

describe('T43 what could not be read', () => {
  const CASES: readonly (readonly [
    string,
    string,
    Partial<{ region: string; subject: string | null; part: string }>,
  ])[] = [
    ['a key’s policy', 'kms policy', { subject: CASE_DATA_KEY, part: 'policy' }],
    ['a key’s grants', 'kms grants', { subject: CASE_DATA_KEY, part: 'grants' }],
    ['a key’s tags', 'kms tags', { subject: CASE_DATA_KEY, part: 'tags' }],
    ['a page of rotations', 'kms rotations', { subject: CASE_DATA_KEY, part: 'rotation' }],
  ];

  it.each(CASES)('%s is listed and signed, and the backup is not complete', async (_, failed, gap) => {
    const office = await createBackupOffice();
    const desk = backupDesk(
      office.machine('architect', {
        intercept: async (step, act) => {
          if (step === failed)
            throw new CustodyError('DENIED', 'no', { details: { awsCode: 'AccessDeniedException' } });
          return act();
        },
      }),
    );
    const { manifest } = await desk.backUp();
    expect(manifest.complete).toBe(false);
    expect(manifest.unreadable).toEqual([{ region: PRIMARY, code: 'AccessDeniedException', ...gap }]);
    expect(statuses(await (await coldDesk(office)).verify())).toMatchObject({
      complete: 'fail',
      files: 'pass',
      signatures: 'pass',
    });
  });

  it('a Region whose list fails, a planned key that is nowhere, a Region that is left out', async () => {
    const office = await createBackupOffice();
    for (const [part, method] of [
      ['keys', 'keyIds'],
      ['aliases', 'aliases'],
    ] as const) {
      const away = copyOffice(office).machine('architect');
      const { reader: all, authority } = away.aws;
      const down = async (region: string) => {
        if (region === REPLICA) throw new CustodyError('UNAVAILABLE', 'down');
        return all[method](region);
      };
      const sources = { reader: { ...all, [method]: down }, roleId: authority.roleId };
      const region = await backupDesk(away).backUp({ sources });
      expect(region.manifest).toMatchObject({
        complete: false,
        unreadable: [{ region: REPLICA, subject: null, part, code: 'UNAVAILABLE' }],
      });
      expect(region.manifest.inventory[1]).toMatchObject({ region: REPLICA, listed: null });
    }
    const desk = backupDesk(office.desk('architect'));
    const run = await desk.run();
    const less = await desk.backUp({ scope: { ...run.scope, regions: [PRIMARY] } });
    expect(less.manifest).toMatchObject({ complete: false, uncovered: [REPLICA] });
    delete office.aws.aliases[PRIMARY]?.['alias/cmk/case-data'];
    office.aws.seed('other', 'alias/other', 'x', 'aaaaaaaa-12ab-34cd-56ef-1234567890ab').policy =
      policyOf('kms:Decrypt');
    const lost = await desk.backUp({ scope: { ...run.scope, kind: 'all' } });
    expect(lost.manifest.unreadable).toContainEqual({
      region: PRIMARY,
      subject: 'case-data',
      part: 'key',
      code: 'NOT_FOUND',
    });
    expect(lost.manifest.inventory[0]).toMatchObject({ exported: 2, inScope: 3 });
  });

  it('AWS’s own keys are counted, and not exported', async () => {
    const office = await createBackupOffice();
    office.aws.seed('ebs', 'alias/aws/ebs', 'x', 'bbbbbbbb-12ab-34cd-56ef-1234567890ab');
    const desk = backupDesk(office.desk('architect'));
    const { scope } = await desk.run();
    const { manifest } = await desk.backUp({ scope: { ...scope, kind: 'all' } });
    expect(manifest.inventory[0]).toEqual({ region: PRIMARY, listed: 2, awsManaged: 1, inScope: 1, exported: 1 });
  });

  it('a manifest that claims completeness against its own list is no manifest', async () => {
    const line = await lineOf(whole);
    const bundle = openBundle(whole.remote.files(line.at(-1)).get(MANIFEST) ?? new Uint8Array(), 'x', 1e6);
    const text = Buffer.from(bundle.payload).toString();
    for (const wrong of [
      text.replace('"unreadable":[]', '"unreadable":[{"code":"X","part":"key","region":null,"subject":null}]'),
      text.replace('"exported":1', '"exported":0'),
      text.replace('"uncovered":[]', '"uncovered":["eu-west-3"]'),
    ]) {
      expect(wrong).not.toBe(text);
      expect(() => parseBackupStatement(Buffer.from(wrong), 'x')).toThrow('complete');
    }
  });
});

describe('T46 secrets', () => {
  it('of grants, keys and sessions are in no file of a backup', async () => {
    const texts = [...whole.remote.files()]
      .filter(([path]) => path.startsWith('backups/'))
      .map(([, bytes]) => Buffer.from(bytes).toString());
    const all =
      texts.join('\n') +
      texts.map((text) => Buffer.from(/"payload":"([^"]+)"/.exec(text)?.[1] ?? '', 'base64').toString()).join('\n');
    expect(all).not.toMatch(/GrantToken|PRIVATE KEY|SecretAccessKey|SessionToken|Plaintext/i);
    expect(all).toContain('PUBLIC KEY');
  });
});

describe('T24 T27 a key that leaves the roster', () => {
  /** Automation signs the first backup; then a quorum takes it off the roster. */
  async function withdrawn(own: ReturnType<typeof createMemoryRemote> | null) {
    const office = await createBackupOffice();
    await backupDesk(office.desk('ci'), own?.client()).backUp();
    const { roster } = office.team;
    const next = { ...roster, version: 2, previous: rosterDigest(roster), automation: [] };
    const parameters = { version: 2, digest: rosterDigest(next), document: next as unknown as JsonObject };
    const id = await office.approved({ action: 'roster.update', key: null, parameters });
    office.clock.advance(7200);
    await beat(office.desk('privacy').ports, office.desk('privacy').actor);
    const { case: done } = await office.execute('deputy', id);
    expect(done.verdict.state).toBe('executed');
    office.remote.force(new Map([...office.remote.files(), [rosterPath(2), formatRoster(next)]]));
    return office;
  }
  /** By a custodian whose machine has not looked at the history yet. */
  async function restored(office: Office) {
    const { state, place, signing } = await (await coldDesk(office)).run();
    const { aws, ports } = office.desk('privacy');
    const how = { reason: 'r', executor: null };
    const wish = { key: 'case-data', region: null, from: null, how };
    return prepareRestore({ state, place, verifier: signing.verifier, aws, now: ports.clock.now() }, wish);
  }
  const cold = (office: Office, own: ReturnType<typeof createMemoryRemote> | null) =>
    own ? backupDesk(office.machine('privacy'), own.client()) : coldDesk(office);

  it.each([false, true])('signed before, and that stands (a repository of its own: %s)', async (isOwn) => {
    const own = isOwn ? createMemoryRemote() : null;
    const office = await withdrawn(own);
    expect(failing(await (await cold(office, own)).verify())).toEqual(['fresh']);
    await backupDesk(office.desk('architect'), own?.client()).backUp();
    expect(await (await cold(office, own)).verify()).toMatchObject({ verdict: 'verified', backups: 2 });
  });

  it.each([
    ['under the roster that does not list it', 2],
    ['under the roster of before', 1],
  ])(
    'signs afterwards %s: refused by its place among the commits, and no backup is made on top',
    async (_, version) => {
      const office = await withdrawn(null);
      const { state } = await backupDesk(office.desk('architect')).run();
      const roster = state.rosters[version - 1];
      if (!roster) throw new Error('no such roster');
      const createdAt = sequencedAt(office);
      await forge(office, office.team.signers.ci, { rosterDigest: rosterDigest(roster), createdAt });
      expect(failing(await (await coldDesk(office)).verify())).toContain('signers');
      expect(await codeOf((await coldDesk(office, 'architect')).backUp())).toBe('REFUSED');
      expect(await caught(restored(office))).toMatchObject({ code: 'REFUSED', details: { check: 'signers' } });
    },
  );

  it('what it signed before is restored, late as it is', async () => {
    const office = await withdrawn(null);
    expect(await restored(office)).toMatchObject({ backup: { sequence: 1 } });
  });

  it('a manifest that names a roster which came later, and in a repository of their own one of before, is refused', async () => {
    const office = await withdrawn(null);
    const { architect } = office.team.signers;
    const { state } = await backupDesk(office.desk('architect')).run();
    const pem = new Map([
      [SIGNER_PATH, publicKeyPem({ kind: 'key', keyId: architect.publicKey.keyId }, state.rosters) ?? new Uint8Array()],
    ]);
    const second = office.remote.files();
    office.remote.rewind((await lineOf(office)).at(-2) ?? null);
    await forge(office, architect, { rosterDigest: state.rosterDigest }, pem);
    office.remote.force(new Map([...second, ...office.remote.files()]));
    expect(failing(await (await coldDesk(office)).verify())).toEqual(['signers', 'ledger']);

    const own = createMemoryRemote();
    const elsewhere = await withdrawn(own);
    await backupDesk(elsewhere.desk('architect'), own.client()).backUp();
    const first = { rosterDigest: elsewhere.team.rosterDigest };
    await forge({ ...elsewhere, remote: own }, elsewhere.team.signers.architect, first);
    expect(failing(await (await cold(elsewhere, own)).verify())).toEqual(['signers', 'ledger']);
  });

  it('other requests that were executed put no roster in force', async () => {
    const office = await createBackupOffice();
    await office.execute('deputy', await office.approved());
    await backupDesk(office.desk('architect')).backUp();
    expect(failing(await (await coldDesk(office)).verify())).toEqual([]);
  });

  it('dates a backup back in a repository of their own: the ledger did not know it when the key left', async () => {
    const own = createMemoryRemote();
    const office = await withdrawn(own);
    await forge({ ...office, remote: own }, office.team.signers.ci, { createdAt: sequencedAt(office, own) });
    expect(failing(await (await cold(office, own)).verify())).toEqual(['ledger', 'fresh']);
    const { ports } = office.desk('architect');
    expect(await codeOf(backupDesk(office.desk('architect'), own.client()).backUp())).toBe('REFUSED');
    // Told of it all the same, by whoever may write there: the entry's place among the others says when.
    const files = own.files();
    const bundle = files.get(MANIFEST) ?? new Uint8Array();
    const said = parseBackupStatement(openBundle(bundle, 'x', 1e6).payload, 'x');
    if (said.type !== MANIFEST_TYPE) throw new Error('no manifest');
    const event = eventOf({
      manifest: said.predicate,
      digest: digestOf(bundle),
      changed: true,
      at: said.predicate.createdAt,
      by: 'ci',
    });
    await ports.store.publish(async (on) => ({ message: 'told', files: await ledgerAfter(on, [event]) }));
    expect(failing(await (await cold(office, own)).verify())).toEqual(['signers', 'fresh']);
    expect(await codeOf(backupDesk(office.desk('architect'), own.client()).backUp())).toBe('REFUSED');
  });
});

/** Another heartbeat by hand, of which the ledger is not told. */
async function beatAgain(
  remote: Office['remote'],
  signer = whole.team.signers.architect,
  change: Partial<HeartbeatPredicate> = {},
): Promise<void> {
  const files = new Map(remote.files());
  const said = parseBackupStatement(openBundle(files.get(HEARTBEAT) ?? new Uint8Array(), 'x', 1e6).payload, 'x');
  if (said.type !== HEARTBEAT_TYPE) throw new Error('no heartbeat');
  const { createdAt, expiresAt } = said.predicate;
  const times = { createdAt: addSeconds(createdAt, 1), expiresAt: addSeconds(expiresAt, 1) };
  const predicate = { ...said.predicate, ...times, ...change };
  const statement = formatBackupStatement({ type: HEARTBEAT_TYPE, subject: predicate.manifest, predicate });
  files.set(HEARTBEAT, await sealBundle(statement, signer));
  remote.force(files);
}

/** When the newest backup says that it was made: one that is dated back says the same. */
function sequencedAt({ remote }: Pick<Office, 'remote'>, own: Pick<Office, 'remote'>['remote'] = remote) {
  const said = parseBackupStatement(openBundle(own.files().get(MANIFEST) ?? new Uint8Array(), 'x', 1e6).payload, 'x');
  return said.predicate.createdAt;
}
