import { type Digest, digestOf } from '../base/bytes.js';
import { formatCanonical } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import type { Grant, KeyReader } from '../key/key.js';
import type { ObservedEstate } from '../plan/estate.js';
import { type Plan, regionsOf } from '../plan/plan.js';
import { accountRolesOf } from '../policy/account-roles.js';
import { parsePolicy } from '../policy/document.js';
import type { Roster } from '../roster/roster.js';

/** Where the access review looks. */
export interface AccessSources {
  readonly reader: KeyReader;
  /** Who may enter a role, as IAM has it: JSON text; null where there is no such role. @throws CustodyError DENIED */
  readonly trust: (roleArn: string) => Promise<string | null>;
}

/**
 * Who has access, a line each, sorted: seats and other roles with the digest of who may enter them, grants, and services that
 * policies name. The same account gives everyone the same lines.
 * @throws CustodyError DENIED, UNAVAILABLE where a part cannot be read: half a list is none
 */
export async function accessList(
  { reader, trust }: AccessSources,
  plan: Plan,
  roster: Roster,
  estate: ObservedEstate,
): Promise<readonly string[]> {
  const lines: string[] = [];
  const roles = accountRolesOf(roster, plan.interlock ?? undefined);
  const named: (readonly [string, string])[] = [
    ...roles.seats.map(({ id, roleArn }) => [`seat ${id}`, roleArn] as const),
    ...roles.automation.map(({ id, roleArn }) => [`automation ${id}`, roleArn] as const),
    ['executor', roles.executor],
    ...(plan.interlock
      ? ([
          ['cold executor', roles.cold],
          ['auditor', roles.auditor],
        ] as const)
      : []),
    ['drill', roles.drill],
  ];
  for (const [what, arn] of named) {
    const text = await trust(arn);
    lines.push(`${what}: ${arn}, ${text === null ? 'not there' : `trust ${digestOf(text)}`}`);
  }
  for (const [name, key] of Object.entries(plan.keys))
    for (const region of regionsOf(plan, key)) lines.push(...(await linesOfKey(reader, estate, name, region)));
  return lines.sort();
}

async function linesOfKey(
  reader: KeyReader,
  estate: ObservedEstate,
  name: string,
  region: string,
): Promise<readonly string[]> {
  const found = estate[region]?.[name];
  if (found === null) return [`key ${name} in ${region}: not there`];
  if (!found?.policy) throw new CustodyError('UNAVAILABLE', `${name} in ${region} could not be read`);
  const grants = await reader.grants(region, found.description.arn);
  const { statements } = parsePolicy(found.policy, `the policy of ${name} in ${region}`);
  const services = new Set(
    statements.flatMap(({ effect, principal }) => (effect === 'Allow' ? servicesIn(principal) : [])),
  );
  return [
    ...(grants ?? []).map((grant) => `grant on ${name} in ${region}: ${grantText(grant)}`),
    ...[...services].map((service) => `policy of ${name} in ${region}: service ${service}`),
  ];
}

function grantText({ id, grantee, operations }: Grant): string {
  return `${grantee} ${operations.join('+')} (${id.slice(0, 12)})`;
}

type Principal = ReturnType<typeof parsePolicy>['statements'][number]['principal'];

function servicesIn(principal: Principal): readonly string[] {
  return principal?.service ?? [];
}

/** What a custodian has looked at before signing: a challenge that came after the look is another one. */
export function reviewedDigest(challenge: Digest, access: readonly string[]): Digest {
  return digestOf(formatCanonical({ challenge, access: [...access] }));
}
