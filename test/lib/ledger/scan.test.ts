import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { parseInstant } from '../../../src/lib/base/time.js';
import { EMPTY_HEAD, link } from '../../../src/lib/ledger/chain.js';
import type { LedgerEvent } from '../../../src/lib/ledger/entry.js';
import { isUsualEnd, tailOf } from '../../../src/lib/ledger/entry-end.js';
import { EntryRow, MAX_BATCH_ENTRIES } from '../../../src/lib/ledger/entry-row.js';
import { GrowingTree } from '../../../src/lib/ledger/growing-tree.js';
import { LeafRow } from '../../../src/lib/ledger/leaf-row.js';
import { AT_GENESIS, LedgerScan } from '../../../src/lib/ledger/scan.js';
import { formatBundle } from '../../../src/lib/ledger/slot.js';
import { hashBytes, leafHash } from '../../../src/lib/ledger/tree.js';

const event = (fact: number, isUsual: boolean): LedgerEvent => ({
  at: parseInstant('2026-01-31T09:00:00.000Z'),
  kind: isUsual ? 'usage' : 'request',
  by: 'architect',
  requestId: isUsual ? null : 'r-aaaaaaaaaa',
  record: isUsual ? null : digestOf(String(fact)),
  facts: { fact },
});
const leafOf = (bytes: Uint8Array) => createHash('sha256').update(Buffer.of(0)).update(bytes).digest();
const entriesOf = (usual: readonly boolean[]) =>
  link(
    usual.map((isUsual, n) => event(n, isUsual)),
    EMPTY_HEAD,
  ).entries;
const kinds = fc.array(fc.boolean(), { minLength: 1, maxLength: 150, size: 'max' });

function rootOf(entries: readonly Uint8Array[]): string {
  const tree = new GrowingTree();
  for (const entry of entries) tree.add(leafHash(entry));
  return tree.root();
}

/** What is to be found, with a parser: the first entry that has not its number, or does not name the one before it. */
function firstFault(entries: readonly Uint8Array[]): number | null {
  for (const [n, bytes] of entries.entries()) {
    const text = Buffer.from(bytes).toString('latin1');
    const before = entries[n - 1];
    const previous = before === undefined ? 'null' : `"sha256:${leafOf(before).toString('hex')}"`;
    const end = new RegExp(
      `"previous":${previous},"record":(null|"sha256:[^]{65}),"requestId":(null|"r-[^]{11}),"schema":1,"sequence":${n}}$`,
    );
    if (!end.test(text)) return n;
  }
  return null;
}

describe('a scan', () => {
  test('takes bundles of any size to the same tree, links and digests', () => {
    fc.assert(
      fc.property(kinds, fc.array(fc.nat(149), { maxLength: 4 }), fc.nat(150), (usual, cuts, size) => {
        const entries = entriesOf(usual);
        const scan = new LedgerScan(AT_GENESIS, 'links', [size]);
        const places = [...new Set([0, ...cuts, entries.length])]
          .filter((at) => at <= entries.length)
          .sort((a, b) => a - b);
        for (const [n, from] of places.slice(0, -1).entries()) {
          const batch = entries.slice(from, places[n + 1]);
          expect(scan.add(Buffer.from(formatBundle(batch)))).toBe(batch.length);
        }
        expect(scan.faults).toEqual([]);
        expect(scan.head).toEqual({
          size: entries.length,
          digest: `sha256:${leafOf(entries.at(-1) ?? Buffer.of()).toString('hex')}`,
        });
        expect(scan.root()).toBe(rootOf(entries));
        expect(scan.rootAt(size)).toBe(size > entries.length ? undefined : rootOf(entries.slice(0, size)));
      }),
      { numRuns: 50 },
    );
  });

  test('finds what a parser finds when a byte is another one', () => {
    fc.assert(
      fc.property(kinds, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (usual, which, where, change) => {
        const entries = entriesOf(usual).map((bytes) => Buffer.from(bytes));
        const changed = entries[which % entries.length] ?? Buffer.of(0);
        // The end of an entry is where most of the rules are.
        const at = changed.length - 1 - (where % Math.min(changed.length, 300));
        changed.writeUInt8(changed.readUInt8(at) ^ change, at);
        const scan = new LedgerScan(AT_GENESIS, 'links');
        scan.add(Buffer.from(formatBundle(entries)));
        expect(scan.faults[0]?.sequence ?? null).toBe(firstFault(entries));
      }),
      { numRuns: 300 },
    );
  });

  test('leaves the bytes as they were', () => {
    const bundle = Buffer.from(formatBundle(entriesOf([true, false, true])));
    const before = Buffer.from(bundle);
    new LedgerScan(AT_GENESIS, 'links').add(bundle);
    expect(bundle).toEqual(before);
  });

  test.each([
    ['no byte', 0, null],
    ['a byte of a length', 1, 0],
    ['a length of nothing', 2, 0],
    ['one entry but for its last byte', -1, 2],
  ])('of a bundle with %s ends where it does', (_, bytes, sequence) => {
    const whole = Buffer.from(formatBundle(entriesOf([true, true, true])));
    const scan = new LedgerScan(AT_GENESIS, 'links');
    scan.add(whole.subarray(0, bytes < 0 ? whole.length + bytes : bytes));
    const message = 'its bundle ends within it';
    expect(scan.faults).toEqual(sequence === null ? [] : [{ sequence, message }]);
  });
});

