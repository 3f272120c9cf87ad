import type { Docket } from './docket.js';
import type { Person } from './people.js';
import {
  brokenRole,
  mustBe,
  mustNotBe,
  openTrustCase,
  type RoleCase,
  type TrustCase,
  unprovenRole,
} from './role-case.js';
import type { Interlock, ProofSeat, ProofSubject } from './subject.js';

const ENTRIES = ['sts:AssumeRole', 'sts:AssumeRoleWithSAML', 'sts:AssumeRoleWithWebIdentity'] as const;
const MINE = 'aws:SourceIdentity';
const ASKED = 'sts:SourceIdentity';

/** Who enters an executor, and under which name. */
export function proveExecutorTrust(subject: ProofSubject, interlock: Interlock, docket: Docket): number {
  let asked = 0;
  for (const { roleArn, automation } of interlock.executors) {
    const it = openTrustCase(subject, interlock, docket, roleArn);
    if (it === null) {
      unprovenRole(docket, 'executor-trust', `the trust policy of ${roleArn} was not read`);
      continue;
    }
    for (const seat of interlock.seats) enterAsSeat(it, seat);
    if (automation) for (const one of interlock.automation) enterAsAutomation(it, one);
    for (const person of it.people) {
      mustNotBe(it, 'executor-trust', person, 'sts:TagSession', world(), ` into ${it.words}`);
      if (!isListed(interlock, person, automation)) refuseEntry(it, 'executor-trust', person);
    }
    asked += it.court.asked();
  }
  return asked;
}

function world(fixed: Readonly<Record<string, string>> = {}, absent: readonly string[] = []) {
  return { fixed, absent };
}

function isListed({ seats, automation }: Interlock, { principal }: Person, automated: boolean): boolean {
  return [...seats, ...(automated ? automation : [])].some(({ roleArn }) => roleArn === principal.principalArn);
}

function personAt(it: TrustCase, { roleArn }: ProofSeat): Person | undefined {
  return it.people.find(({ principal }) => principal.principalArn === roleArn);
}

function refuseEntry(it: TrustCase, claim: 'executor-trust' | 'one-subject-one-seat', person: Person): void {
  for (const action of ENTRIES) mustNotBe(it, claim, person, action, world(), ` into ${it.words}`);
}

/** A seat's session carries its name already, and keeps it. */
function enterAsSeat(it: TrustCase, seat: ProofSeat): void {
  const claim = 'executor-trust';
  const person = personAt(it, seat);
  if (person === undefined) {
    brokenRole(it, claim, 'sts:AssumeRole', `${seat.id} cannot %s into ${it.words}`);
    return;
  }
  const own = world({ [MINE]: seat.id, [ASKED]: seat.id });
  for (const action of ['sts:AssumeRole', 'sts:SetSourceIdentity']) {
    mustBe(it, claim, person, action, own, `${person.words} cannot %s into ${it.words} as ${seat.id}`);
  }
  for (const { id } of othersThan(it, seat)) {
    mustNotBe(it, claim, person, 'sts:AssumeRole', world({ [MINE]: id }), ` into ${it.words} as ${id}`);
  }
  mustNotBe(it, claim, person, 'sts:AssumeRole', world({}, [MINE]), ` into ${it.words} without a name`);
}

function othersThan({ interlock }: RoleCase, seat: ProofSeat): readonly ProofSeat[] {
  return [...interlock.seats, ...interlock.automation].filter((one) => one.id !== seat.id);
}

/** Automation takes its name on entering, and brings none from elsewhere. */
function enterAsAutomation(it: TrustCase, one: ProofSeat): void {
  const claim = 'executor-trust';
  const person = personAt(it, one);
  if (person === undefined) {
    brokenRole(it, claim, 'sts:AssumeRole', `${one.id} cannot %s into ${it.words}`);
    return;
  }
  for (const action of ['sts:AssumeRole', 'sts:SetSourceIdentity']) {
    mustBe(
      it,
      claim,
      person,
      action,
      world({ [ASKED]: one.id }),
      `${person.words} cannot %s into ${it.words} as ${one.id}`,
    );
  }
  for (const { id } of othersThan(it, one)) {
    mustNotBe(it, claim, person, 'sts:AssumeRole', world({ [ASKED]: id }), ` into ${it.words} as ${id}`);
    const carried = world({ [MINE]: id, [ASKED]: one.id });
    mustNotBe(it, claim, person, 'sts:AssumeRole', carried, ` into ${it.words} carrying the name ${id}`);
  }
  mustNotBe(it, claim, person, 'sts:AssumeRole', world({}, [ASKED]), ` into ${it.words} without a name`);
}

