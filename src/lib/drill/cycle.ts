import { CYCLE_KEY } from '../base/cycle.js';
import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant } from '../base/time.js';
import { isKeyArn, type KeyArn } from '../key/key.js';
import type { Case } from '../request/case.js';
import { isCycle } from '../request/cycle.js';
import { isOpen } from '../request/open.js';
import { missingText } from '../request/ready.js';
import { type NeededSlot, neededSlot, slotNameOf } from '../request/slots.js';
import type { ScratchReceipt } from './evidence.js';
import type { Scene } from './ports.js';
import { type Answer, fail, none, open, type Probe, pass } from './probe.js';
import { aloneAnswer } from './quorum.js';
import { discardScratchKey } from './scratch.js';

/** Who runs the drill, and the keys of exercises that are there. */
export interface Cycled {
  readonly by: string;
  readonly keys: readonly KeyArn[];
}

/**
 * An exercise that went its whole way since the last verified drill, and that less than a quorum is refused: by the judgement, and by
 * KMS on the exercise's own key. The keys of executed exercises are deleted then.
 * @returns what was deleted
 */
export async function drillCycle(scene: Scene, probe: Probe, { by, keys }: Cycled): Promise<readonly ScratchReceipt[]> {
  const newest = newestExecuted(scene);
  await probe.ask('executed', null, () => executedAnswer(scene, newest));
  await probe.ask('judged', null, () => (newest ? aloneAnswer(newest) : open(NOTHING)));
  await probe.ask('kms', null, () => (newest ? kmsAnswer(scene, newest, { by, keys }) : open(NOTHING)));
  const done = keys.filter((arn) => executedOn(scene, arn));
  const receipts: ScratchReceipt[] = [];
  if (done.length > 0)
    await probe.ask('deleted', null, async () => {
      for (const arn of done) receipts.push(await discardScratchKey(scene, arn, CYCLE_KEY));
      return pass(`${done.length} keys of exercises are scheduled for deletion`);
    });
  return receipts;
}

const NOTHING = 'there is no executed exercise to try it on';

function executedOn({ cases }: Scene, arn: KeyArn): boolean {
  return cases.some((one) => isCycle(one) && one.verdict.state === 'executed' && arnOf(one) === arn);
}

function arnOf({ request }: Case): KeyArn | null {
  const arn = request.statement.predicate.key?.arn;
  return isKeyArn(arn) ? arn : null;
}

/** From when on an exercise counts: the last verified drill, and never longer ago than the plan's period. */
function sinceOf({ history, state, startedAt }: Scene): Instant {
  const last = history.findLast(({ said }) => said.verdict === 'verified');
  const period = addSeconds(startedAt, -state.plan.plan.recovery.drillPeriodDays * 86_400);
  return last && last.said.startedAt > period ? last.said.startedAt : period;
}

function newestExecuted(scene: Scene): Case | null {
  const since = sinceOf(scene);
  const done = scene.cases.filter((one) => isCycle(one) && one.verdict.state === 'executed' && finishedAt(one) > since);
  return done.sort((a, b) => (finishedAt(a) < finishedAt(b) ? -1 : 1)).at(-1) ?? null;
}

function finishedAt({ verdict }: Case): string {
  return verdict.receipt?.statement.predicate.finishedAt ?? '';
}

function executedAnswer(scene: Scene, newest: Case | null): Answer {
  if (newest === null) return openAnswer(scene);
  const { id, request, verdict } = newest;
  const { by, enforcement, awsRequestIds } = verdict.receipt?.statement.predicate ?? {};
  if (scene.state.plan.plan.interlock && enforcement?.level !== 'enforced')
    return fail(
      `${id} was executed, and KMS did not ask for a quorum: ${enforcement?.because ?? 'it is not said why'}`,
    );
  const approved = verdict.approvals.flatMap(({ counted, signer }) => (counted && signer ? [signer.id] : []));
  return pass(
    `${id}: asked for by ${request.statement.predicate.by}, approved by ${approved.sort().join(' and ')}, executed by ${by} on ` +
      `${finishedAt(newest)} (${awsRequestIds?.length ?? 0} calls at KMS); ${enforcement?.because ?? ''}`,
  );
}

