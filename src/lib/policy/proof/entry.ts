import type { ClaimId } from '../claims.js';
import type { World } from './court.js';
import type { Person } from './people.js';
import { brokenRole, mustNotBe, type TrustCase } from './role-case.js';
import { valuesOf, waysOf } from './trust.js';

/** A role beside the interlock, which must not become a part of it: what it must not do to roles, and who enters it. */

const ANY: World = { fixed: {}, absent: [] };

/** What would make the role that does it a part of the interlock. */
export const ROLE_CHANGES = [
  'iam:TagRole',
  'iam:UntagRole',
  'iam:PutRolePolicy',
  'iam:UpdateAssumeRolePolicy',
  'iam:DeleteRole',
] as const;

/** Roles and users that the trust policy names are trusted by name; of a provider one subject is. */
export function proveEntry(it: TrustCase, claim: ClaimId, person: Person): void {
  const into = ` into ${it.words}`;
  mustNotBe(it, claim, person, 'sts:TagSession', ANY, into);
  if (person.principal.kind !== 'federated') {
    const named = it.trust.statements.some(({ principal }) => principal?.aws.includes(person.principal.principalArn));
    if (!named || person.principal.kind === 'root') mustNotBe(it, claim, person, 'sts:AssumeRole', ANY, into);
    return;
  }
  const { action, sub, aud } = waysOf(person.principal.principalArn);
  const named = [...new Set(valuesOf(it, sub))];
  const entering = named.filter((value) => it.court.ask(person, action, as(sub, value)).may !== 'no');
  if (entering.length > 1) {
    const sentence = `${entering.length} subjects can %s${into}: ${entering.join(', ')}`;
    brokenRole(it, claim, action, sentence);
  }
  const strange = [...named.flatMap((value) => [`${value}x`, `x${value}`]), 'some-other-subject'];
  for (const value of strange) {
    mustNotBe(it, claim, person, action, as(sub, value), `${into} as another subject`);
  }
  mustNotBe(it, claim, person, action, { fixed: {}, absent: [sub] }, `${into} as any subject`);
  mustNotBe(it, claim, person, action, as(aud, 'some-other-audience'), `${into} with a token for someone else`);
}

function as(key: string, value: string): World {
  return { fixed: { [key]: value }, absent: [] };
}
