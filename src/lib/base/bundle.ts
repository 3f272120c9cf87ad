import { decodeBase64, encodeBase64 } from './bytes.js';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from './dsse.js';
import { CustodyError } from './errors.js';
import { hintOf, type PublicKey, type Signer, verifySignature, verifySignatureApart } from './signature.js';

/**
 * A DSSE envelope with one signature of a key inside a Sigstore bundle v0.3, in exactly one form of bytes. Stock
 * `cosign verify-blob-attestation` reads it; we accept nothing but what we would write ourselves.
 */
export interface KeyBundle {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** Which key to try; unauthenticated, never an identity. */
  readonly hint: string;
}

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

/** Signs a payload and gives the file's bytes; the signature is verified before anyone sees it. */
export async function sealBundle(payload: Uint8Array, signer: Signer): Promise<Uint8Array> {
  const signature = await signer.sign(preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload));
  const file = formatBundle({ payload, signature, hint: hintOf(signer.publicKey) });
  // A signer that answers for another key, or a faulty one, must not get into the repository.
  if (!isSignedBy(openBundle(file, 'bundle', file.length), signer.publicKey)) {
    throw new CustodyError('SIGNATURE_INVALID', 'the signer gave a signature that its own public key does not verify');
  }
  return file;
}

/**
 * Takes a file apart; says nothing about who signed it.
 * @throws CustodyError RECORD_MALFORMED
 */
export function openBundle(file: Uint8Array, what: string, maxBytes: number): KeyBundle {
  if (file.length > maxBytes) throw new CustodyError('RECORD_MALFORMED', `${what}: larger than ${maxBytes} bytes`);
  const parts = takeApart(file);
  const [payload, signature, hint] = parts.map(decodeBase64);
  if (payload && signature && hint && hint.length === 32 && signature.length > 0)
    return { payload, signature, hint: parts[2] ?? '' };
  throw new CustodyError('RECORD_MALFORMED', `${what}: not a Sigstore bundle v0.3 in the one form that custody writes`);
}

export function isSignedBy(bundle: KeyBundle, key: PublicKey): boolean {
  return verifySignature(key, preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, bundle.payload), bundle.signature);
}

/** The same on another thread. */
export function isSignedByApart(bundle: KeyBundle, key: PublicKey): Promise<boolean> {
  return verifySignatureApart(key, preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, bundle.payload), bundle.signature);
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

function formatBundle({ payload, signature, hint }: KeyBundle): Uint8Array {
  const [head, afterPayload, afterSignature, end] = FRAME;
  const file = head + encodeBase64(payload) + afterPayload + encodeBase64(signature) + afterSignature + hint + end;
  return Buffer.from(file, 'utf8');
}
