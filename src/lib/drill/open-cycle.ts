import { CYCLE_KEY } from '../base/cycle.js';
import { CustodyError, EXIT, nullIfDenied } from '../base/errors.js';
import type { KeyArn } from '../key/key.js';
import { canonicalPolicy } from '../plan/diff-policy.js';
import { cyclePolicy, firstCyclePolicy } from '../policy/cycle.js';
import { assertRoomFor } from '../request/arm.js';
import { assertSameState } from '../request/assert-state.js';
import { assertAccount } from '../request/aws-check.js';
import type { Case } from '../request/case.js';
import { cycleKey, isCycle } from '../request/cycle.js';
import { casesOf, identityIn, lookUp } from '../request/desk.js';
import { assertFounded, type InForce } from '../request/in-force.js';
import { isOpen, type Opened, openRequest, type Proposal } from '../request/open.js';
import type { Actor, Aws, Ports } from '../request/ports.js';
import { preStateOf } from '../request/pre-state.js';
import { waitFor } from '../request/run.js';
import { assertSound } from '../request/sound.js';
import type { DrillRole } from './ports.js';
import { discardScratchKey, insisting, makeScratchKey } from './scratch.js';

/** The flow of `dr cycle`: a key for an exercise, and the request about it. */

/** A changed policy is seen by everybody within seconds (KMS, "AWS KMS eventual consistency"); more is not waited for. */
const VISIBLE_SECONDS = 60;

export interface CycleWish {
  readonly reason: string;
  readonly executor: string | null;
  /** Names the run on the key: 16 hex characters. */
  readonly runId: string;
}

export interface OpenedCycle extends Opened {
  /** The exercise that is open already, whoever asked for it, needs no key of its own. */
  readonly madeKey: boolean;
}

/**
 * Makes a scratch key as a drill does, puts the policy on it that a key of the plan would have, and opens a request about it. A key for
 * which none could be opened is deleted at once; one that a killed run left, the next drill deletes.
 * @throws CustodyError LIMIT_EXCEEDED without room for approval slots · PLAN_NOT_IN_FORCE without a drill role · what opening throws
 */
export async function openCycle(
  ports: Ports,
  actor: Actor,
  aws: Aws,
  role: Pick<DrillRole, 'reader' | 'writer'>,
  wish: CycleWish,
): Promise<OpenedCycle> {
  const state = await lookUp(ports, 'remote');
  assertFounded(state);
  identityIn(state, actor);
  await assertAccount(aws, state.plan.plan, ports.clock.now());
  const open = await openOne(ports, aws, state);
  if (open) return { case: open, created: false, pushed: true, madeKey: false };
  await assertRoomFor(aws, state, CYCLE_KEY);
  const arn = await makeCycleKey({ role, ports }, state, wish.runId);
  try {
    await putCyclePolicy({ role, ports }, aws, state, arn);
    const opened = await openRequest(ports, actor, aws, proposalFor(state, arn, wish));
    return { ...opened, madeKey: true };
  } catch (cause) {
    // Signed, but it waits for the network: its key must be there when it arrives.
    const waits = cause instanceof CustodyError && cause.code === 'REMOTE_UNREACHABLE' && cause.details?.id;
    if (!waits) await discardScratchKey({ role, ports }, arn, null);
    throw cause;
  }
}

/** The exercise that is open and could still be approved; another tool may have asked for one that no quorum may let through. */
async function openOne(ports: Ports, aws: Aws, state: InForce): Promise<Case | null> {
  const { cases } = await casesOf(ports, state);
  for (const one of cases.filter((found) => isCycle(found) && isOpen(found))) {
    if (await stands(ports, aws, state, one)) return one;
  }
  return null;
}

async function stands(ports: Ports, aws: Aws, state: InForce, { request, verdict }: Case): Promise<boolean> {
  const said = request.statement.predicate;
  if (verdict.state === 'executing') return true;
  try {
    assertSound(state, said);
    assertSameState(said.preState, await preStateOf(ports, aws, state, said));
    return true;
  } catch (cause) {
    if (cause instanceof CustodyError && (cause.exit === EXIT.refused || cause.code === 'NOT_FOUND')) return false;
    throw cause;
  }
}

type Maker = { readonly role: Pick<DrillRole, 'reader' | 'writer'>; readonly ports: Ports };

function makeCycleKey(maker: Maker, { plan: { plan } }: InForce, runId: string): Promise<KeyArn> {
  const run = `cycle-${runId}`;
  const what = `custody drill ${run}: an exercise of request, approval and execution`;
  return makeScratchKey(maker, { region: plan.regions.primary, policy: firstCyclePolicy(plan), what, run });
}

/** Slots name the key, so that its policy can be written only when its id is known; nobody but the drill can change it before. */
async function putCyclePolicy(maker: Maker, aws: Aws, { plan: { plan }, roster }: InForce, arn: KeyArn): Promise<void> {
  const region = plan.regions.primary;
  const { keyId } = cycleKey(arn);
  const policy = cyclePolicy(plan, roster, region, keyId ?? '');
  const parameters = { KeyId: arn, PolicyName: 'default', Policy: policy };
  await insisting(maker, { service: 'kms', region, operation: 'PutKeyPolicy', parameters });
  await waitFor(maker.ports.clock, VISIBLE_SECONDS, 'the policy of the scratch key', async () => {
    // Until KMS knows the new policy everywhere, it lets nobody look.
    const seen = await aws.reader.policy(region, arn).catch(nullIfDenied);
    return seen !== null && canonicalPolicy(seen) === policy ? true : null;
  });
}

function proposalFor({ plan: { plan } }: InForce, arn: KeyArn, { reason, executor }: CycleWish): Proposal {
  return {
    action: 'drill.cycle',
    region: plan.regions.primary,
    key: cycleKey(arn),
    parameters: {},
    reason,
    executor,
  };
}
