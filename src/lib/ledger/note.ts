import { decodeBase64, decodeUtf8, encodeBase64, sha256 } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { PublicKey, Signer } from '../base/signature.js';
import { ALGORITHMS, verifySignature } from '../base/signature.js';

/** Signed notes, as c2sp.org/signed-note and Go's golang.org/x/mod/sumdb/note have them. */

export interface NoteSignature {
  /** Name and key id together say which key and which algorithm signed. */
  readonly name: string;
  /** 32 bits; a hint, never an identity. */
  readonly keyId: number;
  readonly signature: Uint8Array;
}

export interface Note {
  /** Ends in a newline. */
  readonly text: string;
  /** At least one. */
  readonly signatures: readonly NoteSignature[];
}

export const MAX_NOTE_BYTES = 64 * 1024;
/** The specification asks for 16 at least; Go's library stops at 100. */
const MAX_SIGNATURES = 100;
const KEY_ID_BYTES = 4;
const DASH = '\u2014 ';
// Go's and the specification's rule: non-empty, no Unicode space, no plus.
const NAME = /^[^\p{White_Space}+]+$/u;
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

/** @throws CustodyError RECORD_MALFORMED for bytes that are no signed note */
export function parseNote(bytes: Uint8Array, what = 'note'): Note {
  const malformed = (why: string) => new CustodyError('RECORD_MALFORMED', `${what}: ${why}`);
  if (bytes.length > MAX_NOTE_BYTES) throw malformed(`${bytes.length} bytes, at most ${MAX_NOTE_BYTES} are read`);
  const whole = decodeUtf8(bytes);
  if (whole === null) throw malformed('not UTF-8');
  if (CONTROL.test(whole)) throw malformed('a control character that is no newline');
  const split = whole.lastIndexOf('\n\n');
  if (split < 0 || !whole.endsWith('\n')) throw malformed('expected text, an empty line, then lines of signatures');
  const lines = whole
    .slice(split + 2)
    .split('\n')
    .slice(0, -1);
  if (lines.length === 0) throw malformed('no signature');
  if (lines.length > MAX_SIGNATURES) throw malformed(`more than ${MAX_SIGNATURES} signatures`);
  const signatures = lines.map((line) => {
    const read = readSignature(line);
    if (read === null) throw malformed('a line below the text is no signature');
    return read;
  });
  return { text: whole.slice(0, split + 1), signatures };
}

function readSignature(line: string): NoteSignature | null {
  if (!line.startsWith(DASH)) return null;
  const [name = '', encoded = '', ...more] = line.slice(DASH.length).split(' ');
  const bytes = decodeBase64(encoded);
  if (more.length > 0 || !NAME.test(name) || bytes === null || bytes.length <= KEY_ID_BYTES) return null;
  return { name, keyId: bytes.readUInt32BE(0), signature: bytes.subarray(KEY_ID_BYTES) };
}

/** The inverse of `parseNote`. @throws CustodyError BUG for what is no note */
export function formatNote({ text, signatures }: Note): Uint8Array {
  const lines = signatures.map(({ name, keyId, signature }) => {
    const id = Buffer.alloc(KEY_ID_BYTES);
    id.writeUInt32BE(keyId);
    return `${DASH}${name} ${encodeBase64(Buffer.concat([id, signature]))}\n`;
  });
  const bytes = Buffer.from(`${text}\n${lines.join('')}`, 'utf8');
  const same = parseNote(bytes).text === text;
  if (!same) throw new CustodyError('BUG', 'the text of a note must end in a newline');
  return bytes;
}

/** One key by which a note may be signed, in one of the forms below. */
export interface NoteKey {
  readonly name: string;
  readonly keyId: number;
  readonly verifies: (text: string, signature: Uint8Array) => boolean;
}

/** The signature types of c2sp.org/signed-note that occur here. */
const TYPE = { ed25519: 1, cosignature: 4 } as const;

