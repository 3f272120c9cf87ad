import { DEFAULT_MIRROR_URL, initTUF, TUFError } from '@sigstore/tuf';
import { CustodyError, type ErrorCode } from '../base/errors.js';
import { assertServiceUrl } from '../signing/sigstore/instance.js';

/** A TUF repository that hands out a trusted root, and where the services are today. */
export interface TufSource {
  /** Null: the one of the public-good instance, whose root comes with @sigstore/tuf. */
  readonly mirror: string | null;
  /** Path of the repository's `root.json` as someone trusted handed it over; null for the one that comes with the program. */
  readonly rootPath: string | null;
  /** A folder of this user's alone, for this root: what was seen there last, so that nothing older is taken. */
  readonly cacheDir: string;
}

const ROOT = 'trusted_root.json';
/** As the repositories of Sigstore name the SigningConfig of version 0.2 (protobuf-specs). */
const SIGNING_CONFIG = 'signing_config.v0.2.json';
const TIMEOUT_MILLIS = 15_000;
const RETRY = { retries: 2, minTimeout: 200 };

export interface TufTargets {
  readonly trustedRoot: Buffer;
  /** Null where the repository lists none. */
  readonly signingConfig: Buffer | null;
}

/**
 * What a repository hands out at present, verified from its pinned root on (The Update Framework 1.0, section 5).
 * @throws CustodyError REMOTE_UNREACHABLE, UNAVAILABLE; STALE for expired metadata; ROLLBACK; SIGNATURE_INVALID; USAGE
 */
export async function fetchTargets({ mirror, rootPath, cacheDir }: TufSource): Promise<TufTargets> {
  const url = assertServiceUrl(mirror ?? DEFAULT_MIRROR_URL, 'the TUF repository');
  const given = rootPath === null ? {} : { rootPath };
  const mirrorURL = url.href.replace(/\/$/, '');
  try {
    const client = await initTUF({ mirrorURL, cachePath: cacheDir, timeout: TIMEOUT_MILLIS, retry: RETRY, ...given });
    const trustedRoot = Buffer.from(await client.getTarget(ROOT), 'utf8');
    const signingConfig = await client.getTarget(SIGNING_CONFIG).catch(unlisted);
    return { trustedRoot, signingConfig: signingConfig === null ? null : Buffer.from(signingConfig, 'utf8') };
  } catch (cause) {
    throw tufError(cause, url);
  }
}

/** Verified metadata that names no such file; anything else went wrong. */
function unlisted(cause: unknown): null {
  if (cause instanceof TUFError && cause.code === 'TUF_FIND_TARGET_ERROR') return null;
  throw cause;
}

/** tuf-js tells its errors apart by class alone; a class that we do not know is a "no". */
const CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ExpiredMetadataError: ['STALE', 'its metadata has expired'],
  BadVersionError: ['ROLLBACK', 'it shows an older version than before'],
  EqualVersionError: ['ROLLBACK', 'it shows an older version than before'],
  RepositoryError: ['SIGNATURE_INVALID', 'its metadata does not verify'],
  UnsignedMetadataError: ['SIGNATURE_INVALID', 'its metadata does not verify'],
  LengthOrHashMismatchError: ['SIGNATURE_INVALID', 'a file is not the one that its metadata names'],
  // Snapshot or targets: the client hides what it had caught.
  RuntimeError: ['SIGNATURE_INVALID', 'its metadata does not verify'],
  DownloadLengthMismatchError: ['SIGNATURE_INVALID', 'a file is larger than its metadata says'],
  DownloadHTTPError: ['UNAVAILABLE', 'it does not hand out its files'],
  DownloadError: ['REMOTE_UNREACHABLE', 'it cannot be reached'],
  FetchError: ['REMOTE_UNREACHABLE', 'it cannot be reached'],
};

function tufError(cause: unknown, url: URL): CustodyError {
  if (cause instanceof TUFError && cause.code === 'TUF_INIT_CACHE_ERROR') {
    return new CustodyError('USAGE', `the program knows no root of the TUF repository ${url.host}`, {
      suggestions: ['Give the root.json that its operator handed you: --root FILE.'],
    });
  }
  const chain: Error[] = [];
  for (let at: unknown = cause; at instanceof Error && chain.length < 8; at = at.cause) chain.push(at);
  const known = chain.map(rowOf).find((row) => row !== undefined);
  const offline = chain.some((one) => SYSTEM.test(String(Reflect.get(one, 'code'))));
  const [code, found] = known ??
    (offline ? CODES.FetchError : undefined) ?? ['REFUSED', 'what it gives is not as it should be'];
  const said = chain.at(-1)?.message.slice(0, 200) ?? '';
  return new CustodyError(code, `the TUF repository ${url.host}: ${found}${said === '' ? '' : ` (${said})`}`, {
    cause,
    details: { host: url.host },
  });
}

const SYSTEM = /^(?:E[A-Z]+|ERR_SOCKET\w*|ERR_TLS\w*)$/;
/** What the client leaves of a failed download where it puts the cause into the text of another error. */
const DOWNLOAD = /Failed to download|FetchError|ECONN|ETIMEDOUT|ENOTFOUND|EAI_AGAIN/;

function rowOf(error: Error): readonly [ErrorCode, string] | undefined {
  // A bundler puts a number behind a name that occurs twice.
  const itsClass = error.constructor.name.replace(/\d+$/, '');
  const name = itsClass === 'RuntimeError' && DOWNLOAD.test(error.message) ? 'DownloadHTTPError' : itsClass;
  return Object.hasOwn(CODES, name) ? CODES[name] : undefined;
}
