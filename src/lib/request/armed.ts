import { CustodyError } from '../base/errors.js';
import { addSeconds, type Clock } from '../base/time.js';
import { type ExecutorSession, inRegion, isKeyArn, type KeyReader, type KeyWriter } from '../key/key.js';
import { advisory, type Enforcement, enforcementOf } from '../policy/enforcement.js';
import { parseSlot } from '../policy/slot.js';
import type { RequestState } from '../quorum/evidence.js';
import { neededIn } from './arm.js';
import type { Case } from './case.js';
import { cycleEnforcement } from './cycle.js';
import { casesOf, lookUp } from './desk.js';
import type { InForce } from './in-force.js';
import { isOpen } from './open.js';
import type { Aws, Ports } from './ports.js';
import type { Session } from './session.js';
import { nextSlot, slotsOf, stepsIn } from './slot-progress.js';
import { holdersOf, type NeededSlot, neededSlots, slotOfCall, staleSlots } from './slots.js';
import { warrantOf } from './warrant.js';

/** "Tag changes take up to five minutes to affect authorization" (KMS, ABAC); more is not waited for. */
const VISIBLE_SECONDS = 300;

/**
 * Refuses to go on while KMS would: too few of those who approved have set their slot.
 * @throws CustodyError PENDING
 */
export async function assertArmed({ aws }: Session, state: InForce, found: Case): Promise<void> {
  const needed = neededIn(state, found);
  if (needed === null || found.verdict.state === 'executing') return;
  await assertHeld(aws, state, found, needed, { state: 'approved', how: 'approved' });
}

async function assertHeld(
  aws: Pick<Aws, 'slots'>,
  state: InForce,
  found: Case,
  needed: NeededSlot,
  { state: is, how }: { readonly state: RequestState; readonly how: string },
): Promise<void> {
  const approved = found.verdict.approvals.flatMap(({ counted, signer }) => (counted && signer ? [signer.id] : []));
  const holders = holdersOf(needed, await aws.slots.list(state.roster.executorRoleArn));
  const missing = approved.filter((id) => !holders.includes(id));
  const armed = approved.length - missing.length;
  const { threshold } = found.verdict;
  if (armed >= threshold) return;
  throw new CustodyError(
    'PENDING',
    `request ${found.id} is ${how}, but ${armed} of ${threshold} slots are set at AWS`,
    {
      details: { state: is, missing },
      suggestions: missing.map((id) => `${id}: custody keys arm ${found.id}`),
    },
  );
}

/** Whether KMS itself asks for the slots of this call: by the live policy of its key, as everywhere. */
export async function enforcementNow({ aws }: Session, found: Case): Promise<Enforcement> {
  const { plan, roster } = found.rules;
  const { action, key, region } = found.request.statement.predicate;
  if (!plan.interlock) return advisory('interlock not installed');
  const steps = neededSlots(plan, found.request.statement.predicate, found.request.digest);
  if (steps.length === 0 || !isKeyArn(key?.arn) || !key.keyId) return advisory('this call meets no interlock');
  const { name, arn, keyId } = key;
  const regions = steps.length === 1 ? [region] : new Set(steps.map(({ value }) => parseSlot(value)?.region ?? region));
  try {
    const live = await Promise.all(
      [...regions].map(async (where) => ({
        region: where,
        keyId,
        policy: await aws.reader.policy(where, inRegion(arn, where)),
      })),
    );
    const [first] = live;
    const { threshold } = found.verdict;
    if (action === 'drill.cycle' && first) return cycleEnforcement({ plan, roster, threshold }, { ...first, arn });
    const standing = enforcementOf(plan, roster, name, live, null);
    if (standing.level === 'advisory') return standing;
    return { level: 'enforced', because: `KMS asked for the approval slots of ${threshold} custodians` };
  } catch (cause) {
    if (cause instanceof CustodyError) return advisory(`the live key policy could not be compared: ${cause.code}`);
    throw cause;
  }
}

/** A writer of the executor: without an interlock one session, under it one that waits until KMS sees the slots. */
export async function openExecutor(
  { aws, ports, identity }: Session,
  state: InForce,
  found: Case,
  session: ExecutorSession,
): Promise<KeyWriter> {
  const warrant = warrantOf(found, identity);
  const first = await aws.authority.assumeExecutor(session, warrant);
  if (neededIn(state, found) === null) return first;
  const writer = patient(first, () => aws.authority.assumeExecutor(session, warrant), ports);
  return stepwise(writer, { aws, ports, identity }, state, found);
}

