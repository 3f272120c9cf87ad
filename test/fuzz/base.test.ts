import fc from 'fast-check';
import { describe, test } from 'vitest';
import { decodeBase64, decodeUtf8, encodeBase32, encodeBase64, isDigest } from '../../src/lib/base/bytes.js';
import { formatCanonical, parseCanonical, parseJson } from '../../src/lib/base/canonical-json.js';
import { CustodyError } from '../../src/lib/base/errors.js';
import {
  anyObject,
  boolean,
  integer,
  list,
  mapOf,
  nullable,
  object,
  oneOf,
  optional,
  readFields,
  text,
} from '../../src/lib/base/fields.js';
import { parsePublicKey, verifySignature } from '../../src/lib/base/signature.js';
import {
  addSeconds,
  formatDuration,
  instantFromMillis,
  isInstant,
  millisOf,
  parseDuration,
  parseInstant,
} from '../../src/lib/base/time.js';
import { createSigner } from '../support/people.js';

function valueOrOurs(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (cause) {
    return cause instanceof CustodyError && cause.code !== 'BUG';
  }
}

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.string({ unit: 'grapheme' }));
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.json().map((json) => Buffer.from(json)),
);

describe('fuzz: JSON', () => {
  test('any bytes are a value or refused, and a canonical one is its own form', () => {
    fc.assert(fc.property(anyBytes, (bytes) => valueOrOurs(() => parseJson(bytes, 'it'))));
    fc.assert(
      fc.property(anyBytes, (bytes) =>
        valueOrOurs(() => {
          if (formatCanonical(parseCanonical(bytes, 'it')) !== Buffer.from(bytes).toString('utf8'))
            throw new Error('form');
        }),
      ),
    );
  });

  test('one byte more, less or other never gives the same value', () => {
    const change = fc.tuple(fc.jsonValue(), fc.nat(), fc.nat(1), fc.uint8Array({ maxLength: 1 }));
    fc.assert(
      fc.property(change, ([value, where, cut, put]) => {
        const written = formattedOrNull(value);
        if (written === null) return true;
        const bytes = Buffer.from(written);
        const at = where % (bytes.length + 1);
        const changed = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]);
        return valueOrOurs(() => {
          const read = formatCanonical(parseCanonical(changed, 'it'));
          if (read === written && !changed.equals(bytes)) throw new Error('two forms of one value');
        });
      }),
    );
  });

  test('brackets without end are refused before they are followed', () => {
    fc.assert(
      fc.property(fc.constantFrom('[', '{"a":', '[{"":'), fc.integer({ min: 33, max: 50_000 }), (piece, times) => {
        try {
          parseJson(Buffer.from(piece.repeat(times)), 'it');
          return false;
        } catch (cause) {
          return cause instanceof CustodyError && cause.code === 'RECORD_MALFORMED';
        }
      }),
      { numRuns: 20 },
    );
  });
});

/** Null for a lone surrogate, which has no form. */
function formattedOrNull(value: unknown): string | null {
  try {
    return formatCanonical(value as never);
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}

describe('fuzz: fields', () => {
  const item = object({ name: text({ max: 5 }), more: optional(boolean), at: nullable(integer(0, 9)) });
  const reader = object({
    kind: oneOf(['a', 'b']),
    items: list(item, { max: 3 }),
    map: mapOf(/^[a-z]+$/, item, 3),
    any: anyObject,
  });
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true });

  test('any value is read or refused with at least one fault', () => {
    const near = fc.record({ kind: anything, items: fc.array(anything), map: fc.object(), any: anything });
    fc.assert(
      fc.property(fc.oneof(anything, near), (value) => {
        try {
          readFields(reader, value, 'it', 'USAGE');
          return true;
        } catch (cause) {
          return cause instanceof CustodyError && cause.code === 'USAGE' && /expected/.test(cause.message);
        }
      }),
    );
  });

  test('names of a stranger do not flood the message', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1000, maxLength: 3000 }), (name) => {
        try {
          readFields(reader, { kind: name, items: [], map: {}, any: {} }, 'it', 'USAGE');
          return false;
        } catch (cause) {
          return cause instanceof CustodyError && cause.message.length < 400;
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('fuzz: time', () => {
  test('any text is an instant in the one form or none', () => {
    const near = fc.tuple(fc.nat(9999), fc.nat(99), fc.nat(99), fc.nat(99)).map(([year, month, day, hour]) => {
      const two = (part: number) => String(part).padStart(2, '0');
      return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(hour)}:00:00.000Z`;
    });
    fc.assert(
      fc.property(fc.oneof(anyText, near), (given) =>
        valueOrOurs(() => {
          if (new Date(parseInstant(given)).toISOString() !== given) throw new Error('another form');
        }),
      ),
    );
  });

  test('no arithmetic leaves the form or the order', () => {
    const millis = fc.oneof(fc.integer(), fc.double({ noNaN: true }));
    fc.assert(
      fc.property(millis, millis, (a, b) => {
        const [first, second] = [instantFromMillis(a), instantFromMillis(b)];
        return (
          isInstant(first) && isInstant(addSeconds(first, b)) && first < second === millisOf(first) < millisOf(second)
        );
      }),
    );
  });

  test('any text is a duration or none', () => {
    fc.assert(
      fc.property(anyText, (given) => {
        const seconds = parseDuration(given);
        return seconds === null || (Number.isSafeInteger(seconds) && seconds >= 0);
      }),
    );
    fc.assert(fc.property(fc.nat(999_999), (seconds) => parseDuration(formatDuration(seconds)) === seconds));
  });
});

describe('fuzz: bytes', () => {
  test('base64 and UTF-8 have one text for the same bytes', () => {
    fc.assert(
      fc.property(anyText, (given) => {
        const bytes = decodeBase64(given);
        return bytes === null || encodeBase64(bytes) === given;
      }),
    );
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const read = decodeUtf8(bytes);
        return read === null || Buffer.from(read, 'utf8').equals(bytes);
      }),
    );
  });

  test('different bytes of one length never share base32', () => {
    const pair = fc.nat(40).chain((length) => {
      const bytes = fc.uint8Array({ minLength: length, maxLength: length });
      return fc.tuple(bytes, bytes);
    });
    fc.assert(
      fc.property(pair, ([a, b]) => (encodeBase32(a) === encodeBase32(b)) === Buffer.from(a).equals(Buffer.from(b))),
    );
  });

  test('any value is a digest or not', () => {
    fc.assert(fc.property(fc.anything(), (value) => typeof isDigest(value) === 'boolean'));
  });

  test('any bytes are a public key in one encoding or refused; any signature is true or false', () => {
    const { publicKey } = createSigner();
    const { spki } = publicKey;
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => valueOrOurs(() => parsePublicKey(bytes))));
    fc.assert(
      fc.property(fc.nat(spki.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(spki);
        changed.writeUInt8(spki.readUInt8(at) ^ flip, at);
        return valueOrOurs(() => {
          if (parsePublicKey(changed).keyId === publicKey.keyId) throw new Error('two encodings');
        });
      }),
    );
    fc.assert(fc.property(anyBytes, anyBytes, (data, signature) => !verifySignature(publicKey, data, signature)));
  });
});
