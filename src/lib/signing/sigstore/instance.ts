import { CustodyError } from '../../base/errors.js';
import { isObject, list, object, oneOf, optional, type Reader, readFields, text } from '../../base/fields.js';
import { parseDocument, timestamp } from './wire.js';

/** Where a Sigstore instance is. Only signing asks it; verification never does. */
export interface Instance {
  /** Certifies identities; absent where only keys sign. */
  readonly fulcioUrl?: string;
  /** The OpenID provider for people at a browser. */
  readonly oidcUrl?: string;
  readonly rekor?: { readonly url: string; readonly api: 1 | 2 };
  /** A timestamp authority by RFC 3161, with its path. */
  readonly tsaUrl?: string;
}

/**
 * The public-good instance of the Sigstore project. Its logs by Rekor v2 move to a new address every few months, so
 * none is named here: a SigningConfig file names the one of today.
 */
export const PUBLIC_GOOD: Instance = {
  fulcioUrl: 'https://fulcio.sigstore.dev',
  oidcUrl: 'https://oauth2.sigstore.dev/auth',
  rekor: { url: 'https://rekor.sigstore.dev', api: 1 },
  tsaUrl: 'https://timestamp.sigstore.dev/api/v1/timestamp',
};

export const MAX_SIGNING_CONFIG_BYTES = 64 * 1024;
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/**
 * Identity tokens go there: only over TLS, or to this machine.
 * @throws CustodyError ENDPOINT_REFUSED
 */
export function assertServiceUrl(given: string, what: string): URL {
  const url = URL.canParse(given) ? new URL(given) : null;
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.has(url.hostname));
  if (url && safe && url.username === '' && url.password === '' && url.hash === '') return url;
  throw new CustodyError('ENDPOINT_REFUSED', `${what}: expected an https URL without a password, found ${given}`);
}

const line = text({ min: 0, max: 300 });
const service = object({
  url: text({ max: 300, pattern: /^https?:\/\/\S+$/, expected: 'a URL' }),
  majorApiVersion: ((value, path, faults) =>
    oneOf(['1', '2'])(String(value), path, faults) === '2' ? 2 : 1) satisfies Reader<1 | 2>,
  validFor: optional(object({ start: timestamp, end: optional(timestamp) })),
  operator: optional(line),
});
const services = optional(list(service, { max: 32 }));
const selection = optional(
  object({
    selector: optional(oneOf(['ANY', 'EXACT', 'ALL', 'SERVICE_SELECTOR_UNDEFINED'])),
    count: optional((value) => (Number.isSafeInteger(value) ? Number(value) : undefined)),
  }),
);
const shape = object({
  mediaType: oneOf(['application/vnd.dev.sigstore.signingconfig.v0.2+json']),
  caUrls: services,
  oidcUrls: services,
  rekorTlogUrls: services,
  rekorTlogConfig: selection,
  tsaUrls: services,
  tsaConfig: selection,
});

type Service = NonNullable<ReturnType<typeof service>>;

/**
 * The instance that a SigningConfig v0.2 (protobuf-specs) describes at a time: of each kind of service the newest that
 * is in use then and whose version we speak. Where the file asks for all or several of a kind, it is refused: one of
 * each is what we ask.
 * @throws CustodyError RECORD_MALFORMED, ENDPOINT_REFUSED; REFUSED for a file that asks for several of one kind
 */
export function parseSigningConfig(bytes: Uint8Array, now: Date, what = 'signing config'): Instance {
  const json = parseDocument(bytes, what, MAX_SIGNING_CONFIG_BYTES);
  const config = readFields(shape, json, what, 'RECORD_MALFORMED');
  assertOneEach(json, what);
  const pick = (kind: readonly Service[] | undefined, versions: readonly number[]) => inUse(kind ?? [], now, versions);
  const [ca, oidc] = [pick(config.caUrls, [1]), pick(config.oidcUrls, [1])];
  const [rekor, tsa] = [pick(config.rekorTlogUrls, [1, 2]), pick(config.tsaUrls, [1])];
  return assertInstance({
    ...(ca && { fulcioUrl: ca.url }),
    ...(oidc && { oidcUrl: oidc.url }),
    ...(rekor && { rekor: { url: rekor.url, api: rekor.majorApiVersion } }),
    ...(tsa && { tsaUrl: tsa.url }),
  });
}

/** @throws CustodyError ENDPOINT_REFUSED for an address that tokens must not go to */
export function assertInstance(instance: Instance): Instance {
  const { fulcioUrl, oidcUrl, rekor, tsaUrl } = instance;
  const named = { Fulcio: fulcioUrl, 'OpenID provider': oidcUrl, Rekor: rekor?.url, 'timestamp authority': tsaUrl };
  for (const [what, url] of Object.entries(named)) if (url !== undefined) assertServiceUrl(url, what);
  return instance;
}

function inUse(kind: readonly Service[], now: Date, versions: readonly number[]): Service | undefined {
  const current = kind.filter(({ majorApiVersion, validFor }) => {
    const started = validFor === undefined || validFor.start <= now;
    return versions.includes(majorApiVersion) && started && (validFor?.end === undefined || now <= validFor.end);
  });
  const startOf = ({ validFor }: Service) => validFor?.start.getTime() ?? 0;
  return current.sort(
    (left, right) => right.majorApiVersion - left.majorApiVersion || startOf(right) - startOf(left),
  )[0];
}

function assertOneEach(json: unknown, what: string): void {
  for (const name of ['rekorTlogConfig', 'tsaConfig']) {
    const asked = isObject(json) && isObject(json[name]) ? json[name] : {};
    if (asked.selector === 'ALL' || (asked.selector === 'EXACT' && asked.count !== 1)) {
      throw new CustodyError('REFUSED', `${what}: ${name} asks for several services, custody asks one of each kind`);
    }
  }
}
