import { sha256Hex } from '../base/bytes.js';
import { CustodyError, type ErrorCode } from '../base/errors.js';
import { addSeconds, type Instant } from '../base/time.js';
import { readAhead } from '../ledger/ahead.js';
import type { DigestFinding } from '../trail/digest-finding.js';
import type { TrailKeys } from '../trail/digest-signature.js';
import type { TrailFile, TrailFiles } from '../trail/files.js';
import { type DigestName, type LogName, trailNameOf } from '../trail/names.js';
import { readRecords } from '../trail/records.js';
import { type JudgedDigests, judgeAll } from './digests.js';
import type { Batch, Source, SourceEnd } from './source.js';
import { unpack } from './unpack.js';

/** Unpacked; files of CloudTrail stay far below this, and a few are in memory at a time. */
export const MAX_LOG_BYTES = 64 * 1024 * 1024;

/** `required`: only what a digest proves is taken in; `reported`: also what nothing proves, each entry saying so. */
export type DigestRule = 'required' | 'reported';

export interface FilesQuestion {
  readonly name: string;
  readonly files: TrailFiles;
  readonly keys: TrailKeys;
  readonly rule: DigestRule;
  readonly scopes: readonly string[];
  readonly from: Instant | null;
  readonly until: Instant;
  readonly now: Instant;
  readonly tell: (text: string) => void;
}

interface NamedLog {
  readonly file: TrailFile;
  readonly name: LogName;
}

/** A file is delivered up to a quarter of an hour, rarely more, after its events. */
const LATE_SECONDS = 3600;
const MOST_FILES = 1_000_000;

/** Log files of CloudTrail, in the order in which they were delivered, each measured against the digests first. */
export function sourceOfFiles(question: FilesQuestion): Source {
  const findings: DigestFinding[] = [];
  const count = { files: 0, waiting: 0 };
  let judged: JudgedDigests | null = null;
  async function* batches(): AsyncGenerator<Batch> {
    const { logs, digests } = await listed(question);
    judged = await judgeAll({ ...question, found: digests });
    findings.push(...judged.findings);
    const wanted = logs.filter((log) => isWanted(log, question, judged));
    let at = 0;
    for await (const read of readAhead(each(wanted), (log) => openLog(question, log), AHEAD)) {
      if (++at % 100 === 0) question.tell(`${at} of ${wanted.length} log files`);
      const batch = read === null ? null : takeLog(question, judged, read, findings, count);
      if (batch !== null) yield batch;
    }
    findings.push(...judged.catalogue.missing());
  }
  const end = (): SourceEnd => ({
    mark: provenUntil(question.scopes, judged),
    findings,
    covered: judged?.covered ?? {},
    ...count,
    gaps: [],
  });
  return { name: question.name, backing: 'digests', from: question.from, batches, end };
}

/** Until when every Region of the plan is proven: what is not stays in the window of the next run. */
function provenUntil(scopes: readonly string[], judged: JudgedDigests | null): Instant | null {
  const chains = Object.entries(judged?.covered ?? {});
  const last = scopes.map((scope) => {
    const ends = chains.filter(([chain]) => chain.startsWith(`${scope}/`)).map(([, spans]) => spans.at(-1)?.until);
    return (
      ends
        .filter((end) => end !== undefined)
        .sort()
        .at(-1) ?? null
    );
  });
  const [first = null] = last.sort((left, right) => ((left ?? '') < (right ?? '') ? -1 : 1));
  return first;
}

/** @throws CustodyError NOT_FOUND where nothing of CloudTrail's lies, LIMIT_EXCEEDED */
async function listed({ files, from, name }: FilesQuestion) {
  const logs: NamedLog[] = [];
  const digests: { readonly file: TrailFile; readonly name: DigestName }[] = [];
  for await (const file of files.list(from === null ? null : addSeconds(from, -86_400))) {
    const named = trailNameOf(file.place);
    if (named?.kind === 'log') logs.push({ file, name: named });
    if (named?.kind === 'digest') digests.push({ file, name: named });
    if (logs.length + digests.length <= MOST_FILES) continue;
    throw new CustodyError('LIMIT_EXCEEDED', `${name} holds more than ${MOST_FILES} files`, {
      suggestions: ['Give a shorter window with --since and --until, or a deeper prefix.'],
    });
  }
  if (logs.length + digests.length === 0) {
    throw new CustodyError('NOT_FOUND', `there is no file of CloudTrail in ${name}`, {
      suggestions: ['Name the folder or prefix above AWSLogs/.'],
    });
  }
  logs.sort((left, right) => (sortKey(left) < sortKey(right) ? -1 : 1));
  return { logs, digests };
}

function sortKey({ name, file }: NamedLog): string {
  return `${name.deliveredAt ?? ''} ${file.place}`;
}

/** Of the window, or listed by a digest of it. A file without a time of CloudTrail's is always looked at. */
function isWanted(
  { file, name: { deliveredAt } }: NamedLog,
  { from, until }: FilesQuestion,
  judged: JudgedDigests | null,
) {
  if (deliveredAt === null || judged?.catalogue.lists(file.place)) return true;
  return (from === null || deliveredAt >= from) && deliveredAt <= until;
}

/** How many files are fetched and unpacked while others are read; a file of CloudTrail has some hundred kilobytes. */
const AHEAD = { parallel: 4, budget: 4, weigh: () => 1 };

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

const UNREADABLE: ReadonlySet<ErrorCode> = new Set(['LIMIT_EXCEEDED', 'RECORD_MALFORMED']);

interface OpenedLog extends NamedLog {
  readonly bytes: Uint8Array | CustodyError;
}

/** Null for a file that is gone since it was listed: if a digest lists it, it is missing. */
async function openLog({ files }: FilesQuestion, { file, name }: NamedLog): Promise<OpenedLog | null> {
  const bytes = await attempt(async () => {
    const stored = await files.read(file);
    return stored === null ? null : unpack(stored.bytes, file.name, MAX_LOG_BYTES);
  });
  return bytes === null ? null : { file, name, bytes };
}

function takeLog(
  { rule }: FilesQuestion,
  { catalogue }: JudgedDigests,
  { file, name, bytes }: OpenedLog,
  findings: DigestFinding[],
  count: { files: number; waiting: number },
): Batch | null {
  count.files++;
  const settled = name.deliveredAt === null ? null : addSeconds(name.deliveredAt, -LATE_SECONDS);
  const common = { where: file.name, settled };
  // The hash of what cannot be unpacked is no listed one.
  const hashHex = bytes instanceof CustodyError ? '' : sha256Hex(bytes);
  const { standing, finding } = catalogue.judge(file.place, name, hashHex);
  if (finding !== null) findings.push(finding);
  if (standing === 'waiting') count.waiting++;
  const isTaken = standing === 'proven' || (rule === 'reported' && standing !== 'refused');
  if (!isTaken) return null;
  const evidence = standing === 'proven' ? 'digest' : 'none';
  return { ...common, evidence, content: bytes instanceof CustodyError ? { why: bytes.message } : read(bytes, file) };
}

function read(bytes: Uint8Array, { name }: TrailFile): Batch['content'] {
  try {
    return readRecords(bytes, name);
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'RECORD_MALFORMED') return { why: cause.message };
    throw cause;
  }
}

/** Whoever may write beside the trail can put there what is too large to be read, or no packed file: the rest goes on. */
async function attempt<T>(read: () => Promise<T>): Promise<T | CustodyError> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof CustodyError && UNREADABLE.has(cause.code)) return cause;
    throw cause;
  }
}
