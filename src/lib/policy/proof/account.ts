import { CYCLE_KEY } from '../../base/cycle.js';
import type { ClaimId } from '../claims.js';
import { proveAutomationTrust } from './automation.js';
import type { World } from './court.js';
import type { Docket } from './docket.js';
import { type Person, peopleOf } from './people.js';
import { mustBe, mustNotBe, openChangeCase, personOfRole, type RoleCase, unprovenRole } from './role-case.js';
import { slotName } from './slots.js';
import type { Interlock, ProofSeat, ProofSubject } from './subject.js';
import { proveExecutorTrust, proveSeatTrust } from './trust.js';

/** What changes a role, one that AWS adds later among them. */
const ROLE_CHANGES: readonly string[] = [
  'iam:AttachRolePolicy',
  'iam:DeleteRole',
  'iam:DeleteRolePermissionsBoundary',
  'iam:DeleteRolePolicy',
  'iam:DetachRolePolicy',
  'iam:PutRolePermissionsBoundary',
  'iam:PutRolePolicy',
  'iam:UpdateAssumeRolePolicy',
  'iam:UpdateRole',
  'iam:AnyLaterOperation',
];
const PROVIDER_CHANGES: readonly string[] = [
  'iam:AddClientIDToOpenIDConnectProvider',
  'iam:CreateOpenIDConnectProvider',
  'iam:CreateSAMLProvider',
  'iam:DeleteOpenIDConnectProvider',
  'iam:DeleteSAMLProvider',
  'iam:UpdateOpenIDConnectProviderThumbprint',
  'iam:UpdateSAMLProvider',
];
const TAGGING = ['iam:TagRole', 'iam:UntagRole'] as const;
const KEYS = 'aws:TagKeys';
const NAME = 'aws:SourceIdentity';

/** The claims about the roles behind the interlock. Returns how many requests were evaluated. */
export function proveAccount(subject: ProofSubject, interlock: Interlock, docket: Docket): number {
  const { principals } = subject;
  if (principals === null) {
    const claims: ClaimId[] = [
      'own-slots-only',
      'executor-approves-nothing',
      'executor-trust',
      'one-subject-one-seat',
      ...(interlock.automation.length > 0 ? (['automation-pinned'] as const) : []),
      'roles-frozen',
    ];
    for (const claim of claims) unprovenRole(docket, claim, 'roles and users of the account were not read');
    return 0;
  }
  const guarded = guardedRoles(interlock).map((arn) => openChangeCase(subject, interlock, docket, arn));
  const providers = openChangeCase(subject, interlock, docket, '*');
  for (const seat of interlock.seats) proveSeat(subject, docket, guarded, seat);
  for (const { roleArn } of interlock.executors) proveExecutor(subject, docket, guarded, roleArn);
  proveFrozen(subject, interlock, guarded, providers);
  const trust =
    proveExecutorTrust(subject, interlock, docket) +
    proveSeatTrust(subject, interlock, docket) +
    proveAutomationTrust(subject, interlock, docket);
  return [...guarded, providers].reduce((sum, { court }) => sum + court.asked(), trust);
}

function guardedRoles({ seats, automation, executors, installers }: Interlock): readonly string[] {
  const all = [
    ...executors.map(({ roleArn }) => roleArn),
    ...[...seats, ...automation].map(({ roleArn }) => roleArn),
    ...installers,
  ];
  return [...new Set(all)];
}

function executorCases(guarded: readonly RoleCase[], { executors }: Interlock): readonly RoleCase[] {
  return guarded.slice(0, executors.length);
}

function keyNames({ keys }: ProofSubject): readonly string[] {
  return [...new Set(keys.map(({ name }) => name))];
}

function withTags(tagKeys: readonly string[], name: string | null): World {
  return {
    fixed: { [KEYS]: tagKeys, ...(name === null ? {} : { [NAME]: name }) },
    absent: name === null ? [NAME] : [],
  };
}

function proveSeat(subject: ProofSubject, docket: Docket, guarded: readonly RoleCase[], seat: ProofSeat): void {
  const claim = 'own-slots-only';
  const person = personOfRole(subject, seat.roleArn);
  if (person === null) {
    unprovenRole(docket, claim, `the policies of ${seat.roleArn} were not read`);
    return;
  }
  const [first] = guarded;
  const executors = first ? executorCases(guarded, first.interlock) : [];
  for (const it of executors) {
    for (const action of TAGGING) proveSlots(it, person, seat, action);
  }
  for (const it of guarded) {
    const actions = executors.includes(it) ? ROLE_CHANGES : [...ROLE_CHANGES, ...TAGGING];
    for (const action of actions) mustNotBe(it, claim, person, action, ANY, ` on ${it.words}`);
  }
}

const ANY: World = { fixed: {}, absent: [] };

