import { digestOf, sha256 } from '../../base/bytes.js';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../../base/dsse.js';
import { CustodyError } from '../../base/errors.js';
import { hintOf, type PublicKey, verifySignature } from '../../base/signature.js';
import { type Instant, instantFromDate } from '../../base/time.js';
import type { StatementSignerIdentity, StatementVerifier } from '../statement-signer.js';
import { type Bundle, type DsseContent, parseBundle } from './bundle.js';
import { type OidcIdentity, sameIdentity } from './certificate.js';
import type { TrustedRoot } from './trusted-root.js';
import type { Witnessed } from './witnesses.js';

/** Whose signatures count, and who may testify to them. Nothing else does. */
export interface Trust {
  readonly keys: readonly PublicKey[];
  readonly identities: readonly OidcIdentity[];
  /** Needed for identities, and for whatever log entries and timestamps a bundle carries. */
  readonly root: TrustedRoot | null;
}

export interface VerifiedBundle {
  readonly signer: StatementSignerIdentity;
  /** The in-toto Statement; null where a file was signed. */
  readonly statement: Uint8Array | null;
  /** When witnesses saw the signature, earliest first; empty for a bare key. */
  readonly times: readonly Instant[];
  /** How many logs hold it. */
  readonly logged: number;
}

/**
 * Verifies a bundle by pinned keys and identities alone. Every claim in it must hold: a log entry or timestamp that does
 * not verify is refused, not left out.
 * @param artifact what was signed, for a bundle over a file
 * @throws CustodyError RECORD_MALFORMED; SIGNATURE_INVALID; SIGNER_UNKNOWN for a signer who is not pinned; UNPROVEN
 */
export async function verifyBundle(
  bytes: Uint8Array,
  trust: Trust,
  artifact: Uint8Array | null = null,
  what = 'bundle',
): Promise<VerifiedBundle> {
  const bundle = parseBundle(bytes, what);
  const signed = signedBytes(bundle, artifact, what);
  const verdict =
    bundle.material.kind === 'key'
      ? await verifyByKey(bundle, signed, trust, what)
      : await verifyByIdentity(bundle, signed, trust, what);
  return { ...verdict, statement: bundle.content.kind === 'dsse' ? bundle.content.payload : null };
}

/** A verifier of statements for flows that know nothing of Sigstore. */
export function createStatementVerifier(trust: Trust): StatementVerifier {
  return {
    open: async (bytes) => {
      const { statement, signer } = await verifyBundle(bytes, trust);
      if (statement !== null) return { statement, signer };
      throw new CustodyError('RECORD_MALFORMED', 'the bundle is over a file, not over a statement');
    },
  };
}

/** The bytes under the signature; for a file, only when the digest in the bundle is that of the file (T21). */
function signedBytes({ content }: Bundle, artifact: Uint8Array | null, what: string): Buffer {
  if (content.kind === 'dsse') {
    if (content.payloadType !== IN_TOTO_PAYLOAD_TYPE) {
      throw new CustodyError('RECORD_MALFORMED', `${what}: the payload is not of type ${IN_TOTO_PAYLOAD_TYPE}`);
    }
    return preAuthEncoding(content.payloadType, content.payload);
  }
  if (artifact === null) {
    throw new CustodyError('UNPROVEN', `${what} is over a file: the file itself is needed, too`);
  }
  if (!sha256(artifact).equals(content.digest)) {
    throw new CustodyError('SIGNATURE_INVALID', `${what} is over another file`, {
      details: { expected: `sha256:${content.digest.toString('hex')}`, found: digestOf(artifact) },
    });
  }
  return Buffer.from(artifact);
}

type Verdict = Omit<VerifiedBundle, 'statement'>;

async function verifyByKey(bundle: Bundle, signed: Buffer, trust: Trust, what: string): Promise<Verdict> {
  const key = keysFor(bundle, trust.keys).find((one) => verifySignature(one, signed, bundle.content.signature));
  if (!key) {
    throw trust.keys.length === 0
      ? new CustodyError('SIGNER_UNKNOWN', `${what} is signed by a key, and no key is trusted`)
      : new CustodyError('SIGNATURE_INVALID', `${what} is signed by none of the trusted keys`);
  }
  const signer = { kind: 'key', keyId: key.keyId } as const;
  if (bundle.logEntries.length === 0 && bundle.timestamps.length === 0) return { signer, times: [], logged: 0 };
  const { verifyWitnesses } = await import('./witnesses.js');
  return verdict(signer, verifyWitnesses(bundle, signed, { kind: 'key', key }, rootOf(trust, what)));
}

async function verifyByIdentity(bundle: Bundle, signed: Buffer, trust: Trust, what: string): Promise<Verdict> {
  // A certificate of anybody at all passes every other check: without a pinned identity there is nothing to ask (T20).
  if (trust.identities.length === 0) {
    throw new CustodyError('SIGNER_UNKNOWN', `${what} is signed by a certified identity, and no identity is trusted`);
  }
  const root = rootOf(trust, what);
  const { readCertificate, verifyWitnesses } = await import('./witnesses.js');
  const certificate = readCertificate(bundle);
  const { identity } = certificate;
  if (!trust.identities.some((one) => sameIdentity(one, identity))) {
    throw new CustodyError('SIGNER_UNKNOWN', `${what} is signed by an identity that is not trusted`, {
      details: { found: identity, expected: trust.identities },
    });
  }
  const witnessed = verifyWitnesses(bundle, signed, certificate, root);
  return verdict({ kind: 'keyless', ...identity }, witnessed);
}

function verdict(signer: StatementSignerIdentity, { times, logged }: Witnessed): Verdict {
  return { signer, times: times.map(instantFromDate), logged };
}

/** Keys that the hints do not exclude: as base64 of the SHA-256 (RFC 6962 style), or as an SSH fingerprint. */
function keysFor({ content, material }: Bundle, keys: readonly PublicKey[]): readonly PublicKey[] {
  const hints = [material.kind === 'key' ? material.hint : '', keyidOf(content)].filter((hint) => hint !== '');
  return keys.filter((key) => hints.every((hint) => [hintOf(key), sshFingerprint(key)].includes(hint)));
}

function keyidOf(content: DsseContent | { readonly kind: 'message' }): string {
  return content.kind === 'dsse' ? content.keyid : '';
}

function rootOf({ root }: Trust, what: string): TrustedRoot {
  if (root) return root;
  throw new CustodyError('UNPROVEN', `${what} needs a trusted root to be verified`, {
    suggestions: ['Give the trusted_root.json of the Sigstore instance; custody trust update fetches it.'],
  });
}

/** `SHA256:` and unpadded base64 of the SHA-256 of the key in SSH's wire form (RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709). */
function sshFingerprint(key: PublicKey): string {
  const parts =
    key.algorithm === 'ed25519'
      ? ['ssh-ed25519', key.spki.subarray(-32)]
      : ['ecdsa-sha2-nistp256', 'nistp256', key.spki.subarray(-65)];
  const wire = Buffer.concat(parts.map((part) => lengthPrefixed(Buffer.from(part))));
  return `SHA256:${sha256(wire).toString('base64').replaceAll('=', '')}`;
}

function lengthPrefixed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
