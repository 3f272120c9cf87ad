import { CreateKeyCommand } from '@aws-sdk/client-kms';
import { CreateBucketCommand, PutObjectLockConfigurationCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { createS3Objects } from '../../src/lib/aws/s3-objects.js';
import { CustodyError } from '../../src/lib/base/errors.js';
import { instantFromMillis } from '../../src/lib/base/time.js';
import { objectLedger } from '../../src/lib/cli/object-ledger.js';
import { appendEvents } from '../../src/lib/ledger/append.js';
import { carry } from '../../src/lib/ledger/carried.js';
import { parseEntry } from '../../src/lib/ledger/chain.js';
import type { ObjectStore } from '../../src/lib/ledger/objects.js';
import { createSlotLedger } from '../../src/lib/ledger/slots.js';
import { laterTail, type RememberedTail, type TailMemory } from '../../src/lib/ledger/tail-memory.js';
import type { FaultRule } from '../../src/lib/sandbox/faults.js';
import { createInProcessHandler } from '../../src/lib/sandbox/in-process.js';
import { createSandbox, type Sandbox } from '../../src/lib/sandbox/sandbox.js';
import { kmsService, s3Service } from '../../src/lib/sandbox/services.js';
import { createMemoryStore, type DurableStore } from '../../src/lib/sandbox/state.js';
import { openWorld, REGION, scratch } from '../lib/aws/support.js';
import { chainTree } from '../support/chain-tree.js';
import { ledgerEvent, patient } from '../support/ledger-writers.js';
import { kmsClient, s3Client } from '../support/s3/stage.js';
import { ledgerAt } from '../support/s3-world.js';

/**
 * T38 T40 T46 T51: what writes an audit ledger, through AWS's own client and the guard, onto the sandbox's S3: carrying, an append of
 * its own, tiles and a checkpoint. Each of its writes goes wrong in each way, and the whole is run again.
 */

const BUCKET = 'custody-ledger';
const DAYS = 30;
/** As the repository's chain has them. */
const tree = chainTree([ledgerEvent('request'), ledgerEvent('approval')]);
/** Enough of its own for a full tile. */
const USES = Array.from({ length: 254 }, (_, number) => `use ${number}`);
const FACTS = ['request', 'approval', ...USES];
const NOTE = Buffer.from('a checkpoint of them all');
const ALL = { done: [...FACTS, 'checkpoint'], failed: null };

let world: ReturnType<typeof openWorld>;
let sandbox: Sandbox;
const services = [kmsService(), s3Service()];
const options = () => ({ store: state, services, onKill: () => onKill() });
let state: DurableStore;
let keyArn: string;
let onKill: () => void = () => undefined;
let cells = 0;

beforeAll(async () => {
  state = createMemoryStore();
  world = openWorld(scratch(), options());
  ({ sandbox } = world);
  const { KeyMetadata } = await kmsClient(sandbox, 'admin', REGION).send(new CreateKeyCommand({}));
  keyArn = KeyMetadata?.Arn ?? '';
  const s3 = s3Client(sandbox, 'admin');
  await s3.send(
    new CreateBucketCommand({
      Bucket: BUCKET,
      ObjectLockEnabledForBucket: true,
      CreateBucketConfiguration: { LocationConstraint: REGION },
    }),
  );
  const DefaultRetention = { Mode: 'COMPLIANCE', Days: DAYS } as const;
  const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } } as const;
  await s3.send(new PutObjectLockConfigurationCommand({ Bucket: BUCKET, ObjectLockConfiguration }));
});

/** A machine with a ledger of its own in the bucket; its memory outlives its processes. */
interface Machine {
  readonly prefix: string;
  readonly tail: TailMemory;
}

function machine(): Machine {
  let kept: RememberedTail | null = null;
  const tail: TailMemory = {
    read: async () => kept,
    write: async (more) => {
      kept = laterTail(kept, more);
    },
  };
  return { prefix: `cell-${++cells}/`, tail };
}

