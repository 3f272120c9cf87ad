import type { JsonObject } from '../../src/lib/base/canonical-json.js';
import { CustodyError } from '../../src/lib/base/errors.js';
import { addSeconds, type Clock, type Instant } from '../../src/lib/base/time.js';
import {
  type AwsAnswer,
  type AwsCall,
  type ExecutorSession,
  type Grant,
  isKeyArn,
  type KeyDescription,
  type KeyReader,
  type KeyWriter,
  keyArnOf,
  partsOf,
  type Rotation,
} from '../../src/lib/key/key.js';
import type { SweepSession } from '../../src/lib/key/slots.js';
import { REPOSITORY_TAG } from '../../src/lib/record/action-create.js';
import type { Aws } from '../../src/lib/request/ports.js';
import { ACCESS_OPERATIONS, refused } from './fake-aws-access.js';

/** A clock that stands still until somebody sleeps or a test moves it. */
export interface TestClock extends Clock {
  set(now: Instant): void;
  advance(seconds: number): void;
}

export function createTestClock(start: Instant): TestClock {
  let now = start;
  const advance = (seconds: number) => {
    now = addSeconds(now, seconds);
  };
  return {
    now: () => now,
    sleep: async (milliseconds) => advance(milliseconds / 1000),
    set: (instant) => {
      now = instant;
    },
    advance,
  };
}

/** Of a key that nobody has put under custody yet. */
function seededPolicy(name: string): string {
  const Statement = [{ Effect: 'Allow', Principal: '*', Action: 'kms:DescribeKey', Resource: '*' }];
  return JSON.stringify({ Version: '2012-10-17', Id: `of ${name}`, Statement });
}

export interface FakeKey {
  readonly keyId: string;
  readonly region: string;
  /** The Region of its primary; null for a key of one Region. */
  readonly primaryRegion: string | null;
  readonly origin: string;
  readonly createdAt: Instant;
  state: KeyDescription['state'];
  policy: string;
  tags: Record<string, string>;
  readonly rotations: Rotation[];
  /** A rotation on demand that AWS has accepted, and when it is done. */
  rotating: { readonly startedAt: Instant; readonly doneAt: Instant } | null;
  enabled: boolean;
  periodDays: number | null;
  description: string;
  readonly grants: Grant[];
  deletionAt: Instant | null;
  lastUse: { readonly operation: string; readonly at: Instant } | null;
}

/**
 * A small model of the AWS account behind a repository: keys, aliases, rotations. It counts calls, knows no policies and
 * can be tampered with. The sandbox is the full one; this one can be cut off anywhere.
 */
export interface FakeAws {
  readonly account: string;
  /** The view of one caller; every step of it passes through `intercept`. */
  as(intercept?: Intercept): Aws;
  /** Another account in which everything is as it is now here, by another clock. */
  copy(clock: Clock): FakeAws;
  /** Mutating calls that were carried out, in order. */
  readonly done: AwsCall[];
  readonly sessions: ExecutorSession[];
  /** Tags of the executor role. */
  readonly slots: Map<string, string>;
  seed(name: string, alias: string, repository: string, keyId: string, region?: string): FakeKey;
  key(keyId: string, region?: string): FakeKey;
  readonly keys: readonly FakeKey[];
  /** Region → alias → key id. */
  readonly aliases: Record<string, Record<string, string>>;
  /** How long AWS works on a rotation; 0 is at once. */
  rotationSeconds: number;
  /** How long a change of a key does not show: KMS is eventually consistent. */
  visibleAfterSeconds: number;
  /** What AWS's clock says beyond ours. */
  skewSeconds: number;
  /** Instead of an answer to the next mutating call. */
  refuseNext: CustodyError | null;
}

/** Runs one step, or not, or loses its answer. */
export type Intercept = <T>(step: string, act: () => Promise<T>) => Promise<T>;

const plainly: Intercept = (_, act) => act();

export function createFakeAws(clock: Clock, account: string): FakeAws {
  const model = new Model(clock, account);
  return model;
}

class Model implements FakeAws {
  readonly done: AwsCall[] = [];
  readonly sessions: ExecutorSession[] = [];
  readonly slots = new Map<string, string>();
  readonly keys: FakeKey[] = [];
  readonly aliases: Record<string, Record<string, string>> = {};
  rotationSeconds = 0;
  visibleAfterSeconds = 0;
  skewSeconds = 0;
  refuseNext: CustodyError | null = null;
  past: { until: Instant; keys: FakeKey[]; aliases: Record<string, Record<string, string>> } | null = null;

