import { randomBytes } from 'node:crypto';
import type { Instant } from '../../src/lib/base/time.js';
import type { ObjectStore } from '../../src/lib/ledger/objects.js';
import { createSlotLedger } from '../../src/lib/ledger/slots.js';
import type { MachineMemory, Memory } from '../../src/lib/record/memory.js';
import type { RecordStore } from '../../src/lib/record/store.js';
import { approve, reviewRequest } from '../../src/lib/request/approve.js';
import { type Executed, execute } from '../../src/lib/request/execute.js';
import { type Opened, openRequest, type Proposal } from '../../src/lib/request/open.js';
import type { Actor, Aws, Ports } from '../../src/lib/request/ports.js';
import { publishRecords } from '../../src/lib/request/publish.js';
import { identitiesOf } from '../../src/lib/roster/rules.js';
import { found, genesisOf, signGenesis } from '../../src/lib/setup/found.js';
import { createFakeAws, createTestClock, type FakeAws, type Intercept, type TestClock } from './fake-aws.js';
import { createMemoryObjects } from './memory-objects.js';
import { createMemoryRemote, type MemoryRemote } from './memory-record-store.js';
import { CASE_DATA_KEY, caseDataKey, createTeam, NOON, PRIMARY, type Team, TOOL, type Who } from './people.js';

/** One person at one machine: a clone, what the machine remembers, and a line to AWS. */
export interface Desk {
  readonly ports: Ports;
  readonly actor: Actor;
  readonly aws: Aws;
  readonly said: string[];
}

/** An account as a desk reaches it; every step passes through `intercept`. */
export interface Account {
  as(intercept: Intercept | undefined, who: Who): Aws;
}

/** A founded repository with its account: the flows run on it as they do in the commands. */
export interface Office<A extends Account = FakeAws> {
  readonly team: Team;
  readonly remote: MemoryRemote;
  readonly aws: A;
  readonly clock: TestClock;
  /** The desk of a person: the same one each time. */
  desk(who: Who): Desk;
  /** Another machine of the same person: a fresh clone that remembers nothing; its steps can be intercepted. */
  machine(who: Who, options?: MachineOptions): Desk;
  open(who: Who, proposal?: Partial<Proposal>): Promise<Opened>;
  approve(who: Who, id: string): ReturnType<typeof approve>;
  execute(who: Who, id: string): Promise<Executed>;
  /** Opens a rotation of case-data as the architect, approved by the others. */
  approved(proposal?: Partial<Proposal>): Promise<string>;
}

export interface MachineOptions {
  readonly intercept?: Intercept;
  readonly memory?: MachineMemory;
  readonly store?: RecordStore;
  /** What the audit ledger lies in, for a plan that has one. */
  readonly audit?: ObjectStore;
}

export function createMemory(initial: Memory | null = null): MachineMemory & { held(): Memory | null } {
  let held = initial;
  return {
    held: () => held,
    read: async () => held,
    replace: async (read, next) => {
      if (held !== read) return false;
      held = next;
      return true;
    },
  };
}

export async function createOffice(start: Instant = NOON, team: Team = createTeam()): Promise<Office> {
  const clock = createTestClock(start);
  const aws = createFakeAws(clock, team.plan.plan.account);
  const { alias } = caseDataKey(team);
  aws.seed('case-data', alias, team.roster.repository, CASE_DATA_KEY);
  return openOffice(team, clock, aws);
}

/** Another office that stands where this one stands, with desks that remember nothing; what happens in one stays in it. */
export function copyOffice({ team, clock, aws, remote }: Office): Office {
  const own = createTestClock(clock.now());
  return officeOver(team, own, aws.copy(own), remote.copy());
}

/** Founds the team's repository over an account. */
export async function openOffice<A extends Account>(team: Team, clock: TestClock, aws: A): Promise<Office<A>> {
  const office = officeOver(team, clock, aws, createMemoryRemote());
  await foundBy(team, office.desk);
  return office;
}

function officeOver<A extends Account>(team: Team, clock: TestClock, aws: A, remote: MemoryRemote): Office<A> {
  const desks = new Map<Who, Desk>();
  const machine = (who: Who, options?: MachineOptions) => createDesk(team, remote, aws, clock, who, options);
  const desk = (who: Who) => {
    const made = desks.get(who) ?? machine(who);
    desks.set(who, made);
    return made;
  };
  const office: Office<A> = {
    team,
    remote,
    aws,
    clock,
    desk,
    machine,
    open: async (who, proposal) => {
      const { ports, actor, aws: line } = desk(who);
      return openRequest(ports, actor, line, rotation(team, proposal));
    },
    approve: async (who, id) => {
      const { ports, actor, aws: line } = desk(who);
      const review = await reviewRequest(ports, actor, line, id);
      return approve(ports, actor, line, review, review.case.request.digest);
    },
    execute: async (who, id) => {
      const { ports, actor, aws: line } = desk(who);
      return execute(ports, actor, line, id);
    },
    approved: async (proposal) => {
      const { id } = (await office.open('architect', proposal)).case;
      for (const who of ['privacy', 'deputy'] as const) await office.approve(who, id);
      return id;
    },
  };
  return office;
}

export function rotation(team: Team, change: Partial<Proposal> = {}): Proposal {
  const key = caseDataKey(team);
  return { action: 'key.rotate', region: PRIMARY, key, parameters: {}, reason: 'it is due', executor: null, ...change };
}

function createDesk(
  team: Team,
  remote: MemoryRemote,
  aws: Account,
  clock: TestClock,
  who: Who,
  { intercept, memory, store, audit }: MachineOptions = {},
): Desk {
  const signer = team.signers[who];
  const listed = identitiesOf(team.roster).get(signer.publicKey.keyId);
  const identity = listed ?? {
    id: who as never,
    kind: 'custodian' as const,
    person: who as never,
    duty: null,
    key: signer.publicKey,
  };
  const said: string[] = [];
  const ports: Ports = {
    store: store ?? remote.client(),
    memory: memory ?? createMemory(),
    clock,
    random: (length) => randomBytes(length),
    tool: TOOL,
    progress: (text) => said.push(text),
    audit: async () => createSlotLedger(audit ?? createMemoryObjects()),
  };
  return { ports, actor: { identity, signer }, aws: aws.as(intercept, who), said };
}

/** Founded by the architect, joined by the others. */
async function foundBy(team: Team, desk: (who: Who) => Desk): Promise<void> {
  const { ports, actor, aws } = desk('architect');
  const founding = { plan: team.plan, roster: team.roster };
  await found(ports, actor, aws, founding, null);
  for (const who of ['privacy', 'deputy'] as const) {
    const joining = desk(who);
    await joining.ports.store.sync();
    const signed = await signGenesis(joining.actor, genesisOf(ports, founding), founding);
    await publishRecords(joining.ports, [signed], { message: `${who} signs genesis` });
  }
}
