import { formatDuration } from '../base/time.js';
import type { KeyUser, Plan } from '../plan/plan.js';
import { planTree, type TreeNode } from '../plan/tree.js';
import { heading, pairs, wrap } from './render.js';
import { visible } from './visible.js';

interface People {
  readonly threshold: number;
  readonly custodians: readonly { readonly id: string; readonly duty: string; readonly roleArn: string }[];
}

/** The plan on one screen: the tree of keys, then who decides and how. */
export function planScreen(plan: Plan, people: People, title: string): string {
  const { quorum, regions } = plan;
  return [
    heading(title),
    pairs([
      ['account', `${plan.account} (${plan.environment})`],
      ['regions', [`${regions.primary} (primary)`, ...regions.replicas].join(', ')],
    ]),
    '',
    ...planTree(plan).flatMap((node) => nodeLines(node, '', '')),
    '',
    heading('Who decides'),
    pairs([
      [
        'quorum',
        `${people.threshold} of ${people.custodians.length}: ${people.custodians.map(({ id, duty }) => `${id} (${duty})`).join(', ')}`,
      ],
      [
        'windows',
        `${formatDuration(quorum.approvalWindowSeconds)} to approve, ${formatDuration(quorum.executionWindowSeconds)} to execute, freshness ${formatDuration(quorum.freshnessSeconds)}`,
      ],
      ['own request', quorum.selfApproval ? 'counts once' : 'does not count'],
      ...Object.entries(quorum.classes).map(([name, rule]) => [name, ruleText(rule)] as const),
    ]),
  ].join('\n');
}

function ruleText(rule: NonNullable<Plan['quorum']['classes']['delete']>): string {
  return [
    ...(rule.threshold ? [`${rule.threshold} signatures`] : []),
    ...(rule.distinctRoles && rule.distinctRoles > 1 ? ['both roles'] : []),
    ...(rule.coolOffSeconds ? [`cool-off ${formatDuration(rule.coolOffSeconds)}`] : []),
    ...(rule.presence ? ['a person at the terminal'] : []),
    ...(rule.selfApproval === false ? ['own request does not count'] : []),
  ].join(', ');
}

function nodeLines({ name, key, regions, children }: TreeNode, first: string, rest: string): readonly string[] {
  const indent = `${rest}${children.length > 0 ? '│' : ' '} `;
  const rotation = key.rotation.automatic
    ? `rotates every ${key.rotation.periodDays} days`
    : `rotation due every ${key.rotation.periodDays} days`;
  return [
    `${first}${heading(name)}  ${visible(key.alias)}  ${rotation}`,
    ...below(`${indent}  `, key.purpose),
    ...below(
      `${indent}  `,
      `${key.origin}, ${key.multiRegion ? regions.join(' + ') : regions[0]}${key.dualControl === 'grants' ? ', dual control by grants' : ''}`,
    ),
    ...key.users.flatMap((user) => below(`${indent}  `, userText(user))),
    ...children.flatMap((child, at) => {
      const last = at === children.length - 1;
      return nodeLines(child, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`);
    }),
  ];
}

/** Text under a branch of the tree, whose lines go on beside it. */
function below(indent: string, text: string): readonly string[] {
  return wrap(text, indent.length + 2)
    .split('\n')
    .map((line, at) => `${indent}${at === 0 ? '' : '  '}${line.trimStart()}`);
}

function userText({ roleArn, may, viaService, writeOnly }: KeyUser): string {
  const role = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  return `${role} may ${may.join(', ')}${viaService ? ` through ${viaService}` : ''}${writeOnly ? ' (write-only)' : ''}`;
}