/** Who is missing, where an exercise is under way. */
function openAnswer(scene: Scene): Answer {
  const under = scene.cases.find((one) => isCycle(one) && isOpen(one));
  if (!under) return open(`no exercise was executed since ${sinceOf(scene)}: custody dr cycle asks for one`);
  const { state } = under.verdict;
  if (state !== 'pending') return open(`the exercise ${under.id} is ${state}: custody keys execute ${under.id}`);
  const signed = new Set(
    under.verdict.approvals.flatMap(({ counted, signer }) => (counted && signer ? [signer.id] : [])),
  );
  const others = scene.state.roster.custodians.filter(({ id }) => !signed.has(id)).map(({ id }) => id);
  return open(
    `the exercise ${under.id} lacks ${missingText(under.verdict)}: custody keys approve ${under.id} (${others.join(', ')} have not)`,
  );
}

/** One approval alone at KMS, on the key of the exercise: with the very slot that was one of two. */
async function kmsAnswer(scene: Scene, one: Case, { by, keys }: Cycled): Promise<Answer> {
  const { plan } = scene.state.plan;
  if (!plan.interlock) return none('the plan has no interlock: KMS asks for no quorum');
  const arn = arnOf(one);
  const before = earlierTrial(scene, arn);
  if (before !== null) return pass(`${before} tried it on the key of ${one.id}`);
  if (arn === null || !keys.includes(arn))
    return open(
      `the key of ${one.id} was not there when the drill began: drill again, or ask anew with custody dr cycle`,
    );
  const needed = neededSlot(plan, one.request.statement.predicate, one.request.digest);
  if (needed === null) return fail(`${one.id} was executed without a slot at AWS`);
  const approved = one.verdict.approvals.some(({ counted, signer }) => counted && signer?.id === by);
  if (!approved || one.request.statement.predicate.executor !== by)
    return open(`only a custodian who has approved and executed the exercise can try it; ${by} has not for ${one.id}`);
  return oneSlotAnswer(scene, one, arn, by, needed);
}

/** Evidence that says so already: a key is deleted by the first drill that looks at it. */
function earlierTrial({ history }: Scene, arn: KeyArn | null): string | null {
  const found = history.find(
    ({ said }) =>
      said.scratch.some((one) => one.arn === arn) &&
      said.checks.some(({ id, status }) => id === 'cycle.kms' && status === 'pass'),
  );
  return found ? `drill ${found.said.quarter}-${found.said.number}` : null;
}

async function oneSlotAnswer(
  { aws, state, runId }: Scene,
  { id, request }: Case,
  arn: KeyArn,
  by: string,
  needed: NeededSlot,
): Promise<Answer> {
  const roleArn = state.roster.executorRoleArn;
  const name = slotNameOf(by, needed);
  const [call] = request.statement.predicate.calls;
  if (call?.service !== 'kms') throw new CustodyError('BUG', `${id} is an exercise without a call`);
  const there = (await aws.slots.list(roleArn)).get(name) ?? needed.value;
  if (there !== needed.value) return open(`the slot ${name} stands for another request`);
  await aws.slots.set(roleArn, name, needed.value);
  try {
    const session = { roleArn, sourceIdentity: by, sessionName: `drill-${runId}` };
    const scope = { actions: [`kms:${call.operation}`], resources: [arn] };
    const writer = await aws.authority.assumeExecutor(
      { ...session, ...scope },
      { purpose: 'drill.executor', scratch: arn },
    );
    // What it says holds already: even where it were let through, nothing would change.
    await writer.call({ ...call, service: call.service });
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'DENIED')
      return pass(`with the approval slot of ${by} alone KMS denies the call of ${id}`);
    throw cause;
  } finally {
    await aws.slots.clear(roleArn, [name]);
  }
  return fail(`with the approval slot of ${by} alone KMS let the call of ${id} through`);
}
