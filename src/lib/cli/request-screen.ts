import chalk from 'chalk';
import { isObject } from '../base/fields.js';
import { addSeconds, formatDuration, type Instant, secondsBetween } from '../base/time.js';
import type { PolicyLine } from '../policy/words.js';
import type { Judged } from '../quorum/evidence.js';
import { changesOf, riskOf, sentenceOf, undoOf } from '../record/action.js';
import type { Risk } from '../record/action-row.js';
import { DELETION_DAYS } from '../record/action-state.js';
import type { SignedCall } from '../record/statement.js';
import type { Review } from '../request/approve.js';
import type { Case } from '../request/case.js';
import { policyChangeOf } from '../request/policy-change.js';
import { policyChangeScreen } from './policy-screen.js';
import { changeBlock, heading, type Painted, pairs, table, wrap } from './render.js';

const RISK_COLOUR: Readonly<Record<Risk, (text: string) => string>> = {
  low: chalk.green,
  medium: chalk.yellow,
  high: chalk.red,
  critical: chalk.redBright.bold,
};

/** One screen that says exactly what an approval would let happen. */
export function reviewScreen(review: Review, now: Instant): string {
  return [
    requestScreen(review.case, now),
    '',
    ...samePolicies(review.policies).flatMap(({ regions, lines }) => [
      heading(`Who may do what with the key in ${regions.join(' and ')}`),
      ...lines.map(policyLine),
      '',
    ]),
    heading('At AWS now'),
    pairs([
      ['host', review.host],
      ['state', 'as it was when this was requested'],
      ['as', `${review.identity.id}${review.identity.duty ? `, ${review.identity.duty}` : ''}`],
      ...slotLines(review),
      ['then', afterwards(review)],
    ]),
  ].join('\n');
}

/** What signing sets at AWS, beside the record. */
function slotLines({ slot }: Review): readonly (readonly [string, string])[] {
  if (slot === null) return [];
  return [
    [slot.later ? 'slot, later' : 'slot', `${slot.tagKey} = ${slot.value}`],
    // Not set by approving: `keys arm`, when the step before is done.
    ...slot.next.map((value) => ['slot, afterwards', value] as const),
  ];
}

interface ShownPolicy {
  readonly regions: readonly string[];
  readonly lines: readonly PolicyLine[];
}

/** Regions with the same policy are told of once: twice the text is half the attention. */
function samePolicies(policies: Review['policies']): readonly ShownPolicy[] {
  const byText = new Map<string, ShownPolicy>();
  for (const { region, lines } of policies) {
    const text = JSON.stringify(lines);
    byText.set(text, { regions: [...(byText.get(text)?.regions ?? []), region], lines });
  }
  return [...byText.values()];
}

function policyLine({ effect, who, what, when }: PolicyLine): string {
  const [sign, paint] = effect === 'Allow' ? (['+ may', chalk.green] as const) : (['- never', chalk.red] as const);
  const text = wrap(`${sign} ${who}: ${what}${when ? `, if ${when}` : ''}`, 6);
  return `  ${paint(sign)}${text.slice(sign.length)}`;
}

/** What would still be missing after this approval. */
function afterwards({ identity, case: { request, verdict } }: Review): string {
  const duties = verdict.approvals.filter(({ counted }) => counted).map(({ signer }) => signer?.duty);
  const signatures = verdict.missing.signatures - 1;
  const role = verdict.missing.duties - (duties.includes(identity.duty) ? 0 : 1) > 0 ? ' of another role' : '';
  if (signatures > 1) return `${signatures} more approvals are needed`;
  if (signatures === 1 || role !== '') return `one more approval${role} is needed`;
  return `${request.statement.predicate.executor ?? 'any listed identity'} can execute it`;
}

/** A request with everything that is known about it; `statements`: each one of a new key policy, the interlock's too. */
export function requestScreen(item: Case, now: Instant, { statements = false } = {}): string {
  const { id, request, verdict } = item;
  const said = request.statement.predicate;
  const risk = riskOf(said.action);
  return [
    `${chalk.bold(`Request ${id}`)}   ${stateText(verdict.state)}   risk ${RISK_COLOUR[risk](risk)}`,
    '',
    `  ${wrap(sentenceOf(said), 2)}`,
    '',
    pairs([
      ...(said.key ? ([['key', `${said.key.name}, ${said.key.alias}`]] as const) : []),
      ...(said.key?.arn ? ([['arn', said.key.arn]] as const) : []),
      ['account', `${said.account} (${said.endpoint})${said.region ? `, ${said.region}` : ''}`],
      ['requested', `${said.by}, ${said.at}`],
      ['approve by', window(said.approveBy, now)],
      ['execute', executionWindow(item, now)],
      ...(verdict.coolUntil ? ([['cool-off', `until ${window(verdict.coolUntil, now)}`]] as const) : []),
      ['state', verdict.because],
      ['digest', request.digest],
    ]),
    '',
    heading('What changes'),
    ...changesOf(said).map(({ what, from, to }) => changeBlock(what, from, to)),
    '',
    ...policyBlock(item, statements),
    pairs([['to undo', undoText(item, now)]]),
    '',
    heading('Calls'),
    ...said.calls.map(callLine),
    '',
    heading(`Signatures (${verdict.threshold} of ${item.rules.roster.custodians.length} needed)`),
    signatures(item),
    '',
    chalk.dim("The requester's reason, not checked by anyone:"),
    `  ${chalk.italic(`"${wrap(said.reason, 3)}"`)}`,
  ].join('\n');
}

