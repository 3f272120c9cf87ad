import { CustodyError } from '../base/errors.js';
import { type PublicKey, parsePublicKeyBase64 } from '../base/signature.js';
import type { Automation, Custodian, Identity, Roster, RosterKey } from './roster.js';

/**
 * Gives the roster back if it keeps every rule; nothing is ever clamped or repaired.
 *
 * 2 ≤ threshold ≤ custodians − 1 (T19), one seat a person and one IAM role a seat (T18, T52), each key in one place (T17),
 * key ids that match their keys, version 1 without a predecessor and every other with one.
 * @throws CustodyError ROSTER_INVALID that lists every broken rule
 */
export function assertRoster(roster: Roster): Roster {
  const broken = [...thresholdFaults(roster), ...chainFaults(roster), ...seatFaults(roster), ...keyFaults(roster)];
  if (broken.length === 0) return roster;
  throw new CustodyError('ROSTER_INVALID', `roster ${roster.version}: ${broken.join('; ')}`, {
    details: { faults: broken },
  });
}

function thresholdFaults({ threshold, custodians }: Roster): string[] {
  const most = custodians.length - 1;
  return threshold >= 2 && threshold <= most
    ? []
    : [`threshold ${threshold} of ${custodians.length} custodians: expected 2 to ${most}`];
}

function chainFaults({ version, previous }: Roster): string[] {
  if (version === 1) return previous === null ? [] : ['version 1 has no predecessor'];
  return previous === null ? [`version ${version} must name its predecessor`] : [];
}

function seatFaults({ custodians, automation, executorRoleArn }: Roster): string[] {
  const all = [...custodians, ...automation];
  const people = new Set(custodians.map(({ id }) => id));
  return [
    ...repeated(all.map(({ id }) => id)).map((id) => `${id} is listed twice`),
    // Two seats behind one role are one laptop that plays both.
    ...repeated([executorRoleArn, ...all.map(({ roleArn }) => roleArn)], roleOf).map(
      (arn) => `${arn} is used for two seats`,
    ),
    ...repeated(
      custodians.map(({ name }) => name),
      personOf,
    ).map((name) => `${name} sits in two seats`),
    ...automation
      .filter(({ owner }) => !people.has(owner))
      .map(({ id, owner }) => `${id}: owner ${owner} is no custodian`),
  ];
}

function keyFaults({ custodians, automation }: Roster): string[] {
  const holders: readonly (Custodian | Automation)[] = [...custodians, ...automation];
  const found: string[] = [];
  const keyIds: string[] = [];
  for (const { id, keys } of holders) {
    for (const key of keys) {
      const problem = keyFault(key);
      if (problem) found.push(`${id}: ${problem}`);
      keyIds.push(key.keyId);
    }
  }
  return [...found, ...repeated(keyIds).map((keyId) => `key ${keyId} is listed twice`)];
}

function keyFault(key: RosterKey): string | null {
  try {
    const parsed = parsePublicKeyBase64(key.publicKey);
    if (parsed.keyId !== key.keyId) return `key id ${key.keyId} is not the digest of its key ${parsed.keyId}`;
    return parsed.algorithm === key.algorithm ? null : `key ${key.keyId} is ${parsed.algorithm}, not ${key.algorithm}`;
  } catch (cause) {
    if (cause instanceof CustodyError) return cause.message;
    throw cause;
  }
}

/** IAM tells roles of one account apart by name alone, without regard to path or case. */
function roleOf(arn: string): string {
  const account = arn.split(':')[4] ?? '';
  return `${account}/${arn.slice(arn.lastIndexOf('/') + 1).toLowerCase()}`;
}

function personOf(name: string): string {
  return name.normalize('NFKC').toLowerCase().trim().replace(/\s+/gu, ' ');
}

/** The values that come again, each once; two are the same when `same` gives one text for both. */
function repeated(values: readonly string[], same: (value: string) => string = (value) => value): string[] {
  const seen = new Set<string>();
  const twice = new Map<string, string>();
  for (const value of values) {
    if (seen.has(same(value))) twice.set(same(value), value);
    seen.add(same(value));
  }
  return [...twice.values()];
}

const directories = new WeakMap<Roster, ReadonlyMap<string, Identity>>();

/** Who a verified key stands for, by key id; computed once a roster. */
export function identitiesOf(roster: Roster): ReadonlyMap<string, Identity> {
  const known = directories.get(roster);
  if (known) return known;
  const directory = new Map<string, Identity>();
  for (const { id, duty, keys } of roster.custodians) {
    for (const key of keys.map(publicKeyOf)) directory.set(key.keyId, { id, kind: 'custodian', person: id, duty, key });
  }
  for (const { id, owner, keys } of roster.automation) {
    for (const key of keys.map(publicKeyOf))
      directory.set(key.keyId, { id, kind: 'automation', person: owner, duty: null, key });
  }
  directories.set(roster, directory);
  return directory;
}

function publicKeyOf(key: RosterKey): PublicKey {
  return parsePublicKeyBase64(key.publicKey);
}
