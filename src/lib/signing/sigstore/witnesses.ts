import { RFC3161Timestamp, X509Certificate } from '@sigstore/core';
import { type SignedEntity, type TrustMaterial, Verifier } from '@sigstore/verify';
import { sha256 } from '../../base/bytes.js';
import { CustodyError } from '../../base/errors.js';
import { type PublicKey, parsePublicKey, verifySignature } from '../../base/signature.js';
import type { Bundle } from './bundle.js';
import { identityOf, type OidcIdentity } from './certificate.js';
import { assertCheckpoint } from './checkpoint.js';
import { parseLogBody } from './log-body.js';
import type { LogEntry } from './log-entry.js';
import type { TrustedAuthority, TrustedLog, TrustedRoot, Validity } from './trusted-root.js';

/** Loaded only for bundles that carry certificates, log entries or timestamps: the libraries take a while. */

export type BundleSigner =
  | { readonly kind: 'key'; readonly key: PublicKey }
  | {
      readonly kind: 'certificate';
      readonly key: PublicKey;
      readonly identity: OidcIdentity;
      readonly certificate: X509Certificate;
    };

/** What witnesses testified: when they saw the signature, and how many logs hold it. */
export interface Witnessed {
  readonly times: readonly Date[];
  readonly logged: number;
}

/** The certificate of a bundle, taken apart; whether it is trusted is for `verifyWitnesses`. @throws CustodyError RECORD_MALFORMED */
export function readCertificate({
  material,
}: Pick<Bundle, 'material'>): Extract<BundleSigner, { readonly kind: 'certificate' }> {
  if (material.kind !== 'certificate') throw new CustodyError('BUG', 'this bundle has no certificate');
  const certificate = attempt('RECORD_MALFORMED', 'the certificate cannot be read', () =>
    X509Certificate.parse(Buffer.from(material.der)),
  );
  const key = attempt('RECORD_MALFORMED', 'the certificate is for a key of another kind', () =>
    parsePublicKey(certificate.publicKey),
  );
  const identity = attempt('RECORD_MALFORMED', 'the names in the certificate cannot be read', () =>
    identityOf(certificate),
  );
  return { kind: 'certificate', key, identity, certificate };
}

/**
 * The certificate's chain, every log entry and every timestamp. What the trusted root lists must have testified where an
 * identity signed: a log if it lists logs, a certificate log if it lists those; and one witnessed time always.
 * @param signed the bytes under the signature
 * @throws CustodyError RECORD_MALFORMED, SIGNATURE_INVALID
 */
export function verifyWitnesses(bundle: Bundle, signed: Buffer, signer: BundleSigner, root: TrustedRoot): Witnessed {
  const logs = assertLogEntries(bundle, signed, signer, root);
  const keyless = signer.kind === 'certificate';
  return attempt('SIGNATURE_INVALID', 'the bundle does not verify', () => {
    const timestamps = bundle.timestamps.map((der) => RFC3161Timestamp.parse(Buffer.from(der)));
    const promised = bundle.logEntries.filter(({ inclusionPromise }) => inclusionPromise);
    const times = [
      ...timestamps.map(({ signingTime }) => signingTime),
      ...promised.map(({ integratedTime }) => new Date(Number(integratedTime) * 1000)),
    ].sort((left, right) => left.getTime() - right.getTime());
    assertTimely(logs, times);
    new Verifier(materialOf(root, logs, signer), {
      tlogThreshold: keyless && root.logs.length > 0 ? 1 : 0,
      ctlogThreshold: keyless && root.ctLogs.length > 0 ? 1 : 0,
      timestampThreshold: keyless ? 1 : 0,
    }).verify(entityOf(bundle, signed, signer, timestamps, promised));
    return { times, logged: logs.length };
  });
}

/** The trusted logs of the entries, each once, after all that the library would not look at. */
function assertLogEntries(
  bundle: Bundle,
  signed: Buffer,
  signer: BundleSigner,
  root: TrustedRoot,
): readonly TrustedLog[] {
  const logs = bundle.logEntries.map((entry) => {
    const log = root.logs.find(({ logId }) => logId.equals(entry.logId.keyId));
    if (!log) throw new CustodyError('SIGNATURE_INVALID', 'a log entry is of a log that is not trusted');
    assertCheckpoint(entry.inclusionProof, log);
    assertLogged(entry, bundle, signed, signer);
    return log;
  });
  // One log that is asked twice is one witness; the library looks for that among timestamps only.
  const names = new Set(logs.map(({ logId }) => logId.toString('hex')));
  if (names.size === logs.length) return logs;
  throw new CustodyError('SIGNATURE_INVALID', 'the bundle has two entries of one log');
}

