import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import {
  assertFollows,
  formatRoster,
  parseRoster,
  parseRosterDocument,
  rosterDigest,
} from '../../../src/lib/roster/format.js';
import { assertRoster, identitiesOf } from '../../../src/lib/roster/rules.js';
import { wordsOf } from '../../../src/lib/roster/words.js';
import { ROSTER_VECTORS, rosterBytes, rosterWith } from './fixture.js';

const ROSTER_INVALID = expect.objectContaining({ code: 'ROSTER_INVALID' });

describe('T17 T18 T19 T52 parseRoster', () => {
  it.each(ROSTER_VECTORS)('$name', (vector) => {
    const bytes = rosterBytes(...vector.input);
    if (vector.expect === 'accepted') {
      const roster = parseRoster(bytes);
      expect(Buffer.from(formatRoster(roster)).equals(bytes)).toBe(true);
      expect(parseRosterDocument(JSON.parse(bytes.toString()), 'parameters')).toEqual(roster);
      return;
    }
    const message = expect.stringContaining(vector.expect);
    expect(() => parseRoster(bytes)).toThrow(expect.objectContaining({ code: 'ROSTER_INVALID', message }));
    expect(() => parseRosterDocument(JSON.parse(bytes.toString()), 'it')).toThrow(ROSTER_INVALID);
  });

  it('T2 reads only the canonical form', () => {
    const text = rosterBytes().toString();
    const twice = text.replace('"threshold":2', '"threshold":2,"threshold":2');
    for (const other of [`${text}\n`, ` ${text}`, JSON.stringify(JSON.parse(text), null, 2), twice, '', 'null', '[]']) {
      expect(() => parseRoster(Buffer.from(other))).toThrow(ROSTER_INVALID);
    }
  });

  it('T19 numbers that only code can make are refused too', () => {
    const roster = rosterWith();
    for (const threshold of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.999]) {
      expect(() => assertRoster({ ...roster, threshold })).toThrow(ROSTER_INVALID);
    }
    expect(assertRoster(roster)).toBe(roster);
  });
});

describe('T24 assertFollows', () => {
  const first = rosterWith();
  const second = rosterWith(['version', 2], ['previous', rosterDigest(first)]);
  const third = rosterWith(['version', 3], ['previous', rosterDigest(second)]);

  it('takes the next version of the same repository that names this one', () => {
    expect(() => assertFollows(second, first)).not.toThrow();
    expect(() => assertFollows(third, second)).not.toThrow();
  });

  it.each([
    ['itself', first, first],
    ['an older one', first, second],
    ['one too far', third, first],
    ['one too far that names this one', rosterWith(['version', 3], ['previous', rosterDigest(first)]), first],
    ['an equal version with other bytes', rosterWith(['threshold', 2], ['custodians.0.name', 'Ada L.']), first],
    ['another predecessor', rosterWith(['version', 2], ['previous', digestOf('other')]), first],
    [
      'another repository',
      rosterWith(['version', 2], ['previous', rosterDigest(first)], ['repository', 'fedcba9876543210']),
      first,
    ],
  ])('refuses %s', (_, next, previous) => {
    expect(() => assertFollows(next, previous)).toThrow(ROSTER_INVALID);
  });

  it('names a roster by the digest of its canonical bytes', () => {
    expect(rosterDigest(first)).toBe(digestOf(rosterBytes()));
    expect(rosterDigest(rosterWith())).toBe(rosterDigest(first));
    expect(rosterDigest(second)).not.toBe(rosterDigest(first));
  });
});

describe('identitiesOf', () => {
  const spare = rosterWith(['custodians.1.keys.1', spareKey()]);

  it('T17 T22 knows persons by their keys: all keys of a seat are one person', () => {
    const found = [...identitiesOf(spare).values()].map(({ id, kind, person, duty }) => [id, kind, person, duty]);
    expect(found).toEqual([
      ['architect', 'custodian', 'architect', 'SecurityArchitect'],
      ['privacy', 'custodian', 'privacy', 'PrivacyEngineer'],
      ['privacy', 'custodian', 'privacy', 'PrivacyEngineer'],
      ['deputy', 'custodian', 'deputy', 'SecurityArchitect'],
      ['ci', 'automation', 'architect', null],
    ]);
  });

  it('has each under the id of its key and knows no other', () => {
    const directory = identitiesOf(spare);
    for (const [keyId, { key }] of directory) expect(key.keyId).toBe(keyId);
    const listed = [...spare.custodians, ...spare.automation].flatMap(({ keys }) => keys.map(({ keyId }) => keyId));
    expect([...directory.keys()].sort()).toEqual([...listed].sort());
    expect(directory.get(digestOf('stranger'))).toBeUndefined();
  });
});

function spareKey() {
  const vector = ROSTER_VECTORS.find(({ name }) => name === 'a seat with two keys');
  return vector?.input[0]?.[1] ?? null;
}

describe('T26 wordsOf', () => {
  // BIP-39 test vectors (trezor/python-mnemonic), 128 bits.
  it.each([
    ['00000000000000000000000000000000', `${'abandon '.repeat(11)}about`],
    ['7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f', 'legal winner thank year wave sausage worth useful legal winner thank yellow'],
    [
      '80808080808080808080808080808080',
      'letter advice cage absurd amount doctor acoustic avoid letter advice cage above',
    ],
    ['ffffffffffffffffffffffffffffffff', `${'zoo '.repeat(11)}wrong`],
  ])('of %s…', (head, words) => {
    expect(wordsOf(`sha256:${head}${'5'.repeat(32)}`).join(' ')).toBe(words);
  });
});
