import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../src/lib/base/errors.js';
import { approve, reviewRequest } from '../../src/lib/request/approve.js';
import { lookUp } from '../../src/lib/request/desk.js';
import { beat } from '../../src/lib/request/heartbeat.js';
import { openRequest } from '../../src/lib/request/open.js';
import { reject, withdraw } from '../../src/lib/request/veto.js';
import { createFaulty, FAULTS, type Fault, type Faulty, faultyMemory, faultyStore, Killed } from '../support/faulty.js';
import { expectKept, ledgerKinds, pathsIn } from '../support/kept.js';
import { copyOffice, createMemory, createOffice, type Desk, type Office, rotation } from '../support/office.js';
import { createTeam, NOON, type Who } from '../support/people.js';

/** Every flow but execution, cut off at each of its steps in every way, and run again: nothing lost, nothing twice. */

const team = createTeam();

interface Flow {
  readonly who: Who;
  /** Answers the id of the request that the flow is about, where there is one before. */
  readonly before?: (office: Office) => Promise<string>;
  readonly run: (desk: Desk, id: string) => Promise<unknown>;
  /** What an earlier run of it has made impossible to do again. */
  readonly over?: readonly string[];
  /** Records that it adds, by kind. */
  readonly adds: Readonly<Record<string, number>>;
}

const opened = async (office: Office) => (await office.open('architect')).case.id;

const FLOWS: Readonly<Record<string, Flow>> = {
  open: {
    who: 'architect',
    run: ({ ports, actor, aws }) => openRequest(ports, actor, aws, rotation(team)),
    adds: { request: 1 },
  },
  approve: {
    who: 'privacy',
    before: opened,
    run: async ({ ports, actor, aws }, id) => {
      const review = await reviewRequest(ports, actor, aws, id);
      return approve(ports, actor, aws, review, review.case.request.digest);
    },
    over: ['REFUSED'],
    adds: { approval: 1 },
  },
  reject: {
    who: 'privacy',
    before: opened,
    run: ({ ports, actor }, id) => reject(ports, actor, id, 'not now'),
    over: ['REQUEST_ENDED'],
    adds: { rejection: 1 },
  },
  withdraw: {
    who: 'architect',
    before: opened,
    run: ({ ports, actor }, id) => withdraw(ports, actor, id, null, 'a mistake'),
    over: ['REQUEST_ENDED'],
    adds: { withdrawal: 1 },
  },
};

interface Prepared {
  readonly office: Office;
  readonly id: string;
}

/** Where a flow begins: made once a flow, and every cell of the table works on a copy. */
async function prepare(flow: Flow): Promise<Prepared> {
  const office = await createOffice(NOON, team);
  return { office, id: flow.before ? await flow.before(office) : '' };
}

type Place = Awaited<ReturnType<typeof placeOf>>;

async function placeOf(prepared: Prepared, flow: Flow) {
  const office = copyOffice(prepared.office);
  const [store, memory] = [office.remote.client(), createMemory()];
  await store.sync();
  const desk = (faulty: Faulty) =>
    office.machine(flow.who, {
      intercept: faulty.intercept,
      store: faultyStore(store, office.remote, faulty),
      memory: faultyMemory(memory, faulty),
    });
  return { office, id: prepared.id, desk, store, before: office.remote.files() };
}

/** Kinds in the ledger that were not there before; each record has its entry, and the chain holds. */
function added({ office, before }: Place): Readonly<Record<string, number>> {
  const files = office.remote.files();
  expectKept(files, before);
  const fresh = ledgerKinds(files, before);
  const kinds: Record<string, number> = {};
  for (const kind of fresh) kinds[kind] = (kinds[kind] ?? 0) + 1;
  expect(pathsIn(files, 'records').filter((path) => !before.has(path))).toHaveLength(fresh.length);
  return kinds;
}

async function cutAt(prepared: Prepared, flow: Flow, at: number, fault: Fault): Promise<void> {
  const place = await placeOf(prepared, flow);
  const broken = createFaulty(at, fault);
  const first = await flow.run(place.desk(broken), place.id).catch((cause: unknown) => cause);
  const where = `${fault} at step ${at} (${broken.steps[at]})`;
  // Where it was not killed, what it says must be one of ours, and that a retry is safe.
  if (first instanceof Error && !(first instanceof Killed)) {
    expect(first, where).toBeInstanceOf(CustodyError);
    expect([5, 6], where).toContain((first as CustodyError).exit);
  }
  if (first instanceof Error) await runAgain(place, flow, where);
  await sendWaiting(place);
  expect(added(place), where).toEqual(flow.adds);
}