function policyBlock({ request, rules }: Case, whole: boolean): readonly string[] {
  const said = request.statement.predicate;
  const change = policyChangeOf(rules, said);
  return change === null ? [] : [policyChangeScreen(change, said.account, whole), ''];
}

/** Of an executed deletion, the day after which nothing takes it back. */
function undoText({ request, verdict }: Case, now: Instant): string {
  const said = request.statement.predicate;
  const undo = undoOf(said) ?? 'nothing takes it back';
  const receipt = verdict.receipt?.statement.predicate;
  if (said.action !== 'key.delete' || receipt?.outcome !== 'executed') return undo;
  const until = addSeconds(receipt.finishedAt, DELETION_DAYS * 86_400);
  return now > until
    ? 'nothing takes it back any more'
    : `custody keys cancel-deletion ${said.key?.name}, until ${until}`;
}

function executionWindow({ request, verdict }: Case, now: Instant): string {
  if (verdict.executeBy) return `by ${window(verdict.executeBy, now)}`;
  return `within ${formatDuration(request.statement.predicate.executeWithinSeconds)} of the quorum`;
}

function callLine({ service, region, operation, parameters }: SignedCall): string {
  const facts = Object.entries(parameters).map(([name, value]) => `${name} = ${factText(name, value)}`);
  return `  ${service}:${operation}${region ? ` (${region})` : ''}\n${facts.map((fact) => `    ${wrap(fact, 6)}`).join('\n')}`;
}

/** A whole policy would bury the rest; its words and digest stand elsewhere on the screen. */
function factText(name: string, value: unknown): string {
  if (name === 'Policy' && typeof value === 'string') return `(${value.length} bytes, digest above)`;
  if (name === 'Tags' && Array.isArray(value)) return value.filter(isObject).map(tagText).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function tagText({ TagKey, TagValue }: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(TagKey)}: ${JSON.stringify(TagValue)}`;
}

function signatures({ verdict }: Case): string {
  const at = (item: { readonly record: { readonly statement: { readonly predicate: { readonly at: Instant } } } }) =>
    item.record.statement.predicate.at;
  const inOrder = <T extends Parameters<typeof at>[0]>(items: readonly T[]) =>
    [...items].sort((a, b) => (at(a) < at(b) ? -1 : 1));
  const row = (kind: string) => (item: Judged<'approval'> | Judged<'rejection'> | Judged<'withdrawal'>) => [
    `  ${kind}`,
    item.signer?.id ?? item.record.statement.predicate.by,
    item.signer?.duty ?? '',
    item.record.statement.predicate.at,
    item.counted ? 'counts' : `ignored: ${item.ignoredBecause}`,
  ];
  const rows = [
    ...inOrder(verdict.approvals).map(row('approved')),
    ...inOrder(verdict.rejections).map(row('rejected')),
    ...inOrder(verdict.withdrawals).map(row('withdrew')),
  ];
  return rows.length === 0 ? '  none yet' : table(['  what', 'who', 'role', 'signed at', ''], rows);
}

/** A state in its colour. */
export function stateText(state: string): string {
  const { text, paint } = stateCell(state);
  return paint(text);
}

/** The same for a table. */
export function stateCell(state: string): Painted {
  if (state === 'approved' || state === 'executed') return { text: state, paint: chalk.green };
  return { text: state, paint: ['pending', 'cooling', 'executing'].includes(state) ? chalk.yellow : chalk.red };
}

function window(until: Instant, now: Instant): string {
  const left = secondsBetween(now, until);
  if (left <= 0) return `${until} (over)`;
  const rough =
    left > 172_800
      ? Math.floor(left / 86_400) * 86_400
      : left > 7200
        ? Math.floor(left / 3600) * 3600
        : Math.floor(left / 60) * 60;
  return `${until} (${formatDuration(rough)} left)`;
}
