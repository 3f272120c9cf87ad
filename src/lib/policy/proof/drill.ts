import { CANARY_CONTEXT } from '../../base/canary.js';
import type { JsonObject } from '../../base/canonical-json.js';
import type { PolicyDocument } from '../document.js';
import { parsePolicy } from '../document.js';
import { KEY_OPERATIONS, LATER_OPERATION } from '../operations.js';
import { SCRATCH_IMPORT, SCRATCH_TAG, scratchImportStatement, scratchStatement } from '../scratch.js';
import { formatKeyPolicy } from '../statements.js';
import type { World } from './court.js';
import type { Docket } from './docket.js';
import { proveEntry, ROLE_CHANGES } from './entry.js';
import type { Person } from './people.js';
import { mustBeAble, mustNotBe, openChangeCase, openTrustCase, personOfRole, unprovenRole } from './role-case.js';
import { someKey } from './some-key.js';
import type { Interlock, ProofSubject } from './subject.js';

/** What the roles of the drills may do beside the keys' own policies. Returns how many requests were evaluated. */
export function proveDrills(subject: ProofSubject, interlock: Interlock, docket: Docket): number {
  return interlock.drills.reduce((asked, roleArn) => asked + proveDrill(subject, interlock, docket, roleArn), 0);
}

const CLAIM = 'drill-confined';
const ANY: World = { fixed: {}, absent: [] };
const CANARY: readonly string[] = ['Decrypt', 'Encrypt', 'ReEncryptFrom', 'ReEncryptTo'];
const LOOKING = /^(?:Describe|Get|List)(?!ParametersForImport)/;
/** No key of nobody's plan is used or changed by it, whatever tags it has, but canaries and tags of scratch keys. */
const NEVER = [...KEY_OPERATIONS, LATER_OPERATION].filter(
  (name) => !LOOKING.test(name) && !CANARY.includes(name) && name !== 'TagResource',
);
const TAGGED = `aws:RequestTag/${SCRATCH_TAG}`;
const TAGS = 'aws:TagKeys';
const REPOSITORY = 'custody:repository';

function proveDrill(subject: ProofSubject, interlock: Interlock, docket: Docket, roleArn: string): number {
  const person = personOfRole(subject, roleArn);
  const trust = openTrustCase(subject, interlock, docket, roleArn);
  if (person === null || trust === null) {
    unprovenRole(docket, CLAIM, `the policies of ${roleArn} were not read`);
    return 0;
  }
  let asked = proveKeys(subject, interlock, docket, person) + proveScratch(subject, interlock, docket, person);
  for (const arn of [...interlock.executors.map((one) => one.roleArn), roleArn]) {
    const it = openChangeCase(subject, interlock, docket, arn);
    for (const action of ROLE_CHANGES) mustNotBe(it, CLAIM, person, action, ANY, ` on ${it.words}`);
    asked += it.court.asked();
  }
  for (const one of trust.people) proveEntry(trust, CLAIM, one);
  return asked + trust.court.asked();
}

/** A key whose policy leaves it to the account: there the role's own policy decides alone. */
function proveKeys(subject: ProofSubject, interlock: Interlock, docket: Docket, person: Person): number {
  const it = openChangeCase(subject, interlock, docket, someKey(subject));
  const stray = { fixed: {}, absent: [`kms:EncryptionContext:${CANARY_CONTEXT}`] };
  for (const name of CANARY) {
    mustNotBe(it, CLAIM, person, `kms:${name}`, stray, ` without ${CANARY_CONTEXT} in the encryption context`);
  }
  for (const name of NEVER)
    mustNotBe(it, CLAIM, person, `kms:${name}`, ANY, ' on any key that leaves it to the account');
  return it.court.asked();
}

/** Makes keys that are told as its own, and is rid of them: what is left over costs money, and nobody knows whose it is. */
function proveScratch(subject: ProofSubject, interlock: Interlock, docket: Docket, person: Person): number {
  const make = openChangeCase(subject, interlock, docket, '*');
  const policy = keyPolicyOf(scratchStatement(person.principal.principalArn));
  const own = openChangeCase(subject, interlock, docket, someKey(subject), policy);
  for (const action of ['kms:CreateKey', 'kms:TagResource']) {
    mustNotBe(make, CLAIM, person, action, { fixed: {}, absent: [TAGGED] }, ` without the tag ${SCRATCH_TAG}`);
    for (const keys of [[REPOSITORY], [SCRATCH_TAG, REPOSITORY]]) {
      mustNotBe(make, CLAIM, person, action, { fixed: { [TAGS]: keys }, absent: [] }, ` with ${keys.join(' and ')}`);
    }
    const tagged = { fixed: { [TAGGED]: 'run', [TAGS]: [SCRATCH_TAG] }, absent: [] };
    mustBeAble(make, CLAIM, person, action, tagged, `${person.words} cannot %s with ${SCRATCH_TAG}`);
  }
  const there = { fixed: { [`aws:ResourceTag/${SCRATCH_TAG}`]: 'run' }, absent: [`aws:ResourceTag/${REPOSITORY}`] };
  const action = 'kms:ScheduleKeyDeletion';
  mustBeAble(own, CLAIM, person, action, there, `${person.words} cannot %s of a key that it made to try a policy on`);
  return make.court.asked() + own.court.asked() + proveImport(subject, interlock, docket, person);
}

/** Its own policy alone lets it try an import: the role's would reach other keys. */
function proveImport(subject: ProofSubject, interlock: Interlock, docket: Docket, person: Person): number {
  const own = openChangeCase(
    subject,
    interlock,
    docket,
    someKey(subject),
    keyPolicyOf(scratchImportStatement(person.principal.principalArn)),
  );
  const there = { fixed: { [`aws:ResourceTag/${SCRATCH_TAG}`]: 'run' }, absent: [`aws:ResourceTag/${REPOSITORY}`] };
  for (const name of [...SCRATCH_IMPORT, 'ScheduleKeyDeletion'])
    mustBeAble(
      own,
      CLAIM,
      person,
      `kms:${name}`,
      there,
      `${person.words} cannot %s on a key that it made to try an import on`,
    );
  return own.court.asked();
}

function keyPolicyOf(statement: JsonObject): PolicyDocument {
  return parsePolicy(formatKeyPolicy([statement]), 'the policy of a scratch key');
}
