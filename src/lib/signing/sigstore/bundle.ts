import { encodeBase64 } from '../../base/bytes.js';
import { formatCanonical, type JsonObject } from '../../base/canonical-json.js';
import { CustodyError } from '../../base/errors.js';
import { list, object, oneOf, optional, readFields, type Shaped, text } from '../../base/fields.js';
import { type LogEntry, logEntry, logEntryJson } from './log-entry.js';
import { base64Bytes, parseDocument } from './wire.js';

/** A Sigstore bundle v0.3, taken apart; nothing of it is verified. */
export interface Bundle {
  readonly content: DsseContent | MessageContent;
  readonly material: KeyMaterial | CertificateMaterial;
  readonly logEntries: readonly LogEntry[];
  /** RFC 3161 answers over the signature, DER. */
  readonly timestamps: readonly Buffer[];
}

export interface DsseContent {
  readonly kind: 'dsse';
  readonly payloadType: string;
  readonly payload: Buffer;
  readonly signature: Buffer;
  /** Unauthenticated. */
  readonly keyid: string;
}

/** A signature over the SHA-256 of a file that lies elsewhere. */
export interface MessageContent {
  readonly kind: 'message';
  readonly digest: Buffer;
  readonly signature: Buffer;
}

export interface KeyMaterial {
  readonly kind: 'key';
  /** Which key to try; unauthenticated. */
  readonly hint: string;
}

/** The certificate that Fulcio gave for a key of minutes. */
export interface CertificateMaterial {
  readonly kind: 'certificate';
  readonly der: Buffer;
}

/** Names a whole format: what another version means is not ours to guess. */
export const BUNDLE_MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
export const MAX_BUNDLE_BYTES = 16 * 1024 * 1024;

/** A manifest that lists what could not be read of 10,000 keys has some megabytes. */
const MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;
const MOST_WITNESSES = 8;
const anyText = (max: number) => text({ min: 0, max });
const signature = base64Bytes(1, 1024);

const shape = object({
  mediaType: oneOf([BUNDLE_MEDIA_TYPE]),
  verificationMaterial: object({
    publicKey: optional(object({ hint: optional(anyText(200)) })),
    certificate: optional(object({ rawBytes: base64Bytes(1, 16 * 1024) })),
    tlogEntries: optional(list(logEntry, { max: MOST_WITNESSES })),
    timestampVerificationData: optional(
      object({
        rfc3161Timestamps: optional(
          list(object({ signedTimestamp: base64Bytes(1, 16 * 1024) }), { max: MOST_WITNESSES }),
        ),
      }),
    ),
  }),
  dsseEnvelope: optional(
    object({
      payload: base64Bytes(0, MAX_PAYLOAD_BYTES),
      payloadType: anyText(200),
      // The format wants exactly one: with two, each reader could look at another one.
      signatures: list(object({ sig: signature, keyid: optional(anyText(200)) }), { min: 1, max: 1 }),
    }),
  ),
  messageSignature: optional(
    object({
      messageDigest: object({ algorithm: oneOf(['SHA2_256']), digest: base64Bytes(32, 32) }),
      signature,
    }),
  ),
});

type Wire = Shaped<Record<never, never>> & NonNullable<ReturnType<typeof shape>>;

/**
 * Reads a bundle; every field must be known and in its one form, so that what we judge is what others see.
 * @throws CustodyError RECORD_MALFORMED, with every fault
 */
export function parseBundle(bytes: Uint8Array, what = 'bundle'): Bundle {
  const wire = readFields(shape, parseDocument(bytes, what, MAX_BUNDLE_BYTES), what, 'RECORD_MALFORMED');
  const { tlogEntries, timestampVerificationData } = wire.verificationMaterial;
  return {
    content: contentOf(wire, what),
    material: materialOf(wire, what),
    logEntries: tlogEntries ?? [],
    timestamps: (timestampVerificationData?.rfc3161Timestamps ?? []).map(({ signedTimestamp }) => signedTimestamp),
  };
}

function contentOf({ dsseEnvelope, messageSignature }: Wire, what: string): Bundle['content'] {
  const signed = dsseEnvelope?.signatures[0];
  if (dsseEnvelope && signed && !messageSignature) {
    const { payload, payloadType } = dsseEnvelope;
    return { kind: 'dsse', payload, payloadType, signature: signed.sig, keyid: signed.keyid ?? '' };
  }
  if (messageSignature && !dsseEnvelope) {
    return { kind: 'message', digest: messageSignature.messageDigest.digest, signature: messageSignature.signature };
  }
  throw new CustodyError('RECORD_MALFORMED', `${what}: expected either dsseEnvelope or messageSignature`);
}

function materialOf({ verificationMaterial: { publicKey, certificate } }: Wire, what: string): Bundle['material'] {
  if (publicKey && !certificate) return { kind: 'key', hint: publicKey.hint ?? '' };
  if (certificate && !publicKey) return { kind: 'certificate', der: certificate.rawBytes };
  throw new CustodyError('RECORD_MALFORMED', `${what}: expected either publicKey or certificate`);
}

/** The inverse of `parseBundle`, in canonical JSON (RFC 8785). */
export function formatBundle({ content, material, logEntries, timestamps }: Bundle): Uint8Array {
  const json = {
    mediaType: BUNDLE_MEDIA_TYPE,
    verificationMaterial: {
      ...(material.kind === 'key'
        ? { publicKey: { hint: material.hint } }
        : { certificate: { rawBytes: encodeBase64(material.der) } }),
      ...(logEntries.length > 0 && { tlogEntries: logEntries.map(logEntryJson) }),
      ...(timestamps.length > 0 && {
        timestampVerificationData: {
          rfc3161Timestamps: timestamps.map((bytes) => ({ signedTimestamp: encodeBase64(bytes) })),
        },
      }),
    },
    ...contentJson(content),
  };
  return Buffer.from(formatCanonical(json), 'utf8');
}

function contentJson(content: Bundle['content']): JsonObject {
  const signatureText = encodeBase64(content.signature);
  if (content.kind === 'message') {
    const messageDigest = { algorithm: 'SHA2_256', digest: encodeBase64(content.digest) };
    return { messageSignature: { messageDigest, signature: signatureText } };
  }
  const { payload, payloadType, keyid } = content;
  const signatures = [{ keyid, sig: signatureText }];
  return { dsseEnvelope: { payload: encodeBase64(payload), payloadType, signatures } };
}
