import { describe, expect, it } from 'vitest';
import { parsePublicKeys } from '../../../src/lib/trail/digest-signature.js';
import { trailSigner } from '../../support/trail-fixture.js';

const { der, fingerprint } = trailSigner();
const KEY = {
  Value: der.toString('base64'),
  Fingerprint: fingerprint,
  ValidityStartTime: '2026-02-01T01:00:00+01:00',
  ValidityEndTime: 1_775_001_600,
};
const parse = (value: unknown) =>
  parsePublicKeys(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), 'keys.json');
const { Value: _value, ...withoutValue } = KEY;
const { ValidityEndTime: _end, ...withoutEnd } = KEY;

describe('a file of public keys', () => {
  it('is read as the AWS CLI prints it, with times in either form', () => {
    expect(parse({ PublicKeyList: [KEY, KEY] })[0]).toEqual({
      fingerprint,
      der,
      validFrom: '2026-02-01T00:00:00.000Z',
      validUntil: '2026-04-01T00:00:00.000Z',
    });
  });

  it.each<[what: string, value: unknown]>([
    ['nothing', ''],
    ['no JSON', 'keys'],
    ['a list alone', [KEY]],
    ['no keys', { PublicKeyList: [] }],
    ['another answer', { TrailList: [KEY] }],
    ['a key beside one that is none', { PublicKeyList: [KEY, null] }],
    ['a key without its bytes', { PublicKeyList: [withoutValue] }],
    ['bytes that are no base64', { PublicKeyList: [{ ...KEY, Value: '*' }] }],
    ['a fingerprint that is no text', { PublicKeyList: [{ ...KEY, Fingerprint: 1 }] }],
    ['a key without its end', { PublicKeyList: [withoutEnd] }],
    ['a time that is none', { PublicKeyList: [{ ...KEY, ValidityStartTime: 'soon' }] }],
    ['an end that is null', { PublicKeyList: [{ ...KEY, ValidityEndTime: null }] }],
    ['a name that occurs twice', `{"PublicKeyList":[],"PublicKeyList":[${JSON.stringify(KEY)}]}`],
  ])('that holds %s is refused', (_, value) => {
    expect(() => parse(value)).toThrow(expect.objectContaining({ code: 'RECORD_MALFORMED' }));
  });
});
