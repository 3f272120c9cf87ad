import type { JsonObject } from '../../base/canonical-json.js';
import type { PolicyTable } from '../iam/managed-policy.js';
import type { Role, Tag } from '../iam/role.js';
import { readTags, requestTagContext, TAG_KEY_RULE } from '../iam/tags.js';
import { invalid, optionalText, refuseMembers, textList } from '../params.js';
import { type Authorization, type Call, type Operation, ServiceError } from '../service.js';
import { beginSession, formatSession } from './begin-session.js';
import { assertDuration, type RoleWish, readRoleWish, roleOf, trustQuestion } from './role-wish.js';
import type { Session, StsOptions } from './session.js';

const SOURCE_IDENTITY = { min: 2, max: 64, pattern: /^(?!aws:)[\w+=,.@-]*$/i };
const EXTERNAL_ID = { min: 2, max: 1224, pattern: /^[\w+=,.@:/-]*$/ };
const CHAINED_MAX_SECONDS = 3600;
const NOT_MODELLED = ['SerialNumber', 'TokenCode', 'ProvidedContexts'];

interface Wish extends RoleWish {
  readonly sourceIdentity: string | null;
  readonly externalId: string | null;
  readonly tags: readonly Tag[];
  readonly transitiveKeys: readonly string[];
}

/** AssumeRole, with SourceIdentity, session tags and session policies as "AWS STS API reference, AssumeRole" has them. */
export function assumeRole(options: StsOptions): Operation {
  return (input, call) => {
    const wish = readWish(input, options.policies);
    const parent = options.sessions.find(call.caller.accessKeyId);
    const inherited = inheritedTags(parent);
    const role = roleOf(options, wish.roleArn);
    authorize(call, wish, role);
    if (role === undefined) throw new ServiceError('AccessDenied', 'the role does not exist', 403);
    assertUnchanged(wish, call, inherited);
    assertDuration(wish, role);
    assertChained(wish, call, parent);
    const session = beginSession(options, wish, call, role, {
      sourceIdentity: call.caller.sourceIdentity ?? wish.sourceIdentity,
      tags: [...inherited, ...wish.tags],
      transitiveKeys: [...inherited.map((tag) => tag.key), ...wish.transitiveKeys],
    });
    return formatSession(session, role, call.caller.account);
  };
}

function readWish(input: JsonObject, policies: PolicyTable): Wish {
  refuseMembers(input, NOT_MODELLED);
  const tags = readTags(input);
  const transitiveKeys = textList(input, 'TransitiveTagKeys', TAG_KEY_RULE, 50);
  const stray = transitiveKeys.find((key) => !tags.some((tag) => tag.key.toLowerCase() === key.toLowerCase()));
  if (stray !== undefined) throw invalid('TransitiveTagKeys', 'Member must name a session tag of the request');
  return {
    ...readRoleWish(input, policies),
    sourceIdentity: optionalText(input, 'SourceIdentity', SOURCE_IDENTITY),
    externalId: optionalText(input, 'ExternalId', EXTERNAL_ID),
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
  const question = (action: string): Authorization => trustQuestion(action, wish.roleArn, role, context);
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

function assertChained(wish: Wish, call: Call, parent: Session | undefined): void {
  // A profile's static key stands for a seat's first session; what it assumes is a chain all the same.
  if (call.caller.kind === 'role' && parent !== undefined && wish.seconds > CHAINED_MAX_SECONDS) {
    throw invalid(
      'DurationSeconds',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
}
