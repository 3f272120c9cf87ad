import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { decodeUtf8 } from '../../base/bytes.js';
import type { JsonObject } from '../../base/canonical-json.js';
import { isObject } from '../../base/fields.js';
import type { OidcProvider, OidcProviderTable } from '../iam/oidc-provider.js';
import { providerArn } from '../iam/oidc-provider.js';
import { invalid, optionalInteger, optionalText, requiredText } from '../params.js';
import { type Caller, ServiceError, type WebIdentity } from '../service.js';
import type { DurableStore } from '../state.js';

/** OpenID Connect as AssumeRoleWithWebIdentity uses it: signed tokens (RFC 7519, RFC 7515) of providers that IAM knows. */

/** The identity provider that the sandbox itself plays; the seeded roles trust it. */
export const SANDBOX_ISSUER = 'idp.sandbox.custody.invalid';
export const SANDBOX_AUDIENCE = 'custody';
/** Claims that AWS reads ("Pass session tags in AWS STS", "Monitor and control actions taken with assumed roles"). */
const SOURCE_IDENTITY = 'https://aws.amazon.com/source_identity';
const TAGS = 'https://aws.amazon.com/tags';
const TABLE = 'sts.issuer';
const TOKEN_RULE = { min: 4, max: 20_000 };
const SOURCE_IDENTITY_RULE = { min: 2, max: 64, pattern: /^[\w+=,.@-]*$/ };
const DEFAULT_SECONDS = 300;

/** A token to be issued by the sandbox's own provider. */
export interface TokenWish {
  readonly subject: string;
  readonly audience?: string;
  readonly sourceIdentity?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** How long it is valid; default 300. */
  readonly seconds?: number;
}

export interface Federation {
  /** Who the token of a request says that the caller is. @throws ServiceError InvalidIdentityToken, ExpiredTokenException */
  identify(input: JsonObject, nowMillis: number): Caller;
  /** A token of the sandbox's own provider. @throws ServiceError ValidationError */
  issue(wish: TokenWish, nowMillis: number): string;
}

interface Sources {
  readonly store: DurableStore;
  readonly providers: OidcProviderTable;
  readonly account: string;
}

