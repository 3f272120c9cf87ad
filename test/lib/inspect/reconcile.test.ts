import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { formatCanonical, type JsonObject } from '../../../src/lib/base/canonical-json.js';
import { addSeconds, type Instant } from '../../../src/lib/base/time.js';
import { addToTrail, coverageOf, emptyTrail, joined, subjectOf } from '../../../src/lib/inspect/reconcile/gather.js';
import { type ReconcileSubject, reconcile } from '../../../src/lib/inspect/reconcile/reconcile.js';
import { judge } from '../../../src/lib/quorum/judge.js';
import type { Predicate, RequestPredicate } from '../../../src/lib/record/statement.js';
import type { Case } from '../../../src/lib/request/case.js';
import { neededSlot, neededSlots } from '../../../src/lib/request/slots.js';
import { eventOf, type TrailEvent } from '../../../src/lib/trail/event.js';
import {
  ACCOUNT,
  approval,
  CASE_DATA_KEY,
  caseDataKey,
  createTeam,
  evidenceOf,
  intent,
  later,
  NOON,
  PRIMARY,
  REPLICA,
  REPOSITORY,
  receipt,
  request,
  rulesOf,
  type Who,
} from '../../support/people.js';

const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const EXECUTOR = role('custody-executor');
const interlock = { coldExecutorRoleArn: role('custody-cold'), auditorRoleArn: role('custody-auditor') };
const team = createTeam({ plan: (plan) => ({ ...plan, interlock }) });
const { arn: KEY } = caseDataKey(team);
const RID = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const EVENT_AT = later(150);
let events = 0;

interface Call {
  readonly name?: string;
  readonly parameters?: JsonObject;
  readonly at?: Instant;
  readonly by?: string;
  readonly roleArn?: string;
  readonly requestID?: string;
  readonly change?: JsonObject;
}

/** A record as "Logging AWS KMS API calls with AWS CloudTrail" shows them, by default a rotation by the deputy as executor. */
function event({
  name = 'RotateKeyOnDemand',
  parameters,
  at = EVENT_AT,
  by = 'deputy',
  ...more
}: Call = {}): TrailEvent {
  const { roleArn = EXECUTOR, requestID = RID, change = {} } = more;
  const found = eventOf({
    eventID: `event-${++events}`,
    eventTime: at.replace('.000Z', 'Z'),
    eventSource: 'kms.amazonaws.com',
    eventName: name,
    awsRegion: PRIMARY,
    userIdentity: {
      type: 'AssumedRole',
      arn: `${roleArn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/session`,
      sessionContext: { sessionIssuer: { arn: roleArn }, ...(by === '' ? {} : { sourceIdentity: by }) },
    },
    requestParameters: parameters ?? { keyId: KEY },
    responseElements: { keyId: KEY },
    requestID,
    readOnly: false,
    resources: [{ ARN: KEY, type: 'AWS::KMS::Key' }],
    recipientAccountId: ACCOUNT,
    ...change,
  });
  if (found === null) throw new Error('not a record');
  return found;
}

interface Story extends Partial<RequestPredicate> {
  readonly receipted?: Partial<Predicate<'receipt'>> | null;
  readonly intentAt?: Instant;
  readonly approvedAt?: Instant;
  readonly now?: Instant;
}

/** A request that privacy and the deputy approved and the deputy executed. */
async function executed({ receipted = {}, intentAt, approvedAt, now, ...said }: Story = {}): Promise<Case> {
  const asked = await request(team, 'architect', { executor: 'deputy', ...said });
  const at = approvedAt ?? later(60);
  const both = [await approval(team, asked, 'privacy', { at }), await approval(team, asked, 'deputy', { at })] as const;
  const begun = intentAt ?? later(120);
  const begin = await intent(team, asked, 'deputy', both as never, { at: begun });
  const done =
    receipted === null
      ? []
      : [await receipt(team, asked, begin, 'deputy', { at: addSeconds(begun, 60), ...receipted })];
  return caseOf(evidenceOf(asked, ...both, begin, ...done), now);
}

