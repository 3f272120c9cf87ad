import { type Digest, decodeBase64, digestHex, encodeBase64, sha256Hex } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { PublicKey } from '../base/signature.js';
import { cosignatureKey, type Note, type NoteKey, noteKey, parseNote } from './note.js';
import { hashBytes, hashOfBytes, type TreeHash } from './tree.js';

/** What a ledger was at one size, as c2sp.org/tlog-checkpoint writes it: the text of a signed note. */
export interface Checkpoint {
  /** Which log: `custody/<16 hex of the genesis digest>/<ledger>`. */
  readonly origin: string;
  readonly size: number;
  readonly root: TreeHash;
  /** Opaque; this tool writes none. */
  readonly extensions: readonly string[];
}

/** The repository's own chain, or the audit ledger beside it. */
export const LEDGERS = ['repository', 'ledger'] as const;
export type LedgerName = (typeof LEDGERS)[number];

export const CHECKPOINT_FOLDER = 'checkpoints';

export function originOf(genesis: Digest, ledger: LedgerName): string {
  return `custody/${digestHex(genesis).slice(0, 16)}/${ledger}`;
}

const ORIGIN = /^(custody\/[0-9a-f]{16})\/(repository|ledger)$/;

/** The key name of a custodian in notes over a ledger of this origin; null for an origin that is not of this tool. */
export function keyNameIn(origin: string, custodian: string): string | null {
  const of = ORIGIN.exec(origin)?.[1];
  return of === undefined ? null : `${of}/${custodian}`;
}

/** The keys by which a listed key may sign checkpoints of an origin. */
export function checkpointKeys(origin: string, id: string, key: PublicKey): readonly NoteKey[] {
  const name = keyNameIn(origin, id);
  if (name === null) return [];
  const cosigner = cosignatureKey(name, key);
  return cosigner === null ? [noteKey(name, key)] : [noteKey(name, key), cosigner];
}

export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  const lines = [origin, String(size), encodeBase64(hashBytes(root)), ...extensions];
  return `${lines.join('\n')}\n`;
}

const SIZE = /^(?:0|[1-9][0-9]{0,15})$/;

/** The inverse of `formatCheckpoint`. @throws CustodyError RECORD_MALFORMED */
export function parseCheckpoint(text: string, what = 'checkpoint'): Checkpoint {
  const malformed = (why: string) => new CustodyError('RECORD_MALFORMED', `${what}: ${why}`);
  if (!text.endsWith('\n')) throw malformed('the last line does not end');
  const [origin = '', size = '', root = '', ...extensions] = text.slice(0, -1).split('\n');
  if (origin === '' || extensions.includes('')) throw malformed('an empty line');
  if (!SIZE.test(size) || !Number.isSafeInteger(Number(size))) throw malformed('the second line is no size of a tree');
  const hashed = hashOfBytes(decodeBase64(root) ?? new Uint8Array());
  if (hashed === null) throw malformed('the third line is no SHA-256 in base64');
  return { origin, size: Number(size), root: hashed, extensions };
}

export interface SignedCheckpoint extends Checkpoint {
  readonly note: Note;
}

/** @throws CustodyError RECORD_MALFORMED */
export function parseSignedCheckpoint(bytes: Uint8Array, what = 'checkpoint'): SignedCheckpoint {
  const note = parseNote(bytes, what);
  return { ...parseCheckpoint(note.text, what), note };
}

const DIGITS = 20;
const BEYOND = 10n ** BigInt(DIGITS) - 1n;

/**
 * Where a signed checkpoint lies: the newest is listed first, and a name is taken by these bytes alone, so that nobody
 * can take the place of another's.
 */
export function checkpointPath(size: number, bytes: Uint8Array): string {
  return `${checkpointFolder(size)}/${sha256Hex(bytes)}`;
}

export function checkpointFolder(size: number): string {
  return `${CHECKPOINT_FOLDER}/${String(BEYOND - BigInt(size)).padStart(DIGITS, '0')}`;
}

/** The size that a path tells of; null for another path. */
export function sizeOfPath(path: string): number | null {
  const digits = /^checkpoints\/(\d{20})\/[0-9a-f]{64}$/.exec(path)?.[1];
  if (digits === undefined) return null;
  const size = BEYOND - BigInt(digits);
  return size <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(size) : null;
}
