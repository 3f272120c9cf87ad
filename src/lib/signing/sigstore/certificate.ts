import type { X509Certificate } from '@sigstore/core';
import { decodeUtf8 } from '../../base/bytes.js';
import { CustodyError } from '../../base/errors.js';
import { DER_TAG, readDer, readOneDer } from './der.js';

/** An identity as an OpenID provider (`issuer`) vouches for it; both are compared whole, letter by letter. */
export interface OidcIdentity {
  readonly issuer: string;
  /** An e-mail address, or the URI of a workflow. */
  readonly subject: string;
}

type Named = Pick<X509Certificate, 'extensions'>;

const OID = {
  subjectAltName: '2.5.29.17',
  extKeyUsage: '2.5.29.37',
  /** Fulcio's issuer: the first as bare text, the later one as UTF8String (fulcio, docs/oid-info.md). */
  issuerV1: '1.3.6.1.4.1.57264.1.1',
  issuerV2: '1.3.6.1.4.1.57264.1.8',
} as const;
/** id-kp-codeSigning, 1.3.6.1.5.5.7.3.3. */
const CODE_SIGNING = Buffer.from('2b06010505070303', 'hex');

/**
 * Who a Fulcio certificate was given to. Exactly one name, of the kinds that Fulcio gives; the issuer in both places
 * the same where there are two (T20): a reader that takes another one of several would see another signer.
 * @throws CustodyError RECORD_MALFORMED
 */
export function identityOf(certificate: Named): OidcIdentity {
  const usages = readDer(readOneDer(only(certificate, OID.extKeyUsage), DER_TAG.sequence));
  if (!usages.some(({ tag, contents }) => tag === DER_TAG.oid && contents.equals(CODE_SIGNING))) {
    throw malformed('is not for signing code');
  }
  return { issuer: issuerOf(certificate), subject: subjectOf(certificate) };
}

/** Two identities are the same when both parts are. */
export function sameIdentity(left: OidcIdentity, right: OidcIdentity): boolean {
  return left.issuer === right.issuer && left.subject === right.subject;
}

function subjectOf(certificate: Named): string {
  const names = readDer(readOneDer(only(certificate, OID.subjectAltName), DER_TAG.sequence));
  const [name, ...more] = names;
  if (!name || more.length > 0) throw malformed(`has ${names.length} subject names`);
  if (name.tag !== DER_TAG.uri && name.tag !== DER_TAG.email) throw malformed('names neither a URI nor an address');
  return textOf(name.contents);
}

function issuerOf(certificate: Named): string {
  const [first, ...more1] = valuesOf(certificate, OID.issuerV1).map(textOf);
  const [second, ...more2] = valuesOf(certificate, OID.issuerV2).map((value) =>
    textOf(readOneDer(value, DER_TAG.utf8)),
  );
  const issuer = second ?? first;
  if (issuer === undefined || more1.length > 0 || more2.length > 0) throw malformed('does not name one issuer');
  if (first !== undefined && first !== issuer) throw malformed('names two issuers');
  return issuer;
}

function only(certificate: Named, oid: string): Buffer {
  const [value, ...more] = valuesOf(certificate, oid);
  if (value !== undefined && more.length === 0) return value;
  throw malformed(`has ${more.length === 0 ? 'no' : 'several'} extensions ${oid}`);
}

/** The contents of each extension with an OID: a sequence of OID, perhaps a flag, and an octet string. */
function valuesOf({ extensions }: Named, oid: string): readonly Buffer[] {
  return extensions.flatMap(({ subs }) => {
    const value = subs.at(-1)?.value;
    return subs[0]?.toOID() === oid && value ? [value] : [];
  });
}

function textOf(bytes: Buffer): string {
  const text = decodeUtf8(bytes);
  // With a control character one name is two on a screen.
  const visible = bytes.every((byte) => byte >= 0x20 && byte !== 0x7f);
  if (text === null || text === '' || text.length > 2000 || !visible) throw malformed('holds a name that is no text');
  return text;
}

function malformed(found: string): CustodyError {
  return new CustodyError('RECORD_MALFORMED', `the signing certificate ${found}`);
}