function caseOf(evidence: Case['evidence'], now: Instant = later(3 * 86_400)): Case {
  const rules = rulesOf(team);
  const verdict = judge(evidence, rules, now);
  const id = `r-${evidence.request.digest.slice(7, 17).replace(/[0189]/g, 'a')}`;
  return { id, request: evidence.request, evidence, rules, verdict, unreadable: [] };
}

const everywhere = [PRIMARY, REPLICA, 'us-east-1'].map((region) => ({
  region,
  from: later(-3600),
  until: later(90 * 86_400),
  gap: null,
}));

function subject(cases: readonly Case[], seen: readonly TrailEvent[], change: Partial<ReconcileSubject> = {}) {
  const plan = { ...team.plan, plan: { ...team.plan.plan, keys: onlyCaseData() } };
  const state = { plan, plans: [plan], roster: team.roster, rosters: [team.roster] };
  const books = { state, cases, refused: [], live: new Map([['case-data', CASE_DATA_KEY]]) };
  const evidence = { events: seen, unreadable: [], coverage: everywhere };
  return { ...subjectOf(books, evidence, later(-3600)), ...change };
}

function onlyCaseData() {
  const { 'case-data': found } = team.plan.plan.keys;
  if (found === undefined) throw new Error('the template has no case-data');
  return { 'case-data': { ...found, dualControl: 'grants' as const } };
}

function report(cases: readonly Case[], ...seen: readonly TrailEvent[]) {
  return reconcile(subject(cases, seen));
}

const ids = (found: ReturnType<typeof report>) => found.findings.map(({ id }) => id);

