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
  readonly policies: {
    /** Canonical; null where there is none to read. */
    readonly old: string | null;
    readonly successor: string | null;
    readonly out: string;
    readonly planned: string;
  };
  readonly create: Ask;
  /** A person has said that everything was moved: now, or in the reason of a request that stands. */
  readonly moved: boolean;
}

export type StepStatus = 'done' | 'open' | 'next' | 'waits' | 'later';

export interface ReplaceStep {
  readonly name: 'new-key' | 'let-out' | 'move' | 'alias' | 'disable' | 'delete' | 'policy';
  /** Null for what is not done at AWS by a request. */
  readonly region: string | null;
  /** `next`: its request can be opened; `waits`: people have to move ciphertexts first. */
  readonly status: StepStatus;
  readonly requestId: string | null;
}

interface Draft {
  readonly name: ReplaceStep['name'];
  readonly region: string | null;
  readonly done: boolean;
  /** Null for the move itself, which is nobody's request. */
  readonly ask: Ask | null;
}

/** The checklist, in order, and what the next step asks for; null when nothing can be asked for now. */
export function stepsOf(
  progress: Progress,
  cases: readonly Case[],
): { steps: readonly ReplaceStep[]; ask: Ask | null } {
  const drafts = draftsOf(progress);
  const next = drafts.find(({ done }) => !done);
  const steps = drafts.map((draft): ReplaceStep => {
    const found = draft.ask && caseFor(cases, draft.ask, draft.done);
    const status = draft.done ? 'done' : draft === next ? nextStatus(draft, found) : 'later';
    return { name: draft.name, region: draft.region, status, requestId: found?.id ?? null };
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
  const { old, successor, policies, oldStates, oldRegions, aliasRegions, aliasTargets } = progress;
  const newId = successor && partsOf(successor).keyId;
  const aliasDone = (region: string) => newId !== null && aliasTargets[region] === newId;
  const allNamed = aliasRegions.every(aliasDone);
  const about = (region: string, arn: KeyArn) => refOf(progress, inRegion(arn, region));
  const onOld = (name: 'disable' | 'delete', region: string, done: boolean): Draft => {
    const parameters: JsonObject = name === 'delete' ? { windowDays: DELETION_DAYS } : {};
    return { name, region, done, ask: { action: `key.${name}`, region, key: about(region, old), parameters } };
  };
  const { region: primary } = partsOf(old);
  const put = (arn: KeyArn, policy: string): Ask =>
    ({ action: 'key.policy', region: primary, key: refOf(progress, arn), parameters: { policy } }) as const;
  return [
    { name: 'new-key', region: primary, done: successor !== null, ask: progress.create },
    { name: 'let-out', region: primary, done: allNamed || policies.old === policies.out, ask: put(old, policies.out) },
    { name: 'move', region: null, done: allNamed || progress.moved, ask: null },
    ...aliasRegions.map((region): Draft => {
      const to = inRegion(successor ?? old, region);
      const parameters = { alias: progress.alias, to };
      const ask: Ask = { action: 'key.alias-move', region, key: about(region, old), parameters };
      return { name: 'alias', region, done: aliasDone(region), ask };
    }),
    ...oldRegions.map((region) => onOld('disable', region, allNamed && oldStates[region] !== 'Enabled')),
    ...oldRegions.map((region) => onOld('delete', region, allNamed && isEnding(oldStates[region] ?? null))),
    {
      name: 'policy',
      region: primary,
      done: successor !== null && policies.successor === policies.planned,
      ask: put(successor ?? old, policies.planned),
    },
  ];
}

function isEnding(state: KeyState | null): boolean {
  return state === null || state === 'PendingDeletion' || state === 'PendingReplicaDeletion';
}

function refOf({ name, alias }: Progress, arn: KeyArn) {
  return { name, alias, arn, keyId: partsOf(arn).keyId };
}
