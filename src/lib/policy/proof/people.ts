import type { PolicyDocument } from '../document.js';
import { FULL_ACCESS } from '../evaluate.js';
import { namedIn } from '../named.js';
import type { Principal } from '../principals.js';
import type { AccountPrincipal, ProofSubject } from './subject.js';

/** Someone who might ask, and the policies that the account gave them. */
export interface Person {
  readonly words: string;
  readonly principal: Principal;
  readonly identity: readonly PolicyDocument[];
  /** Names of the identity policies, in their order; null when the worst is assumed, which is that all is allowed. */
  readonly identityNames: readonly string[] | null;
  readonly boundary: PolicyDocument | null;
}

/** Whoever the account's own policies let, where these are not known. */
export const SOMEONE = 'anyone of the account whom its own policies let';

const ARN = /^arn:([a-z-]+):iam::(\d{12}):(role|user)\/(.+)$/;
const WORST = { identity: [FULL_ACCESS], identityNames: null, boundary: null };

/**
 * Everyone who has to be asked about, so that nobody is left out: each whom a policy names, each ARN that a condition on
 * the caller matches, each role and user that was read, the account's root user, someone of the account whom no policy
 * names and whom the account's own policies let do everything, and a stranger.
 */
export function peopleOf(
  documents: readonly PolicyDocument[],
  account: string,
  { principals, othersUnread = false }: Pick<ProofSubject, 'principals' | 'othersUnread'>,
): readonly Person[] {
  const known = principals ?? [];
  const found = new Map<string, Person>();
  const add = (person: Person) => {
    if (!found.has(person.principal.callerArn)) found.set(person.principal.callerArn, person);
  };
  for (const one of known) add(knownPerson(one));
  for (const { name, principal } of namedIn(documents, account)) {
    if (name === '*') add({ ...WORST, words: 'anyone of another account', principal });
    else add(personOf(name, principal, account, known));
  }
  for (const arn of documents.flatMap(callerPatterns)) {
    const principal = principalOfArn(arn);
    if (principal) add(personOf(arn, principal, account, known));
  }
  add(rootUser(account));
  // Where the whole account was read, one who is not in it has no policies: only what lets everyone in lets him in.
  const unread = principals === null || othersUnread;
  add(unread ? someone(account) : { ...someone(account), identity: [], identityNames: [] });
  return [...found.values()];
}

/** Whom the account's own policies let do everything, under a name that no policy has. */
function someone(account: string): Person {
  const principal = roleIn('aws', account, `arn:aws:iam::${account}:role/whoever-is-allowed`, 'whoever-is-allowed');
  return { ...WORST, words: SOMEONE, principal };
}

function rootUser(account: string): Person {
  const arn = `arn:aws:iam::${account}:root`;
  return {
    ...WORST,
    words: `the root user of account ${account}`,
    principal: { account, kind: 'root', principalArn: arn, callerArn: arn },
  };
}

/** A session of a role, or a user, by ARN; null for any other ARN. */
export function principalOfArn(arn: string): Principal | null {
  const [, partition = '', account = '', kind, path = ''] = ARN.exec(arn) ?? [];
  if (kind === undefined) return null;
  if (kind === 'user') return { account, kind, principalArn: arn, callerArn: arn };
  return roleIn(partition, account, arn, path);
}

function roleIn(partition: string, account: string, arn: string, path: string): Principal {
  const callerArn = `arn:${partition}:sts::${account}:assumed-role/${path.split('/').at(-1)}/any-session`;
  return { account, kind: 'role', principalArn: arn, callerArn };
}

function knownPerson({ arn, identity, boundary }: AccountPrincipal): Person {
  const principal = principalOfArn(arn) ?? { account: '', kind: 'role', principalArn: arn, callerArn: arn };
  const words = wordsOf(arn, principal.account);
  if (identity === null) return { ...WORST, words, principal };
  return {
    words,
    principal,
    identity: identity.map(({ document }) => document),
    identityNames: identity.map(({ name }) => name),
    boundary,
  };
}

function personOf(name: string, principal: Principal, account: string, known: readonly AccountPrincipal[]): Person {
  const read = known.find(({ arn }) => arn === principal.principalArn);
  if (read) return { ...knownPerson(read), principal, words: wordsOf(name, account) };
  return { ...WORST, words: wordsOf(name, account), principal };
}

/** `role/NAME` for the key's own account; another account's may have the same name and stays whole. */
export function wordsOf(name: string, account: string): string {
  const [, of, kind, path] = /^arn:[^:]+:iam::(\d{12}):(role|user)\/(.+)$/.exec(name) ?? [];
  if (of === account && path !== undefined) return `${kind}/${path}`;
  const root = /^account (\d{12})$/.exec(name)?.[1];
  return root === undefined ? name : `the root user of account ${root}`;
}

const CALLER = /^aws:principalarn$/i;

/** One ARN for each pattern that a condition compares the caller with. */
function callerPatterns({ statements }: PolicyDocument): readonly string[] {
  return statements
    .flatMap(({ conditions }) => conditions)
    .filter(({ key }) => CALLER.test(key))
    .flatMap(({ values }) => values)
    .map((value) => value.replaceAll('*', 'any').replaceAll('?', 'a'));
}
