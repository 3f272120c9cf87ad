import chalk from 'chalk';
import { readFileBounded } from '../fs/files.js';
import { type LocatedFinding, lintFile, lintLive } from '../inspect/lint.js';
import { gatherLive } from '../inspect/proof.js';
import { casesOf } from '../request/desk.js';
import { knownKeys } from '../request/known-keys.js';
import type { Context } from './context.js';
import { namesOf } from './prove.js';
import { wrap } from './render.js';

const MAX_BYTES = 256 * 1024;

export interface LintReport {
  readonly verdict: 'verified' | 'refused' | 'unproven';
  readonly findings: readonly LocatedFinding[];
  /** How many policies were looked at. */
  readonly policies: number;
  readonly unread: readonly string[];
}

/** Lints files, and live keys for whatever is no file; without words every key of the plan. */
export async function lintGiven(context: Context, words: readonly string[]): Promise<LintReport> {
  const findings: LocatedFinding[] = [];
  const keys: string[] = [];
  let policies = 0;
  for (const word of words) {
    const bytes = await readFileBounded(word, MAX_BYTES);
    if (bytes === null) keys.push(word);
    else {
      policies += 1;
      findings.push(...lintFile(bytes, word));
    }
  }
  const live = keys.length > 0 || words.length === 0 ? await lintKeys(context, keys) : NOTHING;
  return reportOf([...findings, ...live.findings], policies + live.policies, live.unread);
}

const NOTHING = { findings: [], policies: 0, unread: [] };

async function lintKeys(context: Context, words: readonly string[]) {
  const state = await context.lookUp('remote-if-reachable');
  const { plan } = state.plan;
  const names = words.length === 0 ? Object.keys(plan.keys) : words.flatMap((word) => namesOf(plan, word));
  const { ports } = await context.desk();
  const { reader } = await context.access.aws(plan);
  const organization = { serviceControlPolicies: null, resourceControlPolicies: null };
  const question = { plan, roster: state.roster, names, organization };
  const known = knownKeys(plan, (await casesOf(ports, state)).cases);
  const evidence = await gatherLive({ reader, account: null }, question, ports.progress, { known });
  context.progress.done();
  return { findings: lintLive(question, evidence), policies: evidence.keys.length, unread: evidence.unread };
}

/** Nothing looked at is not in order (T23). */
function reportOf(findings: readonly LocatedFinding[], policies: number, unread: readonly string[]): LintReport {
  const bad = findings.some(({ severity }) => severity !== 'note');
  const verdict = bad ? 'refused' : policies > 0 && unread.length === 0 ? 'verified' : 'unproven';
  return { verdict, findings, policies, unread };
}

const COLOURS = { error: chalk.red, warning: chalk.yellow, note: chalk.dim } as const;

/** `file:line` or key and statement, what is wrong, and below it what to do. */
export function lintText({ verdict, findings, policies, unread }: LintReport): string {
  const lines = findings.map((finding) => {
    const { severity, rule, message, remedy } = finding;
    return `${wrap(placeOf(finding), 0)}: ${COLOURS[severity](severity)} ${rule}\n    ${wrap(message, 4)}\n    → ${wrap(remedy, 6)}`;
  });
  const missing = unread.map((item) => `not read: ${wrap(item, 10)}`);
  const count = `${policies} ${policies === 1 ? 'policy' : 'policies'}, ${findings.length} findings: ${verdict}`;
  return [...lines, ...missing, count].join('\n');
}

function placeOf({ file, line, key, region, statement }: LocatedFinding): string {
  const where = statement === null ? '' : ` statement ${statement + 1}`;
  if (file === null) return `${key} in ${region}${where}`;
  return `${file}${line === null ? '' : `:${line}`}${where}`;
}
