import { formatCanonical, type JsonObject, type JsonValue } from '../base/canonical-json.js';
import { CYCLE_RUN } from '../base/cycle.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { addSeconds, instantFromMillis, isInstant } from '../base/time.js';
import { isKeyArn, type KeyArn, type KeyWriter, partsOf } from '../key/key.js';
import { drillRoleArnOf } from '../plan/canaries.js';
import { SCRATCH_TAG, scratchStatement } from '../policy/scratch.js';
import type { Case } from '../request/case.js';
import { isCycle } from '../request/cycle.js';
import { isOpen } from '../request/open.js';
import type { ScratchReceipt } from './evidence.js';
import type { Scene } from './ports.js';

/** Keys that a drill makes to try a policy or an import on, and is rid of at once. It touches no other key. */

/** The shortest that KMS takes. */
const WINDOW_DAYS = 7;
/** Younger ones may be another drill's that runs now. */
const YOUNG_SECONDS = 900;
/** Keys cost money: a drill makes no more than this. */
export const MOST_SCRATCH = 64;

/** Of a call that AWS throttles: 0.5 s, 1 s, and so on, about half a minute in all. */
const ATTEMPTS = 7;
const FIRST_WAIT_MILLIS = 500;

/** A backed-up policy with one statement more; everything else as it was. @throws CustodyError POLICY_MALFORMED */
export function scratchPolicy(policy: JsonValue, drillRoleArn: string): string {
  if (!isObject(policy) || policy.Statement === undefined)
    throw new CustodyError('POLICY_MALFORMED', 'the backed-up policy has no statements');
  const statements = Array.isArray(policy.Statement) ? policy.Statement : [policy.Statement];
  return formatCanonical({
    ...(policy as JsonObject),
    Statement: [...(statements as JsonValue[]), scratchStatement(drillRoleArn)],
  });
}

/** A key that is to be made: its policy, and the key of the plan that it stands for; null for one outside of the plan. */
export interface ScratchKey {
  readonly region: string;
  readonly policy: string;
  readonly of: string | null;
  /** Its material comes from outside, and is what is tried; else its policy is. */
  readonly origin?: 'EXTERNAL';
}

/** Whose credentials make scratch keys, and with what patience. */
type Maker = { readonly role: Pick<Scene['role'], 'reader' | 'writer'>; readonly ports: Pick<Scene['ports'], 'clock'> };

/** Makes a key that is told as a drill's. @throws CustodyError REFUSED with `details.awsCode` when KMS does not take the policy */
export async function makeScratchKey(
  maker: Maker,
  { region, policy, origin, what, run }: Omit<ScratchKey, 'of'> & { readonly what: string; readonly run: string },
): Promise<KeyArn> {
  const Tags = [{ TagKey: SCRATCH_TAG, TagValue: run }];
  const parameters = { Policy: policy, Description: what, Tags, ...(origin && { Origin: origin }) };
  const { answer } = await insisting(maker, { service: 'kms', region, operation: 'CreateKey', parameters });
  const arn = isObject(answer.KeyMetadata) ? answer.KeyMetadata.Arn : undefined;
  if (isKeyArn(arn)) return arn;
  throw new CustodyError('UNAVAILABLE', "AWS's answer to CreateKey is incomplete");
}

/**
 * Makes a key under a policy, works with it, and schedules it for deletion, whatever came of it.
 * @throws CustodyError REFUSED with `details.awsCode` when KMS does not take the policy · what the work throws
 */
export async function onScratchKey<T>(
  scene: Pick<Scene, 'role' | 'runId' | 'ports'>,
  { region, policy, of, origin }: ScratchKey,
  keep: (receipt: ScratchReceipt) => void,
  work: (arn: KeyArn) => Promise<T>,
): Promise<T> {
  const run = scene.runId;
  const tried = `${origin ? 'an import as into' : 'the policy of'} ${of ?? 'another key'}`;
  const what = `custody drill ${run}: ${tried}, tried`;
  const arn = await makeScratchKey(scene, { region, policy, what, run, ...(origin && { origin }) });
  try {
    return await work(arn);
  } finally {
    keep(await discardScratchKey(scene, arn, of));
  }
}

/**
 * Makes a key under a policy and reads the policy back.
 * @throws CustodyError REFUSED with `details.awsCode` when KMS does not take the policy · REFUSED when it keeps another one
 */
export async function tryPolicy(
  scene: Pick<Scene, 'role' | 'runId' | 'ports'>,
  key: ScratchKey,
  keep: (receipt: ScratchReceipt) => void,
): Promise<void> {
  const { region, policy, of } = key;
  const kept = await onScratchKey(scene, key, keep, (arn) => scene.role.reader.policy(region, arn));
  if (kept === null || formatCanonical(JSON.parse(kept) as JsonValue) !== policy)
    throw new CustodyError(
      'REFUSED',
      `KMS keeps another policy than the one that it was given for ${of ?? 'another key'}`,
    );
}

