import { DRILL_IDS } from './drills.js';
import type { DrillPredicate } from './evidence.js';
import { remedyOf } from './remedy.js';
import { type DrillCheck, type DrillVerdict, judgeDrill } from './verdict.js';

/** The report for machines that read JUnit: a suite a drill, a case a check. */
export function junitReport(said: DrillPredicate): string {
  const suites = DRILL_IDS.map((id) => [id, said.checks.filter(({ drill }) => drill === id)] as const);
  const body = suites.filter(([, own]) => own.length > 0).map(([id, own]) => suite(id, own, said.startedAt));
  const all = counts(said.checks, said.verdict);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="custody dr verify ${said.quarter}-${said.number}" ${all}>\n${[verdictSuite(said), ...body].join('\n')}\n</testsuites>\n`;
}

/** JUnit knows no verdict: what is unproven is skipped, and that alone would look like a success. */
function verdictSuite({ verdict, checks, keys, startedAt }: DrillPredicate): string {
  const { failed, unproven } = judgeDrill(checks, keys);
  const why = `not verified: ${[...failed, ...unproven].join(', ')}`;
  const failure = verdict === 'verified' ? '/>' : `><failure message="${xml(why)}"/></testcase>`;
  const head = `<testsuite name="verdict" ${counts([], verdict)} skipped="0" timestamp="${startedAt.slice(0, 19)}">`;
  return `  ${head}\n    <testcase classname="verdict" name="verified" time="0"${failure}\n  </testsuite>`;
}

function suite(id: (typeof DRILL_IDS)[number], checks: readonly DrillCheck[], timestamp: string): string {
  const cases = checks.map(testCase);
  return `  <testsuite name="${id}" ${counts(checks)} ${skippedIn(checks)} timestamp="${timestamp.slice(0, 19)}">\n${cases.join('\n')}\n  </testsuite>`;
}

/** With the verdict, where it is one of the cases. */
function counts(checks: readonly DrillCheck[], verdict: DrillVerdict | null = null): string {
  const of = (status: DrillCheck['status']) => checks.filter((one) => one.status === status).length;
  const seconds = checks.reduce((sum, { millis }) => sum + millis, 0) / 1000;
  const [one, bad] = [verdict === null ? 0 : 1, verdict === 'not-verified' ? 1 : 0];
  return `tests="${checks.length + one}" failures="${of('fail') + bad}" errors="0" time="${seconds}"`;
}

/** The form that Jenkins' xunit plugin asks for (junit-10.xsd) has this for a suite, and not for all of them. */
function skippedIn(checks: readonly DrillCheck[]): string {
  return `skipped="${checks.filter(({ status }) => status === 'skip' || status === 'none').length}"`;
}

function testCase(check: DrillCheck): string {
  const { id, drill, status, millis, detail } = check;
  const head = `    <testcase classname="${drill}" name="${xml(id)}" time="${millis / 1000}"`;
  if (status === 'pass') return `${head}/>`;
  if (status === 'none') return `${head}><skipped message="${xml(detail)}"/></testcase>`;
  const word = status === 'skip' ? 'skipped' : 'failure';
  return `${head}><${word} message="${xml(detail)}">${xml(remedyOf(check) ?? '')}</${word}></testcase>`;
}

/** XML 1.0 has no place for control characters, not even escaped. */
function xml(text: string): string {
  return text.replaceAll(/\p{C}/gu, ' ').replaceAll(/[&<>"']/g, (char) => `&#${char.codePointAt(0)};`);
}
