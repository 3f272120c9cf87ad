import { CustodyError } from '../base/errors.js';
import { addSeconds, type Clock } from '../base/time.js';
import type { ExecutorSession, KeyWriter } from '../key/key.js';
import { advisory, type Enforcement, enforcementOf } from '../policy/enforcement.js';
import { neededIn } from './arm.js';
import type { Case } from './case.js';
import { casesOf, lookUp } from './desk.js';
import type { InForce } from './in-force.js';
import { isOpen } from './open.js';
import type { Aws, Ports } from './ports.js';
import type { Session } from './session.js';
import { holdersOf, neededSlot, staleSlots } from './slots.js';

/** "Tag changes take up to five minutes to affect authorization" (KMS, ABAC); more is not waited for. */
const VISIBLE_SECONDS = 300;

/**
 * Refuses to go on while KMS would: too few of those who approved have set their slot.
 * @throws CustodyError PENDING
 */
export async function assertArmed({ aws }: Session, state: InForce, found: Case): Promise<void> {
  const needed = neededIn(state, found);
  if (needed === null || found.verdict.state === 'executing') return;
  const approved = found.verdict.approvals.flatMap(({ counted, signer }) => (counted && signer ? [signer.id] : []));
  const holders = holdersOf(needed, await aws.slots.list(state.roster.executorRoleArn));
  const missing = approved.filter((id) => !holders.includes(id));
  const armed = approved.length - missing.length;
  const { threshold } = found.verdict;
  if (armed >= threshold) return;
  throw new CustodyError(
    'PENDING',
    `request ${found.id} is approved, but ${armed} of ${threshold} slots are set at AWS`,
    {
      details: { state: 'approved', missing },
      suggestions: missing.map((id) => `${id}: custody keys arm ${found.id}`),
    },
  );
}

/** Whether KMS itself asks for the slots of this call: by the live policy of its key, as everywhere. */
export async function enforcementNow({ aws }: Session, found: Case): Promise<Enforcement> {
  const { plan, roster } = found.rules;
  const { key, region } = found.request.statement.predicate;
  if (!plan.interlock) return advisory('interlock not installed');
  if (neededSlot(plan, found.request.statement.predicate, found.request.digest) === null || !key?.arn || !key.keyId) {
    return advisory('this call meets no interlock');
  }
  try {
    const live = { region, keyId: key.keyId, policy: await aws.reader.policy(region, key.arn) };
    const standing = enforcementOf(plan, roster, key.name, [live], null);
    if (standing.level === 'advisory') return standing;
    return {
      level: 'enforced',
      because: `KMS asked for the approval slots of ${found.verdict.threshold} custodians`,
    };
  } catch (cause) {
    if (cause instanceof CustodyError) return advisory(`the live key policy could not be compared: ${cause.code}`);
    throw cause;
  }
}

/** A writer of the executor: without an interlock one session, under it one that waits until KMS sees the slots. */
export async function openExecutor(
  { aws, ports }: Session,
  state: InForce,
  found: Case,
  session: ExecutorSession,
): Promise<KeyWriter> {
  const first = await aws.authority.assumeExecutor(session);
  if (neededIn(state, found) === null) return first;
  return patient(first, () => aws.authority.assumeExecutor(session), ports);
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
    const open = new Set<string>(cases.filter(isOpen).map(({ request }) => request.digest));
    const stale = staleSlots(await aws.slots.list(roleArn), open);
    await aws.slots.sweep({ roleArn, sourceIdentity: identityId, sessionName: 'custody-sweep' }, stale);
    return stale;
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    ports.progress(`Approval slots could not be cleared, the next run tries again: ${cause.message}`);
    return [];
  }
}
