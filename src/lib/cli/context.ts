import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { CustodyError } from '../base/errors.js';
import type { Clock } from '../base/time.js';
import { type ClonePin, openClonePin } from '../fs/clone-pin.js';
import { findFolder, requireFolder } from '../fs/folder.js';
import { openMachineMemory } from '../fs/machine-memory.js';
import { stateDirectory } from '../fs/places.js';
import { toolIdentity } from '../fs/tool-identity.js';
import { openGitRecordStore } from '../git/record-store.js';
import type { GuardSink } from '../guard/sink.js';
import type { Plan } from '../plan/plan.js';
import { assertSameGenesis, type MachineMemory, type Memory } from '../record/memory.js';
import { acceptable } from '../request/acceptable.js';
import { casesOf, lookUp, type Reach } from '../request/desk.js';
import type { InForce } from '../request/in-force.js';
import type { Actor, Aws, Ports } from '../request/ports.js';
import { successionsOf } from '../request/successors.js';
import type { Roster } from '../roster/roster.js';
import { openActor, seatOfRole } from './acting.js';
import { type LedgerAccess, openAuditLedger } from './audit-ledger.js';
import { AwsAccess } from './aws-access.js';
import { latestPlan, openClock, systemClock } from './clock.js';
import { openGuardSink } from './guard-sink.js';
import { assertPinned, readPin } from './pinned.js';
import { createProgress, type Progress } from './progress.js';
import { openReEncryption, type ReEncryption } from './re-encryption.js';

export interface GlobalFlags {
  readonly repo?: string | undefined;
  readonly as?: string | undefined;
  readonly profile?: string | undefined;
  readonly ledgerProfile?: string | undefined;
  readonly ledgerReader?: string | undefined;
  readonly region?: string | undefined;
  readonly endpointUrl?: string | undefined;
  readonly passphraseFd?: number | undefined;
}

export interface Surroundings {
  readonly json: boolean;
  readonly packageRoot: string;
  readonly version: string;
}

/** Who a decision of the guard is of where nobody is named. */
const UNNAMED = 'unnamed';

/** A clone that was founded or joined, with the ports over it. */
export interface Desk {
  readonly folder: string;
  readonly ports: Ports;
  readonly pin: ClonePin;
}

/** What is in force, and AWS. */
export interface Visit extends Desk {
  readonly state: InForce;
  readonly plan: Plan;
  readonly aws: Aws;
}

/** A custodian at work: also who acts. */
export interface Seat extends Visit {
  readonly actor: Actor;
}

/**
 * The composition root: the only place that joins ports to adapters and reads the environment. Everything is opened
 * when it is first asked for.
 */
export class Context {
  readonly environment = process.env;
  readonly progress: Progress;
  /** A terminal is there to ask and to answer. */
  readonly interactive: boolean;
  readonly access: AwsAccess;
  readonly #others: AwsAccess[] = [];
  #ledger: { readonly of: string; readonly access: LedgerAccess } | undefined;
  #desk: Promise<Desk> | undefined;
  /** Where the guard's decisions go, once a plan says so. */
  #sink: GuardSink | null = null;
  #seat = UNNAMED;
  /** What `--pin` says that the repository holds. */
  #pinned: Memory | null = null;

  constructor(
    readonly flags: GlobalFlags,
    private readonly around: Surroundings,
  ) {
    this.interactive = process.stdin.isTTY === true && process.stderr.isTTY === true && !around.json;
    this.progress = createProgress(process.stderr);
    this.access = new AwsAccess(flags, this.environment, this.progress.tell);
  }

  /** The repository of `--repo`. @throws CustodyError REPOSITORY_NOT_FOUND, CLONE_UNSAFE */
  desk(): Promise<Desk> {
    this.#desk ??= this.#openDesk();
    return this.#desk;
  }