describe('a change', () => {
  it('is verified with an executed request whose receipt names it', async () => {
    const found = report([await executed()], event());
    expect(found.findings).toEqual([]);
    expect(found.checks.map(({ status }) => status)).not.toContain('skip');
    expect(found.verdict).toBe('verified');
  });

  it.each<[why: string, call: Call]>([
    ['by an administrator', { by: '', roleArn: role('Admin'), requestID: 'other' }],
    ['by the executor, long before', { at: later(-60), requestID: 'other' }],
    ['of another kind', { name: 'DisableKey', requestID: 'other' }],
    ['of a kind that AWS adds later', { name: 'ExportKeyMaterial', requestID: 'other' }],
    ['in another Region', { change: { awsRegion: REPLICA }, requestID: 'other' }],
    ['by the executor in the window of a receipt that names another call', { requestID: 'other' }],
  ])('without a request is found: %s', async (_, call) => {
    const quiet = await executed({ receipted: { awsRequestIds: ['elsewhere'] } });
    const { findings, verdict } = report([quiet], event(call));
    expect(findings.filter(({ severity }) => severity === 'critical').map(({ id }) => id)).toEqual([
      'unapproved-change',
    ]);
    expect(verdict).toBe('refused');
  });

  it.each<[why: string, change: JsonObject]>([
    [
      'of a key that is not of the plan',
      {
        resources: [{ ARN: KEY?.replace('1234abcd', '9999abcd') ?? '' }],
        requestParameters: {},
        responseElements: null,
      },
    ],
    ['that only reads', { eventName: 'Decrypt', readOnly: true }],
    ['that AWS made because time had come', { eventName: 'RotateKey', userIdentity: { invokedBy: 'AWS Internal' } }],
    ['in another account', { recipientAccountId: '999999999999' }],
  ])('is none: a call %s', async (_, change) => {
    expect(report([], event({ change })).counts.changes).toBe(0);
  });

  it('that AWS turned down is an attempt, with or without the name of a key', () => {
    const denied = { errorCode: 'AccessDenied', requestParameters: null, responseElements: null };
    const found = report([], event({ change: denied }), event({ change: { ...denied, resources: [] } }));
    expect(found.denied.map(({ what, errorCode }) => [what, errorCode])).toEqual([
      ['RotateKeyOnDemand case-data', 'AccessDenied'],
      ['RotateKeyOnDemand a key that CloudTrail does not name', 'AccessDenied'],
    ]);
    expect(found.findings).toEqual([]);
  });

  it('delivered twice is one; made twice is a finding', async () => {
    const once = event();
    expect(ids(report([await executed()], once, once))).toEqual([]);
    expect(ids(report([await executed()], once, event({ requestID: 'again', at: later(160) })))).toEqual([
      'played-twice',
    ]);
    // A session of the executor lives for 15 minutes; afterwards it is a call of its own.
    expect(ids(report([await executed()], once, event({ requestID: 'again', at: later(7200) })))).toEqual([
      'unapproved-change',
    ]);
  });

  it('whose answer was lost is known by call, key, Region, time and executor', async () => {
    const lost = await executed({ receipted: { awsRequestIds: [] } });
    const under = await executed({ receipted: null, now: later(400) });
    for (const found of [lost, under]) {
      expect(ids(report([found], event({ requestID: 'unknown' })))).toEqual([]);
      expect(ids(report([found], event({ requestID: 'unknown', by: 'privacy' })))).toContain('unapproved-change');
      expect(ids(report([found], event({ requestID: 'unknown', at: later(-400) })))).toContain('unapproved-change');
      const twice = report([found], event({ requestID: 'unknown' }), event({ requestID: 'more', at: later(155) }));
      expect(ids(twice)).toEqual(['played-twice']);
    }
  });

  it('by another than the executor that was named is found, although the receipt names it', async () => {
    expect(ids(report([await executed()], event({ by: 'privacy' })))).toEqual(['other-identity']);
    expect(ids(report([await executed()], event({ by: '' })))).toEqual(['other-identity']);
    expect(ids(report([await executed()], event({ roleArn: role('Admin') })))).toEqual(['other-identity']);
  });

  it('that a receipt names for another request is found', async () => {
    expect(ids(report([await executed()], event({ name: 'DisableKey' })))).toEqual([
      'receipt-of-another-call',
      'receipt-without-event',
    ]);
    const elsewhere = event({ change: { awsRegion: REPLICA } });
    expect(ids(report([await executed()], elsewhere))).toContain('receipt-of-another-call');
    const greedy = await executed({ receipted: { awsRequestIds: [RID, 'second'] } });
    expect(ids(report([greedy], event(), event({ requestID: 'second' })))).toEqual(['played-twice']);
  });

  it('before the approvals is found by CloudTrail’s time', async () => {
    const late = await executed({ approvedAt: later(3600), intentAt: later(3700) });
    const { findings } = report([late], event());
    expect(findings).toMatchObject([{ id: 'too-early', because: expect.stringContaining('enough approvals') }]);
    const begun = await executed({ intentAt: later(3700) });
    expect(report([begun], event()).findings).toMatchObject([
      { id: 'too-early', because: expect.stringContaining('intent') },
    ]);
  });

  it('before the cool-off has ended is found', async () => {
    const at = later(2 * 86_400);
    const deletion = await executed({
      action: 'key.delete',
      parameters: { windowDays: 30 },
      intentAt: at,
      receipted: { at: addSeconds(at, 60) },
    });
    const call = { name: 'ScheduleKeyDeletion', parameters: { keyId: KEY ?? '', pendingWindowInDays: 30 } };
    expect(ids(report([deletion], event({ ...call, at })))).toEqual([]);
    expect(report([deletion], event({ ...call, at: later(3600) })).findings).toMatchObject([
      { id: 'too-early', because: expect.stringContaining('cool-off') },
    ]);
  });
});

const POLICY = formatCanonical({ Version: '2012-10-17', Statement: [{ Effect: 'Deny', Sid: 'a' }] });
const grant = { grantee: role('app'), operations: ['Decrypt', 'Encrypt'], constraint: null, retiring: null };