/** A throttled call had no effect: to give up would leave a key that costs money. @throws CustodyError what the last try said */
export async function insisting({ role, ports }: Maker, call: Parameters<KeyWriter['call']>[0]) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await role.writer.call(call);
    } catch (cause) {
      const again = cause instanceof CustodyError && cause.code === 'THROTTLED' && attempt < ATTEMPTS;
      if (!again) throw cause;
      await ports.clock.sleep(FIRST_WAIT_MILLIS * 2 ** (attempt - 1));
    }
  }
}

/** Schedules a scratch key for deletion. @throws CustodyError what the last try said */
export async function discardScratchKey(scene: Maker, arn: KeyArn, of: string | null): Promise<ScratchReceipt> {
  const { region } = partsOf(arn);
  const parameters = { KeyId: arn, PendingWindowInDays: WINDOW_DAYS };
  const call = { service: 'kms', region, operation: 'ScheduleKeyDeletion', parameters } as const;
  const { answer, requestId } = await insisting(scene, call);
  const at = answer.DeletionDate;
  const deletionAt = isInstant(at) ? at : typeof at === 'number' ? instantFromMillis(at * 1000) : null;
  return { arn, of, deletionAt, requestId };
}

/** What a sweep came to. */
export interface Swept {
  readonly receipts: readonly ScratchReceipt[];
  /** Keys of exercises that were left: their request is open, or executed and not looked at by a drill yet. */
  readonly exercised: readonly KeyArn[];
}

/**
 * Schedules for deletion what a drill that was cut off has left, and keys of exercises that came to nothing.
 * @throws CustodyError LOCKED when another drill seems to be running: it would be disturbed
 */
export async function sweepScratch(scene: Scene): Promise<Swept> {
  const { plan } = scene.state.plan;
  const receipts: ScratchReceipt[] = [];
  const exercised: KeyArn[] = [];
  for (const region of drillRoleArnOf(plan) === null ? [] : [plan.regions.primary, ...plan.regions.replicas]) {
    for (const { arn, createdAt, run } of await scratchKeysIn(scene, region)) {
      const isYoung = !scene.pastRuns.has(run) && addSeconds(createdAt, YOUNG_SECONDS) > scene.ports.clock.now();
      if (!CYCLE_RUN.test(run)) {
        if (isYoung) throw running(run);
        receipts.push(await discardScratchKey(scene, arn, null));
      } else if (isNeeded(scene.cases, arn, isYoung)) exercised.push(arn);
      else receipts.push(await discardScratchKey(scene, arn, null));
    }
  }
  return { receipts, exercised };
}

/** The key of an exercise: while people are asked about it, until a drill has looked at what came of it, or while it is being opened. */
function isNeeded(cases: readonly Case[], arn: KeyArn, isYoung: boolean): boolean {
  const own = cases.filter((one) => isCycle(one) && one.request.statement.predicate.key?.arn === arn);
  return own.length === 0 ? isYoung : own.some((one) => isOpen(one) || one.verdict.state === 'executed');
}

/** Keys that drills made, as their signed receipts name them: no keys of the account's, there or gone. `<Region> <key id>`. */
export function ownKeys(
  { history }: Pick<Scene, 'history'>,
  more: readonly ScratchReceipt[] = [],
): ReadonlySet<string> {
  const receipts = [...history.flatMap(({ said }) => said.scratch), ...more];
  return new Set(receipts.map(({ arn }) => placeName(partsOf(arn))));
}

export function placeName({ region, keyId }: { readonly region: string; readonly keyId: string }): string {
  return `${region} ${keyId}`;
}

function running(run: string): CustodyError {
  return new CustodyError(
    'LOCKED',
    `another drill (${run.slice(0, 16)}) made a scratch key less than ${YOUNG_SECONDS} s ago`,
    {
      suggestions: ['Wait for it to end. If it was killed, this one cleans up after it once that time is over.'],
    },
  );
}

/** Keys of the Region with the tag that nobody has deleted yet. What these credentials may not read is no key of a drill. */
async function scratchKeysIn({ role }: Scene, region: string) {
  const ids = await orNull(() => role.reader.keyIds(region));
  const found: { arn: KeyArn; createdAt: ReturnType<typeof instantFromMillis>; run: string }[] = [];
  for (const id of ids ?? []) {
    const run = (await orNull(() => role.reader.tags(region, id)))?.[SCRATCH_TAG];
    if (run === undefined) continue;
    const description = await orNull(() => role.reader.describe(region, id));
    // One of imported material that was cut off has none.
    if (description?.state === 'Enabled' || description?.state === 'PendingImport')
      found.push({ arn: description.arn, createdAt: description.createdAt, run });
  }
  return found;
}

async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (cause) {
    const open = ['DENIED', 'UNAVAILABLE', 'TIMEOUT', 'THROTTLED'];
    if (cause instanceof CustodyError && open.includes(cause.code)) return null;
    throw cause;
  }
}
