import { requestTagContext } from '../iam/tags.js';
import { refuseMembers } from '../params.js';
import { type Call, type Operation, ServiceError, type WebIdentity } from '../service.js';
import { beginSession, formatSession } from './begin-session.js';
import { assertDuration, type RoleWish, readRoleWish, roleOf, trustQuestion } from './role-wish.js';
import type { StsOptions } from './session.js';

const NOT_MODELLED = ['ProviderId'];

/**
 * AssumeRoleWithWebIdentity ("AWS STS API Reference"): the token says who comes, which SourceIdentity the session has
 * and which tags; the role's trust policy alone decides.
 */
export function assumeRoleWithWebIdentity(options: StsOptions): Operation {
  return (input, call) => {
    refuseMembers(input, NOT_MODELLED);
    const wish = readRoleWish(input, options.policies);
    const token = call.caller.webIdentity;
    if (token === undefined) throw new ServiceError('InvalidIdentityToken', 'the request must not be signed');
    const role = roleOf(options, wish.roleArn);
    for (const action of actionsOf(call, token)) {
      call.authorize(trustQuestion(action, wish.roleArn, role, contextOf(wish, call, token)));
    }
    if (role === undefined)
      throw new ServiceError('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', 403);
    assertDuration(wish, role);
    const { provider: providerArn, issuer, audience, subject } = token;
    const session = beginSession(options, wish, call, role, {
      sourceIdentity: call.caller.sourceIdentity,
      tags: tagsOf(token),
      transitiveKeys: token.transitiveKeys,
      federation: { providerArn, issuer, audience, subject },
    });
    return {
      ...formatSession(session, role, call.caller.account),
      SubjectFromWebIdentityToken: subject,
      Provider: providerArn,
      Audience: audience,
    };
  };
}

function actionsOf({ caller }: Call, token: WebIdentity): readonly string[] {
  return [
    'sts:AssumeRoleWithWebIdentity',
    ...(caller.sourceIdentity === null ? [] : ['sts:SetSourceIdentity']),
    ...(tagsOf(token).length === 0 ? [] : ['sts:TagSession']),
  ];
}

function contextOf({ sessionName }: RoleWish, { caller }: Call, token: WebIdentity) {
  return {
    [`${token.issuer}:aud`]: token.audience,
    [`${token.issuer}:sub`]: token.subject,
    'sts:RoleSessionName': sessionName,
    ...(caller.sourceIdentity === null ? {} : { 'sts:SourceIdentity': caller.sourceIdentity }),
    ...requestTagContext(tagsOf(token)),
    ...(token.transitiveKeys.length === 0 ? {} : { 'sts:TransitiveTagKeys': token.transitiveKeys }),
  };
}

function tagsOf({ tags }: WebIdentity) {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}
