import { CustodyError } from '../base/errors.js';
import type { Fault } from '../base/fields.js';
import { parsePublicKeyBase64 } from '../base/signature.js';
import { type PlanParts, repeatedFaults, roleFaults } from './faults.js';
import { partitionOf } from './grammar.js';
import type { ClassRule } from './plan.js';
import type { RosterDraft } from './roster-draft.js';

/**
 * Broken rules of a roster's draft and of the plan beside it. The roster itself is judged again when it is made; here each
 * fault has its line in the file.
 */
export function rosterDraftFaults(roster: RosterDraft, plan: PlanParts): readonly Fault[] {
  return [
    ...thresholdFaults(roster),
    ...seatFaults(roster, plan),
    ...keyFaults(roster, plan),
    ...classFaults(roster, plan),
    ...userFaults(roster, plan),
  ];
}

function thresholdFaults({ threshold, custodians }: RosterDraft): Fault[] {
  const most = custodians.length - 1;
  if (threshold >= 2 && threshold <= most) return [];
  const expected = most < 2 ? 'at least 3 custodians' : `2 to ${most}, one less than the custodians`;
  return [{ path: 'roster.threshold', expected, found: `${threshold} of ${custodians.length}` }];
}

interface Seat {
  readonly path: string;
  readonly id: string;
  readonly roleArn: string;
  readonly keys: RosterDraft['custodians'][number]['keys'];
}

function seatsOf({ custodians, automation }: RosterDraft): readonly Seat[] {
  return [
    ...custodians.map((seat, at) => ({ ...seat, path: `roster.custodians[${at}]` })),
    ...automation.map((seat, at) => ({ ...seat, path: `roster.automation[${at}]` })),
  ];
}

function seatFaults(roster: RosterDraft, plan: PlanParts): Fault[] {
  const seats = seatsOf(roster);
  const pathOf = (field: string) => (at: number) => `${seats[at]?.path}.${field}`;
  const people = new Set(roster.custodians.map(({ id }) => id));
  // Two seats behind one role are one laptop that plays both (T52); the executor's comes last.
  const roles = [...seats.map(({ roleArn }) => roleArn), roster.executorRoleArn];
  const rolePath = (at: number) => (at < seats.length ? pathOf('roleArn')(at) : 'roster.executorRoleArn');
  return [
    ...repeatedFaults(
      seats.map(({ id }) => id),
      pathOf('id'),
      'each id once',
    ),
    ...repeatedFaults(roles, rolePath, 'a role of its own'),
    ...repeatedFaults(
      roster.custodians.map(({ name }) => name),
      pathOf('name'),
      'one seat a person',
    ),
    ...roster.automation
      .map(({ owner }, at) => ({
        path: `roster.automation[${at}].owner`,
        expected: 'the id of a custodian',
        found: owner,
      }))
      .filter(({ found }) => !people.has(found)),
    ...roles.flatMap((arn, at) => roleFaults(rolePath(at), arn, plan)),
  ];
}

/** Public keys: readable, of an algorithm in use, each in one place (T17, T18). */
function keyFaults(roster: RosterDraft, { partition }: PlanParts): Fault[] {
  const keys = seatsOf(roster).flatMap((seat) =>
    seat.keys.map((key, at) => ({ key, path: `${seat.path}.keys[${at}]` })),
  );
  const faults = repeatedFaults(
    keys.map(({ key }) => key.publicKey),
    (at) => `${keys[at]?.path}.publicKey`,
    'each key once',
  );
  for (const { key, path } of keys) {
    const problem = publicKeyProblem(key.publicKey);
    if (problem !== null) {
      faults.push({ path: `${path}.publicKey`, expected: 'an ECDSA P-256 or Ed25519 key', found: problem });
    }
    if (key.home.type === 'kms' && partition !== undefined && partitionOf(key.home.arn) !== partition) {
      faults.push({ path: `${path}.home`, expected: `a key in the partition ${partition}`, found: key.home.arn });
    }
  }
  return faults;
}

function publicKeyProblem(publicKey: string): string | null {
  try {
    parsePublicKeyBase64(publicKey);
    return null;
  } catch (cause) {
    if (cause instanceof CustodyError) return cause.message;
    throw cause;
  }
}

/** A class rule that no set of custodians can meet, or that asks for less than the roster, is a mistake. */
function classFaults({ threshold, custodians }: RosterDraft, { quorum }: PlanParts): Fault[] {
  const most = custodians.length - 1;
  const duties = new Set(custodians.map(({ duty }) => duty)).size;
  return Object.entries<ClassRule>(quorum?.classes ?? {}).flatMap(([name, rule]) => {
    const path = `quorum.classes.${name}`;
    const faults: Fault[] = [];
    if (rule.threshold !== undefined && (rule.threshold < threshold || rule.threshold > most)) {
      const expected = `${threshold} (the roster's) to ${most} (all but one custodian)`;
      faults.push({ path: `${path}.threshold`, expected, found: String(rule.threshold) });
    }
    if ((rule.distinctRoles ?? 1) > duties) {
      const expected = `at most ${duties}: the custodians hold no more duties`;
      faults.push({ path: `${path}.distinctRoles`, expected, found: String(rule.distinctRoles) });
    }
    return faults;
  });
}

/** Those who hold keys do not use them: a seat that may also decrypt needs nobody's approval to read. */
/** Who looks after keys uses none. A plan in force is not judged by it: it would never open again. */
function userFaults(roster: RosterDraft, { keys = {}, interlock }: PlanParts): Fault[] {
  const beside = interlock ? [interlock.coldExecutorRoleArn, interlock.auditorRoleArn] : [];
  const held = new Set([...seatsOf(roster).map(({ roleArn }) => roleArn), roster.executorRoleArn, ...beside]);
  return Object.entries(keys).flatMap(([name, { users = [] }]) =>
    users
      .map(({ roleArn }, at) => ({
        path: `keys.${name}.users[${at}].roleArn`,
        expected: 'a role that is neither in the roster nor of the interlock',
        found: roleArn,
      }))
      .filter(({ found }) => held.has(found)),
  );
}
