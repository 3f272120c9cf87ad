import { type Digest, decodeBase64, digestOf, encodeBase32, encodeBase64 } from '../base/bytes.js';
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
/**
 * What stands before, between and after payload, signature and hint: the whole form of a file, for writing and reading.
 * RFC 8785 orders names by code unit, which for this shape is this order.
 */
const FRAME = [
  '{"dsseEnvelope":{"payload":"',
  `","payloadType":"${IN_TOTO_PAYLOAD_TYPE}","signatures":[{"keyid":"","sig":"`,
  '"}]},"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"',
  '"}}}',
] as const;

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
  const parts = takeApart(file);
  const [payload, signature, hint] = parts.map(decodeBase64);
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
    hint: parts[2] ?? '',
  };
}

/** The three texts in the frame, empty when it is not exactly the frame; what they are is for base64 to say. */
function takeApart(file: Uint8Array): readonly string[] {
  // Every byte becomes one character, and base64 refuses those that are not ASCII.
  const text = Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString('latin1');
  const parts: string[] = [];
  let at = 0;
  for (const piece of FRAME) {
    if (!text.startsWith(piece, at)) return [];
    const from = at + piece.length;
    at = text.indexOf('"', from);
    if (at >= 0) parts.push(text.slice(from, at));
    else return from === text.length ? parts : [];
  }
  return [];
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
  const [head, afterPayload, afterSignature, end] = FRAME;
  const file = head + encodeBase64(payload) + afterPayload + encodeBase64(signature) + afterSignature + hint + end;
  return Buffer.from(file, 'utf8');
}

/** The hint of a key by its id, to look one up without parsing keys. */
export function hintOfKeyId(keyId: Digest): string {
  return encodeBase64(Buffer.from(keyId.slice('sha256:'.length), 'hex'));
}
