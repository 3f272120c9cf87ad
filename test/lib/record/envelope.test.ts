import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isSignedBy } from '../../../src/lib/base/bundle.js';
import { encodeBase64 } from '../../../src/lib/base/bytes.js';
import { preAuthEncoding } from '../../../src/lib/base/dsse.js';
import { hintOf } from '../../../src/lib/base/signature.js';
import {
  hintOfKeyId,
  MAX_RECORD_BYTES,
  type OpenRecord,
  ofKind,
  open,
  requestIdOf,
  seal,
} from '../../../src/lib/record/envelope.js';
import { isRequestId } from '../../../src/lib/record/paths.js';
import { formatStatement, type Statement } from '../../../src/lib/record/statement.js';
import { createSigner, createTeam, requestPredicate, requestStatement } from '../../support/people.js';

const team = createTeam();
const statement = requestStatement(requestPredicate(team));
const signer = team.signers.architect;
const sealed = await seal(statement, signer);
const text = Buffer.from(sealed).toString('utf8');
const malformed = expect.objectContaining({ code: 'RECORD_MALFORMED' });

interface Bundle {
  dsseEnvelope: { payload: string; payloadType: string; signatures: { keyid: string; sig: string }[] };
  mediaType: string;
  verificationMaterial: { publicKey: { hint: string } };
}

const bundle = (): Bundle => JSON.parse(text);
/** The bundle with one thing changed, written as its canonical form would be. */
function changed(change: (bundle: Bundle) => unknown): Uint8Array {
  const value = bundle();
  return Buffer.from(JSON.stringify(change(value) ?? value), 'utf8');
}

describe('seal and open', () => {
  it('are inverse', () => {
    const record = open(sealed);
    expect(record.statement).toEqual(statement);
    expect(Buffer.from(record.payload)).toEqual(Buffer.from(formatStatement(statement)));
    expect(record.hint).toBe(hintOf(signer.publicKey));
    expect(record.hint).toBe(hintOfKeyId(signer.publicKey.keyId));
    expect(isSignedBy(record, signer.publicKey)).toBe(true);
    expect(isSignedBy(record, team.signers.deputy.publicKey)).toBe(false);
  });

  it('leave a file that JSON readers read the same', () => {
    expect(JSON.stringify(bundle())).toBe(text);
    expect(bundle().dsseEnvelope.payloadType).toBe('application/vnd.in-toto+json');
    expect(bundle().mediaType).toBe('application/vnd.dev.sigstore.bundle.v0.3+json');
  });

  it('sign the DSSE pre-authentication encoding', () => {
    const payload = Buffer.from('hello world');
    expect(preAuthEncoding('http://example.com/HelloWorld', payload).toString()).toBe(
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    );
    expect(preAuthEncoding('é', payload).toString()).toBe('DSSEv1 2 é 11 hello world');
  });

  it('do not let a signer out that answers with another key', async () => {
    const wrong = { ...signer, sign: team.signers.deputy.sign };
    await expect(seal(statement, wrong)).rejects.toEqual(expect.objectContaining({ code: 'SIGNATURE_INVALID' }));
    const silent = { ...signer, sign: async () => new Uint8Array() };
    await expect(seal(statement, silent)).rejects.toEqual(malformed);
  });

  it('do not write what they would not read', async () => {
    const { predicate } = statement;
    const odd = { ...statement, predicate: { ...predicate, reason: 'x'.repeat(1001) } };
    await expect(seal(odd, signer)).rejects.toEqual(malformed);
  });
});

