import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../src/lib/base/errors.js';
import { readLocalPublicKey } from '../../src/lib/signing/local-key.js';

const FIELDS = ['schema', 'keyId', 'algorithm', 'publicKey', 'kdf', 'pkcs8'];

/** Objects with the file's own field names and any JSON behind them: deeper than random bytes get. */
const lookalike = fc
  .dictionary(fc.constantFrom(...FIELDS), fc.jsonValue({ maxDepth: 3 }))
  .map((value) => Buffer.from(JSON.stringify(value)));

describe('key file', () => {
  it('any bytes give a key or RECORD_MALFORMED', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), lookalike), (bytes) => {
        try {
          readLocalPublicKey(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(CustodyError);
          expect(error).toMatchObject({ code: 'RECORD_MALFORMED' });
        }
      }),
      { numRuns: 500 },
    );
  });
});
