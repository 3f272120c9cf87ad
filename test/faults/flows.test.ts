import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../src/lib/base/errors.js';
import { verifyChain } from '../../src/lib/ledger/chain.js';
import { approve, reviewRequest } from '../../src/lib/request/approve.js';
import { beat } from '../../src/lib/request/heartbeat.js';
import { openRequest } from '../../src/lib/request/open.js';
import { reject, withdraw } from '../../src/lib/request/veto.js';
import { createFaulty, FAULTS, type Fault, type Faulty, faultyMemory, faultyStore, Killed } from '../support/faulty.js';
import { createMemory, createOffice, type Desk, type Office, rotation } from '../support/office.js';
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

async function prepare(flow: Flow) {
  const office = await createOffice(NOON, team);
  const id = flow.before ? await flow.before(office) : '';
  const [store, memory] = [office.remote.client(), createMemory()];
  await store.sync();
  const desk = (faulty: Faulty) =>
    office.machine(flow.who, {
      intercept: faulty.intercept,
      store: faultyStore(store, office.remote, faulty),
      memory: faultyMemory(memory, faulty),
    });
  return { office, id, desk, before: new Map(office.remote.files()) };
}

/** Kinds in the ledger that were not there before; each record has its entry, and the chain holds. */
function added({ office, before }: Awaited<ReturnType<typeof prepare>>): Readonly<Record<string, number>> {
  const files = office.remote.files();
  for (const [path, bytes] of before) expect(files.get(path), path).toEqual(bytes);
  const ledger = [...files].filter(([path]) => path.startsWith('ledger/')).sort();
  expect(verifyChain(ledger.map(([, bytes]) => bytes))).toMatchObject({ verdict: 'verified' });
  const fresh = ledger.filter(([path]) => !before.has(path));
  const kinds: Record<string, number> = {};
  for (const [, bytes] of fresh) {
    const kind = String(JSON.parse(Buffer.from(bytes).toString('utf8')).kind);
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  const records = [...files.keys()].filter((path) => path.startsWith('records/') && !before.has(path));
  expect(records).toHaveLength(fresh.length);
  return kinds;
}

async function cutAt(flow: Flow, at: number, fault: Fault): Promise<void> {
  const place = await prepare(flow);
  const broken = createFaulty(at, fault);
  const first = await flow.run(place.desk(broken), place.id).catch((cause: unknown) => cause);
  const where = `${fault} at step ${at} (${broken.steps[at]})`;
  // Where it was not killed, what it says must be one of ours, and that a retry is safe.
  if (first instanceof Error && !(first instanceof Killed)) {
    expect(first, where).toBeInstanceOf(CustodyError);
    expect([5, 6], where).toContain((first as CustodyError).exit);
  }
  if (first instanceof Error) {
    const again = await flow.run(place.desk(createFaulty()), place.id).catch((cause: unknown) => cause);
    if (again instanceof Error) expect(flow.over ?? [], `${where}: ${again}`).toContain((again as CustodyError).code);
  }
  expect(added(place), where).toEqual(flow.adds);
}

describe.each(Object.entries(FLOWS))('T51 %s', (_, flow) => {
  it.each(FAULTS)('is done once by the next run: %s', async (fault) => {
    const place = await prepare(flow);
    const whole = createFaulty();
    await flow.run(place.desk(whole), place.id);
    expect(whole.steps).toContain('store publish');
    expect(added(place)).toEqual(flow.adds);
    for (const at of whole.steps.keys()) await cutAt(flow, at, fault);
  });
});

describe('T51 heartbeat', () => {
  it.each(FAULTS)('is there after the next run, and each one is told of: %s', async (fault) => {
    const flow: Flow = { who: 'privacy', run: ({ ports, actor }) => beat(ports, actor), adds: { heartbeat: 1 } };
    const place = await prepare(flow);
    const whole = createFaulty();
    await flow.run(place.desk(whole), '');
    expect(added(place)).toEqual(flow.adds);
    for (const at of whole.steps.keys()) {
      const next = await prepare(flow);
      const first = await flow.run(next.desk(createFaulty(at, fault)), '').catch((cause: unknown) => cause);
      if (first instanceof Error) await flow.run(next.desk(createFaulty()), '');
      // A second one says the same of a newer head: harmless, where the first had landed unheard.
      expect([1, 2]).toContain(added(next).heartbeat);
    }
  });
});
