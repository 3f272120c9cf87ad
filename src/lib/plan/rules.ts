import { CANARY_CONTEXT } from '../base/canary.js';
import { CYCLE_KEY } from '../base/cycle.js';
import type { Fault } from '../base/fields.js';
import { type PlanParts, repeatedFaults, roleFaults } from './faults.js';
import { hierarchyFaults } from './hierarchy.js';
import { ledgerFaults } from './ledger-rules.js';
import type { KeyUser, PlannedKey, QuorumRules } from './plan.js';

export const SANDBOX_ACCOUNT = '000000000000';

/** Every broken rule that the shape alone cannot say. Paths are those of the stored form. */
export function planFaults(plan: PlanParts): readonly Fault[] {
  return [
    ...environmentFaults(plan),
    ...regionFaults(plan),
    ...(plan.quorum ? quorumFaults(plan.quorum) : []),
    ...interlockFaults(plan),
    ...sigstoreFaults(plan),
    ...ledgerFaults(plan),
    ...hierarchyFaults(plan.keys ?? {}),
    ...reservedFaults(plan.keys ?? {}),
    ...Object.entries(plan.keys ?? {}).flatMap(([name, key]) => keyFaults(`keys.${name}`, key, plan)),
  ];
}

/** The slots of such a key would be those of exercises. */
function reservedFaults(keys: object): Fault[] {
  if (!Object.hasOwn(keys, CYCLE_KEY)) return [];
  return [
    { path: `keys.${CYCLE_KEY}`, expected: 'another name: this one is of the keys of exercises', found: CYCLE_KEY },
  ];
}

/** The sandbox's account is reserved: a plan of one world must never be read as one of the other (T60). */
function environmentFaults({ environment, account }: PlanParts): Fault[] {
  if (environment === undefined || account === undefined) return [];
  if (environment === 'sandbox' && account !== SANDBOX_ACCOUNT) {
    return [{ path: 'account', expected: `"${SANDBOX_ACCOUNT}" in the environment sandbox`, found: account }];
  }
  if (environment === 'aws' && account === SANDBOX_ACCOUNT) {
    return [
      { path: 'account', expected: 'an account of AWS in the environment aws', found: `${account}, the sandbox's` },
    ];
  }
  return [];
}

function regionFaults({ regions, partition }: PlanParts): Fault[] {
  if (!regions) return [];
  const all = [regions.primary, ...regions.replicas];
  const outside = all
    .map((region, at) => ({ region, path: at === 0 ? 'regions.primary' : `regions.replicas[${at - 1}]` }))
    .filter(({ region }) => partition !== undefined && partitionOfRegion(region) !== partition)
    .map(({ region, path }) => ({ path, expected: `a Region of the partition ${partition}`, found: region }));
  return [...outside, ...repeatedFaults(all, (at) => `regions.replicas[${at - 1}]`, 'each Region once')];
}

