import fc from 'fast-check';
import { describe, test } from 'vitest';
import { CustodyError } from '../../src/lib/base/errors.js';
import { instantFromMillis } from '../../src/lib/base/time.js';
import { parseRange } from '../../src/lib/git/range.js';
import { quoted } from '../../src/lib/git/tree.js';
import { parseRemoteUrl } from '../../src/lib/git/url.js';
import { EMPTY_HEAD, formatEntry, link, parseEntry, verifyChain } from '../../src/lib/ledger/chain.js';
import { parseSignedCheckpoint } from '../../src/lib/ledger/checkpoint.js';
import { ENTRY_KINDS, type LedgerEvent } from '../../src/lib/ledger/entry.js';
import { parseRememberedLedger } from '../../src/lib/ledger/memory.js';
import { formatNote, noteKey, parseNote, signersOf } from '../../src/lib/ledger/note.js';
import { sequenceOf } from '../../src/lib/ledger/paths.js';
import { formatProof, parseProof } from '../../src/lib/ledger/proof.js';
import { parseTilePath } from '../../src/lib/ledger/tiles.js';
import { createSigner } from '../support/people.js';

function valueOrOurs(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (cause) {
    return cause instanceof CustodyError && cause.code !== 'BUG';
  }
}

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string());
const event: fc.Arbitrary<LedgerEvent> = fc.record({
  at: fc.integer({ min: 0, max: 4e12 }).map(instantFromMillis),
  kind: fc.constantFrom(...ENTRY_KINDS),
  by: fc.constantFrom('architect', 'privacy', 'ci'),
  requestId: fc.constantFrom(null, 'r-abcdefg234'),
  record: fc.constant(null),
  facts: fc.dictionary(
    fc.string({ unit: 'binary', maxLength: 8 }).filter(isWhole),
    fc.oneof(fc.integer(), fc.boolean()),
    {
      maxKeys: 4,
    },
  ),
});

/** Lone surrogates cannot be written as UTF-8 and are refused; __proto__ cannot be set on a plain object. */
function isWhole(name: string): boolean {
  return !/\p{Surrogate}/u.test(name) && name !== '__proto__';
}

describe('fuzz: notes, checkpoints, proofs and tiles', () => {
  const key = noteKey('a', createSigner('ed25519').publicKey);
  const note =
    'custody/0123456789abcdef/ledger\n9\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\u2014 a AAAAAAA=\n';
  const proof = `c2sp.org/tlog-proof@v1\nextra e30=\nindex 0\n\n${note}`;
  const readers = [
    (bytes: Uint8Array) => signersOf(parseNote(bytes), [key]),
    (bytes: Uint8Array) => parseSignedCheckpoint(bytes),
    (bytes: Uint8Array) => parseProof(bytes),
    (bytes: Uint8Array) => parseTilePath(Buffer.from(bytes).toString('latin1')),
    (bytes: Uint8Array) => parseRememberedLedger(bytes, 'file'),
  ];

  test('any bytes are one or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...readers), (bytes, read) =>
        valueOrOurs(() => read(bytes)),
      ),
    );
  });

  test('what is read from a changed note or proof is written back byte for byte', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(note, proof),
        fc.nat(300),
        fc.nat(8),
        fc.uint8Array({ maxLength: 8 }),
        (text, at, cut, put) => {
          const bytes = Buffer.from(text);
          const changed = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]);
          return valueOrOurs(() => {
            const again = text === note ? formatNote(parseNote(changed)) : formatProof(parseProof(changed));
            if (!Buffer.from(again).equals(changed)) throw new Error('two forms');
          });
        },
      ),
    );
  });
});

describe('fuzz: ledger and git', () => {
  test('any bytes are an entry or refused', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => valueOrOurs(() => parseEntry(bytes))));
    fc.assert(fc.property(fc.json(), (json) => valueOrOurs(() => parseEntry(Buffer.from(json)))));
  });

  test('an entry with any piece cut or put in is the same entry or refused', () => {
    const [bytes = new Uint8Array()] = link([{ ...sample, facts: { a: 1 } }], EMPTY_HEAD).entries;
    fc.assert(
      fc.property(fc.nat(bytes.length), fc.nat(8), fc.uint8Array({ maxLength: 8 }), (at, cut, put) => {
        const changed = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]);
        return valueOrOurs(() => {
          if (!Buffer.from(formatEntry(parseEntry(changed))).equals(changed)) throw new Error('two forms');
        });
      }),
    );
  });

  test('what is linked is read back and verified; nothing makes the judge throw', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 8 }), (events) => {
        const { entries, head } = link(events, EMPTY_HEAD);
        return (
          verifyChain(entries, { remembered: [head] }).verdict === 'verified' &&
          entries.every((bytes) => parseEntry(bytes))
        );
      }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }),
        (stored) => verifyChain(stored).verdict !== 'verified',
      ),
    );
  });

  test('a chain with one entry dropped, doubled or moved is never verified against its head', () => {
    const { entries, head } = link(
      [1, 2, 3, 4, 5, 6].map((a) => ({ ...sample, facts: { a } })),
      EMPTY_HEAD,
    );
    fc.assert(
      fc.property(fc.array(fc.nat(5), { maxLength: 8 }), (order) => {
        const same = order.length === 6 && order.every((place, at) => place === at);
        const stored = order.flatMap((at) => entries.slice(at, at + 1));
        return same === (verifyChain(stored, { remembered: [head] }).verdict === 'verified');
      }),
      { examples: [[[0, 1, 2, 3, 4, 5]], [[0, 1, 2, 3, 4]], [[0, 1, 2, 3, 4, 4]]] },
    );
  });

  test('any text is an address, a range, a path or refused; quoting leaves one visible line', () => {
    fc.assert(fc.property(text, (value) => valueOrOurs(() => parseRemoteUrl(value))));
    fc.assert(fc.property(text, (value) => valueOrOurs(() => parseRange(value))));
    fc.assert(fc.property(text, (value) => valueOrOurs(() => parseRange(`commit ${'a'.repeat(40)} \0${value}`))));
    fc.assert(fc.property(text, (value) => valueOrOurs(() => sequenceOf(value))));
    fc.assert(fc.property(text, (value) => /^[\x20-\x7e]*$/.test(quoted(value))));
  });
});

const sample: LedgerEvent = {
  at: instantFromMillis(0),
  kind: 'receipt',
  by: 'ci',
  requestId: null,
  record: null,
  facts: {},
};
