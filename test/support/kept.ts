import { expect } from 'vitest';
import { verifyChain } from '../../src/lib/ledger/chain.js';
import type { Files } from '../../src/lib/record/store.js';

/** What must hold of a repository, whatever happened: what was there is there, and the ledger tells of it all. */

/**
 * Every file of `before` is in `now`, byte for byte, and the ledger of `now` is whole. Buffers are compared as such:
 * Vitest's equality walks over each byte.
 */
export function expectKept(now: Files, before: Files): void {
  const lost = [...before].filter(([path, bytes]) => !sameBytes(now.get(path), bytes)).map(([path]) => path);
  expect(lost, 'lost or changed').toEqual([]);
  expect(verifyChain(entriesOf(now).map(([, bytes]) => bytes))).toMatchObject({ verdict: 'verified' });
}

/** Kinds of the ledger's entries that are not in `before`, in their order. */
export function ledgerKinds(now: Files, before: Files = new Map()): readonly string[] {
  return entriesOf(now)
    .filter(([path]) => !before.has(path))
    .map(([, bytes]) => String(JSON.parse(Buffer.from(bytes).toString('utf8')).kind));
}

/** Paths of the files in a folder. */
export function pathsIn(files: Files, folder: string): readonly string[] {
  return [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
}

const entriesOf = (files: Files) => [...files].filter(([path]) => path.startsWith('ledger/')).sort();
const sameBytes = (now: Uint8Array | undefined, before: Uint8Array) =>
  now !== undefined && Buffer.compare(now, before) === 0;