/**
 * Before the first call of each further step: the slots of the step before are cleared, and the quorum's for this one must be
 * set. So KMS sees the approvals of every step, and no approval outlives its call.
 */
function stepwise(
  writer: KeyWriter,
  { aws, ports, identity }: Pick<Session, 'aws' | 'ports' | 'identity'>,
  state: InForce,
  found: Case,
): KeyWriter {
  const steps = stepsIn(state, found);
  if (steps.length <= 1) return writer;
  // `assertArmed` has looked at the first step, but not for a run that goes on.
  let armed = found.verdict.state === 'executing' ? null : (steps[0] ?? null);
  return {
    call: async (signed) => {
      const needed = slotOfCall(steps, signed, found.request.statement.predicate.key?.keyId ?? '');
      if (needed === null) throw new CustodyError('BUG', `${signed.operation} belongs to no step of the request`);
      if (needed !== armed) {
        await sweepSlots(ports, aws, identity.id);
        const how = `at step ${steps.indexOf(needed) + 1} of ${steps.length} (${signed.operation} in ${signed.region})`;
        await assertHeld(aws, state, found, needed, { state: 'executing', how });
        armed = needed;
      }
      return writer.call(signed);
    },
  };
}

/**
 * A call that KMS denies was certainly not carried out, so it is sent again, each time in a new session: whether a session
 * that is open sees new tags of its role is not documented.
 */
function patient(first: KeyWriter, enter: () => Promise<KeyWriter>, { clock, progress }: Ports): KeyWriter {
  let current = first;
  let until: string | null = null;
  return {
    call: async (signed) => {
      until ??= addSeconds(clock.now(), VISIBLE_SECONDS);
      for (let pause = 1; ; pause = Math.min(pause * 2, 30)) {
        try {
          return await current.call(signed);
        } catch (cause) {
          if (!isDenied(cause) || clock.now() > until) throw cause;
          progress(
            `KMS does not see the approval slots yet; asking again in ${pause} s (at most ${VISIBLE_SECONDS} s)`,
          );
        }
        await pauseFor(clock, pause);
        current = await enter();
      }
    },
  };
}

function isDenied(cause: unknown): boolean {
  return cause instanceof CustodyError && cause.code === 'DENIED';
}

function pauseFor(clock: Clock, seconds: number): Promise<void> {
  return clock.sleep(seconds * 1000);
}

/**
 * Takes away every slot that stands for no open request: what was executed, and what anyone left. A failure is told and
 * hinders nothing: the next run sweeps again.
 */
export async function sweepSlots(ports: Ports, aws: Aws, identityId: string): Promise<readonly string[]> {
  const state = await lookUp(ports, 'local');
  if (!state.plan.plan.interlock) return [];
  const { executorRoleArn: roleArn } = state.roster;
  try {
    const { cases } = await casesOf(ports, state);
    const open = new Map<string, Case>(cases.filter(isOpen).map((found) => [found.request.digest, found]));
    const next = await nextOfSteps(aws.reader, state, [...open.values()]);
    const stale = staleSlots(await aws.slots.list(roleArn), (digest, value) => {
      const found = open.get(digest);
      return found !== undefined && (next.get(found)?.includes(value) ?? true);
    });
    await aws.slots.sweep({ roleArn, sourceIdentity: identityId, sessionName: 'custody-sweep' }, stale);
    return stale;
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    ports.progress(`Approval slots could not be cleared, the next run tries again: ${cause.message}`);
    return [];
  }
}

/** Of requests of several steps that are under way: only the slot of the step that comes next stands for them. */
async function nextOfSteps(reader: KeyReader, state: InForce, open: readonly Case[]) {
  const stepped = open.filter((found) => found.verdict.state === 'executing' && slotsOf(state, found).length > 1);
  const next = await Promise.all(
    stepped.map(async (found): Promise<[Case, readonly string[]]> => {
      const slot = await nextSlot(reader, state, found);
      return [found, slot === null ? [] : [slot.value]];
    }),
  );
  return new Map(next);
}
