import { decodeBase64 } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { type PublicKey, parsePublicKey } from '../base/signature.js';
import { type BundlesReport, verifyBundles } from '../inspect/bundles.js';
import { MAX_BUNDLE_BYTES } from '../signing/sigstore/bundle.js';
import { MAX_TRUSTED_ROOT_BYTES, parseTrustedRoot } from '../signing/sigstore/trusted-root.js';
import { readGiven } from './draft.js';
import type { Vouching } from './verify-records.js';

/** Whom an outsider trusts, by flags. */
export interface BundleFlags {
  readonly roster?: string | undefined;
  readonly key?: string | undefined;
  readonly 'trusted-root'?: string | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  readonly artifact?: string | undefined;
}

const MAX_ARTIFACT_BYTES = 256 * 1024 * 1024;
const PEM = /^-----BEGIN PUBLIC KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END PUBLIC KEY-----\s*$/;

/** Whether the files are Sigstore bundles to be judged by a key or an identity, and not records of a roster. */
export function asksForBundles(flags: BundleFlags): boolean {
  if (flags.roster !== undefined) return false;
  return [flags.key, flags['trusted-root'], flags.issuer, flags.subject, flags.artifact].some(
    (one) => one !== undefined,
  );
}

/** @throws CustodyError NOT_FOUND, USAGE, RECORD_MALFORMED for what was given to trust */
export async function verifyGivenBundles(paths: readonly string[], flags: BundleFlags): Promise<BundlesReport> {
  const { artifact } = flags;
  const trust = { keys: flags.key === undefined ? [] : [await readKey(flags.key)], ...(await vouchingOf(flags)) };
  if (trust.keys.length === 0 && trust.identities.length === 0) {
    throw new CustodyError('USAGE', 'it is not said whose signature counts', {
      suggestions: ['Give --key FILE, or --trusted-root FILE with --issuer and --subject.'],
    });
  }
  const files = await Promise.all(
    paths.map(async (path) => ({ path, bytes: await readGiven(path, MAX_BUNDLE_BYTES + 1) })),
  );
  return verifyBundles(files, trust, artifact === undefined ? null : await readGiven(artifact, MAX_ARTIFACT_BYTES));
}

/** Which identity counts, and who may vouch for it. @throws CustodyError NOT_FOUND, RECORD_MALFORMED */
export async function vouchingOf({ issuer, subject, 'trusted-root': root }: BundleFlags): Promise<Vouching> {
  return {
    identities: issuer !== undefined && subject !== undefined ? [{ issuer, subject }] : [],
    root: root === undefined ? null : await readRoot(root),
  };
}

async function readRoot(path: string) {
  return parseTrustedRoot(await readGiven(path, MAX_TRUSTED_ROOT_BYTES), path);
}

/** A public key in PEM (RFC 7468 section 13), as `openssl` and Cosign write it. */
async function readKey(path: string): Promise<PublicKey> {
  const encoded = PEM.exec((await readGiven(path, 16 * 1024)).toString('latin1'))?.[1]?.replaceAll(/[\r\n]/g, '');
  const spki = encoded === undefined ? null : decodeBase64(encoded);
  if (spki) return parsePublicKey(spki);
  throw new CustodyError('USAGE', `${path} is no public key in PEM`);
}