/** Which subject of which provider each seat is. */
export function proveSeatTrust(subject: ProofSubject, interlock: Interlock, docket: Docket): number {
  const taken = new Map<string, string>();
  let asked = 0;
  for (const seat of interlock.seats) {
    const it = openTrustCase(subject, interlock, docket, seat.roleArn);
    if (it === null) {
      unprovenRole(docket, 'one-subject-one-seat', `the trust policy of ${seat.roleArn} was not read`);
      continue;
    }
    const federated = it.people.filter(({ principal }) => principal.kind === 'federated');
    for (const person of it.people) {
      mustNotBe(it, 'one-subject-one-seat', person, 'sts:TagSession', world(), ` into ${it.words}`);
      if (!federated.includes(person)) refuseEntry(it, 'one-subject-one-seat', person);
    }
    const subjects = federated.flatMap((person) => subjectsOf(it, seat, person));
    proveOne(it, seat, subjects, taken);
    asked += it.court.asked();
  }
  return asked;
}

function proveOne(it: TrustCase, seat: ProofSeat, subjects: readonly string[], taken: Map<string, string>): void {
  const claim = 'one-subject-one-seat';
  if (subjects.length === 0)
    brokenRole(
      it,
      claim,
      'sts:AssumeRoleWithWebIdentity',
      `no subject of an identity provider can %s into ${it.words} as ${seat.id}`,
    );
  if (subjects.length > 1)
    brokenRole(
      it,
      claim,
      'sts:AssumeRoleWithWebIdentity',
      `${subjects.length} subjects can %s into ${it.words}: ${subjects.join(', ')}`,
    );
  for (const one of subjects) {
    const other = taken.get(one);
    taken.set(one, seat.id);
    if (other !== undefined)
      brokenRole(
        it,
        claim,
        'sts:AssumeRoleWithWebIdentity',
        `one subject can %s as ${other} and as ${seat.id}: ${one}`,
      );
  }
}

interface Ways {
  readonly action: string;
  readonly sub: string;
  readonly aud: string;
}

/** How a provider names subject and audience ("Available keys for AWS OIDC federation", "… SAML-based federation"). */
export function waysOf(provider: string): Ways {
  if (/:saml-provider\//.test(provider)) return { action: 'sts:AssumeRoleWithSAML', sub: 'SAML:sub', aud: 'SAML:aud' };
  const issuer = provider.replace(/^arn:[^:]+:iam::\d{12}:oidc-provider\//, '');
  return { action: 'sts:AssumeRoleWithWebIdentity', sub: `${issuer}:sub`, aud: `${issuer}:aud` };
}

/** The subjects of one provider that enter as this seat; and asks what else of the provider could enter. */
function subjectsOf(it: TrustCase, seat: ProofSeat, person: Person): readonly string[] {
  const claim = 'one-subject-one-seat';
  const { action, sub, aud } = waysOf(person.principal.principalArn);
  const named = [...new Set(valuesOf(it, sub))];
  const entering = named.filter((value) => {
    const enter = it.court.ask(person, action, world({ [sub]: value, [ASKED]: seat.id }));
    return (
      enter.may === 'yes' &&
      it.court.ask(person, 'sts:SetSourceIdentity', world({ [sub]: value, [ASKED]: seat.id })).may === 'yes'
    );
  });
  const into = ` into ${it.words}`;
  const strange = [...named.flatMap(besides), 'some-other-subject'];
  for (const value of strange)
    mustNotBe(it, claim, person, action, world({ [sub]: value }), `${into} as another subject`);
  mustNotBe(it, claim, person, action, world({}, [sub]), `${into} as any subject`);
  for (const { id } of othersThan(it, seat))
    mustNotBe(it, claim, person, action, world({ [ASKED]: id }), `${into} as ${id}`);
  mustNotBe(
    it,
    claim,
    person,
    action,
    world({}, [ASKED]),
    `${into} without a name that the provider sets, so that the interlock is advisory`,
  );
  mustNotBe(
    it,
    claim,
    person,
    action,
    world({ [aud]: 'some-other-audience' }),
    `${into} with a token for someone else`,
  );
  return entering.map((value) => `${value} of ${person.principal.principalArn}`);
}

/** Subjects that are not the one which a value names, but what a wildcard in it, or one at its ends, would let in as well. */
function besides(value: string): readonly string[] {
  const filled = value.replaceAll('*', 'anything').replaceAll('?', 'x');
  return [`${value}x`, `x${value}`, ...(filled === value ? [] : [filled])];
}

/** What a trust policy compares a condition key with. */
export function valuesOf({ trust }: TrustCase, key: string): readonly string[] {
  const name = key.toLowerCase();
  return trust.statements.flatMap(({ conditions }) =>
    conditions.filter((one) => one.key.toLowerCase() === name).flatMap(({ values }) => values),
  );
}
