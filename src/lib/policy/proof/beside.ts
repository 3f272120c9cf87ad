import { SIGNER_TAG } from '../role-policies.js';
import type { World } from './court.js';
import type { Docket } from './docket.js';
import { proveDrills } from './drill.js';
import { proveEntry, ROLE_CHANGES } from './entry.js';
import type { Person } from './people.js';
import { mustNotBe, openChangeCase, openTrustCase, personOfRole, type RoleCase, unprovenRole } from './role-case.js';
import { someKey } from './some-key.js';
import type { Interlock, ProofSubject } from './subject.js';

/** What the roles of the interlock may do beside it. Returns how many requests were evaluated. */
export function proveBeside(subject: ProofSubject, interlock: Interlock, docket: Docket): number {
  return (
    proveOwnKeys(subject, interlock, docket) +
    proveAuditor(subject, interlock, docket) +
    proveDrills(subject, interlock, docket)
  );
}

const ANY: World = { fixed: {}, absent: [] };
const OTHER_USAGES = ['ENCRYPT_DECRYPT', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT'];
const REPOSITORY = 'custody:repository';
const TAGGED = `aws:RequestTag/${REPOSITORY}`;
const KEYS = 'aws:TagKeys';

/** A key of nobody's plan under this repository's tag could pass for one of the plan (T61). */
function proveOwnKeys(subject: ProofSubject, interlock: Interlock, docket: Docket): number {
  const { repository, seats, executors } = interlock;
  if (repository === null) return 0;
  const claim = 'own-keys-only';
  if (subject.principals === null) {
    unprovenRole(docket, claim, 'roles and users of the account were not read');
    return 0;
  }
  const make = openChangeCase(subject, interlock, docket, '*');
  const tag = openChangeCase(subject, interlock, docket, someKey(subject));
  for (const { roleArn } of [...seats, ...executors]) {
    const person = personOfRole(subject, roleArn);
    const seated = seats.some((seat) => seat.roleArn === roleArn);
    if (person === null) unprovenRole(docket, claim, `the policies of ${roleArn} were not read`);
    else if (seated) proveSigners(make, tag, person);
    else proveTagged(make, tag, person);
  }
  return make.court.asked() + tag.court.asked();
}

/** A custodian makes a key to sign with, and marks it as one. */
function proveSigners(make: RoleCase, tag: RoleCase, person: Person): void {
  const claim = 'own-keys-only';
  for (const usage of OTHER_USAGES) {
    const world = { fixed: { 'kms:KeyUsage': usage }, absent: [] };
    mustNotBe(make, claim, person, 'kms:CreateKey', world, ` for ${usage}`);
  }
  for (const tagKeys of [[REPOSITORY], [SIGNER_TAG, REPOSITORY]]) {
    const world = { fixed: { [KEYS]: tagKeys }, absent: [] };
    mustNotBe(tag, claim, person, 'kms:TagResource', world, ` with ${tagKeys.join(' and ')}`);
  }
  mustNotBe(tag, claim, person, 'kms:TagResource', { fixed: {}, absent: [KEYS] }, ' without naming tag keys');
}

/** An executor makes keys of this repository: one without its tag is nobody's. */
function proveTagged(make: RoleCase, tag: RoleCase, person: Person): void {
  const worlds: readonly (readonly [string, World])[] = [
    [` without the tag ${REPOSITORY}`, { fixed: {}, absent: [TAGGED] }],
    [' with the tag of another repository', { fixed: { [TAGGED]: 'another' }, absent: [] }],
  ];
  for (const [although, world] of worlds) {
    mustNotBe(make, 'own-keys-only', person, 'kms:CreateKey', world, although);
    mustNotBe(tag, 'own-keys-only', person, 'kms:TagResource', world, although);
  }
}

/** Whoever comes in as the auditor sees everything of the account: one subject, and no way to change what it sees. */
function proveAuditor(subject: ProofSubject, interlock: Interlock, docket: Docket): number {
  const { auditor, executors } = interlock;
  if (auditor === null) return 0;
  const claim = 'auditor-reads';
  const person = personOfRole(subject, auditor);
  const trust = openTrustCase(subject, interlock, docket, auditor);
  if (person === null || trust === null) {
    unprovenRole(docket, claim, `the policies of ${auditor} were not read`);
    return 0;
  }
  let asked = 0;
  for (const arn of [...executors.map(({ roleArn }) => roleArn), auditor]) {
    const it = openChangeCase(subject, interlock, docket, arn);
    for (const action of ROLE_CHANGES) mustNotBe(it, claim, person, action, ANY, ` on ${it.words}`);
    asked += it.court.asked();
  }
  for (const one of trust.people) proveEntry(trust, claim, one);
  return asked + trust.court.asked();
}
