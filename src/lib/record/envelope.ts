import { type Digest, decodeBase64, decodeUtf8, digestOf, encodeBase32, encodeBase64 } from '../base/bytes.js';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../base/dsse.js';
import { CustodyError } from '../base/errors.js';
import { hintOf, type PublicKey, type Signer, verifySignature } from '../base/signature.js';
import { formatStatement, parseStatement, type RecordKind, type Statement } from './statement.js';

/**
 * A record file: a DSSE envelope with one signature inside a Sigstore bundle v0.3, in exactly one form of bytes.
 * Stock `cosign verify-blob-attestation` reads it; we accept nothing but what we would write ourselves.
 */
export interface OpenRecord<K extends RecordKind = RecordKind> {
  readonly statement: Statement<K>;
  readonly payload: Uint8Array;
  /** SHA-256 of the DSSE payload: what the other records name. */
  readonly digest: Digest;
  /** SHA-256 of the file: its name. */
  readonly fileDigest: Digest;
  readonly signature: Uint8Array;
  /** Which key to try; unauthenticated, never an identity. */
  readonly hint: string;
}

export const MAX_RECORD_BYTES = 256 * 1024;
const MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const BASE64_TEXT = '[A-Za-z0-9+/]*={0,2}';
// RFC 8785 orders names by code unit, which for this shape is this order.
const FILE = new RegExp(
  `^\\{"dsseEnvelope":\\{"payload":"(${BASE64_TEXT})","payloadType":"application/vnd\\.in-toto\\+json","signatures":\\[\\{"keyid":"","sig":"(${BASE64_TEXT})"\\}\\]\\},` +
    `"mediaType":"application/vnd\\.dev\\.sigstore\\.bundle\\.v0\\.3\\+json","verificationMaterial":\\{"publicKey":\\{"hint":"(${BASE64_TEXT})"\\}\\}\\}$`,
);

/** Signs a statement and gives the file's bytes; the signature is verified before anyone sees it. */
export async function seal(statement: Statement, signer: Signer): Promise<Uint8Array> {
  const payload = formatStatement(statement);
  const signature = await signer.sign(preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload));
  const file = formatFile(payload, signature, hintOf(signer.publicKey));
  // A signer that answers for another key, or a faulty one, must not get into the repository.
  if (!isSignedBy(open(file), signer.publicKey)) {
    throw new CustodyError('SIGNATURE_INVALID', 'the signer gave a signature that its own public key does not verify');
  }
  return file;
}

/**
 * Takes a record file apart; says nothing about who signed it.
 * @throws CustodyError RECORD_MALFORMED
 */
export function open(file: Uint8Array, what = 'record'): OpenRecord {
  if (file.length > MAX_RECORD_BYTES)
    throw new CustodyError('RECORD_MALFORMED', `${what}: larger than ${MAX_RECORD_BYTES} bytes`);
  const match = FILE.exec(decodeUtf8(file) ?? '');
  const payload = decodeBase64(match?.[1] ?? '-');
  const signature = decodeBase64(match?.[2] ?? '-');
  const hint = decodeBase64(match?.[3] ?? '-');
  if (!payload || !signature || !hint || hint.length !== 32 || signature.length === 0) {
    throw new CustodyError(
      'RECORD_MALFORMED',
      `${what}: not a Sigstore bundle v0.3 in the one form that custody writes`,
    );
  }
  return {
    statement: parseStatement(payload, what),
    payload,
    digest: digestOf(payload),
    fileDigest: digestOf(file),
    signature,
    hint: match?.[3] ?? '',
  };
}

/** What a signature is over; the same for every kind of record. */
export type Signed = Pick<OpenRecord, 'payload' | 'signature' | 'hint'>;

export function isSignedBy(record: Signed, key: PublicKey): boolean {
  return verifySignature(key, preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, record.payload), record.signature);
}

/** Narrows by kind; a record of another kind is `null`, not an error. */
export function ofKind<K extends RecordKind>(record: OpenRecord, kind: K): OpenRecord<K> | null {
  return record.statement.kind === kind ? (record as unknown as OpenRecord<K>) : null;
}

/** `r-` and the first 10 base32 characters (50 bits) of the request's digest. */
export function requestIdOf(digest: Digest): string {
  return `r-${encodeBase32(Buffer.from(digest.slice('sha256:'.length), 'hex')).slice(0, 10)}`;
}

function formatFile(payload: Uint8Array, signature: Uint8Array, hint: string): Uint8Array {
  const file =
    `{"dsseEnvelope":{"payload":"${encodeBase64(payload)}","payloadType":"${IN_TOTO_PAYLOAD_TYPE}",` +
    `"signatures":[{"keyid":"","sig":"${encodeBase64(signature)}"}]},"mediaType":"${MEDIA_TYPE}",` +
    `"verificationMaterial":{"publicKey":{"hint":"${hint}"}}}`;
  return Buffer.from(file, 'utf8');
}

/** The hint of a key by its id, to look one up without parsing keys. */
export function hintOfKeyId(keyId: Digest): string {
  return encodeBase64(Buffer.from(keyId.slice('sha256:'.length), 'hex'));
}
