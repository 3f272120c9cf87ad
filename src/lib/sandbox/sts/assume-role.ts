import type { JsonObject } from '../../base/canonical-json.js';
import { assertIdentityPolicy } from '../iam/documents.js';
import { type Role, type Tag, uniqueId } from '../iam/role.js';
import { readTags, requestTagContext, TAG_KEY_RULE } from '../iam/tags.js';
import { invalid, optionalInteger, optionalText, refuseMembers, requiredText, textList } from '../params.js';
import { type Authorization, type Call, type Operation, ServiceError } from '../service.js';
import { type Session, type StsOptions, sessionArn } from './session.js';

const SESSION_NAME = { min: 2, max: 64, pattern: /^[\w+=,.@-]*$/ };
const SOURCE_IDENTITY = { min: 2, max: 64, pattern: /^(?!aws:)[\w+=,.@-]*$/i };
const EXTERNAL_ID = { min: 2, max: 1224, pattern: /^[\w+=,.@:/-]*$/ };
const ROLE_ARN = /^arn:aws:iam::\d{12}:role\/(?:[!-~]+\/)?([\w+=,.@-]{1,64})$/;
const MIN_SECONDS = 900;
const MAX_SECONDS = 43_200;
const CHAINED_MAX_SECONDS = 3600;
const NOT_MODELLED = ['PolicyArns', 'SerialNumber', 'TokenCode', 'ProvidedContexts'];

interface Wish {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly seconds: number;
  readonly sourceIdentity: string | null;
  readonly policy: string | null;
  readonly externalId: string | null;
  readonly tags: readonly Tag[];
  readonly transitiveKeys: readonly string[];
}

/** AssumeRole, with SourceIdentity, session tags and session policies as "AWS STS API reference, AssumeRole" has them. */
export function assumeRole(options: StsOptions): Operation {
  return (input, call) => {
    const wish = readWish(input);
    const parent = options.sessions.find(call.caller.accessKeyId);
    const inherited = inheritedTags(parent);
    const role = options.roles.find(ROLE_ARN.exec(wish.roleArn)?.[1] ?? '');
    authorize(call, wish, role?.arn === wish.roleArn ? role : undefined);
    if (role === undefined) throw new ServiceError('AccessDenied', 'the role does not exist', 403);
    assertUnchanged(wish, call, inherited);
    assertDuration(wish, call, parent, role);
    const session = newSession(options, wish, call, role, inherited);
    options.sessions.sweep(call.nowMillis);
    options.sessions.put(session);
    return formatSession(session, role, call.caller.account);
  };
}

function readWish(input: JsonObject): Wish {
  refuseMembers(input, NOT_MODELLED);
  const policy = optionalText(input, 'Policy', { max: 2048 });
  if (policy !== null) assertIdentityPolicy(policy);
  const tags = readTags(input);
  const transitiveKeys = textList(input, 'TransitiveTagKeys', TAG_KEY_RULE, 50);
  const stray = transitiveKeys.find((key) => !tags.some((tag) => tag.key.toLowerCase() === key.toLowerCase()));
  if (stray !== undefined) throw invalid('TransitiveTagKeys', 'Member must name a session tag of the request');
  return {
    roleArn: requiredText(input, 'RoleArn', { min: 20, max: 2048, pattern: ROLE_ARN }),
    sessionName: requiredText(input, 'RoleSessionName', SESSION_NAME),
    seconds: optionalInteger(input, 'DurationSeconds', MIN_SECONDS, MAX_SECONDS) ?? 3600,
    sourceIdentity: optionalText(input, 'SourceIdentity', SOURCE_IDENTITY),
    externalId: optionalText(input, 'ExternalId', EXTERNAL_ID),
    policy,
    tags,
    transitiveKeys,
  };
}

function inheritedTags(parent: Session | undefined): readonly Tag[] {
  const keys = new Set((parent?.transitiveKeys ?? []).map((key) => key.toLowerCase()));
  return (parent?.tags ?? []).filter((tag) => keys.has(tag.key.toLowerCase()));
}

