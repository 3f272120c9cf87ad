import { createPublicKey, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto';
import { FulcioSigner } from '@sigstore/sign';
import { decodeBase64 } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { type Clock, millisOf } from '../base/time.js';
import { assertServiceUrl } from '../signing/sigstore/instance.js';
import type { Certified } from '../signing/sigstore/seal.js';
import type { IdentityToken } from '../signing/sigstore/token.js';
import { readCertificate } from '../signing/sigstore/witnesses.js';
import { RETRY, serviceError } from './sigstore-error.js';

const TIMEOUT_MILLIS = 20_000;
/** A seal with a log of Rekor v2 and a timestamp takes seconds. */
const MIN_LEFT_MILLIS = 2 * 60_000;
const PEM = /^-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+)-----END CERTIFICATE-----\n?$/;

/**
 * Certificates of a Fulcio for keys that live in this process's memory, each for ten minutes; one with two minutes left
 * or more is given again.
 * @param token asked for each new certificate
 * @throws CustodyError (from the function it gives) DENIED, REFUSED, UNAVAILABLE, REMOTE_UNREACHABLE, RECORD_MALFORMED
 */
export function createCertifier(
  fulcioUrl: string,
  token: () => Promise<IdentityToken>,
  clock: Pick<Clock, 'now'>,
): () => Promise<Certified> {
  const url = assertServiceUrl(fulcioUrl, 'Fulcio');
  let current: { readonly certified: Certified; readonly until: number } | null = null;
  return async () => {
    if (current && current.until - MIN_LEFT_MILLIS > millisOf(clock.now())) return current.certified;
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const certificate = await requestCertificate(url, await token(), key);
    current = take(certificate, key);
    return current.certified;
  };
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

async function requestCertificate(url: URL, token: IdentityToken, key: KeyPair): Promise<Buffer> {
  const publicKey = key.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const keyHolder = {
    sign: async (data: Buffer) => ({
      signature: signBytes('sha256', data, key.privateKey),
      key: { $case: 'publicKey' as const, publicKey },
    }),
  };
  const identityProvider = { getToken: async () => token.reveal() };
  const fulcioBaseURL = url.href.replace(/\/$/, '');
  const signer = new FulcioSigner({
    fulcioBaseURL,
    identityProvider,
    keyHolder,
    timeout: TIMEOUT_MILLIS,
    retry: RETRY,
  });
  try {
    // Only the certificate is wanted: what gets signed is the proof of possession, once more.
    const signed = await signer.sign(Buffer.from(token.challenge));
    if (signed.key.$case === 'x509Certificate') return fromPem(signed.key.certificate);
  } catch (cause) {
    // The library's messages can quote the whole token, and so can causes of them.
    throw serviceError(cause, url, 'Fulcio');
  }
  throw new CustodyError('RECORD_MALFORMED', 'Fulcio gave no certificate');
}

function take(certificate: Buffer, key: KeyPair) {
  const read = readCertificate({ material: { kind: 'certificate', der: certificate } });
  const given = createPublicKey({ key: read.key.spki, format: 'der', type: 'spki' });
  if (!given.equals(key.publicKey)) throw new CustodyError('SIGNATURE_INVALID', 'Fulcio certified another key');
  const { identity } = read;
  const sign = (data: Uint8Array) => signBytes('sha256', data, key.privateKey);
  return { certified: { certificate, identity, sign }, until: read.certificate.notAfter.getTime() };
}

function fromPem(text: string): Buffer {
  const encoded = PEM.exec(text)?.[1]?.replaceAll('\n', '');
  const der = encoded === undefined ? null : decodeBase64(encoded);
  if (der) return der;
  throw new CustodyError('RECORD_MALFORMED', 'Fulcio gave a certificate that cannot be read');
}
