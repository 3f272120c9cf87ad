import { ASN1Obj } from '@sigstore/core';
import { describe, expect, it } from 'vitest';
import { identityOf, sameIdentity } from '../../../../src/lib/signing/sigstore/certificate.js';
import { readDer } from '../../../../src/lib/signing/sigstore/der.js';

const der = (tag: number, ...contents: readonly (Buffer | string)[]): Buffer => {
  const bytes = Buffer.concat(contents.map((part) => Buffer.from(part)));
  const long = bytes.length < 0x100 ? [0x81, bytes.length] : [0x82, bytes.length >> 8, bytes.length & 0xff];
  const length = bytes.length < 0x80 ? [bytes.length] : long;
  return Buffer.concat([Buffer.from([tag, ...length]), bytes]);
};
const OID = {
  san: '551d11',
  usage: '551d25',
  v1: '2b0601040183bf300101',
  v2: '2b0601040183bf300108',
};
const extension = (oid: string, value: Buffer) =>
  ASN1Obj.parseBuffer(Buffer.from(der(0x30, der(0x06, Buffer.from(oid, 'hex')), der(0x04, value))));

const CODE_SIGNING = Buffer.from('2b06010505070303', 'hex');
const SERVER_AUTH = Buffer.from('2b06010505070301', 'hex');
const SUBJECT = 'https://github.com/acme/keys';
const ISSUER = 'https://issuer.local.test';
const uses = (...what: Buffer[]) => extension(OID.usage, der(0x30, ...what));
const usage = uses(der(0x06, CODE_SIGNING));
const san = (...names: Buffer[]) => extension(OID.san, der(0x30, ...names));
const uri = (text: string) => der(0x86, text);
const v1 = (text: string) => extension(OID.v1, Buffer.from(text));
const v2 = (text: string) => extension(OID.v2, der(0x0c, text));

describe('the identity in a certificate', () => {
  it.each([
    ['both issuers', [usage, san(uri(SUBJECT)), v1(ISSUER), v2(ISSUER)]],
    ['the old issuer', [usage, san(uri(SUBJECT)), v1(ISSUER)]],
    ['the new issuer', [usage, san(uri(SUBJECT)), v2(ISSUER)]],
    [
      'usage for more than code',
      [uses(der(0x06, SERVER_AUTH), der(0x06, CODE_SIGNING)), san(uri(SUBJECT)), v2(ISSUER)],
    ],
  ])('%s', (_, extensions) => {
    expect(identityOf({ extensions })).toEqual({ issuer: ISSUER, subject: SUBJECT });
  });

  it('an address', () => {
    const extensions = [usage, san(der(0x81, 'ann@acme.test')), v2(ISSUER)];
    expect(identityOf({ extensions })).toEqual({ issuer: ISSUER, subject: 'ann@acme.test' });
  });

  it.each([
    ['no name', [usage, san(), v2(ISSUER)]],
    ['two names', [usage, san(uri(SUBJECT), uri('https://evil.test')), v2(ISSUER)]],
    ['two extensions with names', [usage, san(uri(SUBJECT)), san(uri(SUBJECT)), v2(ISSUER)]],
    ['no extension with names', [usage, v2(ISSUER)]],
    ['a host name', [usage, san(der(0x82, 'acme.test')), v2(ISSUER)]],
    ['a name with a zero byte', [usage, san(uri(`${SUBJECT}\u0000.evil.test`)), v2(ISSUER)]],
    ['a name with a line break', [usage, san(uri(`${SUBJECT}\n`)), v2(ISSUER)]],
    ['a name that is not UTF-8', [usage, san(der(0x86, Buffer.from([0xff, 0xfe]))), v2(ISSUER)]],
    ['an empty name', [usage, san(uri('')), v2(ISSUER)]],
    ['no issuer', [usage, san(uri(SUBJECT))]],
    ['two issuers', [usage, san(uri(SUBJECT)), v1('https://evil.test'), v2(ISSUER)]],
    ['the new issuer twice', [usage, san(uri(SUBJECT)), v2(ISSUER), v2(ISSUER)]],
    ['the new issuer as bare text', [usage, san(uri(SUBJECT)), extension(OID.v2, Buffer.from(ISSUER))]],
    [
      'junk behind the issuer',
      [usage, san(uri(SUBJECT)), extension(OID.v2, Buffer.concat([der(0x0c, ISSUER), Buffer.from([5, 0])]))],
    ],
    ['no usage', [san(uri(SUBJECT)), v2(ISSUER)]],
    ['usage for servers', [uses(der(0x06, SERVER_AUTH)), san(uri(SUBJECT)), v2(ISSUER)]],
    ['usage as bytes of another kind', [uses(der(0x04, CODE_SIGNING)), san(uri(SUBJECT)), v2(ISSUER)]],
    ['the old issuer twice', [usage, san(uri(SUBJECT)), v1(ISSUER), v1(ISSUER)]],
    ['a name with a delete character', [usage, san(uri(`${SUBJECT}\u007f`)), v2(ISSUER)]],
    ['a name of more than 2000 characters', [usage, san(uri('x'.repeat(2001))), v2(ISSUER)]],
  ])('%s: refused', (_, extensions) => {
    expect(() => identityOf({ extensions })).toThrow(expect.objectContaining({ code: 'RECORD_MALFORMED' }));
  });

  it('is the same only when both parts are, letter by letter', () => {
    const one = { issuer: ISSUER, subject: SUBJECT };
    expect(sameIdentity(one, { ...one })).toBe(true);
    expect(sameIdentity(one, { ...one, issuer: `${ISSUER}/` })).toBe(false);
    expect(sameIdentity(one, { ...one, subject: SUBJECT.toUpperCase() })).toBe(false);
  });
});

describe('DER', () => {
  it.each(['04', '0482', '048001', '04810161', '0482000161', '0483000001', '0402ff', '3002'])('%s: refused', (hex) => {
    expect(() => readDer(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ code: 'RECORD_MALFORMED' }));
  });

  it('reads elements to the last byte', () => {
    const sizes = [1, 0, 127, 128, 255, 256, 0xffff];
    const wanted = sizes.map((size) => Buffer.alloc(size, size));
    const read = readDer(Buffer.concat(wanted.map((contents) => der(4, contents))));
    expect(read.map(({ tag, contents }, at) => [tag, wanted[at]?.equals(contents)])).toEqual(
      sizes.map(() => [4, true]),
    );
    const longer = Buffer.concat([Buffer.from('0483010000', 'hex'), Buffer.alloc(0x10000)]);
    expect(() => readDer(longer)).toThrow(expect.objectContaining({ code: 'RECORD_MALFORMED' }));
  });
});
