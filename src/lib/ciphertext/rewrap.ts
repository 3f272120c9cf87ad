import { CustodyError } from '../base/errors.js';
import type { KeyArn, KeyReEncryptor, ReEncrypted } from '../key/key.js';
import { formatLine, parseLine, type StoredCiphertext } from './line.js';

/** What became of one ciphertext. */
export type Rewrapped =
  /** It was under older material; this is the same plaintext under the current one. */
  | { readonly outcome: 'moved'; readonly ciphertext: Uint8Array; readonly materialId: string | null }
  /** It is under the current material; the stored bytes stay as they are. */
  | { readonly outcome: 'current'; readonly materialId: string | null }
  | { readonly outcome: 'failed'; readonly error: CustodyError };

export interface RewrapTo {
  readonly reEncryptor: KeyReEncryptor;
  readonly arn: KeyArn;
  /** The key that `arn` replaces; absent: the ciphertexts are of the key itself. */
  readonly from?: KeyArn;
  /** Keys between the two, where `arn` replaces one that replaces `from`. */
  readonly via?: readonly KeyArn[];
}

/**
 * Moves one ciphertext to the current material of its own key, or of the one that replaces it. Doing it again changes nothing, so a run that was cut off
 * is simply run again.
 * @throws CustodyError DENIED, UNAVAILABLE, TIMEOUT, THROTTLED: nothing is said about this ciphertext, the run stops
 */
export async function rewrap(
  { ciphertext, context }: Pick<StoredCiphertext, 'ciphertext' | 'context'>,
  to: RewrapTo,
): Promise<Rewrapped> {
  try {
    const found = await reEncrypt(to, ciphertext, context);
    if (found.sourceMaterialId !== null && found.sourceMaterialId === found.materialId)
      return { outcome: 'current', materialId: found.materialId };
    return { outcome: 'moved', ciphertext: found.ciphertext, materialId: found.materialId };
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'REFUSED') return { outcome: 'failed', error: cause };
    throw cause;
  }
}

async function reEncrypt(
  { reEncryptor, arn, from = arn, via = [] }: RewrapTo,
  ciphertext: Uint8Array,
  context: StoredCiphertext['context'],
): Promise<ReEncrypted> {
  // An earlier run may have moved it: then it is under a key between already, or under the new one.
  for (const key of from === arn ? [] : [from, ...via]) {
    try {
      return await reEncryptor.reEncrypt({ from: key, to: arn }, ciphertext, context);
    } catch (cause) {
      const elsewhere = cause instanceof CustodyError && cause.details?.awsCode === 'IncorrectKeyException';
      if (!elsewhere) throw cause;
    }
  }
  return reEncryptor.reEncrypt({ from: arn, to: arn }, ciphertext, context);
}

/** One line of a file of ciphertexts, and what stands in its place afterwards. */
export interface RewrappedLine {
  /** From 1. */
  readonly number: number;
  readonly outcome: Rewrapped['outcome'];
  /** A line that could not be read or moved is kept as it was: nothing is lost. */
  readonly text: string;
  readonly error: CustodyError | null;
}

/** How many calls are under way at once: enough to hide the way to KMS, few enough to stop quickly. */
const AT_ONCE = 16;

/**
 * Moves a stream of lines, in order, a few at a time. What encrypts now, KMS says in its first answer; a line that is
 * marked as under that material is not sent.
 * @param skip lines that an earlier run has done; they are read and not given out
 * @throws CustodyError as `rewrap` does
 */
export async function* rewrapLines(
  lines: AsyncIterable<Uint8Array>,
  to: RewrapTo,
  skip = 0,
): AsyncGenerator<RewrappedLine> {
  const underWay: Promise<RewrappedLine>[] = [];
  const known: Known = { materialId: null };
  let number = 0;
  for await (const line of lines) {
    if (++number <= skip) continue;
    const next = rewrapLine(number, line, to, known);
    // Looked at in its turn; until then a failure is not an unhandled one.
    next.catch(() => undefined);
    underWay.push(next);
    const first = underWay.length >= AT_ONCE ? underWay.shift() : undefined;
    if (first) yield await first;
  }
  for (const rest of underWay) yield await rest;
}

interface Known {
  materialId: string | null;
}

async function rewrapLine(number: number, line: Uint8Array, to: RewrapTo, known: Known): Promise<RewrappedLine> {
  const original = Buffer.from(line).toString('utf8');
  const stored = readOrFault(line);
  if (stored instanceof CustodyError) return { number, outcome: 'failed', text: original, error: stored };
  if (stored.keyMaterialId !== null && stored.keyMaterialId === known.materialId)
    return { number, outcome: 'current', text: formatLine(stored), error: null };
  const done = await rewrap(stored, to);
  if (done.outcome === 'failed') return { number, outcome: 'failed', text: original, error: done.error };
  known.materialId ??= done.materialId;
  const ciphertext = done.outcome === 'moved' ? done.ciphertext : stored.ciphertext;
  const text = formatLine({ ...stored, ciphertext, keyMaterialId: done.materialId ?? stored.keyMaterialId });
  return { number, outcome: done.outcome, text, error: null };
}

function readOrFault(line: Uint8Array): StoredCiphertext | CustodyError {
  try {
    return parseLine(line);
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'RECORD_MALFORMED') return cause;
    throw cause;
  }
}

/** Whether a line of an earlier run's result stands for this line of the input: same id, same context, or left as it was. */
export function standsFor(done: Uint8Array, input: Uint8Array): boolean {
  if (Buffer.compare(done, input) === 0) return true;
  const [left, right] = [readOrFault(done), readOrFault(input)];
  if (left instanceof CustodyError || right instanceof CustodyError) return false;
  const empty = { ciphertext: new Uint8Array(1), keyMaterialId: null };
  return formatLine({ ...left, ...empty }) === formatLine({ ...right, ...empty });
}