  async #openDesk(): Promise<Desk> {
    const folder = await requireFolder(this.flags.repo, process.cwd());
    const pin = await openClonePin(folder).read();
    if (!pin) {
      throw new CustodyError('REPOSITORY_NOT_FOUND', `${folder} has not been founded or joined`, {
        suggestions: ['custody init founds a repository, custody join URL makes a clone of one.'],
      });
    }
    this.#seat = pin.as ?? UNNAMED;
    return { folder, pin, ports: await this.portsFor(folder, this.memoryOf(pin)) };
  }

  /** What this machine remembers of the repository that a clone was pinned to. */
  memoryOf(pin: ClonePin): MachineMemory {
    const path = join(stateDirectory(this.environment, pin.genesis), 'memory.json');
    return openMachineMemory(path);
  }

  /** Ports over a clone that may not have been founded or joined yet; then the draft's plan says whose clock counts. */
  async portsFor(folder: string, memory: MachineMemory, draft?: Plan): Promise<Ports> {
    let current: Clock = systemClock;
    const clock: Clock = { now: () => current.now(), sleep: (...how) => current.sleep(...how) };
    const judged = { environment: this.environment, accept: acceptable(clock) };
    const store = await openGitRecordStore({ dir: folder, clock, random: Math.random, ...judged });
    const plan = (await latestPlan(await store.local())) ?? draft ?? null;
    if (plan) current = await openClock(plan, () => this.access.host(plan), this.progress.tell);
    const { packageRoot, version } = this.around;
    let known: Ports['tool'] | undefined;
    const ports: Ports = {
      store,
      memory,
      clock,
      random: randomBytes,
      // Hashing the program takes a while; only what signs needs it.
      get tool() {
        known ??= toolIdentity(packageRoot, version);
        return known;
      },
      progress: this.progress.tell,
      audit: (of) => openAuditLedger(of, this.ledgerAccess(of), clock, { environment: this.environment, memory }),
    };
    if (plan) this.#sink = openGuardSink(ports, plan, this.flags.as ?? this.#seat);
    for (const access of [this.access, ...this.#others]) access.sink = this.#sink;
    return ports;
  }

  /** @throws CustodyError GENESIS_MISMATCH (T26) and what reading throws */
  async lookUp(reach: Reach): Promise<InForce> {
    const { ports, pin } = await this.desk();
    const state = await lookUp(ports, reach);
    await assertPinned(state, ports.store, pin, this.#pinned);
    return state;
  }

  /**
   * A machine that has seen nothing of the repository yet must be told what to expect, or it could be shown anything
   * old. What a pin says counts beside what the machine remembers: `lookUp` compares with both.
   * @throws CustodyError PIN_REQUIRED, GENESIS_MISMATCH, NOT_FOUND
   */
  async requireMemory(pinFile: string | undefined): Promise<void> {
    const { ports } = await this.desk();
    const remembered = await ports.memory.read();
    if (pinFile === undefined) {
      if (remembered) return;
      throw new CustodyError('PIN_REQUIRED', 'this machine remembers nothing of the repository', {
        suggestions: [
          'Give --pin FILE (or CUSTODY_PIN), as `custody pin --json` prints it on a machine that knows it.',
        ],
      });
    }
    const pinned = await readPin(pinFile);
    // Joining has left a memory already, of whatever the remote has shown: it must not stand in for the pin.
    this.#pinned = pinned;
    if (remembered) return assertSameGenesis(remembered, pinned.genesis);
    await ports.memory.replace(null, pinned);
  }

  /** Everything that a flow in the name of a listed identity needs. */
  async seat(reach: Reach): Promise<Seat> {
    const visit = await this.visit(reach);
    const { aws, pin, plan, state } = visit;
    const id = this.flags.as ?? pin.as ?? (await seatOfRole(aws, state.roster));
    if (!id)
      throw new CustodyError('INPUT_MISSING', 'it is not clear who acts', {
        suggestions: ['Give --as CUSTODIAN or set CUSTODY_AS.'],
      });
    return { ...visit, actor: await this.actor(state.roster, plan, id) };
  }

  /** The same for a flow that no listed key signs. */
  async visit(reach: Reach): Promise<Visit> {
    const desk = await this.desk();
    const state = await this.lookUp(reach);
    const { plan } = state.plan;
    return { ...desk, state, plan, aws: await this.access.aws(plan) };
  }

  /** The way to move ciphertexts of a key, with the caller's own credentials: a role that only uses keys has no seat. */
  async reEncryption(given: string, from?: string): Promise<ReEncryption> {
    const needed = async () => {
      const state = await this.lookUp('remote-if-reachable');
      const { cases } = await casesOf((await this.desk()).ports, state);
      return { plan: state.plan.plan, successions: successionsOf(cases) };
    };
    // A repository that is there is read, or the command ends: a tag alone must not stand in for it.
    const isThere = async () => this.flags.repo !== undefined || (await findFolder(process.cwd())) !== null;
    const ifAny = async () => {
      if (await isThere()) return needed();
      this.progress.tell('There is no repository here: only the tag of the key says that it replaces the other one.');
      return null;
    };
    return openReEncryption(this.access, given, { needed, ifAny }, from);
  }

  actor(roster: Roster, plan: Plan, id: string): Promise<Actor> {
    const { access, environment, interactive } = this;
    return openActor({ access, environment, interactive, passphraseFd: this.flags.passphraseFd }, roster, plan, id);
  }

  /** The same account with the credentials of another profile. */
  accessAs(profile: string | undefined): AwsAccess {
    const other = new AwsAccess({ ...this.flags, profile }, this.environment, this.progress.tell);
    other.sink = this.#sink;
    this.#others.push(other);
    return other;
  }

  /** Who writes or reads the audit ledger: a seat is no user of keys, so that in S3 it is a role of its own. */
  ledgerAccess({ ledger }: Plan): LedgerAccess {
    const { ledgerProfile, ledgerReader, profile } = this.flags;
    // The guard goes by the plan that a way was opened for, and one command may bring the next plan into force.
    const of = JSON.stringify(ledger);
    if (this.#ledger?.of === of) return this.#ledger.access;
    const reader = ledgerReader === undefined ? null : this.accessAs(ledgerReader);
    const access = { own: this.access, ledger: this.accessAs(ledgerProfile ?? profile), reader };
    this.#ledger = { of, access };
    return access;
  }

  /** A line of a result that goes on as it happens, with --json too. */
  printLine(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  async close(): Promise<void> {
    this.progress.done();
    await Promise.all([this.access, ...this.#others].map((access) => access.close()));
  }
}
