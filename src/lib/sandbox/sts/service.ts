import type { Service } from '../service.js';
import { assumeRole } from './assume-role.js';
import type { StsOptions } from './session.js';
import { assumeRoleWithWebIdentity } from './web-identity.js';

/** STS: who am I, and role sessions. GetCallerIdentity needs no permission and tells no SourceIdentity, as at AWS. */
export function createSts(options: StsOptions): Service {
  return {
    name: 'sts',
    settle: () => undefined,
    operations: {
      GetCallerIdentity: (_input, call) => ({
        UserId: call.caller.userId,
        Account: call.caller.account,
        Arn: call.caller.callerArn,
      }),
      AssumeRole: assumeRole(options),
      AssumeRoleWithWebIdentity: assumeRoleWithWebIdentity(options),
    },
  };
}
