import { type Plan, regionsOf } from '../plan/plan.js';
import type { Roster } from '../roster/roster.js';
import { DRILL_IDS, DRILLS } from './drills.js';

/** Where the runbook lies for people who have a clone and nothing else. */
export const RUNBOOK_PATH = 'runbook.md';

/**
 * What to do when something is lost, from plan and roster alone: the same ones give the same bytes, so that an old runbook
 * shows. It names people, roles, keys and commands; no secret and no time.
 */
export function runbookText(plan: Plan, roster: Roster): string {
  return [
    '# What to do when keys are lost',
    '',
    'Written by `custody dr runbook` from the plan and the roster in force. Do not edit it: `custody dr verify` compares it.',
    '',
    `Account ${plan.account} (${plan.partition}), Regions ${[plan.regions.primary, ...plan.regions.replicas].join(', ')}. `.trim(),
    `Everything is to be back within ${plan.recovery.rtoSeconds} s; at most ${plan.recovery.rpoSeconds} s may be lost.`,
    '',
    ...peopleSection(plan, roster),
    ...keysSection(plan),
    ...LOSSES.flatMap(({ loss, steps }) => [`## ${loss}`, '', ...steps.map((step, at) => `${at + 1}. ${step}`), '']),
    '## Afterwards',
    '',
    'Run `custody dr verify`. What does not pass, and what to do about it:',
    '',
    ...DRILL_IDS.map((id) => `- ${id}: ${DRILLS[id].remedy}`),
    '',
  ].join('\n');
}

function peopleSection({ people }: Plan, { custodians, threshold }: Roster): readonly string[] {
  const reach = new Map((people?.contacts ?? []).map(({ custodian, reach: how }) => [custodian, how]));
  return [
    '## People',
    '',
    `${threshold} of ${custodians.length} custodians decide.`,
    '',
    ...custodians.map(
      ({ id, name, duty }) => `- ${id}: ${name}, ${duty}; ${reach.get(id) ?? 'no contact in the plan'}`,
    ),
    '',
    ...(people?.breakGlass ?? []).map(({ name, where }) => `- Break glass, ${name}: ${where}`),
    ...(people && people.breakGlass.length > 0 ? [''] : []),
  ];
}

function keysSection(plan: Plan): readonly string[] {
  // The order in which a file names its keys is no part of the plan.
  const keys = Object.entries(plan.keys).sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = keys.map(
    ([name, key]) => `| ${name} | ${key.alias} | ${regionsOf(plan, key).join(', ')} | ${key.owner} |`,
  );
  return ['## Keys', '', '| key | alias | Regions | owner |', '|---|---|---|---|', ...rows, ''];
}

/** Each loss with the way back; a drill shows that the way is open. */
const LOSSES: readonly { readonly loss: string; readonly steps: readonly string[] }[] = [
  {
    loss: 'A key is scheduled for deletion or disabled',
    steps: [
      'Any custodian alone: `custody keys cancel-deletion KEY`.',
      'Two custodians: `custody keys enable KEY`, `custody keys approve ID`, `custody keys execute ID`.',
      '`custody policy reconcile` says who did it.',
    ],
  },
  {
    loss: "A key's policy is not the planned one",
    steps: [
      '`custody policy diff` says who gains and who loses what.',
      '`custody policy restore KEY` asks for the policy of the newest backup; two custodians approve, one executes.',
      '`custody policy prove` says whether the claims hold again.',
    ],
  },
  {
    loss: 'The primary Region is away',
    steps: [
      'Point the services to the replica Region: ciphertexts of multi-Region keys open there as they are.',
      'Two custodians, if it stays away: `custody keys promote KEY --to REGION`.',
      'Keys without replicas wait for their Region; nothing of theirs is lost.',
    ],
  },
  {
    loss: 'The repository or its host is gone',
    steps: [
      'Clone a mirror, or the bundle file from the safe, with plain Git.',
      '`custody policy verify` and `custody ledger verify` in it; compare the head with the other custodians.',
      'Make it the new remote and push.',
    ],
  },
  {
    loss: "A custodian's key or role is gone",
    steps: [
      'The others still decide as long as the threshold is met: go on.',
      'Propose a roster without the lost key; the others approve and execute.',
      'Set policies anew for each key: `custody keys apply`.',
    ],
  },
  {
    loss: 'The executor role is gone',
    steps: [
      'The cold executor can put key policies with the approvals of a quorum: `custody keys policy KEY --executor CUSTODIAN`.',
      'Whoever runs the organization makes the executor role again from `custody policy render --roles`.',
    ],
  },
];
