import { citedControls } from './controls.js';
import { DRILL_IDS, DRILLS } from './drills.js';
import type { Drilled } from './history.js';
import { remedyOf } from './remedy.js';
import { type TrendPoint, trendOf } from './trend.js';
import { type DrillCheck, judgeDrill } from './verdict.js';

const WORD = { pass: 'pass', fail: 'FAIL', skip: 'unproven', none: 'not applicable' } as const;

/** The report for people who read text. @param drills all of them, the reported one last */
export function markdownReport(drill: Drilled, drills: readonly Drilled[]): string {
  const { said, digest, by } = drill;
  const { failed, unproven } = judgeDrill(said.checks, said.keys);
  return [
    `# Drill ${said.quarter}-${said.number}: ${said.verdict}`,
    '',
    ...factRows(drill).map(([name, value]) => `- ${name}: ${value}`),
    `- evidence: ${digest}, signed by ${by}`,
    '',
    ...(failed.length > 0 ? ['## Lost', '', ...said.checks.filter(isFailed).map(lossLine), ''] : []),
    ...(unproven.length > 0 ? ['## Unproven', '', ...unproven.map((id) => openLine(said.checks, id)), ''] : []),
    '## What was proven',
    '',
    ...DRILL_IDS.filter((id) => passedWhole(said.checks, id)).map((id) => `- ${DRILLS[id].proves}`),
    '',
    '## Checks',
    '',
    '| check | status | data | ms | what was found |',
    '|---|---|---|---|---|',
    ...said.checks.map(checkRow),
    '',
    '## Recovery',
    '',
    '| step | ms | on the longest way |',
    '|---|---|---|',
    ...said.recovery.steps.map(({ id, millis, critical }) => `| ${id} | ${millis} | ${critical ? 'yes' : ''} |`),
    '',
    '## Drills so far',
    '',
    '| drill | verdict | RTO, s | RPO, s |',
    '|---|---|---|---|',
    ...trendOf(drills).map(trendRow),
    '',
    '## Controls',
    '',
    ...controlLines(said.checks),
    '',
  ].join('\n');
}

function isFailed({ status }: DrillCheck): boolean {
  return status === 'fail';
}

export function passedWhole(checks: readonly DrillCheck[], id: string): boolean {
  const own = checks.filter(({ drill }) => drill === id);
  return (
    own.some(({ status }) => status === 'pass') && own.every(({ status }) => status === 'pass' || status === 'none')
  );
}

/** What everybody asks first. */
export function factRows({ said }: Pick<Drilled, 'said'>): readonly (readonly [string, string])[] {
  const { recovery, backup, ledger, challenge } = said;
  const point = recovery.pointSeconds === null ? 'unbounded' : `${recovery.pointSeconds} s`;
  return [
    ['time', `${said.startedAt} to ${said.finishedAt}`],
    ['account', said.account],
    ['recovery time', `${recovery.timeMillis / 1000} s measured, ${recovery.timeObjectiveSeconds} s allowed`],
    ['recovery point', `${point} measured, ${recovery.pointObjectiveSeconds} s allowed`],
    ['backup', backup === null ? 'none' : `${backup.sequence}, ${backup.manifest}, made ${backup.createdAt}`],
    ['ledger', `${ledger.entries} entries, head ${ledger.head ?? 'none'}`],
    [
      'challenge',
      challenge ? `${challenge.id}, ${challenge.digest}, asked by ${challenge.by} ${challenge.askedAt}` : 'none',
    ],
    ['plan and roster', `plan ${said.planVersion}, roster ${said.rosterVersion} (${said.rosterDigest})`],
    ['tool', `${said.tool.name} ${said.tool.version} (${said.tool.digest})`],
    ['scratch keys', `${said.scratch.length} made, each scheduled for deletion`],
  ];
}

function lossLine(check: DrillCheck): string {
  return `- **${check.id}**: ${cell(check.detail)}. ${remedyOf(check) ?? ''}`;
}

/** What is unproven is a check, or a key of which nothing was proven. */
function openLine(checks: readonly DrillCheck[], what: string): string {
  const check = checks.find(({ id }) => id === what);
  return check === undefined ? `- ${what}` : lossLine(check);
}

function checkRow({ id, status, provesData, millis, detail }: DrillCheck): string {
  return `| ${id} | ${WORD[status]} | ${provesData ? 'yes' : ''} | ${millis} | ${cell(detail)} |`;
}

function trendRow({ quarter, number, verdict, rtoSeconds, rpoSeconds }: TrendPoint): string {
  return `| ${quarter}-${number} | ${verdict} | ${rtoSeconds} | ${rpoSeconds ?? 'unbounded'} |`;
}

function controlLines(checks: readonly DrillCheck[]): readonly string[] {
  const cited = citedControls(checks);
  if (cited.length === 0) return ['This run proved no clause as a whole.'];
  return cited.map(
    ({ framework, clause, about, checks: by }) => `- ${framework} ${clause}, ${about}: ${by.join(', ')}`,
  );
}

/** Names of keys and roles in a detail may be a stranger's: nothing of them is markup. */
function cell(text: string): string {
  return text.replaceAll(/[\\|<>*_`[\]]/g, (char) => `\\${char}`).replaceAll(/\p{C}/gu, ' ');
}
