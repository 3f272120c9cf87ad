import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { parseInstant } from '../../../src/lib/base/time.js';
import { EMPTY_HEAD, link, verifyChain } from '../../../src/lib/ledger/chain.js';
import { ledgerPath, sequenceOf } from '../../../src/lib/ledger/paths.js';
import { type LedgerTree, ledgerFiles, readLedgerEntries, readLedgerHead } from '../../../src/lib/ledger/view.js';

function treeOf(files: ReadonlyMap<string, Uint8Array>): LedgerTree & { readonly reads: string[] } {
  const reads: string[] = [];
  return {
    reads,
    pathsUnder: async (prefix) => [...files.keys()].filter((path) => path.startsWith(prefix)).sort(),
    read: async (paths) => {
      reads.push(...paths);
      return new Map([...files].filter(([path]) => paths.includes(path)));
    },
  };
}

const events = (count: number) =>
  Array.from({ length: count }, (_, fact) => ({
    at: parseInstant('2026-01-31T09:00:00.000Z'),
    kind: 'intent' as const,
    by: 'deputy',
    requestId: null,
    record: digestOf('x'),
    facts: { fact },
  }));
const broken = expect.objectContaining({ code: 'LEDGER_BROKEN' });

describe('paths', () => {
  test('sort as the sequence does, a thousand to a folder', () => {
    const some = [0, 9, 10, 999, 1000, 99_999, 100_000, 999_999_999];
    const paths = some.map(ledgerPath);
    expect(paths).toEqual([...paths].sort());
    expect(paths[3]).toBe('ledger/000000/000000999.json');
    expect(paths[4]).toBe('ledger/000001/000001000.json');
    expect(paths.map(sequenceOf)).toEqual(some);
  });

  test.each([-1, 1.5, 1_000_000_000, Number.NaN])('there is no entry %s', (sequence) => {
    expect(() => ledgerPath(sequence)).toThrow(broken);
  });

  test.each([
    'ledger/000001/000000001.json',
    'ledger/0/0.json',
    'x/000000/000000000.json',
    'ledger/000000/000000000.json\n',
  ])('%j is no path of an entry', (path) => expect(sequenceOf(path)).toBeNull());
});

describe('a ledger in a repository', () => {
  test('is empty at first', async () => {
    expect(await readLedgerHead(treeOf(new Map([['plan/1.json', new Uint8Array()]])))).toEqual(EMPTY_HEAD);
  });

  test('its head is known from one entry; its entries are read in order', async () => {
    const { entries, head } = link(events(1003), EMPTY_HEAD);
    const tree = treeOf(ledgerFiles(EMPTY_HEAD, entries));
    expect(await readLedgerHead(tree)).toEqual(head);
    expect(tree.reads).toEqual(['ledger/000001/000001002.json']);
    expect(await readLedgerEntries(tree, 998, 1001)).toEqual(entries.slice(998, 1001));
    expect(verifyChain(await readLedgerEntries(tree, 0, head.size), { remembered: [head] }).verdict).toBe('verified');
  });

  test('T39 a missing entry is not passed over', async () => {
    const { entries } = link(events(5), EMPTY_HEAD);
    const files = new Map(ledgerFiles(EMPTY_HEAD, entries));
    files.delete(ledgerPath(2));
    await expect(readLedgerHead(treeOf(files))).rejects.toEqual(broken);
    await expect(readLedgerEntries(treeOf(files), 0, 5)).rejects.toEqual(broken);
    await expect(readLedgerEntries(treeOf(files), 3, 9)).rejects.toEqual(broken);
    expect(await readLedgerEntries(treeOf(files), 3, 5)).toHaveLength(2);
  });
});
