import { createCipheriv, createDecipheriv } from 'node:crypto';
import { invalidCiphertext } from './errors.js';
import type { Material } from './material.js';

/**
 * The symmetric ciphertext blob: head (magic, key id, material id), nonce, AES-256-GCM tag, ciphertext. The head names
 * key and material, so that Decrypt needs neither; head and encryption context are authenticated.
 */

const MAGIC = Buffer.from([0x01, 0x02, 0x03, 0x00]);
const NONCE = 12;
const TAG = 16;
const MATERIAL_ID = 32;

export interface Blob {
  readonly keyId: string;
  readonly materialId: string;
  readonly head: Buffer;
  /** Nonce, tag and ciphertext. */
  readonly body: Buffer;
}

export type EncryptionContext = Readonly<Record<string, string>>;

/** Encrypts `plaintext` under a material; the blob can be opened only with the same context. */
export function sealBlob(
  keyId: string,
  material: Material,
  context: EncryptionContext,
  plaintext: Uint8Array,
  random: (bytes: number) => Buffer,
): Buffer {
  const id = Buffer.from(keyId, 'ascii');
  const head = Buffer.concat([MAGIC, Buffer.from([id.length]), id, Buffer.from(material.id, 'hex')]);
  const nonce = random(NONCE);
  const cipher = createCipheriv('aes-256-gcm', material.secret, nonce);
  cipher.setAAD(additionalData(head, context));
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([head, nonce, cipher.getAuthTag(), sealed]);
}

/** Splits a blob; `null` when it is not one of ours. Nothing is authenticated yet. */
export function readBlob(bytes: Buffer): Blob | null {
  const idLength = bytes[MAGIC.length] ?? 0;
  const idStart = MAGIC.length + 1;
  const headLength = idStart + idLength + MATERIAL_ID;
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC) || bytes.length < headLength + NONCE + TAG) return null;
  const head = bytes.subarray(0, headLength);
  return {
    keyId: head.toString('latin1', idStart, idStart + idLength),
    materialId: head.toString('hex', idStart + idLength),
    head,
    body: bytes.subarray(headLength),
  };
}

/** @throws ServiceError InvalidCiphertextException when blob or context is not what was sealed. */
export function openBlob(blob: Blob, material: Material, context: EncryptionContext): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', material.secret, blob.body.subarray(0, NONCE), {
    authTagLength: TAG,
  });
  decipher.setAAD(additionalData(blob.head, context));
  decipher.setAuthTag(blob.body.subarray(NONCE, NONCE + TAG));
  try {
    return Buffer.concat([decipher.update(blob.body.subarray(NONCE + TAG)), decipher.final()]);
  } catch {
    throw invalidCiphertext();
  }
}

/** Every part carries its length: `{a: "bc"}` and `{ab: "c"}` are different contexts. */
function additionalData(head: Buffer, context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat([prefixed(head), ...pairs.flat().map((text) => prefixed(Buffer.from(text, 'utf8')))]);
}

function prefixed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