/** The role's trust policy decides together with the caller's own policies; each further power is a further action. */
function authorize(call: Call, wish: Wish, role: Role | undefined): void {
  const context: Record<string, string | readonly string[]> = {
    'sts:RoleSessionName': wish.sessionName,
    ...requestTagContext(wish.tags),
    ...(wish.sourceIdentity === null ? {} : { 'sts:SourceIdentity': wish.sourceIdentity }),
    ...(wish.externalId === null ? {} : { 'sts:ExternalId': wish.externalId }),
    ...(wish.transitiveKeys.length === 0 ? {} : { 'sts:TransitiveTagKeys': wish.transitiveKeys }),
  };
  const question = (action: string): Authorization => ({
    action,
    resource: wish.roleArn,
    // A role that is not there trusts nobody: the same answer as one that does not trust the caller.
    resourcePolicy:
      role?.trust ?? '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:*"}]}',
    context,
  });
  call.authorize(question('sts:AssumeRole'));
  // An inherited SourceIdentity is set again on each session of a chain, so it needs the permission each time.
  if (wish.sourceIdentity !== null || call.caller.sourceIdentity !== null)
    call.authorize(question('sts:SetSourceIdentity'));
  if (wish.tags.length > 0) call.authorize(question('sts:TagSession'));
}

function assertUnchanged(wish: Wish, call: Call, inherited: readonly Tag[]): void {
  const { sourceIdentity, callerArn } = call.caller;
  if (sourceIdentity !== null && wish.sourceIdentity !== null && wish.sourceIdentity !== sourceIdentity) {
    const message = `User: ${callerArn} is not authorized to perform: sts:SetSourceIdentity on resource: ${wish.roleArn} because the source identity of the session is already set`;
    throw new ServiceError('AccessDenied', message, 403);
  }
  const keys = new Set(inherited.map((tag) => tag.key.toLowerCase()));
  const overridden = wish.tags.find((tag) => keys.has(tag.key.toLowerCase()));
  if (overridden === undefined) return;
  throw new ServiceError(
    'InvalidParameterValue',
    'One of the specified transitive tag keys can’t be set because it conflicts with a transitive tag key from the calling session.',
  );
}

function assertDuration(wish: Wish, call: Call, parent: Session | undefined, role: Role): void {
  if (wish.seconds > role.maxSessionSeconds) {
    throw invalid('DurationSeconds', 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
  // A profile's static key stands for a seat's first session; what it assumes is a chain all the same.
  if (call.caller.kind === 'role' && parent !== undefined && wish.seconds > CHAINED_MAX_SECONDS) {
    throw invalid(
      'DurationSeconds',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
}

function newSession(options: StsOptions, wish: Wish, call: Call, role: Role, inherited: readonly Tag[]): Session {
  const { random } = options;
  return {
    accessKeyId: uniqueId('ASIA', random),
    secretAccessKey: random(30).toString('base64'),
    sessionToken: random(192).toString('base64'),
    roleName: role.name,
    roleId: role.id,
    sessionName: wish.sessionName,
    sourceIdentity: call.caller.sourceIdentity ?? wish.sourceIdentity,
    policy: wish.policy,
    tags: [...inherited, ...wish.tags],
    transitiveKeys: [...inherited.map((tag) => tag.key), ...wish.transitiveKeys],
    roleTags: role.tags,
    // AWS tells the expiration in whole seconds; the session must not end before the second that was told.
    expiresAtMillis: (Math.floor(call.nowMillis / 1000) + wish.seconds) * 1000,
    profile: null,
  };
}

function formatSession(session: Session, role: Role, account: string): JsonObject {
  return {
    AssumedRoleUser: {
      AssumedRoleId: `${role.id}:${session.sessionName}`,
      Arn: sessionArn(role, session.sessionName, account),
    },
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: (session.expiresAtMillis ?? 0) / 1000,
    },
    ...(session.policy === null ? {} : { PackedPolicySize: Math.ceil((session.policy.length * 100) / 2048) }),
    ...(session.sourceIdentity === null ? {} : { SourceIdentity: session.sourceIdentity }),
  };
}
