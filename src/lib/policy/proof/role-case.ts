import type { ClaimId } from '../claims.js';
import type { PolicyDocument } from '../document.js';
import { type Court, createCourt, type World } from './court.js';
import { type Docket, expectNo, type Place } from './docket.js';
import { type Person, peopleOf, wordsOf } from './people.js';
import type { Interlock, ProofSubject } from './subject.js';

/** One role under examination: who may enter it (`trust`), or who may change it (`changes`). */
export interface RoleCase {
  readonly subject: ProofSubject;
  readonly interlock: Interlock;
  readonly docket: Docket;
  readonly words: string;
  readonly court: Court;
  readonly place: Place;
}

/** The case of entering a role. */
export interface TrustCase extends RoleCase {
  readonly trust: PolicyDocument;
  readonly people: readonly Person[];
}

/** The case of entering a role; null when its trust policy is not known. */
export function openTrustCase(
  subject: ProofSubject,
  interlock: Interlock,
  docket: Docket,
  roleArn: string,
): TrustCase | null {
  const trust = subject.principals?.find(({ arn }) => arn === roleArn)?.trust ?? null;
  if (trust === null) return null;
  const words = wordsOf(roleArn, subject.account);
  const place = { account: subject.account, key: null, region: null, policy: `trust policy of ${words}` };
  const people = peopleOf([trust], subject.account, subject);
  return { subject, interlock, docket, words, place, trust, people, court: courtOf(subject, roleArn, trust) };
}

/**
 * The case of changing a resource of IAM, which only the askers' own policies and the organization's limit; or a key of nobody's
 * plan, with its policy where it has one that says more than that the account decides.
 */
export function openChangeCase(
  subject: ProofSubject,
  interlock: Interlock,
  docket: Docket,
  arn: string,
  policy: PolicyDocument | null = null,
): RoleCase {
  const words = wordsOf(arn, subject.account);
  const place = { account: subject.account, key: null, region: null, policy: 'resource policy' };
  return { subject, interlock, docket, words, place, court: courtOf(subject, arn, policy) };
}

function courtOf(subject: ProofSubject, resource: string, resourcePolicy: PolicyDocument | null): Court {
  return createCourt({
    resource,
    account: subject.account,
    resourcePolicy,
    serviceControlPolicies: subject.serviceControlPolicies ?? [],
    resourceControlPolicies: subject.resourceControlPolicies ?? [],
  });
}

/** Asks one thing that must not be possible. */
export function mustNotBe(
  { court, docket, place }: RoleCase,
  claim: ClaimId,
  person: Person,
  action: string,
  world: World,
  although: string,
): void {
  const answer = court.ask(person, action, world);
  expectNo(docket, { claim, place, person, operation: action, although }, answer, world.fixed);
}

/** Enters something that must be possible, or is not. */
export function mustBe(
  it: RoleCase,
  claim: ClaimId,
  person: Person,
  action: string,
  world: World,
  sentence: string,
): void {
  if (it.court.judge(person, action, world.fixed).allowed) it.docket.held(claim);
  else brokenRole(it, claim, action, sentence);
}

/** Enters something that must be possible, whatever the organization asks for beside: keys that are not settled are free. */
export function mustBeAble(
  it: RoleCase,
  claim: ClaimId,
  person: Person,
  action: string,
  world: World,
  sentence: string,
): void {
  const answer = it.court.ask(person, action, world);
  if (answer.may === 'yes') it.docket.held(claim);
  else if (answer.may === 'no') brokenRole(it, claim, action, sentence);
  else unprovenRole(it.docket, claim, `whether ${person.words} can ${action} is not told: ${answer.because}`);
}

export function brokenRole({ docket }: RoleCase, claim: ClaimId, action: string, sentence: string): void {
  docket.add({ ...nowhere(claim), status: 'broken', operations: [action], sentence });
}

export function unprovenRole(docket: Docket, claim: ClaimId, sentence: string): void {
  docket.add({ ...nowhere(claim), status: 'unproven', operations: [], sentence });
}

function nowhere(claim: ClaimId) {
  return { claim, key: null, region: null, principal: null, statements: [], context: {} } as const;
}

/** The people that these roles are, as far as they were read. */
export function personOfRole(subject: ProofSubject, roleArn: string): Person | null {
  const known = subject.principals?.find(({ arn }) => arn === roleArn);
  if (!known || known.identity === null) return null;
  return (
    peopleOf([], subject.account, { principals: [known] }).find(
      ({ principal }) => principal.principalArn === roleArn,
    ) ?? null
  );
}
