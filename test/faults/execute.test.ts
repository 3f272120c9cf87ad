import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../src/lib/base/errors.js';
import { verifyChain } from '../../src/lib/ledger/chain.js';
import type { MachineMemory } from '../../src/lib/record/memory.js';
import type { RecordStore } from '../../src/lib/record/store.js';
import { createProposal } from '../../src/lib/request/estate.js';
import { execute } from '../../src/lib/request/execute.js';
import { type Proposal, planProposal } from '../../src/lib/request/open.js';
import { createFaulty, FAULTS, type Fault, type Faulty, faultyMemory, faultyStore, Killed } from '../support/faulty.js';
import { createMemory, createOffice, type Office } from '../support/office.js';
import { CASE_DATA_KEY, createTeam, NOON, PRIMARY, REPLICA } from '../support/people.js';

const team = createTeam();

/** One machine: its clone and its memory outlive the process that is cut off. */
interface Machine {
  readonly store: RecordStore;
  readonly memory: MachineMemory;
}

async function run(office: Office, machine: Machine, id: string, faulty: Faulty): Promise<unknown> {
  const { ports, actor, aws } = office.machine('ci', {
    intercept: faulty.intercept,
    store: faultyStore(machine.store, office.remote, faulty),
    memory: faultyMemory(machine.memory, faulty),
  });
  return execute(ports, actor, aws, id);
}

interface Story {
  readonly proposal: (office: Office) => Partial<Proposal>;
  readonly rotationSeconds?: number;
  readonly check: (office: Office) => void;
}

const STORIES: Readonly<Record<string, Story>> = {
  'key.rotate': {
    proposal: () => ({}),
    check: ({ aws }) => {
      expect(aws.done.map(({ operation }) => operation)).toEqual(['RotateKeyOnDemand']);
      expect(aws.key(CASE_DATA_KEY).rotations).toHaveLength(1);
    },
  },
  'key.rotate that takes its time': {
    proposal: () => ({}),
    rotationSeconds: 100,
    check: ({ aws }) => {
      expect(aws.done.map(({ operation }) => operation)).toEqual(['RotateKeyOnDemand']);
      expect(aws.key(CASE_DATA_KEY).rotations).toHaveLength(1);
    },
  },
  'key.rotation': {
    proposal: () => ({ action: 'key.rotation', parameters: { periodDays: 180 } }),
    check: ({ aws }) => expect(aws.key(CASE_DATA_KEY)).toMatchObject({ enabled: true, periodDays: 180 }),
  },
  'key.create': {
    proposal: (office) => createProposal(office.team.plan.plan, office.team.roster, 'root', 'the plan has it', null),
    check: ({ aws }) => {
      const made = aws.done.map(({ operation }) => operation).filter((operation) => operation !== 'EnableKeyRotation');
      expect(made).toEqual(['CreateKey', 'CreateAlias', 'ReplicateKey', 'CreateAlias']);
      const keyId = aws.aliases[PRIMARY]?.['alias/cmk/root'] ?? '';
      expect(aws.keys.filter((key) => key.keyId === keyId).map(({ region }) => region)).toEqual([PRIMARY, REPLICA]);
    },
  },
  'plan.update': {
    proposal: ({ team: { plan } }) =>
      planProposal(plan, { ...plan.plan, recovery: { ...plan.plan.recovery, rtoSeconds: 60 } }, 'faster', null),
    check: ({ remote }) => expect(remote.files().has('plan/2.json')).toBe(true),
  },
};

async function prepare(story: Story) {
  const office = await createOffice(NOON, team);
  office.aws.rotationSeconds = story.rotationSeconds ?? 0;
  const id = await office.approved(story.proposal(office));
  const machine: Machine = { store: office.remote.client(), memory: createMemory() };
  return { office, id, machine };
}

/** What must hold however often and wherever it was cut off. */
function checkRecords(office: Office, id: string, before: ReadonlyMap<string, Uint8Array>): void {
  const files = office.remote.files();
  for (const [path, bytes] of before) expect(files.get(path), path).toEqual(bytes);
  const own = [...files.keys()].filter((path) => path.startsWith(`records/${id}/`));
  expect(own).toHaveLength(5);
  const ledger = [...files].filter(([path]) => path.startsWith('ledger/')).sort();
  expect(verifyChain(ledger.map(([, bytes]) => bytes))).toMatchObject({ verdict: 'verified' });
  const kinds = ledger.map(([, bytes]) => JSON.parse(Buffer.from(bytes).toString('utf8')).kind as string);
  expect(kinds.filter((kind) => kind === 'intent' || kind === 'receipt')).toEqual(['intent', 'receipt']);
}

async function cutAt(story: Story, at: number, fault: Fault): Promise<void> {
  const { office, id, machine } = await prepare(story);
  const before = new Map(office.remote.files());
  let ended: unknown = null;
  const broken = createFaulty(at, fault);
  await run(office, machine, id, broken).catch((cause) => {
    ended = cause;
  });
  // Where it was not killed, what it says must be one of ours and never "it has failed for good".
  if (ended !== null && !(ended instanceof Killed)) {
    expect(ended).toBeInstanceOf(CustodyError);
    expect([5, 6]).toContain((ended as CustodyError).exit);
  }
  if (ended !== null) {
    await run(office, machine, id, createFaulty()).catch((cause) => {
      // The receipt had landed: nothing is left to do.
      expect(cause).toMatchObject({ code: 'REQUEST_ENDED', details: { state: 'executed' } });
    });
  }
  const where = `${fault} at step ${at} (${broken.steps[at]})`;
  expect(office.remote.files().has(`records/${id}/receipt.json`), where).toBe(true);
  story.check(office);
  checkRecords(office, id, before);
}

/** Of a step that is taken again and again, as in waiting, the first three times and the last. */
function pointsOf(steps: readonly string[]): readonly number[] {
  const times = new Map<string, number>();
  return [...steps.keys()].filter((at) => {
    const step = steps[at] ?? '';
    times.set(step, (times.get(step) ?? 0) + 1);
    return (times.get(step) ?? 0) <= 3 || steps.lastIndexOf(step) === at;
  });
}

describe.each(Object.entries(STORIES))('T51 %s', (_, story) => {
  it.each(FAULTS)('is finished by the next run: %s', async (fault) => {
    const { office, id, machine } = await prepare(story);
    const whole = createFaulty();
    await run(office, machine, id, whole);
    expect(whole.steps).toEqual(expect.arrayContaining(['store sync', 'store publish', 'memory write']));
    for (const at of pointsOf(whole.steps)) await cutAt(story, at, fault);
  });
});
