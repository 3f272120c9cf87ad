import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createKeyAuthority } from '../aws/authority.js';
import { type AwsConnection, openAws } from '../aws/connection.js';
import { createKeyReader } from '../aws/kms-reader.js';
import { openKmsSigner } from '../aws/kms-signer.js';
import { CustodyError } from '../base/errors.js';
import type { Signer } from '../base/signature.js';
import { type ClonePin, openClonePin } from '../fs/clone-pin.js';
import { readFileBounded } from '../fs/files.js';
import { requireFolder } from '../fs/folder.js';
import { readKeyFile } from '../fs/key-files.js';
import { stateDirectory } from '../fs/places.js';
import { openJsonFile } from '../fs/state.js';
import { toolIdentity } from '../fs/tool-identity.js';
import { openGitRecordStore } from '../git/record-store.js';
import type { Plan } from '../plan/plan.js';
import { assertSameGenesis, formatMemory, type MachineMemory, parseMemory } from '../record/memory.js';
import type { RecordStore } from '../record/store.js';
import { lookUp, type Reach } from '../request/desk.js';
import type { InForce } from '../request/in-force.js';
import type { Actor, Aws, Ports } from '../request/ports.js';
import type { Roster, RosterKey } from '../roster/roster.js';
import { identitiesOf } from '../roster/rules.js';
import { openSigner, type SignerPorts } from '../signing/signers.js';
import { latestPlan, openClock, systemClock } from './clock.js';
import { readPassphrase } from './passphrase.js';
import { createProgress, type Progress } from './progress.js';

/** The composition root: the only place that joins ports to adapters and reads the environment. */

export interface GlobalFlags {
  readonly repo?: string | undefined;
  readonly as?: string | undefined;
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
  readonly endpointUrl?: string | undefined;
  readonly passphraseFd?: number | undefined;
}

export interface Surroundings {
  readonly json: boolean;
  readonly packageRoot: string;
  readonly version: string;
}

export interface Desk {
  readonly folder: string;
  readonly ports: Ports;
  readonly pin: ClonePin;
}

/** A custodian at work: what is in force, AWS, and who acts. */
export interface Seat extends Desk {
  readonly state: InForce;
  readonly plan: Plan;
  readonly aws: Aws;
  readonly actor: Actor;
}

export interface Context {
  readonly flags: GlobalFlags;
  readonly environment: NodeJS.ProcessEnv;
  readonly progress: Progress;
  /** A terminal is there to ask and to answer. */
  readonly interactive: boolean;
  /** The repository of `--repo`. @throws CustodyError REPOSITORY_NOT_FOUND, CLONE_UNSAFE, GENESIS_MISMATCH */
  desk(): Promise<Desk>;
  /** Ports over a clone that may not have been founded or joined yet. */
  portsFor(folder: string, memory: MachineMemory): Promise<Ports>;
  memoryOf(pin: ClonePin): MachineMemory;
  lookUp(reach: Reach): Promise<InForce>;
  /**
   * A machine that has seen nothing of the repository yet must be told what to expect, or it could be shown anything old.
   * @throws CustodyError PIN_REQUIRED, GENESIS_MISMATCH, ROLLBACK
   */
  requireMemory(pinFile: string | undefined): Promise<void>;
  /** Everything that a flow in the name of a listed identity needs. */
  seat(reach: Reach): Promise<Seat>;
  connection(plan: Pick<Plan, 'environment' | 'account' | 'regions'>): Promise<AwsConnection>;
  aws(plan: Pick<Plan, 'environment' | 'account' | 'regions'>): Promise<Aws>;
  /** The identity that acts and its signer. @throws CustodyError INPUT_MISSING, SIGNER_UNKNOWN, SIGNER_LOCKED */
  actor(roster: Roster, plan: Plan): Promise<Actor>;
  signerFor(key: RosterKey, plan: Pick<Plan, 'environment' | 'account' | 'regions'>): Promise<Signer>;
  close(): Promise<void>;
}

const AWS_TIMEOUT_MILLIS = 30_000;

export function openContext(flags: GlobalFlags, around: Surroundings): Context {
  return new RootContext(flags, around);
}

class RootContext implements Context {
  readonly environment = process.env;
  readonly progress: Progress;
  readonly interactive: boolean;
  #desk: Promise<Desk> | undefined;
  #connection: Promise<AwsConnection> | undefined;

  constructor(
    readonly flags: GlobalFlags,
    private readonly around: Surroundings,
  ) {
    this.interactive = process.stdin.isTTY === true && process.stderr.isTTY === true && !around.json;
    this.progress = createProgress(process.stderr);
  }

  desk(): Promise<Desk> {
    this.#desk ??= this.#openDesk();
    return this.#desk;
  }