describe('parameters', () => {
  const put = (policy: unknown, more: JsonObject = {}) =>
    event({
      name: 'PutKeyPolicy',
      parameters: { keyId: KEY ?? '', policyName: 'default', policy, ...more } as JsonObject,
    });
  const policied = () => executed({ action: 'key.policy', parameters: { policy: POLICY } });

  it('are the approved policy in any layout', async () => {
    for (const text of [POLICY, JSON.stringify(JSON.parse(POLICY), null, 2)]) {
      expect(ids(report([await policied()], put(text, { bypassPolicyLockoutSafetyCheck: false })))).toEqual([]);
    }
  });

  it.each<[why: string, id: string, policy: unknown, more?: JsonObject]>([
    ['another policy', 'other-policy', POLICY.replace('Deny', 'Allow')],
    ['the lock-out check bypassed', 'other-parameters', POLICY, { bypassPolicyLockoutSafetyCheck: true }],
    ['a text that is cut off', 'not-shown', POLICY.slice(0, 40)],
    ['no text', 'not-shown', null],
    ['a name twice, which readers understand differently', 'not-shown', POLICY.replace('"Sid"', '"Sid":"b","Sid"')],
  ])('are found: %s', async (_, id, policy, more) => {
    const { findings, verdict } = report([await policied()], put(policy, more));
    expect(findings.map((one) => one.id)).toEqual([id]);
    expect(verdict).toBe(id === 'not-shown' ? 'unproven' : 'refused');
  });

  it('of a grant are compared whole', async () => {
    const granted = await executed({ action: 'key.grant', parameters: grant });
    const { nonce } = granted.request.statement.predicate;
    const shown = { keyId: KEY ?? '', name: nonce, granteePrincipal: role('app'), operations: ['Encrypt', 'Decrypt'] };
    const call = (change: JsonObject) => event({ name: 'CreateGrant', parameters: { ...shown, ...change } });
    expect(ids(report([granted], call({})))).toEqual([]);
    const changes: readonly JsonObject[] = [
      { granteePrincipal: role('Admin') },
      { operations: ['Encrypt', 'Decrypt', 'CreateGrant'] },
      { retiringPrincipal: role('Admin') },
    ];
    for (const change of changes) {
      expect(ids(report([granted], call(change)))).toEqual(['other-parameters']);
    }
  });

  it('of a replica are compared whole; what KMS does in its Region is the same call', async () => {
    const parameters = { to: REPLICA, description: 'a copy', policy: POLICY, tags: [] };
    const replicated = await executed({
      action: 'key.replicate',
      parameters,
      receipted: { awsRequestIds: [RID, 'alias'] },
    });
    const [first] = replicated.request.statement.predicate.calls;
    const tags = ((first?.parameters.Tags ?? []) as readonly JsonObject[]).map(({ TagKey, TagValue }) => ({
      tagKey: TagKey ?? '',
      tagValue: TagValue ?? '',
    }));
    const shown = { keyId: KEY ?? '', replicaRegion: REPLICA, description: 'a copy', policy: POLICY, tags };
    const there = { ARN: KEY?.replace(PRIMARY, REPLICA) ?? '' };
    const alias = event({
      name: 'CreateAlias',
      requestID: 'alias',
      parameters: { aliasName: caseDataKey(team).alias, targetKeyId: CASE_DATA_KEY },
      change: { awsRegion: REPLICA, resources: [there] },
    });
    const echo = event({
      name: 'CreateKey',
      change: { awsRegion: REPLICA, resources: [there] },
    });
    const byKms = { ...echo, invokedBy: 'kms.amazonaws.com' };
    const call = (change: JsonObject) => event({ name: 'ReplicateKey', parameters: { ...shown, ...change } });
    expect(ids(report([replicated], call({}), byKms, alias))).toEqual([]);
    expect(ids(report([replicated], call({ policy: POLICY.replace('Deny', 'Allow') }), byKms, alias))).toEqual([
      'other-policy',
    ]);
    expect(ids(report([replicated], call({ replicaRegion: 'us-west-2' }), alias))).toEqual(['other-parameters']);
    const elsewhere = call({ replicaRegion: 'us-west-2' });
    expect(ids(report([replicated], elsewhere, byKms, alias))).toEqual(['other-parameters', 'receipt-of-another-call']);
    // Without its first call it is somebody's key with our material.
    expect(ids(report([replicated], byKms, alias))).toContain('receipt-of-another-call');
  });
});