const now = () => instantFromMillis(sandbox.nowMillis());

/** A process: it ends where the sandbox kills it, and says nothing to anybody after that. */
async function objectsOf({ prefix }: Machine): Promise<ObjectStore> {
  const handler = createInProcessHandler(sandbox);
  let dead = false;
  onKill = () => {
    dead = true;
  };
  const handle: typeof handler.handle = async (...sent) => {
    if (dead) throw Object.assign(new Error('this process was killed'), { code: 'ECONNRESET' });
    return handler.handle(...sent);
  };
  const place = { bucket: BUCKET, region: REGION, prefix, keyArn, retentionDays: DAYS };
  const ledger = ledgerAt(place);
  const aws = await world.as('admin', { region: REGION, ledger, requestHandler: { ...handler, handle } });
  return createS3Objects(aws, { ...place, now });
}

async function factsIn(objects: ObjectStore): Promise<unknown[]> {
  const entries: Uint8Array[] = [];
  for await (const batch of createSlotLedger(objects).batches()) entries.push(...batch.entries);
  return entries.map((bytes) => parseEntry(bytes).facts.fact);
}

function placeOf(objects: ObjectStore, { tail }: Machine) {
  const memory = { read: async () => null, write: async () => undefined };
  const clock = { now, sleep: async () => undefined };
  return objectLedger({ objects, signed: null, repository: tree, retentionDays: DAYS, memory, tail, clock });
}

/** What a custodian's commands do, in their order; answers what was acknowledged until one of them failed. */
async function write(of: Machine): Promise<{ readonly done: readonly string[]; readonly failed: CustodyError | null }> {
  const done: string[] = [];
  try {
    const objects = await objectsOf(of);
    const ledger = createSlotLedger(objects, { memory: of.tail });
    await carry(ledger, tree, patient());
    done.push('request', 'approval');
    const known = await factsIn(objects);
    const events = known.length === FACTS.length ? [] : USES.map((use) => ledgerEvent(use));
    await appendEvents(ledger, events, patient());
    done.push(...USES);
    await placeOf(objects, of).publish(FACTS.length, NOTE);
    done.push('checkpoint');
    return { done, failed: null };
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    return { done, failed: cause };
  }
}

async function verify(of: Machine) {
  const { report } = await placeOf(await objectsOf(of), of).verify({ sinceRemembered: false, forms: true });
  const wrong = report.checks.filter(({ status }) => status === 'fail').map(({ id, detail }) => `${id}: ${detail}`);
  return { verdict: report.verdict, wrong };
}

const keysOf = ({ prefix }: Machine) =>
  [...state.rows('s3.versions')].flatMap(([, row]) => (String(row.key).startsWith(prefix) ? [String(row.key)] : []));

/** The writes of one run that nothing disturbs, by what they make. */
const WRITES = ['bundle', 'slot', 'bundle', 'slot', 'tile', 'checkpoint'] as const;

type Rule = Partial<FaultRule> & Pick<FaultRule, 'kind'>;

/** At which writes: at each where what is made may be made twice; what is alike for all is tried with some. */
const EACH = [...WRITES.keys()];
const FAULTS: readonly (readonly [string, Rule, 'done' | 'fails', readonly number[]])[] = [
  ['is refused with 500 once', { kind: 'before' }, 'done', [1]],
  ['is refused with 500 whenever it is tried', { kind: 'before', times: null }, 'fails', [1, 4]],
  ['is done and answered with 500', { kind: 'after', code: 'InternalError', status: 500 }, 'done', [1, 4]],
  ['is done and answered with 503', { kind: 'after', code: 'ServiceUnavailable', status: 503 }, 'done', [1]],
  ['is done, and the answer is lost', { kind: 'after' }, 'done', EACH],
  ['is done, and its answer and all later ones are lost', { kind: 'after', times: null }, 'done', [0]],
  ['is done, and a proxy answers', { kind: 'instead' }, 'done', [5]],
  ['is slowed down once', { kind: 'throttle' }, 'done', [3]],
  ['is slowed down whenever it is tried', { kind: 'throttle', times: null }, 'fails', [0, 5]],
  ['is where the process is killed, before it', { kind: 'kill-before' }, 'fails', EACH],
  ['is where the process is killed, after it', { kind: 'kill-after' }, 'fails', EACH],
];