  async #openDesk(): Promise<Desk> {
    const folder = await requireFolder(this.flags.repo, process.cwd());
    const pin = await openClonePin(folder).read();
    if (!pin) {
      throw new CustodyError('REPOSITORY_NOT_FOUND', `${folder} has not been founded or joined`, {
        suggestions: ['custody init founds a repository here, custody join URL makes a clone of one.'],
      });
    }
    return { folder, pin, ports: await this.portsFor(folder, this.memoryOf(pin)) };
  }

  memoryOf(pin: ClonePin): MachineMemory {
    const path = join(stateDirectory(this.environment, pin.genesis), 'memory.json');
    return openJsonFile(path, (bytes) => parseMemory(bytes, path), formatMemory);
  }

  async portsFor(folder: string, memory: MachineMemory): Promise<Ports> {
    const open = (clock: Ports['clock']) =>
      openGitRecordStore({ dir: folder, clock, random: Math.random, environment: this.environment });
    const plan = await latestPlan(await (await open(systemClock)).local());
    const clock = plan ? await openClock(plan, () => this.connection(plan), this.progress.tell) : systemClock;
    return this.#ports(await open(clock), clock, memory);
  }

  async #ports(store: RecordStore, clock: Ports['clock'], memory: MachineMemory): Promise<Ports> {
    const tool = await toolIdentity(this.around.packageRoot, this.around.version);
    return { store, memory, clock, random: randomBytes, tool, progress: this.progress.tell };
  }

  async lookUp(reach: Reach): Promise<InForce> {
    const { ports, pin } = await this.desk();
    const state = await lookUp(ports, reach);
    if (state.genesis.digest === pin.genesis) return state;
    throw new CustodyError('GENESIS_MISMATCH', 'this is not the repository that this clone was pinned to', {
      details: { expected: pin.genesis, found: state.genesis.digest },
    });
  }

  async requireMemory(pinFile: string | undefined): Promise<void> {
    const { ports } = await this.desk();
    const remembered = await ports.memory.read();
    if (pinFile === undefined) {
      if (remembered) return;
      throw new CustodyError('PIN_REQUIRED', 'this machine remembers nothing of the repository', {
        suggestions: [
          'Give --pin FILE (or CUSTODY_PIN), as custody pin printed it on a machine that knows the repository.',
        ],
      });
    }
    const bytes = await readFileBounded(pinFile, 16 * 1024);
    if (bytes === null) throw new CustodyError('NOT_FOUND', `there is no file ${pinFile}`);
    const pinned = parseMemory(bytes, pinFile);
    if (remembered) return assertSameGenesis(remembered, pinned.genesis);
    await ports.memory.write(pinned);
  }

  async seat(reach: Reach): Promise<Seat> {
    const state = await this.lookUp(reach);
    const { plan } = state.plan;
    return {
      ...(await this.desk()),
      state,
      plan,
      aws: await this.aws(plan),
      actor: await this.actor(state.roster, plan),
    };
  }

  connection(plan: Pick<Plan, 'environment' | 'account' | 'regions'>): Promise<AwsConnection> {
    this.#connection ??= this.#connect(plan);
    return this.#connection;
  }

  async #connect({
    environment,
    account,
    regions,
  }: Pick<Plan, 'environment' | 'account' | 'regions'>): Promise<AwsConnection> {
    const { profile, region, endpointUrl } = this.flags;
    const options = {
      profile,
      endpointUrl,
      environmentKind: environment,
      account,
      environment: this.environment,
      timeoutMillis: AWS_TIMEOUT_MILLIS,
    };
    const connection = await openAws({ ...options, region });
    return connection.region === null ? openAws({ ...options, region: regions.primary }) : connection;
  }

  async aws(plan: Pick<Plan, 'environment' | 'account' | 'regions'>): Promise<Aws> {
    const connection = await this.connection(plan);
    const authority = createKeyAuthority(connection);
    return {
      reader: createKeyReader(connection),
      authority,
      whoAmI: () => authority.whoAmI(),
      host: connection.host,
    };
  }

  async actor(roster: Roster, plan: Plan): Promise<Actor> {
    const id = await this.#actingId(roster, plan);
    const listed = [...identitiesOf(roster).values()].filter((identity) => identity.id === id);
    const [identity] = listed;
    const keys = [...roster.custodians, ...roster.automation].find((seat) => seat.id === id)?.keys ?? [];
    if (!identity || keys.length === 0) {
      throw new CustodyError('SIGNER_UNKNOWN', `the roster in force does not list ${id}`, {
        suggestions: [`Listed: ${[...new Set([...identitiesOf(roster).values()].map((item) => item.id))].join(', ')}.`],
      });
    }
    const [key] = keys;
    const signer = await this.signerFor(key as RosterKey, plan);
    return { identity: identitiesOf(roster).get(signer.publicKey.keyId) ?? identity, signer };
  }

  /** A flag or variable, the clone's own custodian, or the seat whose IAM role the credentials are of. */
  async #actingId(roster: Roster, plan: Plan): Promise<string> {
    const given = this.flags.as ?? (this.#desk ? (await this.#desk).pin.as : null);
    if (given) return given;
    const { arn } = await (await this.aws(plan)).whoAmI();
    const role = /:assumed-role\/([^/]+)\//.exec(arn)?.[1];
    const seat = [...roster.custodians, ...roster.automation].find(
      ({ roleArn }) => role !== undefined && roleArn.endsWith(`/${role}`),
    );
    if (seat) return seat.id;
    throw new CustodyError('INPUT_MISSING', 'it is not clear who acts', {
      suggestions: ['Give --as CUSTODIAN or set CUSTODY_AS.'],
    });
  }

  signerFor(key: RosterKey, plan: Pick<Plan, 'environment' | 'account' | 'regions'>): Promise<Signer> {
    const ports: SignerPorts = {
      kms: async (arn) => openKmsSigner(await this.connection(plan), arn),
      localKeyFile: (keyId) => readKeyFile(this.environment, keyId),
      askPassphrase: () => readPassphrase(this.flags.passphraseFd, this.interactive),
    };
    return openSigner(key, ports);
  }

  async close(): Promise<void> {
    this.progress.done();
    if (this.#connection) (await this.#connection.catch(() => null))?.close();
  }
}
