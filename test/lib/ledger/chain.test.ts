import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { parseInstant } from '../../../src/lib/base/time.js';
import {
  assertChain,
  EMPTY_HEAD,
  formatEntry,
  headAfter,
  link,
  parseEntry,
  sameHead,
  verifyChain,
} from '../../../src/lib/ledger/chain.js';
import type { LedgerEvent } from '../../../src/lib/ledger/entry.js';
import type { LedgerHead } from '../../../src/lib/ledger/store.js';

interface Vector {
  readonly name: string;
  readonly why: string;
  readonly input: string;
  readonly expect: Record<string, unknown>;
}

const vectors = JSON.parse(readFileSync('test/vectors/ledger/entries.json', 'utf8')) as Vector[];
const bytes = (text: string) => Buffer.from(text, 'utf8');
const event = (fact: number): LedgerEvent => ({
  at: parseInstant('2026-01-31T09:00:00.000Z'),
  kind: 'request',
  by: 'architect',
  requestId: null,
  record: digestOf(String(fact)),
  facts: { fact },
});
const chainOf = (count: number, from: LedgerHead = EMPTY_HEAD) =>
  link(
    Array.from({ length: count }, (_, at) => event(at)),
    from,
  );
const messages = (stored: readonly Uint8Array[], remembered: readonly LedgerHead[] = []) =>
  verifyChain(stored, { remembered }).faults.map((fault) => `${fault.sequence}: ${fault.message}`);

describe('links', () => {
  const { entries } = chainOf(2);
  const [first = new Uint8Array(), second = new Uint8Array()] = entries;
  const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest('hex');
  const linkedBy = (digest: string) =>
    Buffer.from(
      Buffer.from(second)
        .toString()
        .replace(/"previous":"[^"]*"/, `"previous":"sha256:${digest}"`),
    );

  test('are leaf hashes of the tree (RFC 6962 section 2.1), of entries as they are stored', () => {
    expect(parseEntry(second).previous).toBe(`sha256:${sha256(Buffer.of(0), first)}`);
    expect(chainOf(2).head.digest).toBe(`sha256:${sha256(Buffer.of(0), second)}`);
    expect(messages([first, linkedBy(sha256(Buffer.of(0), first))])).toEqual([]);
  });

  test.each([
    ['the SHA-256 of the bytes alone', (bytes: Uint8Array) => sha256(bytes)],
    ['the hash of a node', (bytes: Uint8Array) => sha256(Buffer.of(1), bytes)],
    ['the leaf hash of the leaf hash', (bytes: Uint8Array) => sha256(Buffer.of(0), Buffer.from(sha256(bytes), 'hex'))],
  ])('are not %s', (_, digest) => {
    expect(messages([first, linkedBy(digest(first))])).toEqual([
      expect.stringMatching(/^1: expected the previous digest sha256:/),
    ]);
  });
});

describe('entries', () => {
  test.each(vectors)('$name', ({ input, expect: expected }) => {
    if ('error' in expected) {
      expect(() => parseEntry(bytes(input))).toThrow(expect.objectContaining({ code: expected.error }));
      return;
    }
    const entry = parseEntry(bytes(input));
    expect(entry).toEqual(expected);
    expect(Buffer.from(formatEntry(entry)).toString()).toBe(input);
  });

  test('what could not be read again is not written', () => {
    const entry = { ...event(0), schema: 1, sequence: 0, previous: null } as const;
    expect(() => formatEntry({ ...entry, by: 'Two Words' })).toThrow(expect.objectContaining({ code: 'BUG' }));
    const large = { ...entry, facts: { text: 'x'.repeat(20_000) } };
    expect(() => formatEntry(large)).toThrow(expect.objectContaining({ code: 'BUG' }));
  });
});