async function runAgain(place: Place, flow: Flow, where: string): Promise<void> {
  const again = await flow.run(place.desk(createFaulty()), place.id).catch((cause: unknown) => cause);
  if (again instanceof Error) expect(flow.over ?? [], `${where}: ${again}`).toContain((again as CustodyError).code);
}

/** The next contact of the machine, whatever it is for, takes along what waits in its clone. */
async function sendWaiting({ desk, store }: Place): Promise<void> {
  if ((await store.outbox()).size > 0) await lookUp(desk(createFaulty()).ports, 'remote');
  expect(await store.outbox()).toEqual(new Map());
}

/** As `cutAt`, with the remote out of reach as long as the flow runs: then the remote is back, and it is run again. */
async function cutAwayAt(prepared: Prepared, flow: Flow, at: number, fault: Fault): Promise<void> {
  const place = await placeOf(prepared, flow);
  place.office.remote.unreachable = true;
  const broken = createFaulty(at, fault);
  await flow.run(place.desk(broken), place.id).catch(() => undefined);
  place.office.remote.unreachable = false;
  const where = `away, ${fault} at step ${at} (${broken.steps[at]})`;
  expect(added(place), where).toEqual({});
  await runAgain(place, flow, where);
  await sendWaiting(place);
  expect(added(place), where).toEqual(flow.adds);
}

describe.each(Object.entries(FLOWS))('T51 %s', (_, flow) => {
  let prepared: Promise<Prepared> | null = null;
  it.each(FAULTS)('is done once by the next run: %s', async (fault) => {
    prepared ??= prepare(flow);
    const place = await placeOf(await prepared, flow);
    const whole = createFaulty();
    await flow.run(place.desk(whole), place.id);
    expect(whole.steps).toContain('store publish');
    expect(added(place)).toEqual(flow.adds);
    for (const at of whole.steps.keys()) await cutAt(await prepared, flow, at, fault);
  });
});

/** Flows whose record may wait in the clone. */
const WAITING = Object.entries(FLOWS).filter(([name]) => name !== 'approve');

describe.each(WAITING)('T51 %s while the remote is away', (_, flow) => {
  it.each(FAULTS)('waits once, and goes out once when it is back: %s', async (fault) => {
    const prepared = await prepare(flow);
    const place = await placeOf(prepared, flow);
    place.office.remote.unreachable = true;
    const whole = createFaulty();
    await flow.run(place.desk(whole), place.id).catch((cause: unknown) => expect(cause).toMatchObject({ exit: 5 }));
    // Twice, since nobody sees that the first one waits; and later, since a record says when it was signed.
    place.office.clock.advance(60);
    await flow
      .run(place.desk(createFaulty()), place.id)
      .catch((cause: unknown) => expect(cause).toMatchObject({ exit: 5 }));
    expect((await place.store.outbox()).size).toBe(1);
    place.office.remote.unreachable = false;
    await sendWaiting(place);
    expect(added(place)).toEqual(flow.adds);
    for (const at of whole.steps.keys()) await cutAwayAt(prepared, flow, at, fault);
  });
});

describe('T51 heartbeat', () => {
  it.each(FAULTS)('is there after the next run, and each one is told of: %s', async (fault) => {
    const flow: Flow = { who: 'privacy', run: ({ ports, actor }) => beat(ports, actor), adds: { heartbeat: 1 } };
    const prepared = await prepare(flow);
    const place = await placeOf(prepared, flow);
    const whole = createFaulty();
    await flow.run(place.desk(whole), '');
    expect(added(place)).toEqual(flow.adds);
    for (const at of whole.steps.keys()) {
      const next = await placeOf(prepared, flow);
      const first = await flow.run(next.desk(createFaulty(at, fault)), '').catch((cause: unknown) => cause);
      if (first instanceof Error) await flow.run(next.desk(createFaulty()), '');
      // A second one says the same of a newer head: harmless, where the first had landed unheard.
      expect([1, 2]).toContain(added(next).heartbeat);
    }
  });
});
