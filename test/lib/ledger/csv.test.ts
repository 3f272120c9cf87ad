import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../src/lib/base/bytes.js';
import { parseInstant } from '../../../src/lib/base/time.js';
import { EMPTY_HEAD, link } from '../../../src/lib/ledger/chain.js';
import { csvField, csvLine } from '../../../src/lib/ledger/csv.js';
import { hexOf, parseRememberedLedger, rootsOf, startOf } from '../../../src/lib/ledger/memory.js';
import { entriesOf, passes } from '../../../src/lib/ledger/read.js';
import { createMemoryLedgerStore } from '../../support/memory-ledger-store.js';

const entry = {
  schema: 1 as const,
  sequence: 7,
  previous: null,
  at: parseInstant('2026-01-31T09:00:00.000Z'),
  kind: 'usage' as const,
  by: 'ci',
  requestId: null,
  record: null,
  facts: { key: 'case-data', say: '=1+"1"\n' },
};

describe('CSV', () => {
  test.each(['=1', '+1', '-1', '@SUM(A1)', ' =1', '\t=1', '\r=1', '\n=1', '\uFEFF=1', '\uFF1D1', '\u00a0=1'])(
    '%j is no formula any more',
    (text) => expect(csvField(text)).toBe(`"'${text}"`),
  );
  test.each(['a', '1', '', 'a=1', '{"a":1}'])('%j stays', (text) => {
    expect(csvField(text)).toBe(`"${text.replaceAll('"', '""')}"`);
  });
  test('a line is one record of eight quoted fields', () => {
    expect(csvLine(entry)).toBe(
      '"7","2026-01-31T09:00:00.000Z","usage","ci","","","","{""key"":""case-data"",""say"":""=1+\\""1\\""\\n""}"\r\n',
    );
  });
});

describe('a filter', () => {
  const all = { kind: null, by: null, requestId: null, key: null, since: null, until: null };
  test.each([
    [{}, true],
    [{ kind: 'usage' as const }, true],
    [{ kind: 'drill' as const }, false],
    [{ by: 'deputy' }, false],
    [{ key: 'case-data' }, true],
    [{ key: 'case' }, false],
    [{ key: '=1+"1"\n' }, false],
    [{ requestId: 'r-abcdefghij' }, false],
    [{ since: '2026-01-31T09:00:00.000Z' }, true],
    [{ since: '2026-01-31T09:00:00.001Z' }, false],
    [{ until: '2026-01-31T09:00:00.000Z' }, false],
  ])('%j: %s', (asked, wanted) => expect(passes(entry, { ...all, ...asked })).toBe(wanted));

  test('reads in pieces, in order', async () => {
    const { schema: _, sequence: _sequence, previous: _previous, ...event } = entry;
    const { entries } = link(
      Array.from({ length: 2500 }, () => event),
      EMPTY_HEAD,
    );
    const seen: number[] = [];
    for await (const one of entriesOf(createMemoryLedgerStore([...entries]), { from: 3, to: 2500 }, all))
      seen.push(one.sequence);
    expect(seen).toEqual(Array.from({ length: 2497 }, (_, at) => at + 3));
  });
});

describe('what a machine remembers', () => {
  const peaks = ['cd'.repeat(32), 'ef'.repeat(32)];
  const root = sha256Hex(Buffer.from(`01${peaks.join('')}`, 'hex'));
  const kept = {
    ...{ schema: 1, size: 3, root, peaks, digest: null },
    ...{ slots: 1, slotsDigest: null, forms: false, at: entry.at },
  };
  const parse = (change: object) => parseRememberedLedger(Buffer.from(JSON.stringify({ ...kept, ...change })), 'file');
  test('is read, and gone on from only where it fits', () => {
    expect(startOf(parse({}))).toMatchObject({ size: 3 });
    expect(startOf(parse({ size: 4 }))).toBeNull();
    expect(startOf(parse({ root: 'ab'.repeat(32) }))).toBeNull();
  });
  test('knows the roots that custodians signed, and its own', () => {
    const known = rootsOf(parse({ roots: [{ size: 2, root: 'ab'.repeat(32) }] }));
    expect([...known].map(([size, at]) => [size, hexOf(at)])).toEqual([
      [3, root],
      [2, 'ab'.repeat(32)],
    ]);
    expect(rootsOf(parse({})).size).toBe(1);
  });
  test.each([
    { roots: [{ size: 2, root: 'AB' }] },
    { roots: [{ size: -1, root: 'ab'.repeat(32) }] },
    { roots: [{ size: 2 }] },
    { roots: Array.from({ length: 257 }, (_, size) => ({ size, root: 'ab'.repeat(32) })) },
  ])('%j of roots are none', (change) => {
    expect(() => parse(change)).toThrow(expect.objectContaining({ code: 'STORAGE' }));
  });
  test.each([{ size: 0 }, { root: 'AB' }, { peaks: [] }, { forms: 'yes' }, { more: 1 }, { at: 'now' }])(
    '%j is none',
    (change) => {
      expect(() => parse(change)).toThrow(expect.objectContaining({ code: 'STORAGE' }));
    },
  );
});
