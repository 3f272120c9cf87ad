import { parsePolicy } from '../document.js';
import { formatKeyPolicy } from '../statements.js';
import type { Docket } from './docket.js';
import type { Person } from './people.js';
import { mustBeAble, openChangeCase } from './role-case.js';
import { someKey } from './some-key.js';
import type { Interlock, ProofSubject } from './subject.js';

const SERVICE = 'cloudtrail.amazonaws.com';
const USES = ['kms:Decrypt', 'kms:GenerateDataKey'];

/** A service that acts as itself is of no account, so of no organization ("AWS global condition context keys", aws:PrincipalIsAWSService). */
const PERSON: Person = {
  words: SERVICE,
  principal: { account: '', kind: 'service', principalArn: SERVICE, callerArn: SERVICE },
  identity: [],
  identityNames: [],
  boundary: null,
};
const ABSENT = ['aws:PrincipalOrgID', 'aws:PrincipalOrgPaths', 'aws:PrincipalAccount', 'aws:PrincipalArn'];

const POLICY = parsePolicy(
  formatKeyPolicy([{ Sid: 'Service', Effect: 'Allow', Principal: { Service: SERVICE }, Action: USES, Resource: '*' }]),
  'the policy of a key that lets a service in',
);

/** Resource control policies bind AWS's services, too: a careless one stops trails and alarms. Returns how many requests were evaluated. */
export function proveServices(subject: ProofSubject, interlock: Interlock, docket: Docket): number {
  if (subject.resourceControlPolicies === null) return 0;
  const it = openChangeCase(subject, interlock, docket, someKey(subject), POLICY);
  for (const action of USES) {
    const sentence = `${SERVICE} cannot %s with a key that lets it in, because of the organization’s policies`;
    mustBeAble(it, 'services-let-in', PERSON, action, { fixed: {}, absent: ABSENT }, sentence);
  }
  return it.court.asked();
}