describe('the chain', () => {
  test('a whole chain is verified, from the first entry or from a known head', () => {
    const first = chainOf(3);
    const second = chainOf(2, first.head);
    const all = [...first.entries, ...second.entries];
    const report = verifyChain(all, { remembered: [EMPTY_HEAD, first.head, second.head] });
    expect(report).toEqual({ verdict: 'verified', head: second.head, count: 5, faults: [] });
    assertChain(report);
    expect(verifyChain(second.entries, { from: first.head, remembered: [second.head] }).verdict).toBe('verified');
    expect(sameHead(headAfter(first.head, second.entries), second.head)).toBe(true);
    for (const change of [{ size: 4 }, { digest: first.head.digest }, { digest: null }])
      expect(sameHead(second.head, { ...second.head, ...change })).toBe(false);
  });

  test('T23 nothing is not verified', () => {
    expect(verifyChain([])).toMatchObject({ verdict: 'unproven', count: 0 });
    expect(verifyChain([], { from: chainOf(2).head }).verdict).toBe('unproven');
    expect(() => assertChain(verifyChain([]))).toThrow(expect.objectContaining({ code: 'LEDGER_BROKEN' }));
  });

  test('T38 a tail that was cut off shows against a remembered head', () => {
    const { entries, head } = chainOf(5);
    expect(messages(entries.slice(0, 3), [head])).toEqual(['3: the chain ends after 3 entries; 5 were seen before']);
    expect(messages([], [head])).toEqual(['0: the chain ends after 0 entries; 5 were seen before']);
    // Without memory the rest is a whole chain: this is why heads are remembered.
    expect(verifyChain(entries.slice(0, 3)).verdict).toBe('verified');
  });

  test('T38 a chain that was written anew after a remembered head is refused', () => {
    const { entries, head } = chainOf(3);
    const other = link([event(7), event(8), event(9), event(10)], EMPTY_HEAD);
    expect(verifyChain(other.entries, { remembered: [head] })).toMatchObject({ verdict: 'refused', count: 4 });
    expect(messages(other.entries, [head])[0]).toMatch(/^2: after 3 entries the remembered digest is/);
    expect(verifyChain(entries, { remembered: [head, other.head] }).verdict).toBe('refused');
    expect(verifyChain(entries, { remembered: [head, { ...other.head, size: 3 }] }).verdict).toBe('refused');
  });

  test('T39 a gap, another order, a repetition and a missing start are refused', () => {
    const { entries } = chainOf(4);
    const [a, b, c, d] = entries as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    for (const stored of [
      [a, b, d],
      [a, c, b, d],
      [a, b, b, c, d],
      [b, c, d],
      [a, a],
    ]) {
      expect(verifyChain(stored).verdict).toBe('refused');
    }
    expect(messages([a, b, d])[0]).toBe('2: expected entry 2, found entry 3');
  });

  test('every single changed byte is found', () => {
    const { entries, head } = chainOf(3);
    for (const [at, original] of entries.entries()) {
      for (let place = 0; place < original.length; place++) {
        const changed = Uint8Array.from(original);
        changed[place] = (changed[place] ?? 0) ^ 1;
        const stored = entries.map((entry, index) => (index === at ? changed : entry));
        expect(verifyChain(stored, { remembered: [head] }).verdict).toBe('refused');
      }
    }
  });

  test('an edit in the middle is named once, at the entry after it', () => {
    const { entries } = chainOf(5);
    const edited = entries.map((entry, at) =>
      at === 2 ? bytes(Buffer.from(entry).toString().replace('"fact":2', '"fact":9')) : entry,
    );
    expect(messages(edited)).toHaveLength(1);
    expect(messages(edited)[0]).toMatch(/^3: expected the previous digest/);
  });

  test('a first entry with a predecessor is refused', () => {
    const forged = chainOf(1, { size: 0, digest: digestOf('before') });
    expect(messages(forged.entries)[0]).toMatch(/expected the previous digest none/);
  });

  test('a remembered head before the place where reading began cannot be judged, so it is refused', () => {
    const { head } = chainOf(3);
    const later = chainOf(1, { size: 5, digest: digestOf('x') });
    expect(verifyChain(later.entries, { from: { size: 5, digest: digestOf('x') }, remembered: [head] }).verdict).toBe(
      'refused',
    );
  });

  test('faults are capped, the verdict is not', () => {
    const junk = Array.from({ length: 500 }, () => bytes('junk'));
    const report = verifyChain(junk);
    expect(report).toMatchObject({ verdict: 'refused', count: 500 });
    expect(report.faults).toHaveLength(100);
  });
});
