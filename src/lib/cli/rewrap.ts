import { CustodyError } from '../base/errors.js';
import { MAX_CIPHERTEXT_BYTES, MAX_LINE_BYTES } from '../ciphertext/line.js';
import { type RewrappedLine, type RewrapTo, rewrap, rewrapLines, standsFor } from '../ciphertext/rewrap.js';
import { PRIVATE_FILE, readFileBounded, writeFileAtomic } from '../fs/files.js';
import { openLineFile, partOf, readLines } from '../fs/lines.js';
import { errorJson } from './failure.js';

/** Lines that are written at once; between them a run can be cut off and taken up again. */
const BATCH = 256;
/** Failures that are listed one by one; the rest is counted. */
const MAX_FAILURES = 100;

interface Failure {
  readonly where: string;
  readonly error: ReturnType<typeof errorJson>['error'];
}

/** What came of all of them. */
export class RewrapTally {
  total = 0;
  moved = 0;
  current = 0;
  failed = 0;
  /** Done by an earlier run that was cut off. */
  resumed = 0;
  readonly failures: Failure[] = [];

  add(where: string, outcome: RewrappedLine['outcome'], error: CustodyError | null): void {
    this.total++;
    this[outcome]++;
    if (error && this.failures.length < MAX_FAILURES) this.failures.push({ where, error: errorJson(error).error });
  }

  json() {
    const { total, moved, current, failed, resumed, failures } = this;
    return { total, moved, current, failed, resumed, failures };
  }
}

/**
 * Moves the lines of one file into another. A run that was cut off is taken up after the last whole line that it wrote.
 * @param output null to write nothing and only count
 * @throws CustodyError CONFLICT when the output exists, or its part is of another input; as `rewrap` does
 */
export async function rewrapFile(
  input: string,
  output: string | null,
  to: RewrapTo,
  tell: (text: string) => void,
): Promise<RewrapTally> {
  const tally = new RewrapTally();
  const sink = output === null ? null : await openLineFile(output);
  try {
    if (output !== null && sink) tally.resumed = await resumable(input, output, sink.lines);
    const batch: string[] = [];
    for await (const line of rewrapLines(readLines(input, MAX_LINE_BYTES), to, tally.resumed)) {
      tally.add(`line ${line.number}`, line.outcome, line.error);
      if (batch.push(line.text) < BATCH) continue;
      await sink?.file.append(batch.splice(0));
      tell(`${line.number} lines: ${tally.moved} moved, ${tally.current} current, ${tally.failed} failed`);
    }
    await sink?.file.append(batch);
    await sink?.file.finish();
    return tally;
  } finally {
    await sink?.file.close();
  }
}

/** How many lines an earlier run has written, each of which must stand for the input's line of the same number. */
async function resumable(input: string, output: string, lines: number): Promise<number> {
  if (lines === 0) return 0;
  const inputs = readLines(input, MAX_LINE_BYTES);
  let number = 0;
  try {
    for await (const done of readLines(partOf(output), MAX_LINE_BYTES)) {
      if (++number > lines) break;
      const given = await inputs.next();
      if (given.done === true || !standsFor(done, given.value)) throw otherInput(output, number);
    }
  } finally {
    await inputs.return(undefined);
  }
  return lines;
}

function otherInput(output: string, number: number): CustodyError {
  return new CustodyError('CONFLICT', `${partOf(output)} is not from this input: line ${number} differs`, {
    suggestions: ['Name another file for the result, or move that one away.'],
  });
}

/** Moves raw ciphertexts in place, each file replaced whole; a run that was cut off is run again. */
export async function rewrapBlobs(
  files: readonly string[],
  context: Readonly<Record<string, string>>,
  write: boolean,
  to: RewrapTo,
  tell: (text: string) => void,
): Promise<RewrapTally> {
  const tally = new RewrapTally();
  for (const file of files) {
    tell(file);
    const ciphertext = await readFileBounded(file, MAX_CIPHERTEXT_BYTES);
    if (ciphertext === null || ciphertext.length === 0) {
      tally.add(file, 'failed', new CustodyError('NOT_FOUND', `there is no ciphertext in ${file}`));
      continue;
    }
    const done = await rewrap({ ciphertext, context }, to);
    if (done.outcome === 'moved' && write) await writeFileAtomic(file, done.ciphertext, PRIVATE_FILE);
    tally.add(file, done.outcome, done.outcome === 'failed' ? done.error : null);
  }
  return tally;
}

/** `k=v` words as an encryption context. @throws CustodyError USAGE for a word without `=`, or a name given twice */
export function contextOf(words: readonly string[]): Readonly<Record<string, string>> {
  const pairs = words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] as const);
  const bad = words.find((word) => word.indexOf('=') < 1);
  if (bad !== undefined) throw new CustodyError('USAGE', `a context pair is NAME=VALUE, found ${bad}`);
  if (new Set(pairs.map(([name]) => name)).size < pairs.length)
    throw new CustodyError('USAGE', 'a name occurs twice in the context');
  return Object.fromEntries(pairs);
}