  constructor(
    private readonly clock: Clock,
    readonly account: string,
  ) {}

  as(intercept: Intercept = plainly): Aws {
    const reader = this.#reader();
    const step =
      <A extends unknown[], T>(name: string, act: (...args: A) => Promise<T>) =>
      (...args: A) =>
        intercept(name, () => act(...args));
    const whoAmI = step('sts whoAmI', async () => ({
      account: this.account,
      partition: 'aws',
      arn: `arn:aws:sts::${this.account}:assumed-role/seat/session`,
      serverTime: addSeconds(this.clock.now(), this.skewSeconds),
    }));
    return {
      host: 'kms.eu-central-1.amazonaws.com',
      whoAmI,
      reader: {
        describe: step('kms describe', reader.describe),
        aliases: step('kms aliases', reader.aliases),
        keyIds: step('kms keyIds', reader.keyIds),
        policy: step('kms policy', reader.policy),
        tags: step('kms tags', reader.tags),
        rotationStatus: step('kms rotationStatus', reader.rotationStatus),
        rotations: step('kms rotations', reader.rotations),
        grants: step('kms grants', reader.grants),
        materials: step('kms materials', reader.materials),
        publicKey: step('kms publicKey', reader.publicKey),
        lastUse: step('kms lastUse', reader.lastUse),
      },
      slots: {
        list: step('iam slots', async () => new Map(this.slots)),
        set: step('iam setSlot', async (_role: string, tagKey: string, value: string) => {
          this.slots.set(tagKey, value);
        }),
        clear: step('iam clearSlots', async (_role: string, tagKeys: readonly string[]) => this.#untag(tagKeys)),
        sweep: step('iam sweepSlots', async (_session: SweepSession, tagKeys: readonly string[]) =>
          this.#untag(tagKeys),
        ),
      },
      authority: {
        whoAmI,
        roleId: async () => 'AROAEXAMPLE',
        // The policies are for tests of their own.
        assertAllowable: async () => undefined,
        assumeExecutor: step('sts assumeExecutor', async (session) => {
          this.sessions.push(session);
          return this.#writer(intercept);
        }),
        own: () => this.#writer(intercept),
      },
    };
  }

  #untag(tagKeys: readonly string[]): void {
    for (const tagKey of tagKeys) this.slots.delete(tagKey);
  }

  copy(clock: Clock): FakeAws {
    const { done, sessions, slots, keys, aliases, past, rotationSeconds, visibleAfterSeconds, skewSeconds } = this;
    const settings = { rotationSeconds, visibleAfterSeconds, skewSeconds, refuseNext: this.refuseNext };
    const state = structuredClone({ done, sessions, slots, keys, aliases, past });
    return Object.assign(new Model(clock, this.account), state, settings);
  }

