import { decodeBase64, decodeUtf8, encodeBase64 } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { MAX_NOTE_BYTES } from './note.js';
import { hashBytes, hashOfBytes, type TreeHash } from './tree.js';

/**
 * One entry with the proof that it stands in a signed ledger, as one file: c2sp.org/tlog-proof, with the bytes of the
 * entry as its `extra`. The specification does not authenticate `extra`; the inclusion proof does, because the leaf is
 * the hash of these bytes.
 */
export interface EntryProof {
  readonly entry: Uint8Array;
  readonly index: number;
  /** From the leaf's sibling up to the child of the root. */
  readonly hashes: readonly TreeHash[];
  /** A signed note. */
  readonly checkpoint: Uint8Array;
}

const HEADER = 'c2sp.org/tlog-proof@v1';
const MAX_ENTRY_BYTES = 64 * 1024;
/** A tree of 2^53 leaves is no higher. */
const MAX_HASHES = 53;
export const MAX_PROOF_BYTES = 2 * MAX_ENTRY_BYTES + MAX_HASHES * 45 + MAX_NOTE_BYTES + 1024;

export function formatProof({ entry, index, hashes, checkpoint }: EntryProof): Uint8Array {
  const path = hashes.map((hash) => `${encodeBase64(hashBytes(hash))}\n`).join('');
  const head = `${HEADER}\nextra ${encodeBase64(entry)}\nindex ${index}\n${path}\n`;
  return Buffer.concat([Buffer.from(head, 'utf8'), checkpoint]);
}

/** Whether a file says that it is such a proof. */
export function isProof(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, HEADER.length + 1)).equals(Buffer.from(`${HEADER}\n`));
}

/** The inverse of `formatProof`. @throws CustodyError RECORD_MALFORMED */
export function parseProof(bytes: Uint8Array, what = 'proof'): EntryProof {
  const malformed = (why: string) => new CustodyError('RECORD_MALFORMED', `${what}: ${why}`);
  if (bytes.length > MAX_PROOF_BYTES) throw malformed(`${bytes.length} bytes, at most ${MAX_PROOF_BYTES} are read`);
  const text = decodeUtf8(bytes);
  if (text === null) throw malformed('not UTF-8');
  const split = text.indexOf('\n\n');
  if (split < 0) throw malformed('no empty line before the checkpoint');
  const [header, extra = '', index = '', ...path] = text.slice(0, split).split('\n');
  if (header !== HEADER) throw malformed(`the first line is not ${HEADER}`);
  const entry = extra.startsWith('extra ') ? decodeBase64(extra.slice('extra '.length)) : null;
  if (entry === null || entry.length > MAX_ENTRY_BYTES) throw malformed('the second line is no extra with an entry');
  const number = /^index (0|[1-9][0-9]{0,15})$/.exec(index)?.[1];
  if (number === undefined || !Number.isSafeInteger(Number(number))) throw malformed('the third line is no index');
  if (path.length > MAX_HASHES) throw malformed(`more than ${MAX_HASHES} hashes`);
  const hashes = path.map((line) => {
    const hash = hashOfBytes(decodeBase64(line) ?? new Uint8Array());
    if (hash === null) throw malformed('a line of the proof is no SHA-256 in base64');
    return hash;
  });
  return { entry, index: Number(number), hashes, checkpoint: Buffer.from(text.slice(split + 2), 'utf8') };
}