/** Tokens are believed when IAM has their provider and the sandbox can find its key: that is its own provider alone. */
export function createFederation(sources: Sources): Federation {
  const { store, account, providers } = sources;
  return {
    identify: (input, nowMillis) => {
      const token = readToken(requiredText(input, 'WebIdentityToken', TOKEN_RULE));
      const issuer = text(token.claims, 'iss').replace(/^https:\/\//, '');
      const provider = providers.find(providerArn(account, issuer));
      if (provider === undefined)
        throw invalidToken(`No OpenIDConnect provider found in your account for https://${issuer}`);
      assertSigned(store, token, issuer);
      return callerOf(account, provider, token.claims, nowMillis);
    },
    issue: (wish, nowMillis) => {
      const signed = `${encode({ alg: 'ES256', typ: 'JWT', kid: 'sandbox' })}.${encode(claimsOf(wish, nowMillis))}`;
      const key = createPrivateKey({ key: keyOf(store), format: 'der', type: 'pkcs8' });
      const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
      return `${signed}.${signature.toString('base64url')}`;
    },
  };
}

/** A wish may come from outside: every member is read. @throws ServiceError ValidationError */
function claimsOf(wish: TokenWish, nowMillis: number): JsonObject {
  const { subject, audience = SANDBOX_AUDIENCE, sourceIdentity, tags, seconds = DEFAULT_SECONDS } = wish;
  const input: JsonObject = { subject, audience, seconds, ...(sourceIdentity !== undefined && { sourceIdentity }) };
  const claim = { max: 255 };
  const source = optionalText(input, 'sourceIdentity', claim);
  const lasts = optionalInteger(input, 'seconds', 1, 86_400) ?? DEFAULT_SECONDS;
  if (tags !== undefined && !isObject(tags)) throw invalid('tags', 'Member must be a map of text');
  const pairs = mapped<unknown, readonly string[]>(tags ?? {}, (value) => [String(value)]);
  const issuedAt = Math.floor(nowMillis / 1000);
  return {
    iss: `https://${SANDBOX_ISSUER}`,
    sub: requiredText(input, 'subject', claim),
    aud: requiredText(input, 'audience', claim),
    iat: issuedAt,
    exp: issuedAt + lasts,
    ...(source === null ? {} : { [SOURCE_IDENTITY]: source }),
    ...(tags === undefined ? {} : { [TAGS]: { principal_tags: pairs, transitive_tag_keys: [] } }),
  };
}

interface Token {
  readonly signed: string;
  readonly signature: Buffer;
  readonly claims: Claims;
}

function readToken(token: string): Token {
  const [head = '', body = '', signature = '', ...more] = token.split('.');
  const [header, claims] = [decode(head), decode(body)];
  // `none` and every algorithm that the key is not for are refused before anything else is believed.
  if (header === null || claims === null || more.length > 0 || header.alg !== 'ES256')
    throw invalidToken(
      'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
    );
  return { signed: `${head}.${body}`, signature: Buffer.from(signature, 'base64url'), claims };
}

function assertSigned(store: DurableStore, { signed, signature }: Token, issuer: string): void {
  if (issuer !== SANDBOX_ISSUER)
    throw invalidToken(
      "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements",
    );
  const key = createPublicKey(createPrivateKey({ key: keyOf(store), format: 'der', type: 'pkcs8' }));
  if (verify('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature)) return;
  throw invalidToken('Token signature invalid');
}

/** Made when it is first needed, and kept. */
function keyOf(store: DurableStore): Buffer {
  const kept = store.get(TABLE, SANDBOX_ISSUER)?.privateKey;
  if (typeof kept === 'string') return Buffer.from(kept, 'base64');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  store.put(TABLE, SANDBOX_ISSUER, { privateKey: pkcs8.toString('base64') });
  return pkcs8;
}

type Claims = Readonly<Record<string, unknown>>;

function callerOf(account: string, provider: OidcProvider, claims: Claims, nowMillis: number): Caller {
  const audience = audienceOf(provider, claims);
  assertCurrent(claims, nowMillis);
  const subject = text(claims, 'sub');
  const { arn, url: issuer } = provider;
  return {
    account,
    kind: 'federated',
    principalArn: arn,
    callerArn: arn,
    userId: `${arn}:${audience}:${subject}`,
    accessKeyId: '',
    sourceIdentity: optionalText(sourceOf(claims), 'SourceIdentity', SOURCE_IDENTITY_RULE),
    principalTags: {},
    webIdentity: { provider: arn, issuer, audience, subject, ...tagsOf(claims) },
  };
}

function audienceOf({ clientIds }: OidcProvider, { aud }: Claims): string {
  const audience = [aud].flat().find((item): item is string => typeof item === 'string' && clientIds.includes(item));
  if (audience !== undefined) return audience;
  throw invalidToken('Incorrect token audience');
}

function assertCurrent({ exp, iat }: Claims, nowMillis: number): void {
  if (typeof exp !== 'number' || typeof iat !== 'number') throw invalidToken('Missing a required claim: exp');
  if (exp * 1000 > nowMillis) return;
  const message = 'Token expired: current date/time must be before the expiration date/time';
  throw new ServiceError('ExpiredTokenException', message);
}

function sourceOf(claims: Claims): JsonObject {
  const value = claims[SOURCE_IDENTITY];
  return value === undefined ? {} : { SourceIdentity: String(value) };
}

function tagsOf(claims: Claims): Pick<WebIdentity, 'tags' | 'transitiveKeys'> {
  const given = isObject(claims[TAGS]) ? claims[TAGS] : {};
  const pairs = isObject(given.principal_tags) ? given.principal_tags : {};
  const transitive = Array.isArray(given.transitive_tag_keys) ? given.transitive_tag_keys : [];
  return {
    tags: mapped(pairs, (value) => String([value].flat()[0] ?? '')),
    transitiveKeys: transitive.filter((key): key is string => typeof key === 'string'),
  };
}

function mapped<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}

function text(claims: Claims, name: string): string {
  const value = claims[name];
  if (typeof value === 'string' && value !== '') return value;
  throw invalidToken(`Missing a required claim: ${name}`);
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value), 'utf8').toString('base64url');
}

function decode(part: string): Record<string, unknown> | null {
  const json = /^[\w-]+$/.test(part) ? decodeUtf8(Buffer.from(part, 'base64url')) : null;
  try {
    const value: unknown = JSON.parse(json ?? 'null');
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function invalidToken(message: string): ServiceError {
  return new ServiceError('InvalidIdentityToken', message);
}
