import { decodeBase64 } from '../../base/bytes.js';
import { CustodyError } from '../../base/errors.js';
import { anyJson, list, object, oneOf, optional, type Reader, readFields, text } from '../../base/fields.js';
import type { LogEntry } from './log-entry.js';
import { base64Bytes, parseDocument } from './wire.js';

/** What a log says that it recorded; the kinds that others' signers write for files and for DSSE. */
export interface LoggedSignature {
  readonly signature: Buffer;
  /** DER: the certificate, or the SubjectPublicKeyInfo. */
  readonly verifier: Buffer;
  /** SHA-256 of what was signed, or for `payload` of the DSSE payload alone. */
  readonly digest: Buffer;
  readonly digestOf: 'signed' | 'payload';
}

const MAX_BODY_BYTES = 64 * 1024;
const SIGNATURE = base64Bytes(1, 1024);
const VERIFIER = base64Bytes(1, 32 * 1024);
const hex32: Reader<string> = text({ max: 64, pattern: /^[0-9a-f]{64}$/, expected: '64 hex characters' });
const hexHash = object({ algorithm: oneOf(['sha256']), value: hex32 });

const readers: Readonly<Record<string, Reader<LoggedSignature>>> = {
  'hashedrekord 0.0.1': mapped(
    body('hashedrekord', '0.0.1', {
      data: object({ hash: hexHash }),
      signature: object({ content: SIGNATURE, publicKey: object({ content: VERIFIER }) }),
    }),
    ({ data, signature }) => ({
      signature: signature.content,
      verifier: fromPem(signature.publicKey.content),
      digest: Buffer.from(data.hash.value, 'hex'),
      digestOf: 'signed',
    }),
  ),
  'dsse 0.0.1': mapped(
    body('dsse', '0.0.1', {
      envelopeHash: hexHash,
      payloadHash: hexHash,
      signatures: list(object({ signature: SIGNATURE, verifier: VERIFIER }), { min: 1, max: 1 }),
    }),
    ({ payloadHash, signatures: [signed] }) => ({
      signature: signed?.signature ?? Buffer.alloc(0),
      verifier: fromPem(signed?.verifier ?? Buffer.alloc(0)),
      digest: Buffer.from(payloadHash.value, 'hex'),
      digestOf: 'payload',
    }),
  ),
  'hashedrekord 0.0.2': mapped(
    body('hashedrekord', '0.0.2', {
      hashedRekordV002: object({
        data: object({ algorithm: oneOf(['SHA2_256']), digest: base64Bytes(32, 32) }),
        signature: object({
          content: SIGNATURE,
          verifier: object({
            keyDetails: anyJson,
            x509Certificate: optional(object({ rawBytes: VERIFIER })),
            publicKey: optional(object({ rawBytes: VERIFIER })),
          }),
        }),
      }),
    }),
    ({ hashedRekordV002: { data, signature } }) => ({
      signature: signature.content,
      verifier: (signature.verifier.x509Certificate ?? signature.verifier.publicKey)?.rawBytes ?? Buffer.alloc(0),
      digest: data.digest,
      digestOf: 'signed',
    }),
  ),
};

/**
 * What an entry records. Its body is the leaf whose hash the log proves.
 * @throws CustodyError RECORD_MALFORMED
 */
export function parseLogBody({ kindVersion, canonicalizedBody }: LogEntry): LoggedSignature {
  const kind = `${kindVersion.kind} ${kindVersion.version}`;
  const read = Object.hasOwn(readers, kind) ? readers[kind] : undefined;
  if (!read) throw new CustodyError('RECORD_MALFORMED', `a log entry of the unknown kind ${kind}`);
  return readFields(
    read,
    parseDocument(canonicalizedBody, 'log entry', MAX_BODY_BYTES),
    'log entry',
    'RECORD_MALFORMED',
  );
}

function body<S extends Parameters<typeof object>[0]>(kind: string, version: string, spec: S) {
  return mapped(object({ apiVersion: oneOf([version]), kind: oneOf([kind]), spec: object(spec) }), (read) => read.spec);
}

function mapped<T, R>(read: Reader<T>, to: (value: T) => R): Reader<R> {
  return (value, path, faults) => {
    const found = read(value, path, faults);
    return found === undefined ? undefined : to(found);
  };
}

const PEM = /^-----BEGIN (CERTIFICATE|PUBLIC KEY)-----\n([A-Za-z0-9+/=\n]+)-----END \1-----\n?$/;

/** The bytes in a PEM text; what is none equals nothing. */
function fromPem(bytes: Buffer): Buffer {
  const found = PEM.exec(bytes.toString('latin1'))?.[2]?.replaceAll('\n', '');
  return (found === undefined ? null : decodeBase64(found)) ?? Buffer.alloc(0);
}
