import { beforeAll, describe, expect, it } from 'vitest';
import { standingOf } from '../../../src/lib/backup/standing.js';
import type { CustodyError } from '../../../src/lib/base/errors.js';
import { addSeconds } from '../../../src/lib/base/time.js';
import { keptOf } from '../../../src/lib/cli/backup-standing.js';
import { type BackupDesk, backupDesk, coldDesk, createBackupOffice, policyOf } from '../../support/backup-desk.js';
import { copyOffice, type Office } from '../../support/office.js';
import { CASE_DATA_KEY, PRIMARY } from '../../support/people.js';

const HEARTBEAT = 'backups/heartbeat.sigstore.json';
let whole: Office;
beforeAll(async () => {
  whole = await createBackupOffice();
  const desk = backupDesk(whole.desk('architect'));
  await desk.backUp();
  whole.clock.advance(3600);
  await desk.backUp();
});

async function standing(desk: BackupDesk) {
  const { place, signing, state } = await desk.run();
  return { found: await standingOf(place, signing.verifier, state), state };
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (cause: CustodyError) => cause.code,
  );

describe('the newest backup at a glance', () => {
  it('is null where there is none', async () => {
    expect((await standing(await coldDesk(await createBackupOffice()))).found).toBeNull();
  });

  it('is as old as its heartbeat', async () => {
    const { found, state } = await standing(await coldDesk(whole));
    const now = whole.clock.now();
    expect(found).toMatchObject({ sequence: 1, at: now, complete: true, missing: 0 });
    if (!found) return;
    expect(keptOf(found, state, now)).toEqual({
      at: now,
      detail: `backup 1, complete, signed ${now}, good until ${found.expiresAt}`,
      wrong: [],
    });
  });

  it('is wrong once it has expired, is incomplete, or its signer is gone', async () => {
    const { found, state } = await standing(await coldDesk(whole));
    if (!found) throw new Error('no backup');
    const now = whole.clock.now();
    const wrong = (change: Partial<typeof found>, at = now) => keptOf({ ...found, ...change }, state, at).wrong;
    expect(wrong({}, found.expiresAt)).toEqual([]);
    expect(wrong({}, addSeconds(found.expiresAt, 1))).toEqual([expect.stringContaining('was good until')]);
    expect(wrong({ complete: false, missing: 2 })).toEqual([expect.stringContaining('leaves out 2 things')]);
    expect(wrong({ signer: { kind: 'key', keyId: 'sha256:gone' } })).toEqual([expect.stringContaining('do not list')]);
  });

  it('T31 is refused with a heartbeat of another backup, T30 and where this machine has seen a newer one', async () => {
    const office = copyOffice(whole);
    const old = office.remote.files().get(HEARTBEAT) ?? new Uint8Array();
    office.aws.key(CASE_DATA_KEY, PRIMARY).policy = policyOf('kms:Encrypt');
    const before = office.remote.files();
    const desk = await coldDesk(office, 'architect');
    await desk.backUp();
    const files = new Map(office.remote.files());
    office.remote.force(files.set(HEARTBEAT, old));
    expect(await codeOf(standing(await coldDesk(office)))).toBe('REFUSED');
    office.remote.force(before, null);
    const machine = office.machine('deputy');
    await machine.ports.store.sync();
    const aware = backupDesk(machine, undefined, desk.memory);
    expect(await codeOf(standing(aware))).toBe('ROLLBACK');
  });
});
