import { createCourt } from './court.js';
import type { Docket, ProofFinding } from './docket.js';
import { type Person, peopleOf } from './people.js';
import type { ProofSubject } from './subject.js';

/** A way into a role. */
interface Step {
  readonly person: Person;
  readonly into: string;
}

/**
 * Whoever can become one who breaks a claim, breaks it too: for each role that changes a key alone, those who can enter it,
 * step by step.
 */
export function proveChains(subject: ProofSubject, docket: Docket): void {
  const claim = 'no-direct-change';
  const broken = docket.results().find(({ id }) => id === claim)?.findings ?? [];
  for (const finding of broken.filter(({ status }) => status === 'broken')) {
    for (const { person, into } of waysInto(subject, finding)) {
      const sentence = `${person.words} can %s by becoming ${into}, whose trust policy lets it`;
      const { key, region, operations } = finding;
      const chained = { claim, status: 'broken', key, region, principal: person.words, operations } as const;
      docket.add({ ...chained, sentence, statements: [], context: {} });
    }
  }
}

/** Everyone who can become this role through one role or several, the nearest first; each once. */
function waysInto(subject: ProofSubject, { principal }: ProofFinding): readonly Step[] {
  const found: Step[] = [];
  const seen = new Set([principal ?? '']);
  const open = [principal ?? ''];
  for (let into = open.shift(); into !== undefined; into = open.shift()) {
    for (const step of entrantsOf(subject, into)) {
      if (seen.has(step.person.words)) continue;
      seen.add(step.person.words);
      found.push(step);
      open.push(step.person.words);
    }
  }
  return found;
}

function entrantsOf(subject: ProofSubject, words: string): readonly Step[] {
  const role = subject.principals?.find(({ arn }) => arn === `${arnStart(arn)}${words}`);
  const trust = role?.trust;
  if (!role || !trust) return [];
  const court = createCourt({
    resource: role.arn,
    account: subject.account,
    resourcePolicy: trust,
    serviceControlPolicies: subject.serviceControlPolicies ?? [],
    resourceControlPolicies: subject.resourceControlPolicies ?? [],
  });
  const people = peopleOf([], subject.account, subject).filter(({ principal }) => principal.kind !== 'root');
  const enters = (person: Person) => court.ask(person, 'sts:AssumeRole', { fixed: {}, absent: [] }).may === 'yes';
  return people.filter(enters).map((person) => ({ person, into: words }));
}

/** `arn:aws:iam::111122223333:` of a role's ARN. */
function arnStart(arn: string): string {
  return arn.slice(0, arn.lastIndexOf(':') + 1);
}
