import { sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSignedBy } from '../../src/lib/base/bundle.js';
import { encodeBase64 } from '../../src/lib/base/bytes.js';
import type { JsonValue } from '../../src/lib/base/canonical-json.js';
import { formatCanonical } from '../../src/lib/base/canonical-json.js';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../../src/lib/base/dsse.js';
import { CustodyError } from '../../src/lib/base/errors.js';
import { hintOf } from '../../src/lib/base/signature.js';
import { judge } from '../../src/lib/quorum/judge.js';
import { type OpenRecord, open, seal } from '../../src/lib/record/envelope.js';
import { parseMemory } from '../../src/lib/record/memory.js';
import { formatStatement, parseStatement, predicateTypeOf, RECORD_KINDS } from '../../src/lib/record/statement.js';
import { approval, createTeam, evidenceOf, later, request, requestPredicate, rulesOf } from '../support/people.js';

const team = createTeam();
const asked = await request(team);
const given = await approval(team, asked, 'deputy');
const signer = team.signers.deputy;
const file = await seal(given.statement, signer);

/** A value, or an error of ours with this code; anything else fails the test. */
function valueOr<T>(code: string, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    expect(error).toBeInstanceOf(CustodyError);
    expect(error).toMatchObject({ code });
    return null;
  }
}

const bundle = (payload: Uint8Array, signature: Uint8Array) =>
  Buffer.from(
    `{"dsseEnvelope":{"payload":"${encodeBase64(payload)}","payloadType":"${IN_TOTO_PAYLOAD_TYPE}",` +
      `"signatures":[{"keyid":"","sig":"${encodeBase64(signature)}"}]},"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",` +
      `"verificationMaterial":{"publicKey":{"hint":"${hintOf(signer.publicKey)}"}}}`,
  );

/** Statements of the right outline with any JSON in the fields of a real one. */
const lookalike = fc
  .record({
    kind: fc.constantFrom(...RECORD_KINDS),
    fields: fc.dictionary(
      fc.constantFrom(
        ...Object.keys(requestPredicate(team)),
        'request',
        'approvals',
        'withdraws',
        'intent',
        '__proto__',
      ),
      fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(...Object.values(requestPredicate(team)))),
      { maxKeys: 30 },
    ),
    from: fc.boolean(),
  })
  .map(({ kind, fields, from }) => {
    const predicate = from ? { ...requestPredicate(team), ...fields } : fields;
    return {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'calls', digest: { sha256: '0'.repeat(64) } }],
      predicateType: predicateTypeOf(kind),
      predicate,
    } as unknown as JsonValue;
  });

describe('any bytes', () => {
  it('give a record or RECORD_MALFORMED', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 600 }),
          fc.string().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          valueOr('RECORD_MALFORMED', () => open(bytes));
          valueOr('RECORD_MALFORMED', () => parseStatement(bytes));
          valueOr('STORAGE', () => parseMemory(bytes, 'memory'));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('in a well-formed bundle give a record or RECORD_MALFORMED', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 80 }), (payload, signature) => {
        valueOr('RECORD_MALFORMED', () => open(bundle(payload, signature)));
      }),
    );
  });

  it('that look like a statement parse to what formats to the same bytes, or are refused', () => {
    fc.assert(
      fc.property(lookalike, (value) => {
        const bytes = Buffer.from(formatCanonical(value));
        const read = valueOr('RECORD_MALFORMED', () => parseStatement(bytes));
        if (read) expect(Buffer.from(formatStatement(read))).toEqual(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  it('signed by a custodian as a request give a verdict or a refusal', () => {
    fc.assert(
      fc.property(lookalike, (value) => {
        const payload = Buffer.from(formatCanonical(value));
        const signature = sign('sha256', preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload), signer.privateKey);
        const read = valueOr('RECORD_MALFORMED', () => open(bundle(payload, signature)));
        if (read?.statement.kind !== 'request') return;
        try {
          judge(evidenceOf(read as OpenRecord<'request'>, given), rulesOf(team), later(600));
        } catch (error) {
          expect(error).toBeInstanceOf(CustodyError);
          expect((error as CustodyError).exit).toBe(3);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a valid record with one byte changed', () => {
  it('is refused or no longer verifies', () => {
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = Buffer.from(file);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const read = valueOr('RECORD_MALFORMED', () => open(bytes));
        if (!read) return;
        expect(read.fileDigest).not.toBe(given.fileDigest);
        // A changed hint leaves the signature whole, and points at a key that nobody has.
        if (read.hint === hintOf(signer.publicKey)) expect(isSignedBy(read, signer.publicKey)).toBe(false);
        const { approvals } = judge(evidenceOf(asked, read as OpenRecord<'approval'>), rulesOf(team), later(600));
        expect(approvals.some(({ counted }) => counted)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('or one added or taken away', () => {
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.option(fc.nat(255), { nil: null }), (at, added) => {
        const bytes = Buffer.concat([
          file.subarray(0, at),
          added === null ? Buffer.alloc(0) : Buffer.from([added]),
          file.subarray(added === null ? at + 1 : at),
        ]);
        const read = valueOr('RECORD_MALFORMED', () => open(bytes));
        if (read) expect(isSignedBy(read, signer.publicKey)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});
