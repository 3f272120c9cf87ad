import { runSimulation, type Simulation } from '@cloud-copilot/iam-simulate';
import { ACCOUNT, principalOf } from '../../lib/policy/cases.js';
import type { Call, Policy, Values } from './policy.js';

/** What iam-simulate says; `refused` when it finds the policies invalid. */
export type Said = 'allowed' | 'explicit-deny' | 'implicit-deny' | 'refused';

const WORDS: Readonly<Record<string, Said>> = {
  Allowed: 'allowed',
  ExplicitlyDenied: 'explicit-deny',
  ImplicitlyDenied: 'implicit-deny',
};

/** Asks iam-simulate by its validating entry: the other one throws at every resource policy (0.1.173). */
export async function simulate(call: Call): Promise<Said> {
  const result = await runSimulation(simulationOf(call), {});
  return result.resultType === 'error' ? 'refused' : (WORDS[result.overallResult] ?? 'refused');
}

/** A call as iam-simulate takes it. */
export function simulationOf(call: Call): Simulation {
  const { callerArn, account } = principalOf(call.principal);
  // It adds to each level the policy that allows everything, and wants none beside it.
  const rcp = call.rcp.map((level) => level.filter((policy) => !allowsAll(policy)));
  const named = (policy: Policy, at: number) => ({ name: `p${at}`, policy });
  const levels = (given: readonly (readonly Policy[])[]) =>
    given.map((policies, at) => ({ orgIdentifier: `level-${at}`, policies: policies.map(named) }));
  return {
    request: {
      principal: callerArn,
      action: call.action,
      resource: { resource: call.resource, accountId: call.resource === '*' ? account : ACCOUNT },
      contextVariables: contextOf(call),
    },
    identityPolicies: call.identityPolicies.map(named),
    serviceControlPolicies: levels(call.scp),
    resourceControlPolicies: levels(rcp),
    ...(call.resourcePolicy && { resourcePolicy: call.resourcePolicy }),
    ...(call.sessionPolicies[0] && { sessionPolicy: call.sessionPolicies[0] }),
    ...(call.boundary && { permissionBoundaryPolicies: [named(call.boundary, 0)] }),
  };
}

const allowsAll = ({ Statement }: Policy) => Statement.length === 1 && Statement[0]?.Effect === 'Allow';

/** Keys that follow from the principal are custody's to add; iam-simulate wants them said. */
function contextOf({ context, principal }: Call): Record<string, string | string[]> {
  const { kind, principalArn, account } = principalOf(principal);
  const known: Record<string, Values> = { 'aws:PrincipalIsAWSService': String(kind === 'service') };
  if (kind !== 'service') Object.assign(known, { 'aws:PrincipalArn': principalArn, 'aws:PrincipalAccount': account });
  const filled = Object.entries({ ...known, ...context }).filter(([, values]) => values.length > 0 || values === '');
  return Object.fromEntries(filled.map(([key, values]) => [key, typeof values === 'string' ? values : [...values]]));
}