describe('open takes one form of bytes only', () => {
  const twice = (value: Bundle) => value.dsseEnvelope.signatures.push(...value.dsseEnvelope.signatures);
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['nothing', new Uint8Array()],
    ['not UTF-8', Buffer.concat([Buffer.from([0xff]), sealed])],
    ['a byte order mark', Buffer.concat([Buffer.from('\ufeff'), sealed])],
    ['a line end', Buffer.concat([sealed, Buffer.from('\n')])],
    ['a space before', Buffer.concat([Buffer.from(' '), sealed])],
    ['pretty printing', Buffer.from(JSON.stringify(bundle(), null, 2))],
    ['two files in one', Buffer.concat([sealed, sealed])],
    [
      'another order of names',
      changed(({ dsseEnvelope, mediaType, verificationMaterial }) => ({
        mediaType,
        dsseEnvelope,
        verificationMaterial,
      })),
    ],
    ['two signatures', changed((value) => void twice(value))],
    ['no signature', changed((value) => void value.dsseEnvelope.signatures.splice(0))],
    ['an empty signature', changed((value) => void Object.assign(value.dsseEnvelope.signatures[0] ?? {}, { sig: '' }))],
    ['a key id', changed((value) => void Object.assign(value.dsseEnvelope.signatures[0] ?? {}, { keyid: 'x' }))],
    ['a field more', changed((value) => ({ ...value, x: 1 }))],
    [
      'a field more in the material',
      changed((value) => void Object.assign(value.verificationMaterial, { tlogEntries: [] })),
    ],
    ['a certificate', changed((value) => ({ ...value, verificationMaterial: { certificate: { rawBytes: 'AAAA' } } }))],
    ['a message signature', changed((value) => ({ ...value, dsseEnvelope: undefined, messageSignature: {} }))],
    ['another payload type', changed((value) => void Object.assign(value.dsseEnvelope, { payloadType: 'text/plain' }))],
    [
      'the payload type of another case',
      changed((value) => void Object.assign(value.dsseEnvelope, { payloadType: 'application/vnd.in-toto+JSON' })),
    ],
    [
      'a hint that is not a digest',
      changed((value) => void Object.assign(value.verificationMaterial.publicKey, { hint: 'AAAA' })),
    ],
    [
      'a hint with a name of Object',
      changed((value) => void Object.assign(value.verificationMaterial.publicKey, { hint: '__proto__' })),
    ],
    ...['v0.1', 'v0.2', 'v0.3.1', 'v0.9'].map(
      (version) =>
        [`media type ${version}`, Buffer.from(text.replace('bundle.v0.3+json', `bundle.${version}+json`))] as const,
    ),
    ['a media type with parameters', Buffer.from(text.replace('v0.3+json', 'v0.3+json;version=0.3'))],
    ['dots of the media type replaced', Buffer.from(text.replace('vnd.dev.sigstore', 'vndxdev.sigstore'))],
    [
      'more bytes than are read',
      Buffer.from(text.replace('"payload":"', `"payload":"${'A'.repeat(MAX_RECORD_BYTES)}`)),
    ],
  ];
  it.each(cases)('refuses %s', (_, bytes) => expect(() => open(bytes)).toThrow(malformed));

  it('refuses by its size alone what is too large, before anything of it is read', () => {
    const tooLarge = { code: 'RECORD_MALFORMED', message: expect.stringContaining(`larger than ${MAX_RECORD_BYTES}`) };
    expect(() => open(Buffer.alloc(MAX_RECORD_BYTES + 1))).toThrow(expect.objectContaining(tooLarge));
    expect(() => open(Buffer.alloc(MAX_RECORD_BYTES))).not.toThrow(expect.objectContaining(tooLarge));
  });

  it('refuses every other base64 of the same bytes', () => {
    const [{ sig } = { sig: '' }] = bundle().dsseEnvelope.signatures;
    const stray = (base64: string) =>
      base64.replace(/([A-Za-z0-9+/])(=+)$/, (_, last: string, pad: string) => {
        const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
        return `${alphabet[alphabet.indexOf(last) + 1]}${pad}`;
      });
    const hint = bundle().verificationMaterial.publicKey.hint;
    expect(Buffer.from(stray(hint), 'base64')).toEqual(Buffer.from(hint, 'base64'));
    for (const other of [
      stray(hint),
      hint.replace('=', ''),
      `${hint} `,
      `${hint}\\n`,
      hint.replaceAll('+', '-').replaceAll('/', '_').replace('=', ''),
    ]) {
      expect(() => open(Buffer.from(text.replace(hint, other)))).toThrow(malformed);
    }
    for (const other of [`${sig}AAAA`.slice(0, -1), `=${sig}`, `\\u0041${sig.slice(1)}`]) {
      expect(() => open(Buffer.from(text.replace(sig, other)))).toThrow(malformed);
    }
  });

  it('refuses a payload that is no statement', () => {
    for (const payload of ['', '{}', 'null', '[]', '"x"', '{"predicateType":"urn:custody:record:request:v1"}']) {
      const bytes = changed(
        (value) => void Object.assign(value.dsseEnvelope, { payload: encodeBase64(Buffer.from(payload)) }),
      );
      expect(() => open(bytes)).toThrow(malformed);
    }
  });
});

describe('what is derived', () => {
  it('gives a request its id from the digest of its payload, not from the file', async () => {
    const again = open(await seal(statement, team.signers.deputy));
    const record = open(sealed);
    expect(again.digest).toBe(record.digest);
    expect(again.fileDigest).not.toBe(record.fileDigest);
    expect(requestIdOf(record.digest)).toMatch(/^r-[a-z2-7]{10}$/);
    expect(isRequestId(requestIdOf(record.digest))).toBe(true);
    expect(requestIdOf(`sha256:${'00'.repeat(32)}`)).toBe('r-aaaaaaaaaa');
    expect(requestIdOf(`sha256:${'ff'.repeat(32)}`)).toBe('r-7777777777');
  });

  it('narrows by kind', () => {
    const record = open(sealed);
    expect(ofKind(record, 'request')).toBe(record);
    expect(ofKind(record, 'approval')).toBeNull();
  });

  it('hints at a key, and a hint at another key changes nothing that is signed', async () => {
    const other = createSigner();
    const moved = open(Buffer.from(text.replace(hintOf(signer.publicKey), hintOf(other.publicKey)))) as OpenRecord;
    expect(moved.digest).toBe(open(sealed).digest);
    expect(isSignedBy(moved, other.publicKey)).toBe(false);
  });
});

describe('vectors', () => {
  const vectors: { name: string; why: string; input: string; expect: string }[] = JSON.parse(
    readFileSync(new URL('../../vectors/record/envelope.json', import.meta.url), 'utf8'),
  );
  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const read = (): Statement => open(Buffer.from(vector.input, 'utf8')).statement;
    if (vector.expect === 'RECORD_MALFORMED') expect(read).toThrow(malformed);
    else expect(read().kind).toBe(vector.expect);
  });
});