function partitionOfRegion(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** A rule of a class may only ask for more than the general rules. */
function quorumFaults({ selfApproval, classes }: QuorumRules): Fault[] {
  if (selfApproval) return [];
  return Object.entries(classes)
    .filter(([, rule]) => rule.selfApproval === true)
    .map(([name]) => ({
      path: `quorum.classes.${name}.selfApproval`,
      expected: 'false, as in general: a class can only be stricter',
      found: 'true',
    }));
}

/** Both roles are the account's, and two: a second executor that audits the first would be neither. */
function interlockFaults(plan: PlanParts): Fault[] {
  if (!plan.interlock) return [];
  const entries = Object.entries(plan.interlock);
  return [
    ...entries.flatMap(([name, arn]) => roleFaults(`interlock.${name}`, arn, plan)),
    ...repeatedFaults(
      entries.map(([, arn]) => arn),
      (at) => `interlock.${entries[at]?.[0] ?? ''}`,
      'two different roles',
    ),
  ];
}

function sigstoreFaults({ sigstore }: PlanParts): Fault[] {
  const names = (sigstore?.identities ?? []).map(({ issuer, subject }) => `${issuer} ${subject}`);
  return repeatedFaults(names, (at) => `sigstore.identities[${at}]`, 'each identity once');
}

function keyFaults(path: string, key: Partial<PlannedKey>, plan: PlanParts): Fault[] {
  return [
    ...replicaFaults(path, key, plan),
    ...rotationFaults(path, key),
    ...usageFaults(path, key),
    ...userFaults(path, key, plan),
  ];
}

function replicaFaults(
  path: string,
  { multiRegion, replicas = [] }: Partial<PlannedKey>,
  { regions }: PlanParts,
): Fault[] {
  if (multiRegion === false && replicas.length > 0) {
    return [
      { path: `${path}.replicas`, expected: 'no replicas unless multiRegion is true', found: replicas.join(', ') },
    ];
  }
  const outside = replicas
    .map((region, at) => ({ region, path: `${path}.replicas[${at}]` }))
    .filter(({ region }) => regions !== undefined && !regions.replicas.includes(region))
    .map((item) => ({ path: item.path, expected: 'one of regions.replicas', found: item.region }));
  return [...outside, ...repeatedFaults(replicas, (at) => `${path}.replicas[${at}]`, 'each Region once')];
}

function rotationFaults(path: string, { origin, rotation }: Partial<PlannedKey>): Fault[] {
  if (origin !== 'EXTERNAL' || !rotation?.automatic) return [];
  const expected = 'false: AWS KMS cannot rotate imported (EXTERNAL) material by itself';
  return [{ path: `${path}.rotation.automatic`, expected, found: 'true' }];
}

/** NIST SP 800-57 Part 1 section 5.3.4: what was protected until the last moment must still be readable. */
function usageFaults(
  path: string,
  { rotation, originatorUsageDays, recipientUsageDays }: Partial<PlannedKey>,
): Fault[] {
  const faults: Fault[] = [];
  if (rotation && originatorUsageDays !== undefined && originatorUsageDays < rotation.periodDays) {
    const expected = `at least the rotation period, ${rotation.periodDays} days`;
    faults.push({ path: `${path}.originatorUsageDays`, expected, found: `${originatorUsageDays} days` });
  }
  if (
    originatorUsageDays !== undefined &&
    recipientUsageDays !== undefined &&
    recipientUsageDays < originatorUsageDays
  ) {
    const expected = `at least the originator usage period, ${originatorUsageDays} days`;
    faults.push({ path: `${path}.recipientUsageDays`, expected, found: `${recipientUsageDays} days` });
  }
  return faults;
}

function userFaults(path: string, { users = [], dualControl }: Partial<PlannedKey>, plan: PlanParts): Fault[] {
  // One role in two entries would add up what each of them allows, past `writeOnly`.
  const identities = users.map(({ roleArn, viaService }) => `${roleArn} ${viaService ?? 'directly'}`);
  return [
    ...users.flatMap((user, at) => oneUserFaults(`${path}.users[${at}]`, user, users, dualControl)),
    ...users.flatMap(({ roleArn }, at) => roleFaults(`${path}.users[${at}].roleArn`, roleArn, plan)),
    ...repeatedFaults(identities, (at) => `${path}.users[${at}].roleArn`, 'each role once a service'),
  ];
}

function oneUserFaults(
  path: string,
  user: KeyUser,
  all: readonly KeyUser[],
  dualControl: PlannedKey['dualControl'] | undefined,
): Fault[] {
  const reads = user.may.filter((use) => use === 'decrypt' || use === 're-encrypt').join(', ');
  const writeOnly = all.some((other) => other.writeOnly && other.roleArn === user.roleArn);
  const names = Object.keys(user.encryptionContext).map((name) => name.toLowerCase());
  const faults = [
    ...repeatedFaults(user.may, (at) => `${path}.may[${at}]`, 'each use once'),
    // KMS compares the names of a context in conditions without regard to case.
    ...repeatedFaults(names, () => `${path}.encryptionContext`, 'names that differ in more than case'),
  ];
  if (reads !== '' && writeOnly) {
    faults.push({ path: `${path}.may`, expected: 'no decrypt or re-encrypt for a write-only role', found: reads });
  }
  if (reads !== '' && dualControl === 'grants' && !isCanaryMover(user, path)) {
    faults.push({
      path: `${path}.may`,
      expected: 'no standing decrypt or re-encrypt under dualControl: grants',
      found: reads,
    });
  }
  return faults;
}

/**
 * A drill's role may move canaries from a key to itself under their own literal context: the policy's Deny holds it to this key,
 * and under that context there are canaries and copies of imported material alone, which it cannot open.
 */
function isCanaryMover({ may, encryptionContext, viaService }: KeyUser, path: string): boolean {
  const [, name] = /^keys\.([^.]+)\.users/.exec(path) ?? [];
  const own = Object.keys(encryptionContext).length === 1 && encryptionContext[CANARY_CONTEXT] === name;
  return own && viaService === null && !may.includes('decrypt');
}
