import { RekorWitness, TSAWitness } from '@sigstore/sign';
import { encodeBase64 } from '../base/bytes.js';
import { parseJson } from '../base/canonical-json.js';
import { IN_TOTO_PAYLOAD_TYPE } from '../base/dsse.js';
import { CustodyError } from '../base/errors.js';
import { isObject, readFields } from '../base/fields.js';
import { assertServiceUrl, type Instance } from '../signing/sigstore/instance.js';
import { type LogEntry, logEntry } from '../signing/sigstore/log-entry.js';
import type { Hashed, Witnesses } from '../signing/sigstore/seal.js';
import { exchange, statusError } from './http.js';
import { RETRY, serviceError } from './sigstore-error.js';

/** Rekor v2 answers when the entry is in a published tree: seconds. */
const REKOR_TIMEOUT_MILLIS = 30_000;
const TSA_TIMEOUT_MILLIS = 20_000;
const SHA2_256 = 1;

/** Whether a statement holds nothing but digests and counts, so that a log may be told all of it. */
export type MayPublish = (statement: Uint8Array) => boolean;

/**
 * The log and the timestamp authority of an instance, as far as it has them.
 * @throws CustodyError ENDPOINT_REFUSED
 */
export function createWitnesses(
  { rekor, tsaUrl }: Pick<Instance, 'rekor' | 'tsaUrl'>,
  mayPublish: MayPublish = () => false,
): Witnesses {
  const log = rekor && { log: rekor.api === 2 ? rekor2(rekor.url) : rekor1(rekor.url, mayPublish) };
  return { ...log, ...(tsaUrl !== undefined && { stamp: timestamper(tsaUrl) }) };
}

/**
 * Rekor v2 (rekor-tiles) takes hashedrekord alone; the client of sigstore-js 4 sends what it refuses: DSSE requests, and
 * keys as if they were certificates.
 */
function rekor2(base: string): (hashed: Hashed) => Promise<LogEntry> {
  const url = new URL(`${trimmed(assertServiceUrl(base, 'Rekor'))}/api/v2/log/entries`);
  return async ({ digest, signature, verifier }) => {
    const rawBytes = encodeBase64(verifier.der);
    const request = {
      hashedRekordRequestV002: {
        digest: encodeBase64(digest),
        signature: {
          content: encodeBase64(signature),
          verifier: {
            ...(verifier.kind === 'key' ? { publicKey: { rawBytes } } : { x509Certificate: { rawBytes } }),
            keyDetails: verifier.algorithm === 'ed25519' ? 'PKIX_ED25519' : 'PKIX_ECDSA_P256_SHA_256',
          },
        },
      },
    };
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const sent = {
      method: 'POST',
      headers,
      body: JSON.stringify(request),
      timeoutMillis: REKOR_TIMEOUT_MILLIS,
    } as const;
    const { status, body } = await exchange(url, sent, 'Rekor');
    if (status !== 200 && status !== 201) throw statusError(status, url, 'Rekor', messageOf(body));
    const json = withoutNulls(parseJson(body, "Rekor's answer"));
    return readFields(logEntry, json, "Rekor's answer", 'RECORD_MALFORMED');
  };
}

/**
 * Rekor v1 makes the entry of a DSSE envelope (kind `dsse`) from the whole of it, payload included, and readers of such
 * entries (sigstore-go) take no other kind. It keeps only hashes, but it is told everything: so it is told manifests alone.
 */
function rekor1(base: string, mayPublish: MayPublish): NonNullable<Witnesses['log']> {
  const url = assertServiceUrl(base, 'Rekor');
  const witness = new RekorWitness({ rekorBaseURL: trimmed(url), timeout: REKOR_TIMEOUT_MILLIS, retry: RETRY });
  return async ({ signature, verifier }, payload) => {
    if (!mayPublish(payload)) {
      throw new CustodyError('REFUSED', 'a log of Rekor v1 would be told the whole statement, which is no manifest', {
        suggestions: ['Use a log of Rekor v2, which is told a digest only.'],
      });
    }
    const dsseEnvelope = { payload, payloadType: IN_TOTO_PAYLOAD_TYPE, signatures: [{ sig: signature, keyid: '' }] };
    const label = verifier.kind === 'key' ? 'PUBLIC KEY' : 'CERTIFICATE';
    try {
      const { tlogEntries } = await witness.testify({ $case: 'dsseEnvelope', dsseEnvelope }, pem(verifier.der, label));
      const [entry] = tlogEntries;
      const { inclusionProof: proof } = entry ?? {};
      if (entry && proof?.checkpoint) return { ...entry, inclusionProof: { ...proof, checkpoint: proof.checkpoint } };
    } catch (cause) {
      throw serviceError(cause, url, 'Rekor');
    }
    throw new CustodyError('RECORD_MALFORMED', 'Rekor gave no inclusion proof');
  };
}

function timestamper(base: string): (signature: Buffer) => Promise<Buffer> {
  const url = assertServiceUrl(base, 'the timestamp authority');
  const tsaBaseURL = trimmed(url);
  const witness = new TSAWitness({ tsaBaseURL, timeout: TSA_TIMEOUT_MILLIS, retry: RETRY });
  return async (signature) => {
    try {
      const messageDigest = { algorithm: SHA2_256, digest: Buffer.alloc(0) };
      const content = { $case: 'messageSignature', messageSignature: { messageDigest, signature } } as const;
      const { rfc3161Timestamps } = await witness.testify(content);
      const [timestamp] = rfc3161Timestamps;
      if (timestamp) return Buffer.from(timestamp.signedTimestamp);
    } catch (cause) {
      throw serviceError(cause, url, 'the timestamp authority');
    }
    throw new CustodyError('RECORD_MALFORMED', 'the timestamp authority gave no timestamp');
  };
}

function trimmed(url: URL): string {
  return url.href.replace(/\/$/, '');
}

function pem(der: Buffer, label: string): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** gRPC's gateway writes fields that are not set as null. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const set = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(set.map(([name, item]) => [name, withoutNulls(item)]));
}

function messageOf(body: Buffer): string {
  try {
    const json: unknown = JSON.parse(body.toString('utf8'));
    return isObject(json) && typeof json.message === 'string' ? json.message : '';
  } catch {
    return '';
  }
}