/** Own tag keys and no others, whatever they are mixed with and however they are spelt (T57). */
function proveSlots(it: RoleCase, person: Person, seat: ProofSeat, action: string): void {
  const claim = 'own-slots-only';
  const on = ` on ${it.words}`;
  const [other] = it.interlock.seats.filter(({ id }) => id !== seat.id);
  for (const key of keyNames(it.subject)) {
    const own = slotName(seat.id, key);
    mustBe(it, claim, person, action, withTags([own], seat.id), `${person.words} cannot %s${on} with ${own}`);
    for (const { id } of it.interlock.seats) {
      const name = slotName(id, key);
      if (id !== seat.id) {
        for (const keys of [[name], [own, name], [name.toUpperCase()]]) {
          mustNotBe(it, claim, person, action, withTags(keys, seat.id), `${on} with ${keys.join(' and ')}`);
        }
      }
    }
    mustNotBe(it, claim, person, action, withTags([own], other?.id ?? 'other'), `${on} in another name`);
    mustNotBe(it, claim, person, action, withTags([own], null), `${on} without a name`);
    mustNotBe(it, claim, person, action, withTags([`${own}:x`], seat.id), `${on} with ${own}:x`);
  }
  for (const { id } of it.interlock.seats.filter((one) => one.id !== seat.id)) {
    const name = slotName(id, CYCLE_KEY);
    mustNotBe(it, claim, person, action, withTags([name], seat.id), `${on} with ${name}`);
  }
  const stray = { fixed: { [NAME]: seat.id }, absent: [KEYS] };
  mustNotBe(it, claim, person, action, stray, `${on} without naming tag keys`);
  mustNotBe(it, claim, person, action, withTags(['custody:repository'], seat.id), `${on} with custody:repository`);
}

/** An executor that could tag itself would be its own quorum. */
function proveExecutor(subject: ProofSubject, docket: Docket, guarded: readonly RoleCase[], arn: string): void {
  const claim = 'executor-approves-nothing';
  const person = personOfRole(subject, arn);
  if (person === null) {
    unprovenRole(docket, claim, `the policies of ${arn} were not read`);
    return;
  }
  for (const it of guarded) {
    const on = ` on ${it.words}`;
    for (const action of [...ROLE_CHANGES, 'iam:TagRole']) mustNotBe(it, claim, person, action, ANY, on);
    mustNotBe(it, claim, person, 'iam:UntagRole', { fixed: {}, absent: [KEYS] }, `${on} without naming tag keys`);
    mustNotBe(
      it,
      claim,
      person,
      'iam:UntagRole',
      { fixed: { [KEYS]: ['other'] }, absent: [] },
      `${on} with other tags`,
    );
  }
  const own = guarded.find(({ words }) => words === person.words);
  if (own === undefined) return;
  for (const { id } of own.interlock.seats) {
    for (const key of keyNames(subject)) {
      const world = { fixed: { [KEYS]: [slotName(id, key)] }, absent: [] };
      mustBe(
        own,
        claim,
        person,
        'iam:UntagRole',
        world,
        `${person.words} cannot %s its own approvals, so that they stay`,
      );
    }
  }
}

/** Everyone else of the account, its root user too; without the organization's policies nothing can be told. */
function proveFrozen(
  subject: ProofSubject,
  interlock: Interlock,
  guarded: readonly RoleCase[],
  providers: RoleCase,
): void {
  const claim = 'roles-frozen';
  const { docket } = providers;
  if (subject.serviceControlPolicies === null) {
    unprovenRole(
      docket,
      claim,
      'the organization’s policies are not known: an administrator of the account could tag the executor',
    );
    return;
  }
  const inside = new Set([
    ...interlock.executors.map(({ roleArn }) => roleArn),
    ...interlock.seats.map(({ roleArn }) => roleArn),
    ...interlock.installers,
  ]);
  const others = peopleOf([], subject.account, subject).filter(
    ({ principal }) => principal.account === subject.account && !inside.has(principal.principalArn),
  );
  for (const person of others) {
    for (const it of guarded) {
      for (const action of [...ROLE_CHANGES, ...TAGGING]) mustNotBe(it, claim, person, action, ANY, ` on ${it.words}`);
    }
    for (const action of PROVIDER_CHANGES) mustNotBe(providers, claim, person, action, ANY, '');
  }
  for (const arn of interlock.installers) {
    const person = personOfRole(subject, arn);
    if (person === null) unprovenRole(docket, claim, `the policies of ${arn} were not read`);
    else proveInstaller(guarded, providers, person);
  }
}

/** Someone must be able to repair the roles, or a lost seat stays lost. */
function proveInstaller(guarded: readonly RoleCase[], providers: RoleCase, person: Person): void {
  const claim = 'roles-frozen';
  for (const it of guarded)
    mustBe(it, claim, person, 'iam:UpdateAssumeRolePolicy', ANY, `${person.words} cannot %s of ${it.words}`);
  mustBe(providers, claim, person, 'iam:DeleteSAMLProvider', ANY, `${person.words} cannot %s`);
  for (const it of guarded) {
    for (const action of TAGGING) mustNotBe(it, claim, person, action, ANY, ` on ${it.words}`);
  }
}
