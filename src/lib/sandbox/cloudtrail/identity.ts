import type { JsonObject } from '../../base/canonical-json.js';
import { instantFromMillis } from '../../base/time.js';
import type { Caller } from '../service.js';
import type { Session } from '../sts/session.js';

/** The `userIdentity` element (CloudTrail User Guide, "CloudTrail userIdentity element"). */
export function userIdentityOf(caller: Caller, session: Session | null): JsonObject {
  if (caller.kind === 'federated') return webIdentity(caller);
  const { account, userId, callerArn, accessKeyId } = caller;
  const common = { principalId: userId, arn: callerArn, accountId: account, accessKeyId };
  if (caller.kind === 'root') return { type: 'Root', ...common };
  if (session === null) return { type: 'IAMUser', ...common };
  return { type: 'AssumedRole', ...common, sessionContext: sessionContext(caller, session) };
}

function sessionContext({ account, principalArn }: Caller, session: Session): JsonObject {
  return {
    sessionIssuer: {
      type: 'Role',
      principalId: session.roleId,
      arn: principalArn,
      accountId: account,
      userName: session.roleName,
    },
    webIdFederationData:
      session.federation === undefined
        ? {}
        : {
            federatedProvider: session.federation.providerArn,
            attributes: {
              [`${session.federation.issuer}:aud`]: session.federation.audience,
              [`${session.federation.issuer}:sub`]: session.federation.subject,
            },
          },
    attributes: { creationDate: wholeSeconds(session.createdAtMillis), mfaAuthenticated: 'false' },
    ...(session.sourceIdentity === null ? {} : { sourceIdentity: session.sourceIdentity }),
  };
}

/** Who came with a token of an identity provider and no AWS credentials. */
function webIdentity({ userId, principalArn, webIdentity: token }: Caller): JsonObject {
  return {
    type: 'WebIdentityUser',
    principalId: userId,
    userName: token?.subject ?? '',
    identityProvider: principalArn,
  };
}

/** `Username` of an event in LookupEvents: the session's name, the user's name, `root`. */
export function userNameOf({ kind, callerArn, webIdentity: token }: Caller): string {
  if (kind === 'root') return 'root';
  if (token !== undefined) return token.subject;
  return callerArn.slice(callerArn.lastIndexOf('/') + 1);
}

/** CloudTrail's instants have no fraction. */
export function wholeSeconds(millis: number): string {
  return instantFromMillis(Math.floor(millis / 1000) * 1000).replace('.000Z', 'Z');
}
