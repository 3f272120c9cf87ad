import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { addSeconds, type Clock, millisOf } from '../base/time.js';
import type { KeyReader, KeyWriter } from '../key/key.js';
import type { KeyMaterial } from '../key/material.js';
import type { KeyRef, RequestPredicate, SignedCall } from '../record/statement.js';

/** One execution under way: everything that an action needs to act once and to see what came of it. */
export interface Run {
  readonly request: RequestPredicate;
  readonly reader: KeyReader;
  readonly writer: KeyWriter;
  readonly clock: Clock;
  readonly random: (length: number) => Uint8Array;
  readonly progress: (text: string) => void;
  /** When the intent was signed. */
  readonly intentAt: RequestPredicate['at'];
  /** True when an earlier run may have made some of the calls: AWS's state decides which. */
  readonly resumed: boolean;
  /** The key material of the request, where this machine has it. */
  readonly material: KeyMaterial | null;
}

export interface Applied {
  readonly awsRequestIds: readonly string[];
  readonly postState: JsonObject;
  readonly key: KeyRef | null;
}

/** After this time a call whose answer was lost shows in AWS's state if it was carried out. */
export const SETTLE_SECONDS = 15;
const ATTEMPTS = 5;

/** One call, sent again only while it certainly did not reach AWS (throttled before it was looked at). */
export async function callOnce(
  { writer, clock, random, progress }: Run,
  call: SignedCall,
): Promise<{ requestId: string; answer: JsonObject }> {
  if (call.service !== 'kms') throw new CustodyError('BUG', `${call.service} is not called at AWS`);
  for (let attempt = 1; ; attempt++) {
    try {
      return await writer.call({ ...call, service: call.service });
    } catch (cause) {
      const again = cause instanceof CustodyError && cause.code === 'THROTTLED' && cause.details?.maybeDone === false;
      if (!again || attempt === ATTEMPTS) throw cause;
      progress(`AWS is throttling ${call.operation}; trying again (${attempt + 1} of ${ATTEMPTS})`);
      // At least half, so that AWS gets its rest; the other half by chance, so that not all come back at once.
      const fraction = (random(1)[0] ?? 0) / 256;
      await clock.sleep(Math.round(250 * 2 ** attempt * (0.5 + fraction / 2)));
    }
  }
}

export function answerMayBeLost(cause: unknown): boolean {
  return cause instanceof CustodyError && cause.exit === 5 && cause.details?.maybeDone === true;
}

/** Waits until a call of an earlier run would show: from the time of the intent. */
export async function settle({ clock, intentAt, progress }: Run): Promise<void> {
  const wait = millisOf(addSeconds(intentAt, SETTLE_SECONDS)) - millisOf(clock.now());
  if (wait <= 0) return;
  progress(`Waiting ${Math.ceil(wait / 1000)} s, until an earlier call would show at AWS`);
  await clock.sleep(wait);
}

/**
 * Looks again and again until `look` answers something.
 * @throws CustodyError TIMEOUT after `seconds`
 */
export async function waitFor<T>(
  clock: Clock,
  seconds: number,
  what: string,
  look: () => Promise<T | null>,
): Promise<T> {
  const deadline = addSeconds(clock.now(), seconds);
  for (let pause = 100; ; pause = Math.min(pause * 2, 5000)) {
    const found = await look();
    if (found !== null) return found;
    if (clock.now() > deadline) throw new CustodyError('TIMEOUT', `${what} did not show within ${seconds} seconds`);
    await clock.sleep(pause);
  }
}

/**
 * Sends a call once and waits until AWS shows what it does. When the answer is lost, or a run that was cut off is refused
 * because an earlier one has done it already, what AWS shows decides.
 * @param look what is waited for, null while it does not show
 * @throws CustodyError what the call throws · TIMEOUT after `seconds`
 */
export async function callAndSee<T>(
  run: Run,
  call: SignedCall,
  look: () => Promise<T | null>,
  seconds = SETTLE_SECONDS,
): Promise<{ readonly awsRequestIds: readonly string[]; readonly found: T }> {
  const awsRequestIds: string[] = [];
  let refusal: unknown = null;
  try {
    awsRequestIds.push((await callOnce(run, call)).requestId);
  } catch (cause) {
    const doneBefore = run.resumed && cause instanceof CustodyError && cause.code === 'REFUSED';
    if (!doneBefore && !answerMayBeLost(cause)) throw cause;
    if (doneBefore) refusal = cause;
    run.progress(`The answer to ${call.operation} does not tell; looking at AWS whether it was done`);
  }
  const found = await waitFor(run.clock, seconds, call.operation, look).catch((cause: unknown) => {
    throw refusal ?? cause;
  });
  return { awsRequestIds, found };
}
