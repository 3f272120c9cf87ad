import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CustodyError, EXIT, type ExitStatus } from '../base/errors.js';
import { parseDuration } from '../base/time.js';
import { type PlannedCall, plannedCalls } from '../drill/calls.js';
import { readDrills } from '../drill/history.js';
import { remedyOf } from '../drill/remedy.js';
import { htmlReport } from '../drill/report-html.js';
import { junitReport } from '../drill/report-junit.js';
import { markdownReport } from '../drill/report-markdown.js';
import { type Drill, runDrill } from '../drill/run.js';
import { type Selection, selectedDrills } from '../drill/selection.js';
import { type DrillCheck, judgeDrill } from '../drill/verdict.js';
import { createFileOnce } from '../fs/files.js';
import { withLock } from '../fs/lock.js';
import { stateDirectory } from '../fs/places.js';
import { keysVerifierOf } from './backup-place.js';
import type { Context, Seat } from './context.js';
import { openScene, type SceneFlags } from './drill-scene.js';

/** Nobody's credentials last for longer. */
const MOST_WAIT_SECONDS = 12 * 3600;

export interface DrillFlags extends Selection, SceneFlags {
  readonly pin?: string | undefined;
  readonly report?: string | undefined;
  readonly 'dry-run': boolean;
  /** Like `30m`. */
  readonly wait?: string | undefined;
}

export interface DrillResult {
  readonly verdict: 'verified' | 'not-verified';
  readonly quarter: string;
  readonly number: number;
  readonly rtoSeconds: number;
  readonly rpoSeconds: number | null;
  readonly failed: readonly string[];
  readonly unproven: readonly string[];
  readonly checks: readonly {
    readonly id: string;
    readonly key: string | null;
    readonly status: DrillCheck['status'];
    readonly seconds: number;
    readonly provesData: boolean;
    readonly detail: string;
    /** What to do; null where nothing is. */
    readonly remedy: string | null;
  }[];
  /** What custodians were to answer; null where none was open, or nobody looked. */
  readonly challenge: { readonly id: string; readonly digest: string } | null;
  /** The signed evidence in the repository, and the files of `--report`. */
  readonly report: { readonly path: string; readonly digest: string; readonly files: readonly string[] };
}

export type DrillAnswer = DrillResult | { readonly dryRun: true; readonly calls: readonly PlannedCall[] };

/** Runs the drills that the flags choose. @throws CustodyError what makes a drill impossible */
export async function drillFor(context: Context, flags: DrillFlags): Promise<DrillAnswer> {
  const selected = selectedDrills(flags);
  const waitSeconds = flags.wait === undefined ? 0 : secondsIn(flags.wait);
  if (flags.report !== undefined) assertNoReport(flags.report);
  await context.requireMemory(flags.pin);
  const seat = await whereItAnswers(() => context.seat('remote'));
  if (flags['dry-run']) return { dryRun: true, calls: plannedCalls(seat.plan, selected) };
  const lock = join(stateDirectory(context.environment, seat.pin.genesis), 'drill.lock');
  return withLock(
    lock,
    async () => {
      const scene = await whereItAnswers(() => openScene(context, seat, flags));
      const drill = await runDrill(scene, seat.actor, selected, waitSeconds);
      const files = flags.report === undefined ? [] : await writeReports(seat, drill, flags.report);
      return resultOf(drill, files);
    },
    { timeoutMillis: 0 },
  );
}

/** @throws CustodyError USAGE */
function secondsIn(text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== null && seconds <= MOST_WAIT_SECONDS) return seconds;
  throw new CustodyError('USAGE', `--wait takes a duration like 30m, of at most 12h, not ${text.slice(0, 40)}`);
}

/** Whose Region is down is told how a drill goes on without it. */
async function whereItAnswers<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (cause) {
    if (!(cause instanceof CustodyError) || (cause.code !== 'UNAVAILABLE' && cause.code !== 'TIMEOUT')) throw cause;
    const { code, message, details } = cause;
    const suggestions = [
      'If a Region is down, drill from another one: --region with one of the replicas of the plan.',
      'If your signing key lies in it, somebody drills whose key is local or lies elsewhere (docs/drills.md, "A Region is down").',
    ];
    throw new CustodyError(code, message, { suggestions, cause, ...(details && { details }) });
  }
}

const REPORT_FILES = {
  markdown: 'drill.md',
  page: 'drill.html',
  junit: 'drill.xml',
  evidence: 'drill.sigstore.json',
} as const;

/** Before anything is asked or signed. @throws CustodyError CONFLICT where a report lies there already */
function assertNoReport(dir: string): void {
  for (const name of Object.values(REPORT_FILES)) {
    if (!existsSync(join(dir, name))) continue;
    throw new CustodyError('CONFLICT', `${join(dir, name)} exists already`, {
      suggestions: ['Name another folder with --report.'],
    });
  }
}

async function writeReports({ ports, state }: Seat, drill: Drill, dir: string): Promise<readonly string[]> {
  const { drills } = await readDrills(await ports.store.local(), keysVerifierOf(state), state);
  const text = (content: string) => Buffer.from(content, 'utf8');
  const files: readonly (readonly [string, Uint8Array])[] = [
    [REPORT_FILES.markdown, text(markdownReport(drill, drills))],
    [REPORT_FILES.page, text(htmlReport(drill, drills))],
    [REPORT_FILES.junit, text(junitReport(drill.said))],
    [REPORT_FILES.evidence, drill.bytes],
  ];
  await mkdir(dir, { recursive: true });
  for (const [name, bytes] of files) await createFileOnce(join(dir, name), bytes, 0o644);
  return files.map(([name]) => join(dir, name));
}

/** What `dr verify --json` says of a drill. @param files of `--report` */
export function resultOf({ said, path, digest }: Drill, files: readonly string[]): DrillResult {
  const { failed, unproven } = judgeDrill(said.checks, said.keys);
  return {
    verdict: said.verdict,
    quarter: said.quarter,
    number: said.number,
    rtoSeconds: said.recovery.timeMillis / 1000,
    rpoSeconds: said.recovery.pointSeconds,
    failed,
    unproven,
    checks: said.checks.map((check) => {
      const { id, key, status, millis, provesData, detail } = check;
      return { id, key, status, seconds: millis / 1000, provesData, detail, remedy: remedyOf(check) };
    }),
    challenge: said.challenge ? { id: said.challenge.id, digest: said.challenge.digest } : null,
    report: { path, digest, files },
  };
}

export function drillExit(answer: DrillAnswer): ExitStatus {
  return 'dryRun' in answer || answer.verdict === 'verified' ? EXIT.ok : EXIT.refused;
}
