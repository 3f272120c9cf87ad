import type { Context } from '../keys.js';
import type { World } from './court.js';
import { actionsOf, KEY_USES, type KeyCase, lonePeople, missing, mustNot, worldOf } from './key-case.js';
import type { Person } from './people.js';
import type { ProofGrant, ProofKey, ProofUser } from './subject.js';

/** Who uses a key, and who must not. */
export function proveUses(it: KeyCase): void {
  const { users, grants } = it.key;
  if (grants !== 'not-asked') proveGrantsOn(it, grants);
  for (const person of it.people) proveNoOtherUse(it, person);
  for (const user of users ?? []) {
    const person = it.people.find(({ principal }) => principal.principalArn === user.roleArn);
    if (person) proveUser(it, user, person);
  }
}

/** Whoever uses the key without the plan's word. Without a plan only strangers are: the rest its owner may have meant. */
function proveNoOtherUse(it: KeyCase, person: Person): void {
  const { users } = it.key;
  if (users === null && person.principal.account === it.subject.account) return;
  if (users === null && person.words !== 'anyone of another account') return;
  const planned = (users ?? []).filter(({ roleArn }) => roleArn === person.principal.principalArn);
  const may = new Set(planned.flatMap(({ operations }) => actionsOf(operations)));
  const others = planned.length === 0 ? KEY_USES : KEY_USES.filter((action) => !may.has(action));
  mustNot(it, 'no-other-use', person, others, worldOf(person));
}

function proveUser(it: KeyCase, user: ProofUser, person: Person): void {
  for (const operation of user.operations) {
    const context = plannedContext(user, operation);
    const { allowed } = it.court.judge(person, `kms:${operation}`, worldOf(person, context).fixed);
    if (allowed) it.docket.held('uses-as-planned');
    else missing(it, 'uses-as-planned', `kms:${operation}`, `${person.words} cannot %s, which the plan lets it`);
    for (const [although, world] of strayContexts(it.key, user, operation, person)) {
      mustNot(it, 'uses-as-planned', person, actionsOf([operation]), world, although);
    }
  }
}

function plannedContext({ encryptionContext, viaService }: ProofUser, operation: string): Context {
  // DescribeKey carries no encryption context.
  const pairs = operation === 'DescribeKey' ? [] : Object.entries(encryptionContext);
  return {
    ...Object.fromEntries(pairs.map(([name, value]) => [`kms:EncryptionContext:${name}`, value])),
    ...(viaService === null ? {} : { 'kms:ViaService': viaService }),
    ...(operation.startsWith('ReEncrypt') ? { 'kms:ReEncryptOnSameKey': 'true' } : {}),
  };
}

/** Requests beyond what any entry of the plan lets this role do. */
function strayContexts({ users }: ProofKey, user: ProofUser, operation: string, person: Person) {
  const same = (users ?? []).filter(
    ({ roleArn, operations }) => roleArn === user.roleArn && operations.includes(operation),
  );
  const worlds: [although: string, world: World][] = [];
  if (operation !== 'DescribeKey' && same.length === 1) {
    for (const name of Object.keys(user.encryptionContext)) {
      const key = `kms:EncryptionContext:${name}`;
      worlds.push([` without ${name} in the encryption context`, worldOf(person, {}, [key])]);
      worlds.push([` with another ${name} in the encryption context`, worldOf(person, { [key]: 'other' })]);
    }
  }
  if (same.every(({ viaService }) => viaService !== null)) {
    worlds.push([' directly, not through its AWS service', worldOf(person, {}, ['kms:ViaService'])]);
    worlds.push([' through another AWS service', worldOf(person, { 'kms:ViaService': 'other.amazonaws.com' })]);
  }
  return worlds;
}

function proveGrantsOn(it: KeyCase, grants: readonly ProofGrant[] | 'unread'): void {
  const { docket, place, key } = it;
  const finding = {
    claim: 'grants-to-users-only',
    key: place.key,
    region: place.region,
    statements: [],
    context: {},
  } as const;
  if (grants === 'unread') {
    const sentence = 'its grants could not be read';
    docket.add({ ...finding, status: 'unproven', principal: null, operations: [], sentence });
    return;
  }
  docket.held('grants-to-users-only');
  for (const grant of grants) {
    const beyond = beyondPlan(grant, key);
    if (beyond.length === 0) docket.held('grants-to-users-only');
    else {
      const sentence = `${grant.grantee} can %s, because the grant ${grant.id.slice(0, 12)}… lets it`;
      docket.add({
        ...finding,
        status: 'broken',
        principal: grant.grantee,
        operations: beyond.map((name) => `kms:${name}`),
        sentence,
      });
    }
  }
}

/** A grant that an AWS service asked for is made out to the service; handing on is never a user's. */
function beyondPlan({ grantee, operations }: ProofGrant, { users }: ProofKey): readonly string[] {
  if (/^[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?$/.test(grantee)) return [];
  if (users === null) return operations.filter((name) => name === 'CreateGrant');
  const planned = users.filter(({ roleArn }) => roleArn === grantee).flatMap((user) => user.operations);
  const harmless = planned.length > 0 ? ['DescribeKey', 'RetireGrant'] : [];
  return operations.filter((name) => !planned.includes(name) && !harmless.includes(name));
}

/** Reading and vetoing take one custodian. */
export function proveSingle(it: KeyCase): void {
  for (const { id, roleArn } of it.subject.interlock?.seats ?? []) {
    const person = lonePeople(it).find(({ principal }) => principal.principalArn === roleArn);
    if (person === undefined) continue;
    const context = worldOf(person, { 'aws:SourceIdentity': id }).fixed;
    const may = (claim: 'veto-with-one' | 'reads-with-one', operation: string) => {
      if (it.court.judge(person, `kms:${operation}`, context).allowed) it.docket.held(claim);
      else missing(it, claim, `kms:${operation}`, `${person.words} (${id}) cannot %s alone`);
    };
    may('veto-with-one', 'CancelKeyDeletion');
    for (const operation of READS) may('reads-with-one', operation);
  }
}

/** What a custodian must see to judge a request. */
const READS = [
  'DescribeKey',
  'GetKeyPolicy',
  'ListKeyPolicies',
  'ListResourceTags',
  'ListGrants',
  'GetKeyRotationStatus',
  'ListKeyRotations',
] as const;
