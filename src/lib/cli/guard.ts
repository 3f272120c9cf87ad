import { gzipSync } from 'node:zlib';
import chalk from 'chalk';
import type { JsonObject } from '../base/canonical-json.js';
import { parseJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { createFileOnce } from '../fs/files.js';
import { findFolder } from '../fs/folder.js';
import { readPolicyFile } from '../fs/policy-file.js';
import { bundleOf, REGO_FILES } from '../guard/bundle.js';
import { configOf } from '../guard/config.js';
import type { Policy } from '../guard/policy.js';
import { judgeRecords, type QuorumOf } from '../guard/records.js';
import { type GuardReport, type Judged, reportOf, Tally } from '../guard/report.js';
import { meaningOf } from '../guard/rules.js';
import { judgePlan, MAX_PLAN_BYTES } from '../guard/terraform.js';
import type { LedgerPlan } from '../plan/plan.js';
import type { Case } from '../request/case.js';
import { casesOf } from '../request/desk.js';
import { warrantOf } from '../request/warrant.js';
import type { Context } from './context.js';
import { draftFor, readGiven } from './draft.js';
import { wrap } from './render.js';
import { readRecordFiles } from './trail-files.js';

export interface GuardFlags {
  readonly terraform?: readonly string[] | undefined;
  readonly cloudtrail?: readonly string[] | undefined;
  readonly call?: readonly string[] | undefined;
  readonly bundle?: string | undefined;
  readonly plan?: string | undefined;
}

/** What the guard reports, and about which buckets. */
export interface GuardResult extends GuardReport {
  /** Buckets of the ledger; none where the plan has no ledger in S3. */
  readonly ledger: readonly string[];
  /** Where the OPA bundle was written. */
  readonly bundle: string | null;
}

interface Facts {
  readonly ledger: LedgerPlan | undefined;
  readonly quorumOf: QuorumOf;
}

/** Judges plans, records and calls by the policies. @throws CustodyError USAGE where there is nothing to do */
export async function guardGiven(context: Context, flags: GuardFlags): Promise<GuardResult> {
  const { terraform = [], cloudtrail = [], call = [], bundle } = flags;
  if (terraform.length + cloudtrail.length + call.length === 0 && bundle === undefined) {
    throw new CustodyError('USAGE', 'nothing is given to judge', {
      suggestions: ['Give --terraform, --cloudtrail, --call or --bundle.'],
    });
  }
  const facts = await factsFor(context, flags.plan);
  const config = configOf(facts.ledger);
  const { openPolicy } = await import('../guard/wasm.js');
  const policy = await openPolicy(await readPolicyFile('custody.wasm'), config);
  const parts: Judged[] = [];
  for (const file of terraform) parts.push(judgePlan(policy, await readGiven(file, MAX_PLAN_BYTES), file));
  for await (const { file, records } of readRecordFiles(cloudtrail))
    parts.push(judgeRecords(policy, records, file, facts.quorumOf));
  for (const file of call) parts.push(await judgeCall(policy, file));
  if (bundle !== undefined) await writeBundle(bundle, config);
  const judged = parts.length === 0 ? { ...reportOf([]), verdict: 'verified' as const } : reportOf(parts);
  return { ...judged, ledger: bucketsIn(facts.ledger), bundle: bundle ?? null };
}

/** The plan in force, or a draft; without either only keys are judged, of which none is known to have a quorum. */
async function factsFor(context: Context, draft: string | undefined): Promise<Facts> {
  if (draft !== undefined) return { ledger: (await draftFor(context, draft)).plan.ledger, quorumOf: () => null };
  const there = context.flags.repo !== undefined || (await findFolder(process.cwd())) !== null;
  if (!there) return { ledger: undefined, quorumOf: () => null };
  const state = await context.lookUp('remote-if-reachable');
  const { cases } = await casesOf((await context.desk()).ports, state);
  return { ledger: state.plan.plan.ledger, quorumOf: quorumsOf(cases) };
}

/** By the AWS request id in a receipt; of a run that was cut off by the session's name, which is the request's id. */
function quorumsOf(cases: readonly Case[]): QuorumOf {
  const begun = cases.filter(({ verdict }) => verdict.intent !== null);
  const byCall = new Map(
    begun.flatMap((found) =>
      (found.verdict.receipt?.statement.predicate.awsRequestIds ?? []).map((id): [string, Case] => [id, found]),
    ),
  );
  const byId = new Map(begun.map((found): [string, Case] => [found.id, found]));
  return ({ requestId, sessionName }) => {
    const found = byCall.get(requestId ?? '') ?? byId.get(sessionName ?? '');
    const by = found?.verdict.intent?.statement.predicate.by;
    return found && by ? (warrantOf(found, { id: by }).quorum ?? null) : null;
  };
}

async function judgeCall(policy: Policy, file: string): Promise<Judged> {
  const call = parseJson(await readGiven(file, 1024 * 1024), file);
  if (!isObject(call)) throw new CustodyError('RECORD_MALFORMED', `${file}: a call is a JSON object`);
  const given: JsonObject = { resources: [], quorum: null, ...(call as JsonObject), source: 'process' };
  const tally = new Tally();
  const what = `${String(call.service)} ${String(call.operation)}`.slice(0, 200);
  tally.add(policy.decide('guard', given), { source: 'call', file, what, outcome: 'planned' });
  return tally.end(false);
}

async function writeBundle(path: string, config: JsonObject): Promise<void> {
  const files = await Promise.all(
    REGO_FILES.map(async (name): Promise<[string, Uint8Array]> => [name, await readPolicyFile(name)]),
  );
  await createFileOnce(path, gzipSync(bundleOf(new Map(files), config)), 0o644);
}

function bucketsIn(ledger: LedgerPlan | undefined): readonly string[] {
  const { bucket, replica } = (ledger?.store === 's3' ? ledger.s3 : undefined) ?? {};
  return [bucket, replica?.bucket].filter((name) => name !== undefined);
}

/** A block a finding: where, what, and each rule in words. */
export function guardText({ verdict, judged, concerned, findings, unread, ledger, bundle }: GuardResult): string {
  const blocks = findings.map(({ file, what, outcome, rules }) => {
    const words = rules.map((rule) => `    ${chalk.red(rule)}: ${wrap(meaningOf(rule), 6)}`);
    return [`${wrap(`${file}: ${what} (${outcome})`, 4)}`, ...words].join('\n');
  });
  const missing = unread.map((item) => `not judged: ${wrap(item, 12)}`);
  const places = ledger.length === 0 ? 'no ledger in S3: buckets are not judged' : `the ledger: ${ledger.join(', ')}`;
  const done = bundle === null ? [] : [`bundle: ${wrap(bundle, 8)}`];
  const count = `${judged} judged, ${concerned} about the ledger or keys, ${findings.length} findings: ${verdict}`;
  return [...blocks, ...missing, places, ...done, ...(judged > 0 || bundle === null ? [count] : [])].join('\n');
}
