import { evaluate } from '../policy/evaluate.js';
import type { Authority } from './authority.js';
import { openCall } from './calls.js';
import { withForward } from './forward.js';
import { policyOf } from './iam/documents.js';
import type { Role } from './iam/role.js';
import type { Principals } from './principals.js';
import type { Call, Caller, Service } from './service.js';

interface Host {
  readonly account: string;
  readonly principals: Principals;
  readonly authority: Authority;
  readonly services: () => readonly Service[];
}

/**
 * A call that a service makes on its own in a role that trusts it ("service role"), judged as that role is. What it asks of KMS on the way
 * leaves no event.
 */
export function callAs(
  host: Host,
  roleArn: string,
  region: string,
  nowMillis: number,
  service: Service['name'],
): Call | null {
  const role = host.principals.roles.find(roleArn.slice(roleArn.lastIndexOf('/') + 1));
  if (role === undefined || role.arn !== roleArn || !trusts(role, `${service}.amazonaws.com`)) return null;
  const origin = {
    caller: callerOf(role, host.account, service),
    session: null,
    region,
    request: { sourceIp: `${service}.amazonaws.com` },
    requestId: '',
    dialect: 's3' as const,
  };
  const { call } = openCall(host.authority, nowMillis, origin);
  const trail = { witness: () => undefined };
  return withForward({ services: host.services(), trail }, call, null, service);
}

function trusts({ trust, arn }: Role, service: string): boolean {
  return evaluate({
    action: 'sts:AssumeRole',
    resource: arn,
    principal: { account: '', kind: 'service', principalArn: service, callerArn: service },
    context: {},
    resourcePolicy: policyOf(trust),
    resourceIsAuthority: true,
  }).allowed;
}

function callerOf({ arn, id, name, tags }: Role, account: string, service: string): Caller {
  return {
    account,
    kind: 'role',
    principalArn: arn,
    callerArn: `arn:aws:sts::${account}:assumed-role/${name}/${service}`,
    userId: `${id}:${service}`,
    accessKeyId: '',
    sourceIdentity: null,
    principalTags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
  };
}
