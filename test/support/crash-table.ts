import { expect, it } from 'vitest';
import { CustodyError } from '../../src/lib/base/errors.js';
import type { MachineMemory } from '../../src/lib/record/memory.js';
import type { Files, RecordStore } from '../../src/lib/record/store.js';
import { execute } from '../../src/lib/request/execute.js';
import type { Proposal } from '../../src/lib/request/open.js';
import { createFaulty, FAULTS, type Fault, type Faulty, faultyMemory, faultyStore, Killed } from './faulty.js';
import { expectKept, ledgerKinds, pathsIn } from './kept.js';
import { copyOffice, createMemory, createOffice, type Office } from './office.js';
import { NOON, type Team, type Who } from './people.js';

/** An execution cut off at every step, in every way, and run again: what must hold each time. */

/** One machine: its clone and its memory outlive the process that is cut off. */
interface Machine {
  readonly store: RecordStore;
  readonly memory: MachineMemory;
}

async function run(office: Office, machine: Machine, id: string, faulty: Faulty, by: Who = 'ci'): Promise<unknown> {
  const { ports, actor, aws } = office.machine(by, {
    intercept: faulty.intercept,
    store: faultyStore(machine.store, office.remote, faulty),
    memory: faultyMemory(machine.memory, faulty),
  });
  return execute(ports, actor, aws, id);
}

/** One action that is executed, and what must be true of AWS however often and wherever it was cut off. */
export interface Story {
  /** Before the request is opened. */
  readonly before?: (office: Office) => unknown;
  readonly proposal: (office: Office) => Partial<Proposal> | Promise<Partial<Proposal>>;
  readonly rotationSeconds?: number;
  /** Cut off only at these steps: what every action does alike is tried with one of them. */
  readonly only?: RegExp;
  /** Who executes; by default the automation identity, which may not carry out a veto. */
  readonly by?: Who;
  /** How long a change does not show. */
  readonly visibleAfterSeconds?: number;
  readonly check: (office: Office) => void;
}

/** A request that two have approved, and the steps of an execution of it that nothing disturbs. */
interface Prepared {
  readonly office: Office;
  readonly id: string;
  readonly steps: readonly string[];
}

/** Made once a story; every cell of the table works on a copy. */
async function prepare(team: Team, story: Story): Promise<Prepared> {
  const office = await createOffice(NOON, team);
  office.aws.rotationSeconds = story.rotationSeconds ?? 0;
  await story.before?.(office);
  const id = await office.approved(await story.proposal(office));
  office.aws.visibleAfterSeconds = story.visibleAfterSeconds ?? 0;
  const whole = createFaulty();
  const played = copyOffice(office);
  await run(played, newMachine(played), id, whole, story.by);
  story.check(played);
  expect(whole.steps).toEqual(expect.arrayContaining(['store sync', 'store publish', 'memory write']));
  return { office, id, steps: whole.steps };
}

const newMachine = ({ remote }: Office): Machine => ({ store: remote.client(), memory: createMemory() });

/** What must hold however often and wherever it was cut off. */
function checkRecords(office: Office, id: string, before: Files): void {
  const files = office.remote.files();
  expectKept(files, before);
  expect(pathsIn(files, `records/${id}`)).toHaveLength(5);
  const kinds = ledgerKinds(files, before).filter((kind) => kind === 'intent' || kind === 'receipt');
  expect(kinds).toEqual(['intent', 'receipt']);
}

async function cutAt(prepared: Prepared, story: Story, at: number, fault: Fault): Promise<void> {
  const { id } = prepared;
  const office = copyOffice(prepared.office);
  const machine = newMachine(office);
  const before = office.remote.files();
  let ended: unknown = null;
  const broken = createFaulty(at, fault);
  await run(office, machine, id, broken, story.by).catch((cause) => {
    ended = cause;
  });
  // Where it was not killed, what it says must be one of ours and never "it has failed for good".
  if (ended !== null && !(ended instanceof Killed)) {
    expect(ended).toBeInstanceOf(CustodyError);
    expect([5, 6]).toContain((ended as CustodyError).exit);
  }
  if (ended !== null) {
    await run(office, machine, id, createFaulty(), story.by).catch((cause) => {
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
function pointsOf(steps: readonly string[], only = /./): readonly number[] {
  const times = new Map<string, number>();
  return [...steps.keys()].filter((at) => {
    const step = steps[at] ?? '';
    if (!only.test(step)) return false;
    times.set(step, (times.get(step) ?? 0) + 1);
    return (times.get(step) ?? 0) <= 3 || steps.lastIndexOf(step) === at;
  });
}

/** The tests of one story: to be called in a describe. */
export function itSurvives(team: Team, story: Story): void {
  let prepared: Promise<Prepared> | null = null;
  it.each(FAULTS)('is finished by the next run: %s', async (fault) => {
    prepared ??= prepare(team, story);
    const points = pointsOf((await prepared).steps, story.only);
    expect(points.length).toBeGreaterThan(0);
    for (const at of points) await cutAt(await prepared, story, at, fault);
  });
}
