import chalk from 'chalk';
import { formatDuration, type Instant, secondsBetween } from '../base/time.js';
import type { PolicyLine } from '../policy/words.js';
import type { Judged } from '../quorum/evidence.js';
import { changesOf, riskOf, sentenceOf } from '../record/action.js';
import type { Risk } from '../record/action-row.js';
import type { SignedCall } from '../record/statement.js';
import type { Review } from '../request/approve.js';
import type { Case } from '../request/case.js';
import { heading, pairs, table, wrap } from './render.js';
import { visible } from './visible.js';

const RISK_COLOUR: Readonly<Record<Risk, (text: string) => string>> = {
  low: chalk.green,
  medium: chalk.yellow,
  high: chalk.red,
  critical: chalk.redBright.bold,
};

/** One screen that says exactly what an approval would let happen. */
export function reviewScreen(review: Review, now: Instant): string {
  const { request, verdict } = review.case;
  const said = request.statement.predicate;
  return [
    requestScreen(review.case, now),
    '',
    ...review.policies.flatMap(({ region, lines }) => [
      heading(`Who may do what with the key in ${region}`),
      ...lines.map(policyLine),
      '',
    ]),
    heading('At AWS now'),
    pairs([
      ['host', review.host],
      ['state', 'as it was when this was requested'],
      ['as', `${review.identity.id}${review.identity.duty ? `, ${review.identity.duty}` : ''}`],
      ['then', afterwards(verdict.missing.signatures, said.executor)],
    ]),
  ].join('\n');
}

function policyLine({ effect, who, what, when }: PolicyLine): string {
  const sign = effect === 'Allow' ? chalk.green('+ may') : chalk.red('- never');
  return `  ${sign} ${wrap(`${who}: ${what}${when ? `, if ${when}` : ''}`, 6)}`;
}

function afterwards(missing: number, executor: string | null): string {
  const who = executor ?? 'any listed identity';
  return missing > 1
    ? missing === 2
      ? 'one more approval is needed'
      : `${missing - 1} more approvals are needed`
    : `${who} can execute it`;
}

/** A request with everything that is known about it. */
export function requestScreen(item: Case, now: Instant): string {
  const { id, request, verdict } = item;
  const said = request.statement.predicate;
  const risk = riskOf(said.action);
  return [
    `${chalk.bold(`Request ${id}`)}   ${stateText(verdict.state)}   risk ${RISK_COLOUR[risk](risk)}`,
    '',
    `  ${wrap(sentenceOf(said), 2)}`,
    '',
    pairs([
      ...(said.key ? ([['key', `${said.key.name}  ${said.key.arn ?? said.key.alias}`]] as const) : []),
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
    ...changesOf(said).map(
      ({ what, from, to }) =>
        `  ${visible(what)}\n    ${chalk.red(`- ${visible(from)}`)}\n    ${chalk.green(`+ ${visible(to)}`)}`,
    ),
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

function executionWindow({ request, verdict }: Case, now: Instant): string {
  if (verdict.executeBy) return `by ${window(verdict.executeBy, now)}`;
  return `within ${formatDuration(request.statement.predicate.executeWithinSeconds)} of the quorum`;
}

function callLine({ service, region, operation, parameters }: SignedCall): string {
  const facts = Object.entries(parameters).map(([name, value]) => `${name}=${factText(name, value)}`);
  return `  ${service}:${operation}${region ? ` (${region})` : ''}\n${facts.map((fact) => `    ${visible(fact, 120)}`).join('\n')}`;
}

/** A whole policy would bury the rest; its words and digest stand elsewhere on the screen. */
function factText(name: string, value: unknown): string {
  if (name === 'Policy' && typeof value === 'string') return `(${value.length} bytes, digest above)`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function signatures({ verdict }: Case): string {
  const row = (kind: string) => (item: Judged<'approval'> | Judged<'rejection'> | Judged<'withdrawal'>) => [
    `  ${kind}`,
    item.signer?.id ?? item.record.statement.predicate.by,
    item.signer?.duty ?? '',
    item.record.statement.predicate.at,
    item.counted ? 'counts' : `ignored: ${item.ignoredBecause}`,
  ];
  const rows = [
    ...verdict.approvals.map(row('approved')),
    ...verdict.rejections.map(row('rejected')),
    ...verdict.withdrawals.map(row('withdrew')),
  ];
  return rows.length === 0 ? '  none yet' : table(['  what', 'who', 'role', 'signed at', ''], rows);
}

/** A state in its colour. */
export function stateText(state: string): string {
  const colour =
    state === 'approved' || state === 'executed'
      ? chalk.green
      : ['pending', 'cooling', 'executing'].includes(state)
        ? chalk.yellow
        : chalk.red;
  return colour(state);
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
