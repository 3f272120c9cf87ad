import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHttpDate } from '../../src/lib/aws/server-time.js';
import { CustodyError, type ErrorCode } from '../../src/lib/base/errors.js';
import { isInstant } from '../../src/lib/base/time.js';
import { parsePublicSigner } from '../../src/lib/cli/signers.js';
import { parseClonePin } from '../../src/lib/fs/clone-pin.js';
import { parseMemory } from '../../src/lib/record/memory.js';

/** Files of this machine, and those that people hand to each other. */

const first = (file: string): Record<string, unknown> => {
  const url = new URL(`../vectors/${file}.json`, import.meta.url);
  const [{ input }] = JSON.parse(readFileSync(url, 'utf8')) as [{ input: string | Record<string, unknown> }];
  return typeof input === 'string' ? (JSON.parse(input) as Record<string, unknown>) : input;
};

/** Any bytes; a good file with any JSON in one field; a good file with some of its bytes changed. */
function bytesNear(good: Record<string, unknown>): fc.Arbitrary<Buffer> {
  const text = Buffer.from(JSON.stringify(good));
  const edited = fc
    .tuple(fc.constantFrom(...Object.keys(good), '__proto__', 'more'), fc.jsonValue({ maxDepth: 3 }))
    .map(([name, value]) => Buffer.from(JSON.stringify(Object.fromEntries([...Object.entries(good), [name, value]]))));
  const flipped = fc.array(fc.tuple(fc.nat(text.length - 1), fc.nat(255)), { maxLength: 3 }).map((changes) => {
    const bytes = Buffer.from(text);
    for (const [at, value] of changes) bytes[at] = value;
    return bytes;
  });
  return fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    edited,
    flipped,
  );
}

function fuzz<T>(good: Record<string, unknown>, codes: readonly ErrorCode[], parse: (bytes: Buffer) => T): T[] {
  const read: T[] = [];
  fc.assert(
    fc.property(bytesNear(good), (bytes) => {
      try {
        read.push(parse(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(CustodyError);
        expect(codes).toContain((error as CustodyError).code);
      }
    }),
    { numRuns: 1000 },
  );
  return read;
}

describe('any bytes give a value or a CustodyError', () => {
  it('a memory, or a pin of --pin', () => {
    const read = fuzz(first('state/memory'), ['STORAGE'], (bytes) => parseMemory(bytes, 'file'));
    for (const { planVersion, head, seenAt } of read) {
      expect(planVersion).toBeGreaterThan(0);
      expect(head === null || /^[0-9a-f]{40}$/.test(head)).toBe(true);
      expect(isInstant(seenAt)).toBe(true);
    }
    expect(read.length).toBeGreaterThan(0);
  });

  it('a clone’s pin', () => {
    const read = fuzz(first('state/clone-pin'), ['STORAGE'], (bytes) => parseClonePin(bytes, 'file'));
    for (const { as, genesis } of read) {
      expect(as === null || /^[a-z][a-z0-9-]{1,30}$/.test(as)).toBe(true);
      expect(genesis).toMatch(/^sha256:[0-9a-f]{64}$/);
    }
    expect(read.length).toBeGreaterThan(0);
  });

  it('a custodian’s public part', () => {
    const good = first('cli/public-signer');
    const read = fuzz(good, ['USAGE', 'ROSTER_INVALID'], (bytes) => parsePublicSigner(bytes, 'file'));
    // Whatever else was changed, the key is the one that its id and its PEM say.
    for (const { keys } of read) expect(keys.map(({ publicKey }) => publicKey)).toEqual([good.publicKey]);
    expect(read.length).toBeGreaterThan(0);
  });

  it('an HTTP date, or none', () => {
    const piece = fc.constantFrom('Sun', ', ', '06', ' ', 'Nov', '1994', '08:49:37', ' GMT', '-', '31', '24:00:00');
    const near = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    const valid = fc
      .date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
      .map((date) => date.toUTCString());
    fc.assert(
      fc.property(fc.oneof(fc.string(), near, valid), (text) => {
        const read = parseHttpDate(text);
        if (read !== null) expect(new Date(read).toUTCString()).toBe(text);
      }),
    );
    fc.assert(fc.property(valid, (text) => parseHttpDate(text) !== null));
  });
});
