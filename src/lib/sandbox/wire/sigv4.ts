import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { sha256Hex } from '../../base/bytes.js';
import { ServiceError } from '../service.js';
import { type Dialect, wireFault } from './faults.js';
import type { HttpRequest } from './message.js';

/** AWS Signature Version 4 in the Authorization header ("Create a signed AWS API request", IAM user guide). */

const ALGORITHM = 'AWS4-HMAC-SHA256';
const SKEW_MILLIS = 15 * 60 * 1000;
const CREDENTIAL = /^([A-Z0-9]{16,128})\/(\d{8})\/([a-z0-9-]{1,64})\/([a-z0-9-]{1,64})\/aws4_request$/;
const SIGNED_HEADERS = /^[a-z0-9-]{1,64}(?:;[a-z0-9-]{1,64}){0,63}$/;
const AMZ_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
/** What an attacker could otherwise swap under a valid signature. */
const MUST_BE_SIGNED = ['x-amz-date', 'x-amz-target', 'x-amz-security-token', 'x-amz-content-sha256'];
/** Bodies that S3 takes without their hash; what integrity they have is that of their checksums. */
const UNHASHED = ['UNSIGNED-PAYLOAD', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'];

export interface Signature {
  readonly accessKeyId: string;
  /** `yyyymmdd` of the credential scope. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signatureHex: string;
  readonly amzDate: string;
}

/**
 * Reads the Authorization header; nothing is verified yet.
 * @throws ServiceError MissingAuthenticationToken, IncompleteSignature, in the dialect's own names
 */
export function parseSignature(request: HttpRequest, dialect: Dialect): Signature {
  const header = request.headers.authorization;
  if (header === undefined) throw wireFault(dialect, 'missingToken', 'Missing Authentication Token');
  const parts = header.startsWith(`${ALGORITHM} `) ? fieldsOf(header.slice(ALGORITHM.length)) : null;
  if (parts === null) throw incomplete(dialect, `Authorization must be ${ALGORITHM} with three parameters, each once.`);
  const credential = CREDENTIAL.exec(parts.get('Credential') ?? '');
  const signedHeaders = parts.get('SignedHeaders') ?? '';
  const signatureHex = parts.get('Signature') ?? '';
  if (credential === null) throw incomplete(dialect, "Credential must be 'KEY/DATE/REGION/SERVICE/aws4_request'.");
  if (!SIGNED_HEADERS.test(signedHeaders)) throw incomplete(dialect, "Authorization header requires 'SignedHeaders'.");
  if (!/^[0-9a-f]{64}$/.test(signatureHex)) throw incomplete(dialect, "Authorization header requires 'Signature'.");
  const amzDate = request.headers['x-amz-date'] ?? '';
  if (!AMZ_DATE.test(amzDate)) throw incomplete(dialect, "Authorization header requires a valid 'X-Amz-Date'.");
  const [, accessKeyId = '', day = '', region = '', service = ''] = credential;
  return { accessKeyId, day, region, service, signedHeaders: signedHeaders.split(';'), signatureHex, amzDate };
}

function fieldsOf(text: string): Map<string, string> | null {
  const fields = new Map<string, string>();
  for (const part of text.split(',')) {
    const [name = '', ...value] = part.trim().split('=');
    if (fields.has(name) || value.length !== 1) return null;
    fields.set(name, value.join('='));
  }
  return fields.size === 3 ? fields : null;
}

export interface Freshness {
  /** The request may be near any of these: AWS's SDK for JavaScript adopts the sandbox's Date, others keep the wall's. */
  readonly clocksMillis: readonly number[];
}

/**
 * Verifies the signature with the caller's secret.
 * @throws ServiceError InvalidSignatureException or SignatureDoesNotMatch: stale, a header left unsigned, or wrong
 */
export function verifySignature(
  request: HttpRequest,
  signature: Signature,
  secret: string,
  fresh: Freshness,
  dialect: Dialect,
): void {
  assertFresh(signature, fresh, dialect);
  const unsigned = mustBeSigned(request, dialect).find((name) => !signature.signedHeaders.includes(name));
  if (unsigned !== undefined && dialect === 's3') {
    throw wireFault(dialect, 'denied', `There were headers present in the request which were not signed: ${unsigned}`);
  }
  if (unsigned !== undefined) throw bad(dialect, `'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`);
  const expected = signatureOf(request, signature, secret, payloadHashOf(request, dialect));
  if (timingSafeEqual(expected, Buffer.from(signature.signatureHex, 'hex'))) return;
  throw bad(
    dialect,
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  );
}

/** S3 wants every header of its own signed ("Signature Calculations for the Authorization Header"). */
function mustBeSigned({ headers }: HttpRequest, dialect: Dialect): readonly string[] {
  const own = Object.keys(headers).filter((name) =>
    dialect === 's3' ? name.startsWith('x-amz-') || name === 'content-md5' : MUST_BE_SIGNED.includes(name),
  );
  return ['host', ...own];
}

function payloadHashOf({ headers, body }: HttpRequest, dialect: Dialect): string {
  const claimed = headers['x-amz-content-sha256'];
  const payloadHash = sha256Hex(body);
  if (dialect !== 's3') {
    if (claimed === undefined || claimed === payloadHash) return payloadHash;
    throw bad(dialect, 'The x-amz-content-sha256 is not that of the body.');
  }
  if (claimed !== undefined && UNHASHED.includes(claimed)) return claimed;
  if (claimed?.startsWith('STREAMING-'))
    throw wireFault(dialect, 'unknownOperation', `The sandbox does not model ${claimed}.`);
  if (claimed === payloadHash) return payloadHash;
  throw new ServiceError(
    claimed === undefined ? 'InvalidRequest' : 'XAmzContentSHA256Mismatch',
    claimed === undefined
      ? 'Missing required header for this request: x-amz-content-sha256'
      : "The provided 'x-amz-content-sha256' header does not match what was computed.",
  );
}

function assertFresh({ amzDate, day }: Signature, { clocksMillis }: Freshness, dialect: Dialect): void {
  const millis = Date.parse(amzDate.replace(AMZ_DATE, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(millis)) throw incomplete(dialect, "Authorization header requires a valid 'X-Amz-Date'.");
  if (!amzDate.startsWith(day))
    throw bad(
      dialect,
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${day}' != '${amzDate.slice(0, 8)}'.`,
    );
  if (clocksMillis.some((now) => Math.abs(now - millis) <= SKEW_MILLIS)) return;
  const late = clocksMillis.every((now) => millis < now);
  throw bad(
    dialect,
    late
      ? `Signature expired: ${amzDate} is more than 15 minutes ago.`
      : `Signature not yet current: ${amzDate} is more than 15 minutes ahead.`,
  );
}

function signatureOf(request: HttpRequest, signature: Signature, secret: string, payloadHash: string): Buffer {
  const { day, region, service, amzDate } = signature;
  const canonical = canonicalRequest(request, signature, payloadHash);
  const toSign = [ALGORITHM, amzDate, `${day}/${region}/${service}/aws4_request`, hashHex(canonical)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`, 'utf8'));
  return hmac(key, toSign);
}

function canonicalRequest(request: HttpRequest, signature: Signature, payloadHash: string): string {
  const { signedHeaders } = signature;
  const [path = '/', ...query] = request.target.split('?');
  const headers = signedHeaders.map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/\s+/g, ' ')}\n`);
  return [
    request.method,
    signature.service === 's3' ? pathOfS3(path) : canonicalPath(path),
    canonicalQuery(query.join('?')),
    headers.join(''),
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
}

/** Each byte encoded once, nothing resolved: to S3 `a//b` and `a/../b` are names. */
function pathOfS3(path: string): string {
  return path
    .split('/')
    .map((segment) => uriEncode(decode(segment)))
    .join('/');
}

/** Every service but S3 signs the path encoded a second time, with its dot segments resolved. */
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else segments.push(segment);
  }
  const ended = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return uriEncode(`/${segments.join('/')}${ended}`).replaceAll('%2F', '/');
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [uriEncode(decode(name)), uriEncode(decode(value.join('=')))] as const;
    })
    .sort(([a, x], [b, y]) => (a === b ? order(x, y) : order(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** RFC 3986: unreserved characters stay. */
export function uriEncode(text: string): string {
  return encodeURIComponent(Buffer.from(text, 'utf8').toString('utf8')).replace(
    /[!'()*]/g,
    (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function hashHex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}

function incomplete(dialect: Dialect, message: string): ServiceError {
  return wireFault(dialect, 'incompleteSignature', message);
}

function bad(dialect: Dialect, message: string): ServiceError {
  return wireFault(dialect, 'badSignature', message);
}