describe('the usual end of an entry', () => {
  const [, bytes = new Uint8Array()] = entriesOf([true, true]);
  const [before = new Uint8Array()] = entriesOf([true]);
  const hash = leafOf(before);
  const isUsual = (entry: Buffer, sequence = 1) =>
    isUsualEnd(new DataView(entry.buffer, entry.byteOffset, entry.length), 0, entry.length, hash, 0, sequence);

  test('is seen', () => expect(isUsual(Buffer.from(bytes))).toBe(true));

  test('is never one for which the longer way has another answer', () => {
    const named = `"previous":"sha256:${hash.toString('hex')}"`;
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(20), (at, change, sequence) => {
        const entry = Buffer.from(bytes);
        entry.writeUInt8(entry.readUInt8(at) ^ change, at);
        for (const one of [entry, Buffer.from(bytes)]) {
          if (isUsual(one, sequence)) expect(tailOf(one, 0, one.length, sequence)?.endsWith(named)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('each of its bytes counts', () => {
    const from = Buffer.from(bytes).indexOf(',"previous":');
    for (let at = from; at < bytes.length; at++) {
      const entry = Buffer.from(bytes);
      entry.writeUInt8(entry.readUInt8(at) ^ 1, at);
      expect([at, isUsual(entry)]).toEqual([at, false]);
    }
  });

  test.each([
    ['another number', 2],
    ['more digits', 11],
    ['fewer digits', 0],
  ])('is not one with %s', (_, sequence) => expect(isUsual(Buffer.from(bytes), sequence)).toBe(false));

  test('is not one of bytes that are too few', () => {
    for (let from = bytes.length - 160; from < bytes.length; from++) {
      const short = Buffer.from(bytes.subarray(from));
      expect(() => isUsual(short)).not.toThrow();
    }
  });
});

describe('the entries of a bundle', () => {
  const found = (bytes: readonly number[], most?: number) => {
    const row = new EntryRow(most);
    const isWhole = row.find(Buffer.from(bytes));
    return [isWhole, Array.from({ length: row.count }, (_, n) => [row.from(n), row.to(n)])];
  };

  test.each([
    ['none', [], [true, []]],
    ['an empty one', [0, 0], [true, [[2, 2]]]],
    [
      'two',
      [0, 1, 7, 0, 2, 8, 9],
      [
        true,
        [
          [2, 3],
          [5, 7],
        ],
      ],
    ],
    ['one byte', [0], [false, []]],
    ['a length alone', [0, 1], [false, []]],
    ['too few bytes', [0, 2, 7], [false, []]],
    ['too few after whole ones', [0, 1, 7, 0, 2, 8], [false, [[2, 3]]]],
    ['half a length after whole ones', [0, 1, 7, 0], [false, [[2, 3]]]],
    ['a length of two bytes, big-endian', [1, 0, ...Array(256).fill(7)], [true, [[2, 258]]]],
  ])('%s', (_, bytes, expected) => expect(found(bytes)).toEqual(expected));

  test('are no more than asked for, and no more than one append may hold', () => {
    expect(found([0, 0, 0, 0, 0, 0], 2)).toEqual([
      false,
      [
        [2, 2],
        [4, 4],
      ],
    ]);
    const most = new EntryRow();
    expect([most.find(Buffer.alloc(2 * MAX_BATCH_ENTRIES)), most.count]).toEqual([true, MAX_BATCH_ENTRIES]);
    expect([most.find(Buffer.alloc(2 * MAX_BATCH_ENTRIES + 2)), most.count]).toEqual([false, MAX_BATCH_ENTRIES]);
  });

  test('are hashed as leaves, beside the one before them', () => {
    const row = new LeafRow(digestOf('before'));
    const batch = entriesOf([true, false, true]);
    const bundle = Buffer.from(formatBundle(batch));
    row.open(bundle);
    expect(row.named.subarray(0, 32).toString('hex')).toBe(digestOf('before').slice('sha256:'.length));
    row.hash(bundle);
    expect(row.leaves()).toEqual(Buffer.concat(batch.map((entry) => hashBytes(leafHash(entry)))));
    row.open(bundle);
    expect(row.named.subarray(0, 32)).toEqual(Buffer.from(hashBytes(leafHash(batch[2] ?? Buffer.of()))));
  });
});
