import { addSeconds, type Instant, millisOf } from '../base/time.js';
import type { Difference } from '../plan/estate.js';
import type { Plan } from '../plan/plan.js';
import { planTree, type TreeNode } from '../plan/tree.js';
import type { Case } from '../request/case.js';
import { isOpen } from '../request/open.js';
import type { StaleSlot } from '../request/stale-slots.js';
import type { Identity } from '../roster/roster.js';
import type { AwsSeen, Looked, StatusEvidence } from './evidence.js';
import type { KeyFacts } from './key-facts.js';
import { factsOf } from './keys.js';
import type { KeyLine, StatusFinding, StatusSeverity } from './report.js';

/** What the front page says of the keys. */
export interface KeySection {
  readonly lines: readonly KeyLine[];
  readonly findings: readonly StatusFinding[];
  /** Why it is not all that there is to say; null where it is. */
  readonly unread: string | null;
}

/** Keys with their due dates, their enforcement and what is wrong with them. Pure. */
export function keySection({ state, cases, aws }: StatusEvidence, now: Instant): KeySection {
  const { plan } = state.plan;
  if ('because' in aws) return { lines: linesByRecords(plan, cases, now), findings: [], unread: aws.because };
  const facts = factsOf(state, aws.found.keys, now);
  const unseen = facts.flatMap(({ name, findings }) => (findings.some(isUnseen) ? [name] : []));
  const findings = facts.flatMap((key) => findingsOf(plan, cases, key));
  return {
    lines: facts.map(lineOf),
    findings,
    unread: unseen.length === 0 ? null : `not readable in each Region: ${unseen.join(', ')}`,
  };
}

function lineOf(key: KeyFacts): KeyLine {
  const { name, alias, state, nextRotationAt, rotationDue, enforcement } = key;
  return { name, alias, state, nextRotationAt, dueBy: nextRotationAt && 'aws', rotationDue, enforcement };
}

/** That nothing was read is no finding about the key: it is not known. */
function isUnseen({ kind }: Difference): boolean {
  return kind === 'unobserved';
}

const SEVERITY: Readonly<Record<Difference['severity'], StatusSeverity>> = {
  critical: 'error',
  warning: 'warning',
  notice: 'note',
};

function findingsOf(plan: Plan, cases: readonly Case[], key: KeyFacts): readonly StatusFinding[] {
  const about = { section: 'keys', key: key.name } as const;
  const found = key.findings
    .filter((one) => !isUnseen(one) && one.kind !== 'stale-slot')
    .map(({ kind, region, found: what, expected, severity, remedyAction }): StatusFinding => {
      const asked = askedFor(cases, key.name, remedyAction, region);
      const text = shortened(`${kind} in ${region}: ${what}, expected ${expected}`);
      return {
        ...about,
        severity: SEVERITY[severity],
        text: asked === null ? text : `${text} (asked for: ${asked})`,
        command: remedyAction === undefined || asked !== null ? null : 'custody keys apply',
      };
    });
  const due: StatusFinding[] =
    key.rotationDue && !isAsked(cases, key.name)
      ? [
          {
            ...about,
            severity: 'warning',
            text: `rotation is due: ${key.rotationBecause}`,
            command: 'custody keys rotate --due',
          },
        ]
      : [];
  const drifted = key.findings.some(({ kind, severity }) => kind === 'policy' && severity === 'critical');
  // A policy that is not the plan's is told of already, and with it why KMS does not ask for a quorum.
  return [...found, ...due, ...(drifted ? [] : advisoryOf(plan, key))];
}

/** Twelve digits tell two digests apart on a screen; `keys list --json` has them whole. */
function shortened(text: string): string {
  return text.replaceAll(/(sha256:[0-9a-f]{12})[0-9a-f]{52}/g, '$1…');
}

/** Without an interlock in the plan it is what the plan says; with one, something keeps KMS from asking for a quorum. */
function advisoryOf(plan: Plan, { name, enforcement, state }: KeyFacts): readonly StatusFinding[] {
  if (enforcement.level === 'enforced' || !plan.interlock || state === 'missing' || state === 'unread') return [];
  const text = `advisory: ${enforcement.because}`;
  return [{ section: 'keys', severity: 'warning', key: name, text, command: 'custody policy prove' }];
}

function isAsked(cases: readonly Case[], name: string): boolean {
  return cases.filter(isOpen).some(({ request }) => {
    const { action, key } = request.statement.predicate;
    return key?.name === name && action.startsWith('key.rotat');
  });
}

/** The open request that would remove a difference. */
function askedFor(cases: readonly Case[], name: string, remedy: Difference['remedyAction'], region: string) {
  const open = cases.filter(isOpen).find(({ request }) => {
    const { action, key, region: there } = request.statement.predicate;
    return action === remedy && there === region && key?.name === name;
  });
  return open?.id ?? null;
}

/** Without AWS: what receipts say of the last rotation, which automatic ones do not write. */
function linesByRecords(plan: Plan, cases: readonly Case[], now: Instant): readonly KeyLine[] {
  return planTree(plan)
    .flatMap(names)
    .map((name) => {
      const planned = plan.keys[name];
      const last = lastRotation(cases, name);
      const nextRotationAt = planned && last ? addSeconds(last, planned.rotation.periodDays * 86_400) : null;
      return {
        name,
        alias: planned?.alias ?? '',
        state: null,
        nextRotationAt,
        dueBy: nextRotationAt === null ? null : 'records',
        rotationDue: nextRotationAt !== null && millisOf(nextRotationAt) < millisOf(now),
        enforcement: null,
      };
    });
}

function names({ name, children }: TreeNode): readonly string[] {
  return [name, ...children.flatMap(names)];
}

const RENEWS = ['key.create', 'key.succeed', 'key.rotate', 'key.rotate-imported'];

function lastRotation(cases: readonly Case[], name: string): Instant | null {
  const ends = cases.flatMap(({ request, verdict }) => {
    const receipt = verdict.receipt?.statement.predicate;
    const own = receipt?.key?.name === name && RENEWS.includes(request.statement.predicate.action);
    return verdict.state === 'executed' && own ? [receipt.finishedAt] : [];
  });
  return ends.sort().at(-1) ?? null;
}

/** Approval slots that nobody waits for: each of them is a step past the quorum (T55). */
export function slotFindings(aws: Looked<AwsSeen>, identity: Identity | null): readonly StatusFinding[] {
  if ('because' in aws) return [];
  return aws.found.keys.stale.map((slot) => ({
    section: 'slots',
    severity: 'error',
    key: slot.keyName,
    text: `${slot.tagKey} on ${roleName(slot)}: ${slot.because}. The next execution clears it`,
    command: isOwn(slot, identity) ? untag(slot) : null,
  }));
}

/** A tag of another form may hold anything, and is not put into a command. */
function isOwn({ tagKey, keyName }: StaleSlot, identity: Identity | null): boolean {
  return identity !== null && keyName !== null && tagKey.startsWith(`custody:${identity.id}:`);
}

/** Its own seat may take it away at once. */
function untag({ tagKey, ...slot }: StaleSlot): string {
  return `aws iam untag-role --role-name ${roleName(slot)} --tag-keys ${tagKey}`;
}

function roleName({ roleArn }: Pick<StaleSlot, 'roleArn'>): string {
  return roleArn.slice(roleArn.lastIndexOf('/') + 1);
}
