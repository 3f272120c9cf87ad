import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { EMPTY_HEAD, headAfter, sameHead } from '../ledger/chain.js';
import { LEDGER_FOLDER, ledgerPath, sequenceOf } from '../ledger/paths.js';
import type { LedgerHead, LedgerStore } from '../ledger/store.js';
import { createFileOnce, errnoOf, readFileBounded, storageError } from './files.js';
import { withLock } from './lock.js';

const MAX_ENTRY_BYTES = 64 * 1024;
const ENTRY_MODE = 0o600;

/**
 * The ledger in a folder, laid out as in the repository (`ledger/000000/000000000.json`). An entry is created once, by a
 * name that only one writer can take (T41), and is on disk before `append` answers.
 */
export function createDirectoryLedgerStore(dir: string): LedgerStore {
  return {
    head: () => readHead(dir),
    read: (from, to) => readEntries(dir, from, to),
    append: (entries, expected) => append(dir, entries, expected),
  };
}

async function append(dir: string, entries: readonly Uint8Array[], expected: LedgerHead): Promise<LedgerHead> {
  await made(join(dir, LEDGER_FOLDER));
  // The lock keeps the entries of one append together; the names alone keep two writers apart.
  return withLock(join(dir, 'ledger.lock'), async () => {
    const found = await readHead(dir);
    if (!sameHead(found, expected)) {
      throw new CustodyError('CONFLICT', `the ledger has ${found.size} entries, ${expected.size} were expected`, {
        details: { expected, found },
      });
    }
    for (const [at, bytes] of entries.entries()) {
      const path = join(dir, ledgerPath(expected.size + at));
      await made(dirname(path));
      await createFileOnce(path, bytes, ENTRY_MODE);
    }
    return headAfter(expected, entries);
  });
}

/** By the names alone, from the last shard; a gap shows as a count that does not fit the last number (T39). */
async function readHead(dir: string): Promise<LedgerHead> {
  const shards = (await names(join(dir, LEDGER_FOLDER))).filter((name) => /^\d{6}$/.test(name)).sort();
  const listed = await Promise.all(shards.map((shard) => names(join(dir, LEDGER_FOLDER, shard))));
  const sequences = listed
    .flatMap((files, at) => files.map((file) => sequenceOf(`${LEDGER_FOLDER}/${shards[at]}/${file}`)))
    .filter((sequence) => sequence !== null)
    .sort((left, right) => left - right);
  const last = sequences.at(-1);
  if (last === undefined) return EMPTY_HEAD;
  if (last !== sequences.length - 1) {
    throw new CustodyError('LEDGER_BROKEN', `the ledger has ${sequences.length} entries, but its last one is ${last}`);
  }
  return { size: sequences.length, digest: digestOf(await readEntry(dir, last)) };
}

async function readEntries(dir: string, from: number, to: number): Promise<readonly Uint8Array[]> {
  const entries: Uint8Array[] = [];
  for (let sequence = from; sequence < to; sequence++) entries.push(await readEntry(dir, sequence));
  return entries;
}

async function readEntry(dir: string, sequence: number): Promise<Uint8Array> {
  const path = ledgerPath(sequence);
  const bytes = await readFileBounded(join(dir, path), MAX_ENTRY_BYTES);
  if (bytes === null) throw new CustodyError('LEDGER_BROKEN', `the ledger has no ${path}`);
  return bytes;
}

async function made(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw storageError(cause, 'make', path);
  }
}

async function names(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return [];
    throw storageError(cause, 'read', path);
  }
}
