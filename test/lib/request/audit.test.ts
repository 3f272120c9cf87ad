import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { placeOf } from '../../../src/lib/ledger/carried.js';
import { parseEntry } from '../../../src/lib/ledger/chain.js';
import { createSlotLedger } from '../../../src/lib/ledger/slots.js';
import type { RememberedTail } from '../../../src/lib/ledger/tail-memory.js';
import { tellLedger } from '../../../src/lib/request/audit.js';
import { lookUp } from '../../../src/lib/request/desk.js';
import { execute } from '../../../src/lib/request/execute.js';
import { createMemoryObjects, type MemoryObjects } from '../../support/memory-objects.js';
import { createOffice, type Office } from '../../support/office.js';
import { createTeam, NOON } from '../../support/people.js';

/** A plan whose audit ledger lies beside the repository's chain. */
async function audited() {
  const team = createTeam();
  const plan = {
    ...team.plan.plan,
    ledger: { store: 'directory', retentionDays: 2555, directory: '/ledger' } as const,
  };
  return createOffice(NOON, { ...team, plan: { ...team.plan, plan } });
}

async function run(office: Office, id: string, audit: MemoryObjects | ReturnType<typeof failing>) {
  const { ports, actor, aws } = office.machine('architect', { audit });
  return execute(ports, actor, aws, id);
}

async function kinds(audit: MemoryObjects) {
  const ledger = createSlotLedger(audit);
  const entries = await ledger.read(0, (await ledger.head()).size);
  return entries.map((bytes) => ({ kind: parseEntry(bytes).kind, place: placeOf(bytes)?.sequence }));
}

/** A store that refuses to make the slots from number `from` on. */
function failing(objects: MemoryObjects, from: number, code: 'DENIED' | 'UNAVAILABLE' = 'UNAVAILABLE') {
  const create: MemoryObjects['create'] = async (name, bytes) => {
    if (name.startsWith('slots/') && Number(name.slice(6)) >= from) throw new CustodyError(code, `no ${name}`);
    return objects.create(name, bytes);
  };
  return { ...objects, create };
}

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('the audit ledger and execution', () => {
  test('intent and receipt are told of, with everything before them', async () => {
    const office = await audited();
    const audit = createMemoryObjects();
    const id = await office.approved();
    await run(office, id, audit);
    const told = await kinds(audit);
    expect(told.map(({ place }) => place)).toEqual(told.map((_, at) => at));
    expect(told.slice(-2).map(({ kind }) => kind)).toEqual(['intent', 'receipt']);
  });

  test.each(['DENIED', 'UNAVAILABLE'] as const)(
    'a ledger that cannot be written to (%s) consumes no request',
    async (why) => {
      const office = await audited();
      const id = await office.approved();
      await expect(run(office, id, failing(createMemoryObjects(), 0, why))).rejects.toThrow(code(why));
      expect(office.remote.files().has(`records/${id}/intent.json`)).toBe(false);
      expect(office.aws.done).toEqual([]);
    },
  );

  test('a ledger that fails at the intent stops the call; the next run goes on, once', async () => {
    const office = await audited();
    const audit = createMemoryObjects();
    const id = await office.approved();
    await expect(run(office, id, failing(audit, 1))).rejects.toThrow(/nothing was called at AWS/);
    expect(office.remote.files().has(`records/${id}/intent.json`)).toBe(true);
    expect(office.aws.done).toEqual([]);
    await run(office, id, audit);
    expect(office.aws.done.map(({ operation }) => operation)).toEqual(['RotateKeyOnDemand']);
    expect((await kinds(audit)).filter(({ kind }) => kind === 'intent')).toHaveLength(1);
  });

  test('what happened stands although its receipt could not be told of; it is carried later', async () => {
    const office = await audited();
    const audit = createMemoryObjects();
    const id = await office.approved();
    const { ports, actor, aws } = office.machine('architect', { audit: failing(audit, 2) });
    await execute(ports, actor, aws, id);
    expect((await kinds(audit)).at(-1)?.kind).toBe('intent');
    const later = office.machine('deputy', { audit }).ports;
    expect(await tellLedger(later, await lookUp(later, 'remote'))).toBe(1);
    expect((await kinds(audit)).at(-1)?.kind).toBe('receipt');
  });

  test('an audit ledger that does not go on from what this machine has seen stops the call (T38)', async () => {
    const office = await audited();
    const id = await office.approved();
    const { ports, actor, aws } = office.machine('architect', {});
    const seen: RememberedTail = { schema: 1, slot: 7, size: 20, digest: digestOf('the end that was') };
    const memory = { read: async () => seen, write: async () => undefined };
    const audit = async () => createSlotLedger(createMemoryObjects(), { memory });
    const refused = execute({ ...ports, audit }, actor, aws, id);
    await expect(refused).rejects.toThrow(code('LEDGER_BROKEN'));
    await expect(refused).rejects.toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/nothing was called at AWS.*entry 19, which this machine has seen, is gone/),
        suggestions: [expect.stringContaining('custody ledger verify')],
      }),
    );
    expect(office.aws.done).toEqual([]);
    expect(office.remote.files().has(`records/${id}/intent.json`)).toBe(false);
  });

  test('an audit ledger of another repository stops the call (T61)', async () => {
    const office = await audited();
    const audit = createMemoryObjects();
    await run(office, await office.approved(), audit);
    const other = await audited();
    await expect(run(other, await other.approved(), audit)).rejects.toThrow(code('LEDGER_BROKEN'));
    expect(other.aws.done).toEqual([]);
  });

  test('a plan without one never asks for it', async () => {
    const office = await createOffice();
    await run(office, await office.approved(), failing(createMemoryObjects(), 0));
    expect(office.aws.done).toHaveLength(1);
  });
});
