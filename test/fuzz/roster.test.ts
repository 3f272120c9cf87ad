import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../src/lib/base/errors.js';
import { formatRoster, parseRoster } from '../../src/lib/roster/format.js';
import { identitiesOf } from '../../src/lib/roster/rules.js';
import { rosterBytes } from '../lib/roster/fixture.js';

const valid = rosterBytes();
const PLACES = ['schema', 'threshold', 'custodians', 'custodians.0', 'custodians.0.keys', 'custodians.1.keys.0'];
const MORE = ['custodians.2.keys.0.home', 'automation', 'automation.0.keys.0.publicKey', 'previous', 'createdAt'];

/** A good roster with any JSON in one place, or with some of its bytes changed. */
const edited = fc
  .tuple(fc.constantFrom(...PLACES, ...MORE), fc.jsonValue({ maxDepth: 3 }))
  .map(([place, value]) => rosterBytes([place, value as null]));
const flipped = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 3 }).map((changes) => {
  const bytes = Buffer.from(valid);
  for (const [at, value] of changes) bytes[at] = value;
  return bytes;
});

describe('roster', () => {
  it('any bytes give a roster or ROSTER_INVALID', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), edited, flipped), (bytes) => {
        try {
          const roster = parseRoster(bytes);
          expect(Buffer.from(formatRoster(roster)).equals(bytes)).toBe(true);
          // What was accepted can be judged with: a threshold of persons, each behind keys of their own.
          const people = [...identitiesOf(roster).values()].filter(({ kind }) => kind === 'custodian');
          expect(new Set(people.map(({ person }) => person)).size).toBeGreaterThan(roster.threshold);
          expect(roster.threshold).toBeGreaterThanOrEqual(2);
        } catch (error) {
          expect(error).toBeInstanceOf(CustodyError);
          expect(error).toMatchObject({ code: 'ROSTER_INVALID' });
        }
      }),
      { numRuns: 2000 },
    );
  });
});
