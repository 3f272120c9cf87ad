import type { ClaimId } from '../claims.js';
import type { Context } from '../keys.js';
import { LATER_OPERATION } from '../operations.js';
import { MUTATING_OPERATIONS } from '../synthesize.js';
import { type Court, createCourt, type World } from './court.js';
import { type Docket, expectNo, type Place } from './docket.js';
import { type Person, peopleOf, principalOfArn, wordsOf } from './people.js';
import type { ProofKey, ProofSubject } from './subject.js';

/** One key under examination. */
export interface KeyCase {
  readonly subject: ProofSubject;
  readonly key: ProofKey;
  readonly court: Court;
  readonly people: readonly Person[];
  readonly docket: Docket;
  readonly place: Place;
}

/** Actions of KMS, as policies name them. */
export function actionsOf(operations: readonly string[]): readonly string[] {
  return operations.map((operation) => `kms:${operation}`);
}

/** Named first, because people read the beginning. */
const WORST: readonly string[] = ['PutKeyPolicy', 'ScheduleKeyDeletion', 'DeleteImportedKeyMaterial', 'ReplicateKey'];
const APART: readonly string[] = ['CancelKeyDeletion', 'CreateGrant'];

/**
 * What changes a key. A veto only stops, and a grant is a question of its own; an operation of AWS's own and one that comes
 * later are changes too.
 */
export const CHANGES: readonly string[] = actionsOf([
  ...WORST,
  ...MUTATING_OPERATIONS.filter((name) => !APART.includes(name) && !WORST.includes(name)),
  'SynchronizeMultiRegionKey',
  LATER_OPERATION,
]);

/** What uses a key. */
export const KEY_USES: readonly string[] = actionsOf([
  'Decrypt',
  'DeriveSharedSecret',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'ReEncryptFrom',
  'ReEncryptTo',
  'Sign',
  'Verify',
  'VerifyMac',
]);

/** Opens the case of one key: its policy, and everyone who has to be asked about. */
export function openKeyCase(subject: ProofSubject, key: ProofKey, docket: Docket): KeyCase {
  const { account } = subject;
  const named = (subject.interlock?.seats ?? []).map(({ roleArn }) => roleArn);
  const others = [
    ...named,
    ...(subject.interlock?.executors ?? []).map(({ roleArn }) => roleArn),
    ...(key.users ?? []).map(({ roleArn }) => roleArn),
  ];
  const people = peopleOf([key.policy], account, subject);
  const arns = new Set(people.map(({ principal }) => principal.principalArn));
  return {
    subject,
    key,
    docket,
    court: createCourt({
      resource: key.arn,
      account,
      resourcePolicy: key.policy,
      serviceControlPolicies: subject.serviceControlPolicies ?? [],
      resourceControlPolicies: subject.resourceControlPolicies ?? [],
    }),
    people: [...people, ...[...new Set(others)].filter((arn) => !arns.has(arn)).flatMap((arn) => roleOf(arn, account))],
    place: { account, key: key.label ?? key.name, region: key.region, policy: 'key policy' },
  };
}

function roleOf(arn: string, account: string): readonly Person[] {
  const principal = principalOfArn(arn);
  if (principal === null) return [];
  return [{ words: wordsOf(arn, account), principal, identity: [], identityNames: [], boundary: null }];
}

/** What is certain of a call by this person. */
export function worldOf({ principal }: Person, fixed: Context = {}, absent: readonly string[] = []): World {
  const caller: Context = principal.account === '' ? {} : { 'kms:CallerAccount': principal.account };
  return { fixed: { ...caller, ...fixed }, absent };
}

/** Asks for operations of which none must be possible, and says whether none is; `actions` is their list, kept by whoever asks again. */
export function mustNot(
  { court, docket, place }: KeyCase,
  claim: ClaimId,
  person: Person,
  actions: readonly string[],
  world: World,
  although = '',
): boolean {
  if (!court.perhaps(person, actions, world)) {
    docket.held(claim, actions.length);
    return true;
  }
  let none = true;
  for (const operation of actions) {
    const answer = court.ask(person, operation, world);
    expectNo(docket, { claim, place, person, operation, although }, answer, world.fixed);
    none &&= answer.may === 'no';
  }
  return none;
}

/** Enters that something which must be possible is not. */
export function missing({ docket, place }: KeyCase, claim: ClaimId, action: string, sentence: string): void {
  const { key, region } = place;
  const finding = { claim, status: 'broken', key, region, principal: null, operations: [action] } as const;
  docket.add({ ...finding, sentence, statements: [], context: {} });
}

export function isExecutor({ subject }: KeyCase, { principal }: Person): boolean {
  return subject.interlock?.executors.some(({ roleArn }) => roleArn === principal.principalArn) ?? false;
}

/** Everyone but the executors: whatever they can do, they can do alone. */
export function lonePeople(it: KeyCase): readonly Person[] {
  return it.people.filter((person) => !isExecutor(it, person));
}