  seed(name: string, alias: string, repository: string, keyId: string, region = 'eu-central-1'): FakeKey {
    const key = this.#add({
      keyId,
      region,
      primaryRegion: null,
      origin: 'AWS_KMS',
      policy: seededPolicy(name),
      tags: { [REPOSITORY_TAG]: repository },
      description: '',
    });
    this.aliases[region] = { ...this.aliases[region], [alias]: keyId };
    return key;
  }

  key(keyId: string, region = 'eu-central-1'): FakeKey {
    const found = this.#find(region, keyId);
    if (!found) throw new Error(`no key ${keyId} in ${region}`);
    return found;
  }

  #add(
    made: Pick<FakeKey, 'keyId' | 'region' | 'primaryRegion' | 'origin' | 'policy' | 'tags' | 'description'>,
  ): FakeKey {
    const key: FakeKey = {
      ...made,
      createdAt: this.clock.now(),
      state: 'Enabled',
      rotations: [],
      rotating: null,
      enabled: false,
      periodDays: null,
      grants: [],
      deletionAt: null,
      lastUse: null,
    };
    this.keys.push(key);
    return key;
  }

  /** Keys whose window is over are gone, and their names with them. */
  #bury(): void {
    const over = ({ state, deletionAt }: FakeKey) =>
      state === 'PendingDeletion' && deletionAt !== null && deletionAt <= this.clock.now();
    for (const key of this.keys.filter(over)) {
      this.keys.splice(this.keys.indexOf(key), 1);
      const names = this.aliases[key.region] ?? {};
      for (const name of Object.keys(names)) if (names[name] === key.keyId) delete names[name];
    }
  }

  #find(region: string, key: string): FakeKey | null {
    this.#bury();
    const keyId = isKeyArn(key) ? partsOf(key).keyId : key;
    const found = this.keys.find((item) => item.region === region && item.keyId === keyId) ?? null;
    if (found?.rotating && found.rotating.doneAt <= this.clock.now()) {
      found.rotations.push({ type: 'ON_DEMAND', at: found.rotating.startedAt, keyMaterialId: null });
      found.rotating = null;
    }
    return found;
  }

  /** What readers still see: the state before a change that does not show yet. */
  #before() {
    return this.past !== null && this.clock.now() < this.past.until ? this.past : null;
  }

  #shown(key: FakeKey): FakeKey {
    return this.#before()?.keys.find(({ region, keyId }) => region === key.region && keyId === key.keyId) ?? key;
  }

  #remember(): void {
    if (this.visibleAfterSeconds === 0) return;
    const { keys, aliases } = this.#before() ?? structuredClone({ keys: this.keys, aliases: this.aliases });
    this.past = { until: addSeconds(this.clock.now(), this.visibleAfterSeconds), keys, aliases };
  }

  #shows(at: Instant): boolean {
    return addSeconds(at, this.visibleAfterSeconds) <= this.clock.now();
  }

  #reader(): KeyReader {
    const found = <T>(give: (key: FakeKey) => T) => {
      return async (region: string, key: string): Promise<T | null> => {
        const item = this.#find(region, key);
        return item && give(item);
      };
    };
    return {
      describe: found((key) => this.#describe(this.#shown(key))),
      aliases: async (region) =>
        Object.entries((this.#before()?.aliases ?? this.aliases)[region] ?? {}).map(([name, keyId]) => ({
          name,
          keyId,
        })),
      keyIds: async (region) => {
        this.#bury();
        return this.keys.filter((key) => key.region === region).map(({ keyId }) => keyId);
      },
      policy: found((key) => this.#shown(key).policy),
      tags: found((key) => this.#shown(key).tags),
      grants: found((key) => this.#shown(key).grants),
      rotationStatus: found(({ enabled, periodDays, rotating }) => ({
        enabled,
        periodDays,
        nextAt: null,
        onDemandStartedAt: rotating && this.#shows(rotating.startedAt) ? rotating.startedAt : null,
      })),
      rotations: found(({ rotations }) => rotations.filter(({ at }) => this.#shows(at))),
      // It knows no imported material; the sandbox does.
      materials: found(() => []),
      publicKey: async () => {
        throw new CustodyError('REFUSED', 'the key has no public half');
      },
      lastUse: found(({ createdAt, lastUse }) => ({ trackedSince: createdAt, last: lastUse })),
    };
  }

  #describe(key: FakeKey): KeyDescription {
    const { keyId, region, state, origin, createdAt, description, deletionAt } = key;
    const replicas = this.keys.filter((other) => other.keyId === keyId);
    return {
      arn: keyArnOf({ partition: 'aws', account: this.account, region, keyId }),
      keyId,
      region,
      account: this.account,
      state,
      spec: 'SYMMETRIC_DEFAULT',
      usage: 'ENCRYPT_DECRYPT',
      origin,
      description,
      createdAt,
      deletionAt,
      multiRegion: key.primaryRegion
        ? {
            type: key.primaryRegion === region ? 'PRIMARY' : 'REPLICA',
            primaryRegion: key.primaryRegion,
            replicaRegions: replicas.map((other) => other.region).filter((other) => other !== key.primaryRegion),
          }
        : null,
    };
  }

  #writer(intercept: Intercept): KeyWriter {
    return { call: (call) => intercept(`kms ${call.operation}`, async () => this.#carryOut(call)) };
  }

  #carryOut(call: AwsCall): AwsAnswer {
    const refusal = this.refuseNext;
    this.refuseNext = null;
    if (refusal) throw refusal;
    const access = ACCESS_OPERATIONS[call.operation];
    if (access) this.#remember();
    const answer = access
      ? access(this, call, this.clock.now())
      : OPERATIONS[call.operation]?.call(this, call.region, call.parameters as Record<string, never>);
    if (answer === undefined) throw new Error(`the fake AWS does not know ${call.operation}`);
    this.done.push(call);
    return { requestId: `aws-request-${this.done.length}`, serverTime: this.clock.now(), answer };
  }

  rotate(region: string, keyId: string): JsonObject {
    const key = this.#find(region, keyId);
    if (!key) throw refused('NotFoundException');
    if (key.rotating) throw refused('ConflictException');
    key.rotating = { startedAt: this.clock.now(), doneAt: addSeconds(this.clock.now(), this.rotationSeconds) };
    return { KeyId: keyId };
  }

  enableRotation(region: string, keyId: string, periodDays: number): JsonObject {
    const key = this.#find(region, keyId);
    if (!key) throw refused('NotFoundException');
    Object.assign(key, { enabled: true, periodDays });
    return {};
  }

  /** As in the table of key states: what changes a key's state is refused in the others. */
  setState(region: string, keyId: string, from: readonly FakeKey['state'][], change: Partial<FakeKey>): JsonObject {
    const key = this.#find(region, keyId);
    if (!key) throw refused('NotFoundException');
    if (!from.includes(key.state)) throw refused('KMSInvalidStateException');
    Object.assign(key, change);
    return { KeyId: keyId };
  }

  deletionDate(days: number): Instant {
    return addSeconds(this.clock.now(), days * 86_400);
  }

  createKey(region: string, p: CreateInput): JsonObject {
    const number = String(this.keys.length + 1);
    const keyId = p.MultiRegion
      ? `mrk-${number.padStart(32, '0')}`
      : `00000000-0000-0000-0000-${number.padStart(12, '0')}`;
    this.#add({
      keyId,
      region,
      primaryRegion: p.MultiRegion ? region : null,
      origin: p.Origin,
      policy: p.Policy,
      tags: tagsOf(p.Tags),
      description: p.Description,
    });
    return { KeyMetadata: { KeyId: keyId } };
  }

  replicate(region: string, keyId: string, p: ReplicateInput): JsonObject {
    const primary = this.#find(region, keyId);
    if (!primary) throw refused('NotFoundException');
    if (this.#find(p.ReplicaRegion, keyId)) throw refused('AlreadyExistsException');
    const { primaryRegion, origin } = primary;
    this.#add({
      keyId,
      region: p.ReplicaRegion,
      primaryRegion,
      origin,
      policy: p.Policy,
      tags: tagsOf(p.Tags),
      description: p.Description,
    });
    return {};
  }
}