describe('a new key', () => {
  it('that says it is this repository’s needs a request, and so does all that follows', () => {
    const fresh = KEY?.replace('1234abcd', '9999abcd') ?? '';
    const about = { resources: [{ ARN: fresh }], responseElements: { keyMetadata: { arn: fresh } } };
    const made = event({
      name: 'CreateKey',
      parameters: { tags: [{ tagKey: 'custody:repository', tagValue: REPOSITORY }] },
      change: about,
    });
    const after = event({
      name: 'DisableKey',
      parameters: { keyId: fresh },
      change: { ...about, responseElements: null },
    });
    expect(ids(report([], made, after))).toEqual(['unapproved-change', 'unapproved-change']);
    const foreign = event({ name: 'CreateKey', parameters: { tags: [] }, change: about });
    expect(report([], foreign).counts.changes).toBe(0);
    // A key that is only about to become the plan's: an administrator tags it before it is imported.
    const tagged = { name: 'TagResource', parameters: { keyId: fresh, ...made.parameters } };
    expect(report([], event({ ...tagged, change: { ...about, responseElements: null } })).counts.changes).toBe(0);
  });
});

describe('grants for unwrapping', () => {
  const shown = {
    keyId: KEY ?? '',
    granteePrincipal: role('privacy'),
    retiringPrincipal: role('architect'),
    operations: ['Decrypt'],
    constraints: { encryptionContextEquals: { 'custody:purpose': 'unwrap' } },
  };
  const call = (change: JsonObject = {}, by = 'architect') =>
    event({
      name: 'CreateGrant',
      parameters: { ...shown, ...change },
      by,
      roleArn: role('architect'),
      change: { responseElements: { grantId: 'abc', keyId: KEY ?? '' } },
    });

  it('are what the plan gives to a single seat, and end as they began', () => {
    const ended = event({
      name: 'RetireGrant',
      parameters: { keyId: KEY ?? '', grantId: 'abc' },
      roleArn: role('architect'),
    });
    expect(ids(report([], call(), ended))).toEqual([]);
    expect(ids(report([], ended))).toEqual(['unapproved-change']);
    const plain = reconcile(subject([], [call()], { plan: team.plan.plan }));
    expect(ids(plain)).toEqual(['unapproved-change']);
  });

  it.each<[why: string, change: JsonObject, by?: string]>([
    ['to oneself', { granteePrincipal: role('architect') }],
    ['to a role that is no seat', { granteePrincipal: role('Admin') }],
    ['for more', { operations: ['Decrypt', 'CreateGrant'] }],
    ['for nothing that is named', { operations: [] }],
    ['under any context', { constraints: {} }],
    ['that somebody else may retire', { retiringPrincipal: role('Admin') }],
    ['in another name', {}, 'privacy'],
  ])('are found: %s', (_, change, by) => {
    expect(ids(report([], call(change, by)))).toEqual(['unapproved-change']);
  });
});

