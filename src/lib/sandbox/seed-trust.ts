import type { JsonObject } from '../base/canonical-json.js';
import { providerArn } from './iam/oidc-provider.js';
import { SANDBOX_AUDIENCE, SANDBOX_ISSUER } from './sts/federation.js';

interface Seats {
  readonly seats: readonly { readonly roleName: string; readonly sourceIdentity: string }[];
}

/** Each seat with its own SourceIdentity; session tags would override the role's tags. */
export function executorTrust({ seats: given }: Seats, arn: (name: string) => string): JsonObject {
  const seats = given.map((seat) => ({
    Sid: `Seat${seat.sourceIdentity.replace(/[^A-Za-z0-9]/g, '')}`,
    Effect: 'Allow',
    Principal: { AWS: arn(seat.roleName) },
    Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
    Condition: { StringEquals: { 'aws:SourceIdentity': seat.sourceIdentity } },
  }));
  return { Version: '2012-10-17', Statement: [...seats, NO_SESSION_TAGS] };
}

const NO_SESSION_TAGS = { Sid: 'NoSessionTags', Effect: 'Deny', Principal: '*', Action: 'sts:TagSession' };

/** People and programs come in through an identity provider: one subject, one role, one SourceIdentity. */
export function federatedTrust(account: string, subject: string, sourceIdentity: string | null): JsonObject {
  const issuer = SANDBOX_ISSUER;
  const enter = {
    Sid: 'OneSubjectOneRole',
    Effect: 'Allow',
    Principal: { Federated: providerArn(account, issuer) },
    Action: ['sts:AssumeRoleWithWebIdentity', ...(sourceIdentity === null ? [] : ['sts:SetSourceIdentity'])],
    Condition: {
      StringEquals: {
        [`${issuer}:aud`]: SANDBOX_AUDIENCE,
        [`${issuer}:sub`]: subject,
        ...(sourceIdentity === null ? {} : { 'sts:SourceIdentity': sourceIdentity }),
      },
    },
  };
  return { Version: '2012-10-17', Statement: [enter, NO_SESSION_TAGS] };
}
