import { CustodyError } from '../base/errors.js';
import type { Instant } from '../base/time.js';
import type { Plan } from '../plan/plan.js';
import { demandOf } from '../quorum/count.js';
import { executorFault } from '../quorum/intent.js';
import { needsMaterial } from '../record/action.js';
import type { Case } from '../request/case.js';
import { missingText } from '../request/ready.js';
import { holdersOf, type NeededSlot, neededSlots } from '../request/slots.js';
import type { Identity } from '../roster/roster.js';

/** One open request, and what the one who looks at it can do about it now. */
export interface RequestLine {
  readonly id: string;
  readonly action: string;
  readonly key: string | null;
  readonly region: string;
  readonly state: string;
  readonly requester: string;
  readonly threshold: number;
  /** Who has signed so that it counts. */
  readonly signed: readonly string[];
  /** Who has set an approval slot; null where KMS asks for none, or nobody looked. */
  readonly armed: readonly string[] | null;
  /** What it waits for. */
  readonly waitsFor: string;
  /** When its window closes, or its cool-off ends. */
  readonly until: Instant;
  readonly mine: Task | null;
}

/** What one identity can do now. */
export interface Task {
  readonly kind: 'execute' | 'arm' | 'approve';
  readonly command: string;
}

/** Who looks, and what of AWS was seen. */
export interface Viewpoint {
  readonly plan: Plan;
  /** Null: nobody in particular. */
  readonly identity: Identity | null;
  /** Tags of the executor; null where they were not read. */
  readonly tags: ReadonlyMap<string, string> | null;
}

/** An open request as a line. Pure. */
export function requestLine(found: Case, view: Viewpoint): RequestLine {
  const { id, request, verdict } = found;
  const said = request.statement.predicate;
  const signed = verdict.approvals.flatMap(({ counted, signer }) => (counted && signer ? [signer.id] : []));
  const steps = stepsBy(view.plan, found);
  const armed = steps.length === 0 || view.tags === null ? null : armedFor(found, steps, view.tags);
  const waits = steps.length > 0 && waitsForSlots(found, steps);
  const mine = view.identity === null ? null : taskOf(found, view.identity, waits, armed);
  return {
    id,
    action: said.action,
    key: said.key?.name ?? null,
    region: said.region,
    state: verdict.state,
    requester: said.by,
    threshold: verdict.threshold,
    signed,
    armed,
    waitsFor: waitsFor(found, signed, armed, waits),
    until: untilOf(found),
    mine,
  };
}

function stepsBy(plan: Plan, { request }: Case): readonly NeededSlot[] {
  try {
    return neededSlots(plan, request.statement.predicate, request.digest);
  } catch (cause) {
    if (cause instanceof CustodyError) return [];
    throw cause;
  }
}

/** A request of several steps waits for slots again while it is under way. */
function waitsForSlots({ verdict }: Case, steps: readonly NeededSlot[]): boolean {
  return verdict.state === 'approved' || (verdict.state === 'executing' && steps.length > 1);
}

/** Slots of a step that is done are cleared, so the step that most have set is the one that comes next. */
function armedFor({ verdict }: Case, steps: readonly NeededSlot[], tags: ReadonlyMap<string, string>) {
  const holders = steps.map((needed) => holdersOf(needed, tags));
  const [first = [], ...later] = holders;
  return verdict.state === 'executing' ? later.reduce((a, b) => (b.length > a.length ? b : a), first) : first;
}

function untilOf({ request, verdict }: Case): Instant {
  const { approveBy } = request.statement.predicate;
  if (verdict.state === 'pending') return approveBy;
  if (verdict.state === 'cooling') return verdict.coolUntil ?? approveBy;
  return verdict.executeBy ?? approveBy;
}

function waitsFor(
  { request, verdict }: Case,
  signed: readonly string[],
  armed: readonly string[] | null,
  waits: boolean,
): string {
  if (verdict.state === 'pending') return missingText(verdict);
  if (verdict.state === 'cooling') return 'the end of its cool-off';
  const unarmed = armed === null ? [] : signed.filter((id) => !armed.includes(id));
  const few = armed !== null && signed.length - unarmed.length < verdict.threshold;
  if (waits && few) return `the slot of ${unarmed.join(', ')}`;
  const who = request.statement.predicate.executor ?? 'any listed identity';
  return verdict.state === 'executing' ? `${who}, to finish what was begun` : `${who}, to execute it`;
}

function taskOf(found: Case, identity: Identity, waitsForOwn: boolean, armed: readonly string[] | null): Task | null {
  const { id, request, rules, verdict } = found;
  const said = request.statement.predicate;
  const own = verdict.approvals.some(({ counted, signer }) => counted && signer?.person === identity.person);
  if (verdict.state === 'pending') {
    const requested =
      !demandOf(rules.plan, rules.roster, said).selfApproval && verdict.requester.person === identity.person;
    const may = identity.kind === 'custodian' && !own && !requested && !rules.frozen.has(identity.id);
    return may ? { kind: 'approve', command: `custody keys approve ${id}` } : null;
  }
  if (verdict.state !== 'approved' && verdict.state !== 'executing') return null;
  const unset = armed !== null && !armed.includes(identity.id) && armed.length < verdict.threshold;
  if (waitsForOwn && own && unset && identity.kind === 'custodian')
    return { kind: 'arm', command: `custody keys arm ${id}` };
  const waits = verdict.state === 'approved' && armed !== null && armed.length < verdict.threshold;
  if (waits || executorFault(identity, request, verdict, rules) !== null) return null;
  const material = needsMaterial(said.action) ? ' --material-fd N' : '';
  return { kind: 'execute', command: `custody keys execute ${id}${material}` };
}