type Tags = readonly { TagKey: string; TagValue: string }[];
interface CreateInput {
  readonly MultiRegion: boolean;
  readonly Origin: string;
  readonly Policy: string;
  readonly Tags: Tags;
  readonly Description: string;
}
type ReplicateInput = Pick<CreateInput, 'Policy' | 'Tags' | 'Description'> & { readonly ReplicaRegion: string };

const OPERATIONS: Readonly<
  Record<string, (this: Model, region: string, parameters: Record<string, never>) => JsonObject>
> = {
  RotateKeyOnDemand(region, p) {
    return this.rotate(region, String(p.KeyId));
  },
  EnableKeyRotation(region, p) {
    return this.enableRotation(region, String(p.KeyId), Number(p.RotationPeriodInDays));
  },
  DisableKeyRotation(region, p) {
    return this.setState(region, String(p.KeyId), ['Enabled'], { enabled: false, periodDays: null });
  },
  EnableKey(region, p) {
    return this.setState(region, String(p.KeyId), ['Enabled', 'Disabled'], { state: 'Enabled' });
  },
  DisableKey(region, p) {
    return this.setState(region, String(p.KeyId), ['Enabled', 'Disabled'], { state: 'Disabled' });
  },
  ScheduleKeyDeletion(region, p) {
    const deletionAt = this.deletionDate(Number(p.PendingWindowInDays));
    return this.setState(region, String(p.KeyId), ['Enabled', 'Disabled'], { state: 'PendingDeletion', deletionAt });
  },
  CancelKeyDeletion(region, p) {
    return this.setState(region, String(p.KeyId), ['PendingDeletion'], { state: 'Disabled', deletionAt: null });
  },
  CreateKey(region, p) {
    return this.createKey(region, p as unknown as CreateInput);
  },
  ReplicateKey(region, p) {
    return this.replicate(region, String(p.KeyId), p as never);
  },
};

const tagsOf = (tags: Tags) => Object.fromEntries(tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]));

/** An answer that did not come: the call may have been carried out. */
export function answerLost(step: string): CustodyError {
  return new CustodyError('UNAVAILABLE', `${step}: no answer`, { details: { maybeDone: true } });
}
