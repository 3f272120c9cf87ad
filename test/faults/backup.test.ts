import { describe, expect, it } from 'vitest';
import { type BackupDone, backUp } from '../../src/lib/backup/backup.js';
import type { BackupMemory } from '../../src/lib/backup/memory.js';
import { CustodyError } from '../../src/lib/base/errors.js';
import { backupDesk, coldDesk, createBackupMemory, createBackupOffice, policyOf } from '../support/backup-desk.js';
import { createFaulty, FAULTS, type Fault, type Faulty, faultyMemory, faultyStore, Killed } from '../support/faulty.js';
import { expectKept, ledgerKinds } from '../support/kept.js';
import { createMemoryRemote } from '../support/memory-record-store.js';
import { copyOffice, createMemory, type Office } from '../support/office.js';
import { CASE_DATA_KEY, PRIMARY } from '../support/people.js';

/** A backup cut off at each of its steps in every way, and run again: verified, nothing lost, nothing told twice. */

interface Where {
  readonly name: string;
  readonly own: boolean;
  /** A backup stands already; then the run signs a heartbeat, or a second backup after `change`. */
  readonly before: boolean;
  readonly change: boolean;
  /** Backups in the end. */
  readonly backups: number;
}

const CASES: readonly Where[] = [
  { name: 'the first', own: false, before: false, change: false, backups: 1 },
  { name: 'the next', own: false, before: true, change: true, backups: 2 },
  { name: 'a heartbeat', own: false, before: true, change: false, backups: 1 },
  { name: 'the next, in a repository of its own', own: true, before: true, change: true, backups: 2 },
];

async function prepare({ own, before, change }: Where) {
  const office = await createBackupOffice();
  const remote = own ? createMemoryRemote() : null;
  if (before) await backupDesk(office.desk('architect'), remote?.client()).backUp();
  if (change) office.aws.key(CASE_DATA_KEY, PRIMARY).policy = policyOf('kms:Encrypt');
  return { office, remote };
}

/** A machine whose every contact is a step; what it keeps outlives the process. */
async function machine(office: Office, remote: Awaited<ReturnType<typeof prepare>>['remote']) {
  const [store, memory, held] = [office.remote.client(), createMemory(), createBackupMemory()];
  await store.sync();
  const own = remote?.client();
  if (own) await own.sync();
  return async (faulty: Faulty) => {
    const desk = office.machine('architect', {
      intercept: faulty.intercept,
      store: faultyStore(store, office.remote, faulty),
      memory: faultyMemory(memory, faulty),
    });
    const kept: BackupMemory = {
      read: () => held.read(),
      write: (value) => faulty.intercept('backup memory write', () => held.write(value)),
    };
    const place = own && remote ? faultyStore(own, remote, faulty) : undefined;
    const made = backupDesk(desk, place);
    const run = await made.run();
    const { signer } = run.signing;
    const seal = (bytes: Uint8Array) => faulty.intercept('kms Sign', () => signer.seal(bytes));
    const signing = { ...run.signing, signer: { ...signer, seal } };
    return backUp({ ...run, signing, place: { ...run.place, memory: kept } });
  };
}

async function cutAt(where: Where, at: number, fault: Fault): Promise<void> {
  const { office: whole, remote: wholeRemote } = await prepared(where);
  const office = copyOffice(whole);
  const remote = wholeRemote?.copy() ?? null;
  const before = office.remote.files();
  const run = await machine(office, remote);
  const broken = createFaulty(at, fault);
  const first = await run(broken).catch((cause: unknown) => cause);
  const told = `${where.name}: ${fault} at step ${at} (${broken.steps[at]})`;
  if (first instanceof Error && !(first instanceof Killed)) expect(first, told).toBeInstanceOf(CustodyError);
  // A read that fails leaves a gap, which is signed; the run after it makes the next backup, a whole one.
  const gap = !(first instanceof Error) && (first as BackupDone).manifest.complete === false;
  if (first instanceof Error || gap) await run(createFaulty());
  const after = office.remote.files();
  expectKept(after, new Map([...before].filter(([path]) => !path.startsWith('backups/'))));
  const report = remote
    ? await backupDesk(office.machine('privacy'), remote.client()).verify()
    : await (await coldDesk(office)).verify();
  expect(
    report.checks.filter(({ status }) => status !== 'pass'),
    told,
  ).toEqual([]);
  expect(report.backups, told).toBe(where.backups + (gap ? 1 : 0));
  expect(ledgerKinds(after, before).length, told).toBeLessThan(4);
}

const ready = new Map<string, ReturnType<typeof prepare>>();
function prepared(where: Where): ReturnType<typeof prepare> {
  const found = ready.get(where.name) ?? prepare(where);
  ready.set(where.name, found);
  return found;
}

describe.each(CASES)('T51 backup: $name', (where) => {
  it.each(FAULTS)('is whole after the next run: %s', async (fault) => {
    const { office, remote } = await prepared(where);
    const whole = createFaulty();
    await (await machine(copyOffice(office), remote?.copy() ?? null))(whole);
    // Each write is among the steps; the reads are cut in the first case only, they are the same in all.
    expect(whole.steps).toEqual(expect.arrayContaining(['kms Sign', 'store publish', 'backup memory write']));
    const steps = [...whole.steps.entries()].filter(
      ([, name]) => where.name === 'the first' || !name.startsWith('kms ') || name === 'kms Sign',
    );
    for (const [at] of steps) await cutAt(where, at, fault);
  });
});