describe('a ledger in S3 of which a write', () => {
  it('fails nowhere makes these', async () => {
    const of = machine();
    expect(await write(of)).toEqual(ALL);
    const made = keysOf(of).map((key) => key.slice(of.prefix.length));
    expect(made.map((name) => name.replace(/s?\/.*/, ''))).toEqual(WRITES);
    expect(await verify(of)).toEqual({ verdict: 'verified', wrong: [] });
  });

  it.each(FAULTS)('%s: nothing is lost, nothing is twice', async (_name, rule, outcome, writes) => {
    for (const skip of writes) {
      const of = machine();
      sandbox.faults.add({ ...rule, operation: 'PutObject', service: 's3', skip });
      const { done, failed } = await write(of);
      const struck = sandbox.faults.list().reduce((sum, item) => sum + item.struck, 0);
      sandbox.faults.clear();
      const where = `${WRITES[skip]} (write ${skip}): ${failed?.message}`;
      expect(struck, where).toBeGreaterThan(0);
      if (outcome === 'fails') expect(failed?.exit, where).toBe(5);
      else expect(failed, where).toBeNull();
      // What is there is a ledger that holds, with all that was acknowledged.
      const found = await factsIn(await objectsOf(of));
      expect(found.slice(0, done.length), where).toEqual(done.filter((one) => one !== 'checkpoint'));
      expect(await write(of), where).toEqual(ALL);
      expect(await factsIn(await objectsOf(of)), where).toEqual(FACTS);
      expect(await verify(of), where).toEqual({ verdict: 'verified', wrong: [] });
      expect(new Set(keysOf(of)).size, where).toBe(keysOf(of).length);
    }
  });

  /** What a store that accepts an object and then loses it leaves behind, and what is said of it. */
  const LOST = [
    [0, /^chain: entry 0: slot 0 has no bundle: bundles\/[0-9a-f]{64} is not there/],
    [1, /^chain: entry 0: .*slot 0.* is missing/],
    [2, /^chain: entry 2: slot 1 has no bundle: bundles\/[0-9a-f]{64} is not there/],
    [3, /^written: entry 255, which this machine has seen, is gone: slots\/000000001 is missing/],
  ] as const;

  it.each(LOST)('is accepted and then lost (%i): what is missing is named', async (at, expected) => {
    const of = machine();
    await write(of);
    lose(of, at);
    const again = await write(of);
    // A slot that is gone is met by who goes on; a bundle by who reads it.
    expect(again.failed).toMatchObject({ code: 'LEDGER_BROKEN' });
    const { verdict, wrong } = await verify(of);
    expect(verdict).toBe('refused');
    expect(wrong).toContainEqual(expect.stringMatching(expected));
  });

  it.each([4, 5])('is accepted and then lost, and is no entry (%i): it is made again', async (at) => {
    const of = machine();
    await write(of);
    const before = keysOf(of);
    lose(of, at);
    expect(await verify(of)).toEqual({ verdict: 'verified', wrong: [] });
    expect((await write(of)).failed).toBeNull();
    expect(keysOf(of).toSorted()).toEqual(before.toSorted());
  });
});

/** Behind the back of S3, which keeps in memory what it has read: it is started again. */
function lose(of: Machine, at: number): void {
  const rows = [...state.rows('s3.versions')].filter(([, row]) => String(row.key).startsWith(of.prefix));
  const [number = ''] = rows[at] ?? [];
  state.remove('s3.versions', number);
  sandbox = createSandbox(options());
}
