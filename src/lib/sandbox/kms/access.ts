import { type Authorization, type Call, ServiceError } from '../service.js';
import type { Ask, Context } from './ask.js';
import { permittingGrant } from './grant-match.js';
import { aliasArn, rootArn, type Target } from './identifiers.js';
import { type KeyRow, rowId, type World } from './state.js';

/** @throws ServiceError AccessDeniedException unless key policy, identity or a grant lets the caller do `action` on the key. */
export function authorizeKey(world: World, call: Call, target: Target, action: string, ask: Ask = {}): void {
  assertTokens(world, call, ask.grantTokens ?? []);
  call.authorize(keyQuestion(world, call, target, action, ask));
}

/** @throws ServiceError InvalidGrantTokenException for a token that no grant has. */
function assertTokens(world: World, call: Call, tokens: readonly string[]): void {
  if (tokens.length === 0) return;
  const known = new Set(world.grants.values().flatMap((grant) => (grant.region === call.region ? grant.tokens : [])));
  if (!tokens.every((token) => known.has(token)))
    throw new ServiceError('InvalidGrantTokenException', 'Invalid grant token');
}

/** The question whether the caller may do `action` on a key, grants taken into account. */
export function keyQuestion(world: World, call: Call, target: Target, action: string, ask: Ask = {}): Authorization {
  const question: Authorization = {
    action: `kms:${action}`,
    resource: target.arn,
    resourcePolicy: target.row.policy,
    context: { ...keyContext(world, call, target), ...encryptionContextKeys(ask.encryptionContext), ...ask.context },
  };
  const delegated = () => call.allows({ ...question, resourcePolicy: defaultPolicy(world) });
  const granted = ask.granted || permittingGrant(world, call, target, action, ask, delegated);
  return granted ? { ...question, grantAllows: true } : question;
}

/** Authorizes what is not about one key: `ListKeys` on `*`, alias operations on the alias. Only identity policies count. */
export function authorizeAccount(call: Call, action: string, resource = '*', context: Context = {}): void {
  call.authorize({
    action: `kms:${action}`,
    resource,
    context: { 'kms:CallerAccount': call.caller.account, ...context },
  });
}

export function authorizeAlias(world: World, call: Call, action: string, aliasName: string): void {
  authorizeAccount(call, action, aliasArn(world, call.region, aliasName));
}

/** Condition keys that follow from the key itself. `kms:ViaService` is absent: nobody calls through a service here. */
function keyContext(world: World, call: Call, { row, set, alias }: Target): Context {
  const aliases = world.aliases
    .group(rowId(row.region, row.keyId))
    .filter((found) => call.nowMillis - found.updatedMillis >= world.delays.tag);
  const tags = Object.entries(tagsInEffect(world, row, call.nowMillis));
  return {
    'kms:CallerAccount': call.caller.account,
    'kms:KeySpec': set.keySpec,
    'kms:KeyUsage': set.keyUsage,
    'kms:KeyOrigin': set.origin,
    'kms:MultiRegion': String(set.multiRegion),
    ...(set.multiRegion && { 'kms:MultiRegionKeyType': set.primaryRegion === row.region ? 'PRIMARY' : 'REPLICA' }),
    ...(alias !== null && { 'kms:RequestAlias': alias }),
    ...(aliases.length > 0 && { 'kms:ResourceAliases': aliases.map((found) => found.aliasName) }),
    ...Object.fromEntries(tags.map(([key, value]) => [`aws:ResourceTag/${key}`, value])),
  };
}

/** Tag changes reach authorization late. */
export function tagsInEffect(world: World, row: KeyRow, nowMillis: number): Readonly<Record<string, string>> {
  return nowMillis - row.tagsChangedMillis >= world.delays.tag ? row.tags : row.tagsBefore;
}

function encryptionContextKeys(pairs: Readonly<Record<string, string>> = {}): Context {
  const names = Object.keys(pairs);
  if (names.length === 0) return {};
  const each = names.map((name) => [`kms:EncryptionContext:${name}`, pairs[name] ?? ''] as const);
  return { 'kms:EncryptionContextKeys': names, ...Object.fromEntries(each) };
}

/** Condition keys for tags in a request. */
export function requestTags(tags: Readonly<Record<string, string>>): Context {
  const names = Object.keys(tags);
  if (names.length === 0) return {};
  return {
    'aws:TagKeys': names,
    ...Object.fromEntries(names.map((name) => [`aws:RequestTag/${name}`, tags[name] ?? ''])),
  };
}

/** The key policy that KMS attaches when none is given: it hands the decision to the account's IAM policies. */
export function defaultPolicy(world: World): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: rootArn(world) },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });
}