describe('a receipt', () => {
  it('without its event is unproven, within what is covered', async () => {
    const found = report([await executed()]);
    expect(ids(found)).toEqual(['receipt-without-event']);
    expect(found.verdict).toBe('unproven');
  });

  it('of just now, or from before what was asked for, is not asked about', async () => {
    const cases = [await executed()];
    const fresh = everywhere.map((one) => ({ ...one, until: later(60) }));
    expect(ids(reconcile(subject(cases, [], { coverage: fresh })))).toEqual([]);
    expect(ids(reconcile(subject(cases, [], { since: later(86_400) })))).toEqual([]);
  });

  it('is unproven as a whole where CloudTrail’s memory ends (T66)', async () => {
    const aged = everywhere.map((one) => ({ ...one, from: later(86_400), gap: 'kept for 90 days' }));
    const found = reconcile(subject([await executed()], [], { coverage: aged }));
    expect(found.findings).toEqual([]);
    expect(found.verdict).toBe('unproven');
  });
});

describe('a nonce', () => {
  it('of two requests is found', async () => {
    const nonce = 'f'.repeat(32);
    const [first, second] = [await executed({ nonce }), await executed({ nonce, reason: 'again' })];
    const found = report([first, second], event(), event({ requestID: 'x' }));
    expect(ids(found)).toContain('nonce-twice');
    expect(found.checks.find(({ id }) => id === 'nonces')?.status).toBe('fail');
  });
});

