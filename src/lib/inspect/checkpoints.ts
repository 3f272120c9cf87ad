import { CustodyError } from '../base/errors.js';
import { checkpointKeys, parseSignedCheckpoint, type SignedCheckpoint } from '../ledger/checkpoint.js';
import { type Note, signersOf } from '../ledger/note.js';
import type { TreeHash } from '../ledger/tree.js';
import type { Roster } from '../roster/roster.js';
import { identitiesOf } from '../roster/rules.js';
import { type Check, check } from './check.js';

/** A checkpoint as it was found, with those of the roster that signed it. */
export interface FoundCheckpoint {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly checkpoint: SignedCheckpoint;
  /** Ids of the roster; not empty. */
  readonly signers: readonly string[];
}

/** Whose keys of the roster signed a note over a ledger. @throws CustodyError SIGNATURE_INVALID */
export function rosterSigners(note: Note, origin: string, roster: Roster, what?: string): readonly string[] {
  const known = [...identitiesOf(roster).values()].flatMap(({ id, key }) =>
    checkpointKeys(origin, id, key).map((noteKey) => ({ ...noteKey, id })),
  );
  return [...new Set(signersOf(note, known, what).map(({ id }) => id))];
}

export interface Checkpoints {
  readonly found: readonly FoundCheckpoint[];
  /** Not of this ledger, unreadable, or by nobody of the roster: anybody who may write can leave such a file. */
  readonly ignored: number;
  /** So many of those lie before them that not all were looked at. */
  readonly more: boolean;
}

/** Only what somebody of the roster in force signed counts. */
export function readCheckpoints(files: ReadonlyMap<string, Uint8Array>, origin: string, roster: Roster): Checkpoints {
  const found = [...files].flatMap(([path, bytes]) => {
    const one = readCheckpoint(path, bytes, origin, roster);
    return one === null ? [] : [one];
  });
  return { found, ignored: files.size - found.length, more: false };
}

/** Null for a file that is not of this ledger, is none, or was signed by nobody of the roster. */
export function readCheckpoint(
  path: string,
  bytes: Uint8Array,
  origin: string,
  roster: Roster,
): FoundCheckpoint | null {
  try {
    const checkpoint = parseSignedCheckpoint(bytes, path);
    if (checkpoint.origin !== origin) return null;
    const signers = rosterSigners(checkpoint.note, origin, roster, path);
    return signers.length === 0 ? null : { path, bytes, checkpoint, signers };
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}

/**
 * Each signed checkpoint must be a size that the ledger went through, with that root.
 * @param rootAt the root at a size; undefined for one that the ledger has not reached or that was not looked at
 * @param from sizes below were not looked at
 */
export function judgeCheckpoints(
  { found, ignored, more }: Checkpoints,
  head: { readonly size: number },
  rootAt: (size: number) => TreeHash | undefined,
  from = 0,
): Check {
  const looked = found.filter(({ checkpoint }) => checkpoint.size >= from);
  const beside = ignored === 0 ? '' : `; ${ignored} files beside are signed by nobody of the roster`;
  const beyond = looked.find(({ checkpoint }) => checkpoint.size > head.size);
  if (beyond) {
    const { checkpoint, signers } = beyond;
    const detail = `the ledger ends before entry ${head.size}; ${signers} signed that it had ${checkpoint.size} entries${beside}`;
    return check('checkpoints', false, detail);
  }
  const other = looked.find(({ checkpoint }) => rootAt(checkpoint.size) !== checkpoint.root);
  if (other) {
    const good = looked.filter(({ checkpoint }) => rootAt(checkpoint.size) === checkpoint.root);
    const last = Math.max(
      from,
      ...good.map(({ checkpoint }) => checkpoint.size).filter((size) => size < other.checkpoint.size),
    );
    const range = `entries ${last} to ${other.checkpoint.size - 1}`;
    return check(
      'checkpoints',
      false,
      `${range} are not those of the checkpoint that ${other.signers} signed${beside}`,
    );
  }
  const newest = looked.reduce<FoundCheckpoint | null>(
    (most, one) => (most && most.checkpoint.size >= one.checkpoint.size ? most : one),
    null,
  );
  const detail =
    newest === null
      ? `no checkpoint${from > 0 ? ` since entry ${from}` : ''}`
      : `${looked.length} hold; the newest is of ${newest.checkpoint.size} entries, signed by ${newest.signers.join(', ')}`;
  if (more) return { id: 'checkpoints', status: 'skip', detail: `${detail}${beside}, and others were not looked at` };
  return check('checkpoints', true, `${detail}${beside}`);
}
