import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../../../src/lib/sandbox/service.js';
import { decodeQuery, encodeQuery, encodeQueryError } from '../../../../src/lib/sandbox/wire/query.js';
import { escapeXml } from '../../../../src/lib/sandbox/wire/xml.js';

interface Vector {
  readonly name: string;
  readonly why: string;
  readonly input: string;
  readonly expect: unknown;
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../vectors/sandbox/aws-query.json', import.meta.url), 'utf8'),
) as Vector[];

describe('a form of AWS Query', () => {
  it.each(vectors)('$name: $why', ({ input, expect: expected }) => {
    let result: unknown;
    try {
      result = decodeQuery(Buffer.from(input, 'utf8'));
    } catch (cause) {
      if (!(cause instanceof ServiceError)) throw cause;
      result = { error: cause.code };
    }
    expect(result).toEqual(expected);
  });

  it('has at most 1000 fields and is UTF-8', () => {
    const fields = (count: number) =>
      Buffer.from(`Action=X&${Array.from({ length: count }, (_, at) => `a${at}=1`).join('&')}`);
    expect(() => decodeQuery(fields(999))).not.toThrow();
    expect(() => decodeQuery(fields(1000))).toThrow('not a form');
    expect(() => decodeQuery(Buffer.from([0x41, 0xff]))).toThrow('not a form');
  });
});

describe('an answer of AWS Query', () => {
  it('nests structures, lists members, leaves out null, writes instants', () => {
    const answer = { Role: { Tags: [{ Key: 'a' }], CreateDate: 1769850000, Gone: null }, IsTruncated: false };
    expect(encodeQuery('urn:x', 'GetRole', answer, 'id').text).toBe(
      '<GetRoleResponse xmlns="urn:x"><GetRoleResult><Role><Tags><member><Key>a</Key></member></Tags><CreateDate>2026-01-31T09:00:00Z</CreateDate></Role><IsTruncated>false</IsTruncated></GetRoleResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></GetRoleResponse>',
    );
    expect(encodeQuery('urn:x', 'TagRole', {}, 'id').text).not.toContain('Result');
  });

  it('T8 cannot be broken out of by hostile text', () => {
    const hostile = '</Message><Code>Fine</Code>&"\u0000\u001b\ud800\ufffe\r';
    const { text } = encodeQueryError('urn:x', new ServiceError('Bad', hostile), 'id');
    expect(text).toContain('&lt;/Message&gt;&lt;Code&gt;Fine&lt;/Code&gt;&amp;&quot;\ufffd\ufffd\ufffd');
    expect(text.match(/<Code>/g)).toHaveLength(1);
    expect(escapeXml('Schlüssel 🔑\n')).toBe('Schlüssel 🔑\n');
  });
});
