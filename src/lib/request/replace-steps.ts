import { type JsonObject, sameJson } from '../base/canonical-json.js';
import { inRegion, type KeyArn, type KeyState, partsOf } from '../key/key.js';
import { DELETION_DAYS } from '../record/action-state.js';
import type { RequestPredicate } from '../record/statement.js';
import type { Case } from './case.js';
import { isOpen, type Proposal } from './open.js';

/** What one step asks of the quorum. */
export type Ask = Pick<Proposal, 'action' | 'region' | 'key' | 'parameters'>;

/** How far the replacement of a key is, as AWS and the records show it. */
export interface Progress {
  readonly name: string;
  readonly alias: string;
  readonly old: KeyArn;
  /** The key that an executed request made in its place; null before. */
  readonly successor: KeyArn | null;
  /** Where the old key is, the primary last: KMS wants replicas to go first. */
  readonly oldRegions: readonly string[];
  /** Where the plan wants the key, and so its alias. */
  readonly aliasRegions: readonly string[];
  readonly aliasTargets: Readonly<Record<string, string | null>>;
  /** Null where there is no key any more. */
  readonly oldStates: Readonly<Record<string, KeyState | null>>;
  /** By Region: each has a policy of its own, under which its ciphertexts move. */
  readonly policies: Readonly<Record<string, RegionPolicies>>;
  /** Why no policy of the old key has to change first; null where roles are to be let out. */
  readonly letOutNeedless: string | null;
  readonly create: Ask;
  /** A person has said that everything was moved: now, or in the reason of a request that stands. */
  readonly moved: boolean;
}

export interface RegionPolicies {
  /** Canonical; null where there is none to read. */
  readonly old: string | null;
  readonly successor: string | null;
  readonly out: string;
  readonly planned: string;
}

export type StepStatus = 'done' | 'not-needed' | 'open' | 'next' | 'waits' | 'later';

export interface ReplaceStep {
  readonly name: 'new-key' | 'let-out' | 'move' | 'alias' | 'disable' | 'delete' | 'policy';
  /** Null for what is not done at AWS by a request. */
  readonly region: string | null;
  /** `next`: its request can be opened; `waits`: people have to move ciphertexts first. */
  readonly status: StepStatus;
  readonly requestId: string | null;
  /** Why it is not needed; null for all others. */
  readonly because: string | null;
}

interface Draft {
  readonly name: ReplaceStep['name'];
  readonly region: string | null;
  readonly done: boolean;
  /** Why there is nothing to do. */
  readonly needless?: string | null;
  /** Null for the move itself, which is nobody's request. */
  readonly ask: Ask | null;
}

/** The checklist, in order, and what the next step asks for; null when nothing can be asked for now. */
export function stepsOf(
  progress: Progress,
  cases: readonly Case[],
): { steps: readonly ReplaceStep[]; ask: Ask | null } {
  const drafts = draftsOf(progress);
  const next = drafts.find(({ done, needless }) => !done && !needless);
  const steps = drafts.map((draft): ReplaceStep => {
    const { name, region, needless: because = null } = draft;
    if (because !== null) return { name, region, status: 'not-needed', requestId: null, because };
    const found = draft.ask && caseFor(cases, draft.ask, draft.done);
    const status = draft.done ? 'done' : draft === next ? nextStatus(draft, found) : 'later';
    return { name, region, status, requestId: found?.id ?? null, because };
  });
  return { steps, ask: next?.ask ?? null };
}

function nextStatus({ ask }: Draft, found: Case | null): StepStatus {
  if (ask === null) return 'waits';
  return found ? 'open' : 'next';
}

/** The open request of a step; of one that is done, the last one that was carried out. */
function caseFor(cases: readonly Case[], ask: Ask, done: boolean): Case | null {
  const stands = done ? ({ verdict }: Case) => verdict.state === 'executed' : isOpen;
  return cases.filter((item) => stands(item) && asks(item.request.statement.predicate, ask)).at(-1) ?? null;
}

function asks({ action, region, key, parameters }: RequestPredicate, ask: Ask): boolean {
  const same = action === ask.action && region === ask.region && key?.arn === ask.key?.arn;
  return same && (action === 'key.succeed' || sameJson(parameters, ask.parameters));
}

function draftsOf(progress: Progress): readonly Draft[] {
  const { old, successor, oldStates, oldRegions, aliasRegions, aliasTargets } = progress;
  const newId = successor && partsOf(successor).keyId;
  const aliasDone = (region: string) => newId !== null && aliasTargets[region] === newId;
  const allNamed = aliasRegions.every(aliasDone);
  const onOld = (name: 'disable' | 'delete', region: string, done: boolean): Draft => {
    const parameters: JsonObject = name === 'delete' ? { windowDays: DELETION_DAYS } : {};
    const ask: Ask = { action: `key.${name}`, region, key: refIn(progress, old, region), parameters };
    return { name, region, done, ask };
  };
  const { region: primary } = partsOf(old);
  return [
    { name: 'new-key', region: primary, done: successor !== null, ask: progress.create },
    ...primaryFirst(oldRegions, primary).map((region) => letOut(progress, region, allNamed)),
    { name: 'move', region: null, done: allNamed || progress.moved, ask: null },
    ...aliasRegions.map((region): Draft => {
      const to = inRegion(successor ?? old, region);
      const parameters = { alias: progress.alias, to };
      const ask: Ask = { action: 'key.alias-move', region, key: refIn(progress, old, region), parameters };
      return { name: 'alias', region, done: aliasDone(region), ask };
    }),
    ...oldRegions.map((region) => onOld('disable', region, allNamed && oldStates[region] !== 'Enabled')),
    ...oldRegions.map((region) => onOld('delete', region, allNamed && isEnding(oldStates[region] ?? null))),
    ...aliasRegions.map((region) => plannedAgain(progress, region)),
  ];
}

function primaryFirst(regions: readonly string[], primary: string): readonly string[] {
  return [...regions.filter((region) => region === primary), ...regions.filter((region) => region !== primary)];
}

function letOut(progress: Progress, region: string, allNamed: boolean): Draft {
  const { old, out = '' } = progress.policies[region] ?? {};
  return {
    name: 'let-out',
    region,
    done: allNamed || old === out,
    needless: progress.letOutNeedless,
    ask: putPolicy(progress, progress.old, region, out),
  };
}

function plannedAgain(progress: Progress, region: string): Draft {
  const { successor, planned = '' } = progress.policies[region] ?? {};
  const ask = putPolicy(progress, progress.successor ?? progress.old, region, planned);
  return { name: 'policy', region, done: progress.successor !== null && successor === planned, ask };
}

function putPolicy(progress: Progress, arn: KeyArn, region: string, policy: string): Ask {
  return { action: 'key.policy', region, key: refIn(progress, arn, region), parameters: { policy } };
}

function isEnding(state: KeyState | null): boolean {
  return state === null || state === 'PendingDeletion' || state === 'PendingReplicaDeletion';
}

/** A key as a request in one of its Regions names it. */
function refIn({ name, alias }: Progress, arn: KeyArn, region: string) {
  return { name, alias, arn: inRegion(arn, region), keyId: partsOf(arn).keyId };
}
