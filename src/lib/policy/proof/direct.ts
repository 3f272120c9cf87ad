import type { Context } from '../keys.js';
import { actionsOf, CHANGES, isExecutor, type KeyCase, lonePeople, missing, mustNot, worldOf } from './key-case.js';
import type { Person } from './people.js';

/** What anyone can do to a key without an approval. */
export function proveDirect(it: KeyCase): void {
  for (const person of lonePeople(it)) {
    mustNot(it, 'no-direct-change', person, CHANGES, worldOf(person), ALONE);
    proveGrants(it, person);
    proveReEncrypt(it, person);
  }
  if (it.subject.interlock) proveBypass(it);
  else proveSomeone(it);
}

const ALONE = ' alone';
export const BYPASSED: readonly string[] = actionsOf(['PutKeyPolicy', 'ReplicateKey']);
const CREATE_GRANT = actionsOf(['CreateGrant']);
const RE_ENCRYPT = actionsOf(['ReEncryptFrom']);
const DECRYPTING = actionsOf(['Decrypt']);
const ON_BYPASS = { 'kms:BypassPolicyLockoutSafetyCheck': 'true' };

function proveBypass(it: KeyCase): void {
  for (const person of lonePeople(it)) {
    mustNot(it, 'no-bypass', person, BYPASSED, worldOf(person, ON_BYPASS), ' without the lock-out check');
  }
}

/** Without an interlock whoever may put a policy does so alone; but someone must, or the key can never be managed again. */
function proveSomeone(it: KeyCase): void {
  const world = (person: Person) => worldOf(person, { 'kms:BypassPolicyLockoutSafetyCheck': 'false' });
  if (it.people.some((person) => it.court.ask(person, 'kms:PutKeyPolicy', world(person)).may === 'yes')) {
    it.docket.held('no-lockout');
    return;
  }
  missing(it, 'no-lockout', 'kms:PutKeyPolicy', 'nobody can %s: the key could never be managed again');
}

interface UnsafeGrant {
  readonly fixed: Context;
  readonly absent?: readonly string[];
  readonly although: string;
}

const STRANGER = 'arn:aws:iam::000000000001:role/stranger';
const HANDED: readonly string[] = ['Encrypt', 'GenerateDataKey', 'ReEncryptFrom', 'ReEncryptTo', 'Sign', 'RetireGrant'];
const MINE = { 'kms:GrantIsForAWSResource': 'false' };
const DECRYPT = { 'kms:GrantOperations': ['Decrypt'] };
/** What a seat may let another seat do with the root key (docs/enforcement.md). */
const PURPOSE = 'kms:EncryptionContext:custody:purpose';

/** Kinds of CreateGrant that give away more than one unwrapping by another custodian. */
function unsafeGrants(it: KeyCase, { principal }: Person): readonly UnsafeGrant[] {
  const names = it.subject.interlock?.seats ?? [];
  const own = names.find(({ roleArn }) => roleArn === principal.principalArn);
  return [
    { fixed: { ...DECRYPT, 'kms:GranteePrincipal': principal.principalArn }, although: ' for itself' },
    { fixed: { ...DECRYPT, 'kms:GranteePrincipal': STRANGER }, although: ' for a stranger' },
    { fixed: { 'kms:GrantOperations': ['CreateGrant'] }, although: ' that hands on CreateGrant' },
    { fixed: { 'kms:GrantOperations': ['CreateGrant', 'Decrypt'] }, although: ' that hands on CreateGrant' },
    ...HANDED.map((name) => ({ fixed: { 'kms:GrantOperations': [name] }, although: ` for ${name}` })),
    { fixed: {}, absent: ['kms:GrantOperations'], although: ' that names no operations' },
    { fixed: DECRYPT, absent: ['kms:GrantConstraintType'], although: ' without a constraint' },
    {
      fixed: { ...DECRYPT, 'kms:GrantConstraintType': 'EncryptionContextSubset' },
      although: ' with a loose constraint',
    },
    { fixed: DECRYPT, absent: ['kms:RetiringPrincipal'], although: ' that nobody retires' },
    { fixed: { ...DECRYPT, 'kms:RetiringPrincipal': STRANGER }, although: ' that a stranger retires' },
    { fixed: DECRYPT, absent: [PURPOSE], although: ' for any purpose' },
    { fixed: { ...DECRYPT, [PURPOSE]: 'other' }, although: ' for another purpose' },
    ...(own ? [{ fixed: DECRYPT, absent: ['aws:SourceIdentity'], although: ' without a name' }] : []),
    ...names
      .filter((seat) => own && seat !== own)
      .map(({ id }) => ({ fixed: { ...DECRYPT, 'aws:SourceIdentity': id }, although: ` in the name of ${id}` })),
  ];
}

function proveGrants(it: KeyCase, person: Person): void {
  const seated = it.subject.interlock?.seats.some(({ roleArn }) => roleArn === person.principal.principalArn) ?? false;
  // A service's own grants are looked at apart; a seat makes none for a service.
  const base: Context = seated ? {} : MINE;
  let unsafe = 0;
  for (const { fixed, absent, although } of unsafeGrants(it, person)) {
    const world = worldOf(person, { ...base, ...fixed }, absent);
    if (!mustNot(it, 'no-power-around', person, CREATE_GRANT, world, although)) unsafe += 1;
    // Whoever can make two kinds of them is told of enough.
    if (unsafe === 2) return;
  }
  if (seated) return;
  for (const { although, fixed, absent } of forServices(it, person)) {
    mustNot(it, 'no-power-around', person, CREATE_GRANT, worldOf(person, fixed, absent), although);
  }
}

/** A grant for an AWS service's own use is safe only through the service that the plan names for that user. */
function forServices({ key }: KeyCase, { principal }: Person): readonly UnsafeGrant[] {
  if (key.users === null) return [];
  const service = { 'kms:GrantIsForAWSResource': 'true' };
  const named = key.users.some(({ roleArn, viaService }) => roleArn === principal.principalArn && viaService !== null);
  return [
    { fixed: { ...service, 'kms:ViaService': 'other.amazonaws.com' }, although: ' for another AWS service' },
    ...(named ? [] : [{ fixed: service, although: ' for an AWS service' }]),
    { fixed: service, absent: ['kms:ViaService'], although: ' for an AWS service, calling directly' },
  ];
}

/** ReEncrypt to a key of one's own is Decrypt, so it gives nothing only to those who may decrypt anyway (T56). */
function proveReEncrypt(it: KeyCase, person: Person): void {
  if (it.court.perhaps(person, DECRYPTING, worldOf(person))) {
    it.docket.held('no-third-party-reencrypt');
    return;
  }
  const although = isExecutor(it, person) ? ' to another key, with every approval' : ' to another key';
  const elsewhere = worldOf(person, { 'kms:ReEncryptOnSameKey': 'false' });
  mustNot(it, 'no-third-party-reencrypt', person, RE_ENCRYPT, elsewhere, although);
  const unsaid = worldOf(person, {}, ['kms:ReEncryptOnSameKey']);
  mustNot(it, 'no-third-party-reencrypt', person, RE_ENCRYPT, unsaid, although);
}

/** What an executor can never do, whatever tags it has. */
export function proveExecutorsUses(it: KeyCase): void {
  for (const person of it.people) if (isExecutor(it, person)) proveReEncrypt(it, person);
}