/**
 * Type 1 for an Ed25519 key, type 2 for one of ECDSA: it signs the text itself. The key id of type 2 is of the
 * SubjectPublicKeyInfo alone, without the name.
 */
export function noteKey(name: string, key: PublicKey): NoteKey {
  const keyId = key.algorithm === 'ed25519' ? typedKeyId(name, TYPE.ed25519, key) : sha256(key.spki).readUInt32BE(0);
  return { name, keyId, verifies: (text, signature) => verifySignature(key, Buffer.from(text, 'utf8'), signature) };
}

/** Type 4, c2sp.org/tlog-cosignature: a witness's Ed25519 key signs a time and the text. Null for another algorithm. */
export function cosignatureKey(name: string, key: PublicKey): NoteKey | null {
  if (key.algorithm !== 'ed25519') return null;
  const verifies = (text: string, signature: Uint8Array) => {
    const bytes = Buffer.from(signature);
    if (bytes.length <= TIME_BYTES) return false;
    const seconds = bytes.readBigUInt64BE(0);
    return seconds < 2n ** 63n && verifySignature(key, cosigned(text, seconds), bytes.subarray(TIME_BYTES));
  };
  return { name, keyId: typedKeyId(name, TYPE.cosignature, key), verifies };
}

const TIME_BYTES = 8;

function cosigned(text: string, seconds: bigint): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`, 'utf8');
}

function typedKeyId(name: string, type: number, key: PublicKey): number {
  const { prefix } = ALGORITHMS[key.algorithm];
  const hashed = Buffer.concat([
    Buffer.from(`${name}\n`, 'utf8'),
    Buffer.from([type]),
    key.spki.subarray(prefix.length),
  ]);
  return sha256(hashed).readUInt32BE(0);
}

/** Signs the text as `noteKey` verifies it. */
export async function signText(text: string, name: string, signer: Signer): Promise<NoteSignature> {
  const { keyId } = noteKey(name, signer.publicKey);
  return { name, keyId, signature: await signer.sign(Buffer.from(text, 'utf8')) };
}

/**
 * Signs the text as a witness: a cosignature with its time where the key is Ed25519, else as `signText` (there is no
 * type of cosignature for ECDSA).
 * @param seconds since 1970, whole
 */
export async function cosignText(text: string, name: string, signer: Signer, seconds: number): Promise<NoteSignature> {
  const key = cosignatureKey(name, signer.publicKey);
  if (key === null) return signText(text, name, signer);
  const time = Buffer.alloc(TIME_BYTES);
  time.writeBigUInt64BE(BigInt(seconds));
  const signature = await signer.sign(cosigned(text, BigInt(seconds)));
  return { name, keyId: key.keyId, signature: Buffer.concat([time, signature]) };
}

/**
 * The keys among `known` that signed the note, each once. Signatures of other keys are left aside.
 * @throws CustodyError SIGNATURE_INVALID when one of a known key does not verify
 */
export function signersOf<K extends NoteKey>(
  { text, signatures }: Note,
  known: readonly K[],
  what = 'note',
): readonly K[] {
  const found = new Set<K>();
  for (const { name, keyId, signature } of signatures) {
    const candidates = known.filter((key) => key.name === name && key.keyId === keyId);
    const signed = candidates.find((key) => key.verifies(text, signature));
    if (signed) found.add(signed);
    else if (candidates.length > 0) {
      throw new CustodyError('SIGNATURE_INVALID', `${what}: the signature of ${name} does not verify`);
    }
  }
  return [...found];
}

/** An Ed25519 key as Go's note package takes it: `name+keyid+base64`; null for ECDSA, which has no such form. */
export function verifierText(name: string, key: PublicKey): string | null {
  if (key.algorithm !== 'ed25519') return null;
  const { prefix } = ALGORITHMS.ed25519;
  const encoded = encodeBase64(Buffer.concat([Buffer.from([TYPE.ed25519]), key.spki.subarray(prefix.length)]));
  return `${name}+${typedKeyId(name, TYPE.ed25519, key).toString(16).padStart(8, '0')}+${encoded}`;
}
