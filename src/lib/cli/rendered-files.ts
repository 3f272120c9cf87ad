import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProofEvidence, ProofQuestion } from '../inspect/proof.js';
import { regionsOf } from '../plan/plan.js';
import { accountRolesOf } from '../policy/account-roles.js';
import type { PolicyDocument } from '../policy/document.js';
import { FULL_ACCESS } from '../policy/evaluate.js';
import type { AccountPrincipal } from '../policy/proof/subject.js';
import type { Roster } from '../roster/roster.js';
import { keyPolicyIn, policyIn } from './organization.js';

const KEY_ID = /mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/**
 * The files that `policy render --out` writes: `key-<name>-<Region>`, `role-<id>`, `trust-<id>`, `organization-…`.
 * @throws CustodyError POLICY_MALFORMED, LIMIT_EXCEEDED for a file of that name that is no policy
 */
export async function readRendered(dir: string, question: ProofQuestion): Promise<[ProofQuestion, ProofEvidence]> {
  const files = new Set(await readdir(dir).catch(() => []));
  const at = async (name: string, read = policyIn) =>
    files.has(`${name}.json`) ? read(join(dir, `${name}.json`)) : null;
  const { plan, roster, names } = question;
  const keys: ProofEvidence['keys'][number][] = [];
  const unread: string[] = [];
  for (const name of names) {
    const planned = plan.keys[name];
    for (const region of planned ? regionsOf(plan, planned) : []) {
      const policy = await at(`key-${name}-${region}`, keyPolicyIn);
      const keyId = policy && KEY_ID.exec(JSON.stringify(policy))?.[0];
      if (policy && keyId) keys.push({ name, region, keyId, policy, grants: 'not-asked' });
      else unread.push(`${name} in ${region}: no file key-${name}-${region}.json in ${dir} that names the key's id`);
    }
  }
  const scp = await at('organization-scp');
  const rcp = await at('organization-rcp');
  const given = question.organization;
  const organization = {
    serviceControlPolicies: given.serviceControlPolicies ?? (scp && [[FULL_ACCESS, scp]]),
    resourceControlPolicies: given.resourceControlPolicies ?? (rcp && [[FULL_ACCESS, rcp]]),
  };
  return [
    { ...question, organization },
    { keys, texts: new Map(), unread, principals: await renderedRoles(roster, at) },
  ];
}

/** The roles of the interlock as they were rendered; nobody else is in these files. */
async function renderedRoles(roster: Roster, at: (name: string) => Promise<PolicyDocument | null>) {
  const { seats, automation, executor, cold, auditor, drill } = accountRolesOf(roster);
  const roles = [
    ...[...seats, ...automation].map(({ id, roleArn }) => [id, roleArn] as const),
    ['executor', executor] as const,
    ['cold', cold] as const,
    ['auditor', auditor] as const,
    ['drill', drill] as const,
  ];
  const found: AccountPrincipal[] = [];
  for (const [id, arn] of roles) {
    const [may, trust] = [await at(`role-${id}`), await at(`trust-${id}`)];
    const identity = may && [{ name: `role-${id}`, document: may }];
    if (may || trust) found.push({ arn, trust, identity, boundary: null });
  }
  return found.length === 0 ? null : found;
}