/** Signature, key, digest and entry must all agree (T21). */
function assertLogged(entry: LogEntry, { content, material }: Bundle, signed: Buffer, signer: BundleSigner): void {
  const logged = parseLogBody(entry);
  const ofPayload = content.kind === 'dsse' ? sha256(content.payload) : null;
  const digest = logged.digestOf === 'signed' ? sha256(signed) : ofPayload;
  const verifier = material.kind === 'certificate' ? material.der : signer.key.spki;
  const agrees =
    logged.signature.equals(content.signature) &&
    logged.verifier.equals(verifier) &&
    digest !== null &&
    logged.digest.equals(digest);
  if (!agrees) throw new CustodyError('SIGNATURE_INVALID', 'a log entry is of another signature, key or content');
}

/** A log's key counts only for the time in which it was the log's; without a witnessed time there is nothing to compare. */
function assertTimely(logs: readonly TrustedLog[], times: readonly Date[]): void {
  const timely = ({ validFor: { start, end } }: TrustedLog) =>
    times.every((time) => start <= time && (end === undefined || time <= end));
  if (!logs.every(timely)) throw new CustodyError('SIGNATURE_INVALID', "a log entry is from outside its key's time");
}

function entityOf(
  { content, logEntries }: Bundle,
  signed: Buffer,
  signer: BundleSigner,
  timestamps: readonly RFC3161Timestamp[],
  promised: readonly LogEntry[],
): SignedEntity {
  const digests = [sha256(signed), ...(content.kind === 'dsse' ? [sha256(content.payload)] : [])];
  return {
    signature: {
      signature: Buffer.from(content.signature),
      compareSignature: (other) => content.signature.equals(other),
      // Which of the two an entry's kind means was settled before.
      compareDigest: (other) => digests.some((digest) => digest.equals(other)),
      verifySignature: () => verifySignature(signer.key, signed, content.signature),
    },
    key:
      signer.kind === 'key'
        ? { $case: 'public-key', hint: '' }
        : { $case: 'certificate', certificate: signer.certificate },
    tlogEntries: logEntries.map((entry) => ({ ...entry })),
    timestamps: [
      ...promised.map((tlogEntry) => ({ $case: 'transparency-log' as const, tlogEntry: { ...tlogEntry } })),
      ...timestamps.map((timestamp) => ({ $case: 'timestamp-authority' as const, timestamp })),
    ],
  };
}

/** Of the logs only those of the entries: the library takes the first whose key id begins alike. */
function materialOf(root: TrustedRoot, logs: readonly TrustedLog[], signer: BundleSigner): TrustMaterial {
  const key = { publicKey: signer.key.object, validFor: () => true };
  return {
    certificateAuthorities: root.certificateAuthorities.map(authorityOf),
    timestampAuthorities: root.timestampAuthorities.map(authorityOf),
    tlogs: logs.map(({ checkpointKeyId, ...log }) => logOf(log, checkpointKeyId)),
    ctlogs: root.ctLogs.map((log) => logOf(log, log.logId)),
    publicKey: () => key,
  };
}

function logOf({ baseUrl, key, validFor }: Omit<TrustedLog, 'checkpointKeyId'>, logID: Buffer) {
  return { baseURL: baseUrl, publicKey: key, logID, validFor: spanOf(validFor) };
}

function authorityOf({ certificates, validFor }: TrustedAuthority) {
  const certChain = certificates.map((der) => X509Certificate.parse(Buffer.from(der)));
  return { certChain, validFor: spanOf(validFor) };
}

const END_OF_TIME = new Date(8_640_000_000_000_000);

function spanOf({ start, end }: Validity) {
  return { start, end: end ?? END_OF_TIME };
}

/** What the libraries throw is of many classes, also for hostile input; it leaves as one of ours. */
function attempt<T>(code: 'RECORD_MALFORMED' | 'SIGNATURE_INVALID', message: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof CustodyError) throw cause;
    const said = cause instanceof Error ? `: ${cause.message.slice(0, 200)}` : '';
    throw new CustodyError(code, `${message}${said}`, { cause });
  }
}
