import { type Digest, digestFromHex, digestHex } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { BlobId } from '../record/store.js';
import { KEY_FILES, type KeyFile, keyFilePath, parseKeyFilePath, type Sum } from './paths.js';

/** SHA-256, and the id that Git gives (SHA-1). */
const DIGEST_BYTES = 32;
const BLOB_BYTES = 20;
/** Whether the file is there, whether its bytes were staged; then both digests. */
const SLOT_BYTES = 2 + DIGEST_BYTES + BLOB_BYTES;
/** In the order of their paths. */
const FILES: readonly KeyFile[] = [...KEY_FILES].sort((a, b) => (`${a}.json` < `${b}.json` ? -1 : 1));
const ROW_BYTES = FILES.length * SLOT_BYTES;

/** Keys whose files are to come. */
export interface ExpectedKeys {
  readonly region: string;
  /** Sorted. */
  readonly keyIds: readonly string[];
}

interface RegionRows extends ExpectedKeys {
  readonly rows: Buffer;
}

interface Other {
  readonly digest: Digest;
  readonly blob: BlobId | null;
}

/**
 * What the files of a backup are until its list is signed. An account has tens of thousands of keys with six files each: a path
 * and two digests as text take ten times what they say, so a key's files have a row of bytes, and their paths follow from it.
 */
export class FileTable {
  readonly #account: string;
  readonly #regions: readonly RegionRows[];
  readonly #others = new Map<string, Other>();

  constructor(account: string, expected: readonly ExpectedKeys[]) {
    this.#account = account;
    this.#regions = [...expected]
      .sort((a, b) => (`${a.region}/` < `${b.region}/` ? -1 : 1))
      .map(({ region, keyIds }) => ({ region, keyIds, rows: Buffer.alloc(keyIds.length * ROW_BYTES) }));
  }

  /** @param blob null where the bytes were not staged */
  set(path: string, digest: Digest, blob: BlobId | null): void {
    const slot = this.#slotOf(path);
    if (slot === null) {
      this.#others.set(path, { digest, blob });
      return;
    }
    slot[0] = 1;
    slot[1] = blob === null ? 0 : 1;
    write(slot, 2, digestHex(digest), DIGEST_BYTES);
    if (blob !== null) write(slot, 2 + DIGEST_BYTES, blob, BLOB_BYTES);
  }

  /** One line a file, sorted by path. */
  *sums(): Generator<Sum> {
    for (const { path, digest } of this.#entries()) yield { path, digest };
  }

  /** What was staged, by path. */
  staged(): ReadonlyMap<string, BlobId> {
    const staged = new Map<string, BlobId>();
    for (const { path, blob } of this.#entries()) if (blob !== null) staged.set(path, blob);
    return staged;
  }

  *#entries(): Generator<Sum & Other> {
    const others = [...this.#others].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const entry of this.#rows()) {
      for (let [first] = others; first !== undefined && first[0] < entry.path; [first] = others) {
        yield { path: first[0], ...first[1] };
        others.shift();
      }
      yield entry;
    }
    for (const [path, other] of others) yield { path, ...other };
  }

  *#rows(): Generator<Sum & Other> {
    for (const { region, keyIds, rows } of this.#regions) {
      for (const [row, keyId] of keyIds.entries()) {
        for (const [at, name] of FILES.entries()) {
          const slot = rows.subarray(row * ROW_BYTES + at * SLOT_BYTES, row * ROW_BYTES + (at + 1) * SLOT_BYTES);
          if (slot[0] !== 1) continue;
          const digest = digestFromHex(slot.toString('hex', 2, 2 + DIGEST_BYTES));
          const blob = slot[1] === 1 ? (slot.toString('hex', 2 + DIGEST_BYTES) as BlobId) : null;
          yield { path: keyFilePath({ account: this.#account, region, keyId }, name), digest, blob };
        }
      }
    }
  }

  /** Null for what is no file of a key that was expected. */
  #slotOf(path: string): Buffer | null {
    const place = parseKeyFilePath(path);
    const found = this.#regions.find(({ region }) => region === place?.region);
    if (place === null || found === undefined || place.account !== this.#account) return null;
    const row = rowOf(found.keyIds, place.keyId);
    if (row === null) return null;
    const at = row * ROW_BYTES + FILES.indexOf(place.file) * SLOT_BYTES;
    return found.rows.subarray(at, at + SLOT_BYTES);
  }
}

/** By halves: a map of names would take more than the rows. */
function rowOf(sorted: readonly string[], wanted: string): number | null {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((sorted[middle] ?? '') < wanted) from = middle + 1;
    else to = middle;
  }
  return sorted[from] === wanted ? from : null;
}

function write(slot: Buffer, at: number, hex: string, length: number): void {
  if (slot.write(hex, at, length, 'hex') !== length || hex.length !== 2 * length)
    throw new CustodyError('BUG', `a digest of ${hex.length} characters, expected ${2 * length}`);
}
