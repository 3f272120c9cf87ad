import { sha256 } from '../../base/bytes.js';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../../base/dsse.js';
import { CustodyError } from '../../base/errors.js';
import { type AlgorithmName, hintOf, type Signer } from '../../base/signature.js';
import type { StatementSigner } from '../statement-signer.js';
import { type Bundle, formatBundle } from './bundle.js';
import { type OidcIdentity, sameIdentity } from './certificate.js';
import type { LogEntry } from './log-entry.js';
import type { TrustedRoot } from './trusted-root.js';
import { type Trust, verifyBundle } from './verify.js';

/** What a log is told: that a key signed something with this digest. What was signed is not told. */
export interface Hashed {
  /** SHA-256 of the signed bytes. */
  readonly digest: Buffer;
  readonly signature: Buffer;
  /** The certificate or SubjectPublicKeyInfo, DER, and the algorithm of its key. */
  readonly verifier: {
    readonly kind: 'certificate' | 'key';
    readonly der: Buffer;
    readonly algorithm: AlgorithmName;
  };
}

/** PORT: who testifies to a signature. */
export interface Witnesses {
  /** Puts it into a transparency log; only Rekor v1 is told the statement, too. @throws CustodyError REFUSED where it may not be */
  readonly log?: (hashed: Hashed, statement: Buffer) => Promise<LogEntry>;
  /** The DER answer of a timestamp authority over the signature. */
  readonly stamp?: (signature: Buffer) => Promise<Buffer>;
}

/** PORT: a key of minutes that a certificate authority gave to the caller's identity. */
export interface Certified {
  /** DER. */
  readonly certificate: Buffer;
  readonly identity: OidcIdentity;
  /** Signs by ECDSA on P-256 with SHA-256, in DER. */
  sign(data: Uint8Array): Uint8Array;
}

/** Signs with a key of ours; with witnesses, the bundle shows when, and that a log holds it. */
export function createKeyStatementSigner(
  signer: Signer,
  witnesses: Witnesses,
  root: TrustedRoot | null,
): StatementSigner {
  const { publicKey } = signer;
  const trust = { keys: [publicKey], identities: [], root };
  const material = { kind: 'key', hint: hintOf(publicKey) } as const;
  return {
    identity: { kind: 'key', keyId: publicKey.keyId },
    seal: async (statement) => {
      const signature = Buffer.from(await signer.sign(preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, statement)));
      const { spki: der, algorithm } = publicKey;
      const verifier = { kind: 'key', der, algorithm } as const;
      return sealed({ statement, signature, material, verifier }, witnesses, trust);
    },
  };
}

/**
 * Signs as an identity. A certificate is taken at once, so that a refused identity is known before the work, and again
 * for each seal: one lives for ten minutes, an export may take longer.
 * @param certify gives a certificate with some minutes left
 * @param allowed who may sign; null where the caller trusts whoever the authority certifies
 * @throws CustodyError SIGNER_UNKNOWN for another identity, and what `certify` throws
 */
export async function openKeylessStatementSigner(
  certify: () => Promise<Certified>,
  allowed: readonly OidcIdentity[] | null,
  witnesses: Witnesses,
  root: TrustedRoot,
): Promise<StatementSigner> {
  const { identity } = await certify();
  if (allowed && !allowed.some((one) => sameIdentity(one, identity))) {
    throw new CustodyError('SIGNER_UNKNOWN', 'the identity that was certified is not one that may sign', {
      details: { found: identity, expected: allowed },
    });
  }
  const trust = { keys: [], identities: [identity], root };
  return {
    identity: { kind: 'keyless', ...identity },
    seal: async (statement) => {
      const { certificate: der, sign } = await certify();
      const signature = Buffer.from(sign(preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, statement)));
      const verifier = { kind: 'certificate', der, algorithm: 'ecdsa-p256-sha256' } as const;
      return sealed({ statement, signature, material: { kind: 'certificate', der }, verifier }, witnesses, trust);
    },
  };
}

interface Signed {
  readonly statement: Uint8Array;
  readonly signature: Buffer;
  readonly material: Bundle['material'];
  readonly verifier: Hashed['verifier'];
}

/** A log's and an authority's answer are a stranger's: the whole bundle is verified before anyone sees it. */
async function sealed(
  { statement, signature, material, verifier }: Signed,
  { log, stamp }: Witnesses,
  trust: Trust,
): Promise<Uint8Array> {
  const payload = Buffer.from(statement);
  const digest = sha256(preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload));
  const [timestamp, entry] = await Promise.all([stamp?.(signature), log?.({ digest, signature, verifier }, payload)]);
  const file = formatBundle({
    content: {
      kind: 'dsse',
      payloadType: IN_TOTO_PAYLOAD_TYPE,
      payload,
      signature,
      // cosign skips a signature whose key id is not an SSH fingerprint.
      keyid: '',
    },
    material,
    logEntries: entry ? [entry] : [],
    timestamps: timestamp ? [timestamp] : [],
  });
  await verifyBundle(file, trust, null, 'the new bundle');
  return file;
}
