import { describe, expect, it } from 'vitest';
import { rehearseBackup } from '../../../src/lib/backup/backup.js';
import type { CustodyError } from '../../../src/lib/base/errors.js';
import {
  backupDesk,
  coldDesk,
  createBackupMemory,
  createBackupOffice,
  policyOf,
  statuses,
  teamOfOneKey,
} from '../../support/backup-desk.js';
import { ledgerKinds } from '../../support/kept.js';
import { createMemoryRemote } from '../../support/memory-record-store.js';
import { CASE_DATA_KEY, PRIMARY, REPLICA } from '../../support/people.js';

const FOLDER = `backups/111122223333/${PRIMARY}/${CASE_DATA_KEY}`;
const textOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('utf8');

describe('a backup', () => {
  it('holds every part of a key, is listed, signed, told of in the ledger, and verified by anyone', async () => {
    const office = await createBackupOffice();
    const desk = backupDesk(office.desk('architect'));
    const done = await desk.backUp();
    expect(done).toMatchObject({
      changed: true,
      manifest: { sequence: 1, previous: null, complete: true, scope: 'plan' },
    });
    expect(done.manifest.inventory).toEqual([
      { region: PRIMARY, listed: 1, awsManaged: 0, inScope: 1, exported: 1 },
      { region: REPLICA, listed: 0, awsManaged: 0, inScope: 0, exported: 0 },
    ]);
    const files = office.remote.files();
    expect([...files.keys()].filter((path) => path.startsWith('backups/')).sort()).toEqual(
      [
        ...['aliases', 'grants', 'key', 'policy', 'rotation', 'tags'].map((name) => `${FOLDER}/${name}.json`),
        'backups/111122223333/principals.json',
        'backups/SHA256SUMS',
        'backups/manifest.sigstore.json',
        'backups/signer.pub',
      ].sort(),
    );
    expect(textOf(files.get(`${FOLDER}/policy.json`))).toContain('  "Statement": [\n');
    expect(textOf(files.get('backups/111122223333/principals.json'))).toContain('"uniqueId": "AROAEXAMPLE"');
    expect(ledgerKinds(files).filter((kind) => kind === 'backup')).toHaveLength(1);
    const report = await (await coldDesk(office)).verify();
    expect(report).toMatchObject({
      verdict: 'verified',
      backups: 1,
      newest: { sequence: 1, manifestDigest: done.digest },
    });
  });

  it('that finds nothing changed signs a heartbeat, which keeps it fresh', async () => {
    const office = await createBackupOffice();
    const desk = backupDesk(office.desk('architect'));
    const first = await desk.backUp();
    office.clock.advance(80_000);
    const second = await desk.backUp();
    expect(second).toMatchObject({ changed: false, digest: first.digest });
    expect(second.expiresAt > first.expiresAt).toBe(true);
    office.clock.advance(80_000);
    expect(await desk.verify()).toMatchObject({ verdict: 'verified', newest: { expiresAt: second.expiresAt } });
    office.clock.advance(80_000);
    expect(statuses(await desk.verify())).toMatchObject({ fresh: 'fail', signatures: 'pass' });
  });

  it('follows the one before, and what is gone from it is gone', async () => {
    const office = await createBackupOffice();
    const desk = backupDesk(office.desk('architect'));
    const first = await desk.backUp();
    await desk.backUp();
    const key = office.aws.key(CASE_DATA_KEY, PRIMARY);
    key.policy = policyOf('kms:Decrypt', 'kms:Encrypt');
    const next = await desk.backUp();
    expect(next.manifest).toMatchObject({ sequence: 2, previous: first.digest });
    expect(office.remote.files().has('backups/heartbeat.sigstore.json')).toBe(false);
    expect(await desk.verify()).toMatchObject({ verdict: 'verified', backups: 2 });
    expect((await desk.verify(2)).checks.find(({ id }) => id === 'files')?.detail).toContain('(1 backup)');
  });

  it('by another signer is another backup, for its key lies beside', async () => {
    const office = await createBackupOffice();
    await backupDesk(office.desk('architect')).backUp();
    const second = await backupDesk(office.desk('privacy')).backUp();
    expect(second).toMatchObject({ changed: true, manifest: { sequence: 2 } });
    expect(await (await coldDesk(office, 'deputy')).verify()).toMatchObject({ verdict: 'verified', backups: 2 });
  });

  it('of two machines at once follow one another', async () => {
    const office = await createBackupOffice();
    const [ada, pia] = [backupDesk(office.desk('architect')), backupDesk(office.desk('privacy'))];
    let raced = false;
    office.remote.beforePush = async () => {
      if (raced) return;
      raced = true;
      office.aws.key(CASE_DATA_KEY, PRIMARY).description = 'changed meanwhile';
      await pia.backUp();
    };
    const done = await ada.backUp();
    expect(done.manifest.sequence).toBe(2);
    expect(await ada.verify()).toMatchObject({ verdict: 'verified', backups: 2 });
  });

  it('that is only looked at writes nothing', async () => {
    const office = await createBackupOffice();
    const before = office.remote.head();
    const { manifest, changed } = await rehearseBackup(await backupDesk(office.desk('architect')).run());
    expect({ changed, sequence: manifest.sequence }).toEqual({ changed: true, sequence: 1 });
    expect(office.remote.head()).toBe(before);
  });

  it('in a repository of its own is told of in the custody repository', async () => {
    const office = await createBackupOffice();
    const own = createMemoryRemote();
    const desk = backupDesk(office.desk('architect'), own.client());
    await desk.backUp();
    office.aws.key(CASE_DATA_KEY, PRIMARY).description = 'other words';
    await desk.backUp();
    await desk.backUp();
    expect(ledgerKinds(office.remote.files()).filter((kind) => kind === 'backup')).toHaveLength(3);
    expect([...office.remote.files().keys()].some((path) => path.startsWith('backups/'))).toBe(false);
    const cold = backupDesk(office.machine('privacy'), own.client(), createBackupMemory());
    expect(await cold.verify()).toMatchObject({ verdict: 'verified', backups: 2 });
  });

  it('CONFLICT when plan or roster change while keys are read', async () => {
    const office = await createBackupOffice(teamOfOneKey());
    const desk = backupDesk(office.desk('architect'));
    const run = await desk.run();
    const stale = { ...run.state, rosters: [...run.state.rosters, run.state.roster] };
    const refused = await desk.backUp({ state: stale }).catch((cause: unknown) => cause);
    expect((refused as CustodyError).code).toBe('CONFLICT');
  });
});