describe('approval slots', () => {
  const NAME = 'custody:privacy:case-data';
  const tag = (value: string, call: Call & { readonly key?: string; readonly executor?: string } = {}) => {
    const { key = NAME, executor = 'custody-executor', by = 'privacy', roleArn = role('privacy'), ...more } = call;
    return event({
      name: 'TagRole',
      by,
      roleArn,
      parameters: { roleName: executor, tags: [{ key, value }] },
      at: later(90),
      ...more,
      change: { eventSource: 'iam.amazonaws.com', awsRegion: 'us-east-1', resources: [], ...more.change },
    });
  };
  const slotOf = ({ request: { statement, digest } }: Case) =>
    neededSlot({ interlock }, statement.predicate, digest)?.value ?? '';

  it('that seats set for what they signed are in order', async () => {
    const found = await executed();
    const all = report([found], event(), tag(slotOf(found)));
    expect(all).toMatchObject({ findings: [], verdict: 'verified', counts: { slots: 1 } });
  });

  it.each<[why: string, expected: readonly string[], tag: (found: Case) => TrailEvent]>([
    ['set by an administrator', ['slot-by-another'], (one) => tag(slotOf(one), { by: '', roleArn: role('Admin') })],
    ['set by the executor', ['slot-by-another'], (one) => tag(slotOf(one), { by: 'deputy', roleArn: EXECUTOR })],
    [
      'of a seat that does not exist',
      ['slot-by-another', 'slot-without-approval'],
      (one) => tag(slotOf(one), { key: 'custody:mallory:case-data' }),
    ],
    ['with the name in capitals', ['slot-by-another'], (one) => tag(slotOf(one), { key: 'Custody:privacy:case-data' })],
    ['on the cold executor', ['slot-without-approval'], () => tag('x', { executor: 'custody-cold' })],
    ['for another class', ['slot-without-approval'], (one) => tag(slotOf(one).replace('rotate/', 'policy/'))],
    ['for another executor', ['slot-without-approval'], (one) => tag(slotOf(one).replace(/deputy$/, 'privacy'))],
    ['for another key', ['slot-without-approval'], (one) => tag(slotOf(one), { key: 'custody:privacy:root' })],
    ['for no request', ['slot-without-approval'], (one) => tag(slotOf(one).replace(/[0-9a-f]{64}/, '0'.repeat(64)))],
    [
      'by a seat that has not signed',
      ['slot-without-approval'],
      (one) => tag(slotOf(one), { key: 'custody:architect:case-data', by: 'architect', roleArn: role('architect') }),
    ],
    ['long before it was signed', ['slot-without-approval'], (one) => tag(slotOf(one), { at: later(-600) })],
  ])('are found: %s', async (_, expected, make) => {
    const found = await executed();
    expect(ids(report([found], event(), make(found)))).toEqual(expected);
  });

  it('of other roles, other tags, and those that IAM turned down, are nobody’s approval', async () => {
    const others = [
      tag('x', { executor: 'another' }),
      tag('x', { key: 'team' }),
      tag('x', { change: { errorCode: 'AccessDenied' } }),
    ];
    expect(ids(report([await executed()], event(), ...others))).toEqual([]);
  });

  it('that are set before the cool-off has ended are found, by CloudTrail’s time', async () => {
    const at = later(2 * 86_400);
    const deletion = await executed({ action: 'key.delete', parameters: { windowDays: 30 }, intentAt: at });
    const slot = (when: Instant) => tag(slotOf(deletion), { at: when });
    const call = event({ name: 'ScheduleKeyDeletion', at, parameters: { keyId: KEY ?? '', pendingWindowInDays: 30 } });
    expect(ids(report([deletion], call, slot(addSeconds(at, -60))))).toEqual([]);
    expect(ids(report([deletion], call, slot(later(3600))))).toEqual(['slot-too-early']);
  });

  it('are not early for approvals that are dated before their request: those count for nothing, and nothing is let through', async () => {
    const deletion = await executed({
      action: 'key.delete',
      parameters: { windowDays: 30 },
      approvedAt: later(-2 * 86_400),
      intentAt: later(300),
    });
    expect([deletion.verdict.state, deletion.verdict.coolUntil]).toEqual(['failed', null]);
    const parameters = { keyId: KEY ?? '', pendingWindowInDays: 30 };
    const call = event({ name: 'ScheduleKeyDeletion', at: later(320), parameters });
    expect(ids(report([deletion], call))).toEqual(['unapproved-change']);
  });

  it('of each step of a request are its approval, and of no other step or Region', async () => {
    const material = { commitment: digestOf('material'), wrapping: 'RSAES_OAEP_SHA_256', expiresAt: null };
    const found = await executed({
      action: 'key.rotate-imported',
      parameters: { ...material, replicas: ['eu-west-1'] },
    });
    const { statement, digest } = found.request;
    const values = neededSlots({ interlock }, statement.predicate, digest).map(({ value }) => value);
    const slotIds = (value: string) => ids(report([found], tag(value))).filter((id) => id.startsWith('slot-'));
    expect(values.flatMap(slotIds)).toEqual([]);
    expect(values).toHaveLength(3);
    for (const wrong of [
      values[1]?.replace('eu-west-1', 'us-east-1'),
      values[2]?.replace('eu-central-1', 'eu-west-1'),
    ]) {
      expect(slotIds(wrong ?? '')).toEqual(['slot-without-approval']);
    }
  });

  it('are cleared by their seat and by the executor alone', async () => {
    const clear = (by: string, roleArn: string) =>
      event({
        name: 'UntagRole',
        by,
        roleArn,
        parameters: { roleName: 'custody-executor', tagKeys: [NAME] },
        change: { eventSource: 'iam.amazonaws.com', awsRegion: 'us-east-1', resources: [] },
      });
    const cases = [await executed()];
    const fine = [clear('privacy', role('privacy')), clear('deputy', EXECUTOR)];
    expect(ids(report(cases, event(), ...fine))).toEqual([]);
    for (const [by, who] of [
      ['deputy', 'deputy'],
      ['', 'Admin'],
    ] as const) {
      expect(ids(report(cases, event(), clear(by as Who, role(who))))).toEqual(['slot-taken-away']);
    }
  });
});

