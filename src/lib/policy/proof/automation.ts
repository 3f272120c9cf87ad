import type { Docket } from './docket.js';
import type { Person } from './people.js';
import { brokenRole, mustNotBe, openTrustCase, type TrustCase, unprovenRole } from './role-case.js';
import type { Interlock, ProofSeat, ProofSubject } from './subject.js';
import { foreignTokens, formOf, type Named } from './tokens.js';

const CLAIM = 'automation-pinned';
const BY_TOKEN = 'sts:AssumeRoleWithWebIdentity';
const ENTRIES = ['sts:AssumeRole', 'sts:AssumeRoleWithSAML', BY_TOKEN, 'sts:TagSession'] as const;

/**
 * Which workflow an automation identity is (T63): nobody enters its role but tokens of one workflow at one reference, in a
 * protected environment. Otherwise one person who edits a workflow is the automation.
 */
export function proveAutomationTrust(subject: ProofSubject, interlock: Interlock, docket: Docket): number {
  let asked = 0;
  for (const one of interlock.automation) {
    const it = openTrustCase(subject, interlock, docket, one.roleArn);
    if (it === null) unprovenRole(docket, CLAIM, `the trust policy of ${one.roleArn} was not read`);
    else {
      proveEntries(it, one);
      asked += it.court.asked();
    }
  }
  return asked;
}

const ANY = { fixed: {}, absent: [] };

function proveEntries(it: TrustCase, one: ProofSeat): void {
  const providers = it.people.filter(isProvider);
  for (const person of it.people.filter((each) => !providers.includes(each))) {
    for (const action of ENTRIES) {
      mustNotBe(it, CLAIM, person, action, ANY, ` into ${it.words}, whatever it runs`);
    }
  }
  for (const person of providers) {
    mustNotBe(it, CLAIM, person, 'sts:TagSession', ANY, ` into ${it.words}`);
    proveTokens(it, person);
  }
  const enters = providers.some((person) => it.court.ask(person, BY_TOKEN, ANY).may !== 'no');
  if (enters) it.docket.held(CLAIM);
  else brokenRole(it, CLAIM, BY_TOKEN, `no workflow can %s into ${it.words} as ${one.id}`);
}

const PROVIDER = /^arn:[^:]+:iam::\d{12}:oidc-provider\/(.+)$/;

function isProvider({ principal }: Person): boolean {
  return principal.kind === 'federated' && PROVIDER.test(principal.principalArn);
}

/** What of one provider gets in that is not the one workflow. */
function proveTokens(it: TrustCase, person: Person): void {
  const issuer = PROVIDER.exec(person.principal.principalArn)?.[1] ?? '';
  const claims = claimsOf(it, issuer);
  const named: Named = (claim) => claims.get(claim) ?? [];
  const form = formOf(issuer, named);
  if (form === null) {
    // Whatever a token looks like there: one of another subject must not get in.
    const stranger = { [`${issuer}:sub`.toLowerCase()]: 'custody:nobody' };
    mustNotBe(it, CLAIM, person, BY_TOKEN, { fixed: stranger, absent: [] }, ` into ${it.words} as any subject`);
    const who = 'custody knows the tokens of GitHub and GitLab only';
    unprovenRole(it.docket, CLAIM, `which workflow enters ${it.words} through ${issuer} is not told: ${who}`);
    return;
  }
  for (const { although, fixed, absent } of foreignTokens(issuer, form, named, [...claims.keys()])) {
    mustNotBe(it, CLAIM, person, BY_TOKEN, { fixed, absent }, ` into ${it.words}${although}`);
  }
}

/** What the trust policy compares the issuer's claims with, by claim. Condition keys are not case-sensitive, claims are lower-case. */
function claimsOf({ trust }: TrustCase, issuer: string): ReadonlyMap<string, readonly string[]> {
  const prefix = `${issuer}:`.toLowerCase();
  const found = new Map<string, readonly string[]>();
  for (const { key, values } of trust.statements.flatMap(({ conditions }) => conditions)) {
    const name = key.toLowerCase();
    if (!name.startsWith(prefix)) continue;
    const claim = name.slice(prefix.length);
    found.set(claim, [...(found.get(claim) ?? []), ...values]);
  }
  return found;
}