describe('evidence', () => {
  it('is not enough where a key is unknown, a record unreadable or a trail was stopped', async () => {
    const cases = [await executed()];
    const bare = subject(cases, [event()]);
    expect(reconcile(bare).verdict).toBe('verified');
    const stop = event({ name: 'StopLogging', change: { eventSource: 'cloudtrail.amazonaws.com', resources: [] } });
    for (const change of [
      { unknownKeys: ['root'] },
      { unreadable: ['a file: records 3 are not readable'] },
      { refused: [{ id: 'r-aaaaaaaaaa', because: 'broken' }] },
      { events: [...bare.events, stop] },
    ]) {
      expect(reconcile({ ...bare, ...change }).verdict).toBe('unproven');
    }
  });

  it.each(['StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors'])(
    'T66 is unproven after %s, never clean; not where AWS turned it down',
    async (name) => {
      const cases = [await executed()];
      const bare = subject(cases, [event()]);
      const stop = (change = {}) =>
        event({ name, change: { eventSource: 'cloudtrail.amazonaws.com', resources: [], ...change } });
      const stopped = reconcile({ ...bare, events: [...bare.events, stop()] });
      expect([stopped.verdict, stopped.findings]).toEqual(['unproven', []]);
      expect(
        stopped.checks.filter(({ status }) => status !== 'pass').map(({ id, detail }) => `${id}: ${detail}`),
      ).toEqual([expect.stringMatching(new RegExp(`^trail: ${name} by .*files may lack what happened afterwards$`))]);
      const tried = reconcile({ ...bare, events: [...bare.events, stop({ errorCode: 'AccessDenied' })] });
      expect(tried.verdict).toBe('verified');
      // It hides nothing that is seen all the same.
      const unapproved = event({ name: 'DisableKey', at: later(900), change: { requestID: 'another' } });
      const both = reconcile({ ...bare, events: [...bare.events, stop(), unapproved] });
      expect([both.verdict, ids(both)]).toEqual(['refused', ['unapproved-change']]);
    },
  );

  const trailOf = (...seen: readonly TrailEvent[]) => {
    const trail = emptyTrail();
    addToTrail(trail, seen);
    return trail;
  };
  const hourly = (hours: number, skip: (hour: number) => boolean = () => false) =>
    Array.from({ length: hours }, (_, hour) => hour)
      .filter((hour) => !skip(hour))
      .map((hour) => event({ name: 'Decrypt', at: addSeconds(NOON, hour * 3600), change: { readOnly: true } }));
  const gapOf = (seen: readonly TrailEvent[], since: Instant | null = null) =>
    coverageOf(trailOf(...seen), team.plan.plan, since).find(({ region }) => region === PRIMARY)?.gap ?? null;

  it('of files covers from the first to the last event, without a silent day', () => {
    expect(gapOf(hourly(50))).toBeNull();
    expect(gapOf(hourly(50, (hour) => hour > 2 && hour < 30))).toContain('files may be missing');
    expect(gapOf(hourly(50), addSeconds(NOON, -3600))).toBeNull();
    expect(gapOf(hourly(50), addSeconds(NOON, -2 * 86_400))).toContain('files may be missing');
    expect(gapOf(hourly(50), addSeconds(NOON, 3600))).toBeNull();
    const asked = addSeconds(NOON, 1800);
    expect(coverageOf(trailOf(...hourly(3)), team.plan.plan, asked)).toContainEqual({
      region: PRIMARY,
      from: asked,
      until: addSeconds(NOON, 7200),
      gap: null,
    });
    expect(gapOf([])).toBe('the files hold no event of it');
  });

  it('of files from several places is one: what one lacks another has', () => {
    const [early, late] = [hourly(50).slice(0, 10), hourly(50).slice(8)];
    const both = joined([trailOf(...late), trailOf(...early, event())]);
    const whole = { first: NOON, last: addSeconds(NOON, 49 * 3600) };
    expect(both.spans.get(PRIMARY)).toMatchObject(whole);
    expect(both.spans.get(PRIMARY)?.hours.size).toBe(50);
    expect(both.events.map(({ name }) => name)).toEqual(['RotateKeyOnDemand']);
  });

  it('of files keeps nothing that is of no interest', () => {
    expect(trailOf(...hourly(5), event()).events.map(({ name }) => name)).toEqual(['RotateKeyOnDemand']);
  });
});
