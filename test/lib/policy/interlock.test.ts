import { describe, expect, it } from 'vitest';
import type { PolicyDocument } from '../../../src/lib/policy/document.js';
import { evaluate, FULL_ACCESS } from '../../../src/lib/policy/evaluate.js';
import { documentOf, KEY, principalOf } from './cases.js';
import {
  CLASSES,
  EXECUTOR,
  KEY_ID,
  keyPolicy,
  organizationPolicy,
  SEATS,
  seatPolicy,
  slot,
  trustPolicy,
} from './interlock.js';

const policy = documentOf(keyPolicy());
const DIGEST = 'a'.repeat(64);

interface Tag {
  readonly class?: string;
  readonly region?: string;
  readonly key?: string;
  readonly digest?: string;
  readonly executor?: string;
}

function tag(change: Tag = {}): string {
  const { class: name = 'rotate', region = 'us-east-1', key = KEY_ID, digest = DIGEST, executor = 'ci' } = change;
  return [name, region, key, digest, executor].join('/');
}

/** The executor's call with these approval slots. */
function execute(
  slots: Record<string, string>,
  change: { action?: string; as?: string; sourceIdentity?: string | null } = {},
) {
  const { action = 'kms:RotateKeyOnDemand', as = 'role/custody-7f3a9c12-executor', sourceIdentity = 'ci' } = change;
  const tags = Object.fromEntries(Object.entries(slots).map(([seat, value]) => [slot(seat), value]));
  return evaluate({
    action,
    resource: KEY,
    principal: principalOf(as),
    context: { ...tags, ...(sourceIdentity === null ? {} : { 'aws:SourceIdentity': sourceIdentity }) },
    resourcePolicy: policy,
    resourceIsAuthority: true,
    identityPolicies: [FULL_ACCESS],
  });
}

describe('the key policy of the interlock', () => {
  it('lets one class through with two matching tags, whichever two', () => {
    expect(execute({ architect: tag(), privacy: tag() })).toMatchObject({
      allowed: true,
      by: { sid: 'rotatearchitectprivacy' },
    });
    expect(execute({ privacy: tag(), deputy: tag() }).allowed).toBe(true);
    expect(execute({ architect: tag(), deputy: tag(), privacy: tag({ class: 'disable' }) }).allowed).toBe(true);
  });

  it.each(['architect', 'privacy', 'deputy'])('refuses the tag of %s alone', (seat) => {
    expect(execute({ [seat]: tag() }).allowed).toBe(false);
  });

  it('refuses no tags at all, and empty ones', () => {
    expect(execute({}).allowed).toBe(false);
    expect(execute({ architect: '', privacy: '' }).allowed).toBe(false);
  });

  it.each<[string, Tag]>([
    ['another class', { class: 'disable' }],
    ['T54 another Region', { region: 'eu-west-1' }],
    ['another key', { key: 'mrk-ffffffffffffffffffffffffffffffff' }],
    ['T53 another executor', { executor: 'architect' }],
    ['a digest cut short', { digest: 'a'.repeat(63) }],
    ['a pattern in place of the executor', { executor: '*' }],
  ])('refuses two equal tags for %s', (_what, change) => {
    expect(execute({ architect: tag(change), privacy: tag(change) }).allowed).toBe(false);
  });

  it('refuses two tags that differ in the digest', () => {
    expect(execute({ architect: tag(), privacy: tag({ digest: 'b'.repeat(64) }) }).allowed).toBe(false);
  });

  it('refuses when the executor has no SourceIdentity', () => {
    expect(
      execute({ architect: tag({ executor: '' }), privacy: tag({ executor: '' }) }, { sourceIdentity: null }).allowed,
    ).toBe(false);
  });

  it('refuses every other action', () => {
    for (const [name, action] of Object.entries(CLASSES)) {
      const allowed = execute({ architect: tag(), privacy: tag() }, { action }).allowed;
      expect([name, allowed]).toEqual([name, name === 'rotate']);
    }
  });

  it.each(['role/SecurityArchitect', 'role/outsider', 'root', 'user/admin'])('refuses %s with the same tags', (as) => {
    expect(execute({ architect: tag(), privacy: tag() }, { as }).allowed).toBe(false);
  });

  it('wants 30 days at least for a deletion', () => {
    const slots = { architect: tag({ class: 'delete' }), privacy: tag({ class: 'delete' }) };
    const ask = (days: string | null) =>
      evaluate({
        action: 'kms:ScheduleKeyDeletion',
        resource: KEY,
        principal: principalOf('role/custody-7f3a9c12-executor'),
        context: {
          [slot('architect')]: slots.architect,
          [slot('privacy')]: slots.privacy,
          'aws:SourceIdentity': 'ci',
          ...(days === null ? {} : { 'kms:ScheduleKeyDeletionPendingWindowInDays': days }),
        },
        resourcePolicy: policy,
        resourceIsAuthority: true,
      }).allowed;
    expect([ask('30'), ask('29'), ask(null)]).toEqual([true, false, false]);
  });

  it('opens when any one condition is taken away (each of them bears weight)', () => {
    const single = execute({ architect: tag(), privacy: tag({ digest: 'b'.repeat(64) }) });
    expect(single.allowed).toBe(false);
    const widened: PolicyDocument = {
      ...policy,
      statements: policy.statements.map((one) => ({
        ...one,
        conditions: one.conditions.filter(({ operator }) => operator !== 'StringEquals'),
      })),
    };
    const asked = evaluate({
      action: 'kms:RotateKeyOnDemand',
      resource: KEY,
      principal: principalOf('role/custody-7f3a9c12-executor'),
      context: { [slot('architect')]: tag(), 'aws:SourceIdentity': 'ci' },
      resourcePolicy: widened,
      resourceIsAuthority: true,
    });
    expect(asked.allowed).toBe(true);
  });
});

/** A seat tags the executor role. */
function tagRole(
  keys: string[] | null,
  options: { closed?: boolean; seat?: string; scp?: boolean; admin?: boolean } = {},
) {
  const { closed = true, seat = 'architect', scp = false, admin = false } = options;
  return evaluate({
    action: 'iam:TagRole',
    resource: EXECUTOR,
    principal: principalOf(admin ? 'user/admin' : 'role/SecurityArchitect'),
    context: { 'aws:SourceIdentity': seat, ...(keys === null ? {} : { 'aws:TagKeys': keys }) },
    resourceIsAuthority: false,
    identityPolicies: [admin ? FULL_ACCESS : documentOf(seatPolicy('architect', closed))],
    ...(scp && { serviceControlPolicies: [[FULL_ACCESS, documentOf(organizationPolicy())]] }),
  });
}

describe("a seat's own slots", () => {
  it('may be set', () => {
    expect(tagRole(['custody:architect:root']).allowed).toBe(true);
    expect(tagRole(['custody:architect:root', 'custody:architect:case-data'], { scp: true }).allowed).toBe(true);
  });

  it("T57 may not be mixed with another seat's in one call", () => {
    expect(tagRole(['custody:architect:root', 'custody:privacy:root']).allowed).toBe(false);
  });

  it('T57 are exact: case variants and longer keys are refused', () => {
    expect(tagRole(['Custody:Architect:Root']).allowed).toBe(false);
    expect(tagRole(['custody:architect:root:x']).allowed).toBe(false);
  });

  it("T52 want the seat's own SourceIdentity", () => {
    expect(tagRole(['custody:architect:root'], { seat: 'privacy' }).allowed).toBe(false);
  });

  it('shows the trap of ForAllValues without Null: no keys at all would pass', () => {
    expect(tagRole(null).allowed).toBe(false);
    expect(tagRole(null, { closed: false }).allowed).toBe(true);
    expect(tagRole([], { closed: false }).allowed).toBe(true);
  });

  it("are guarded by the organization even against the account's administrators", () => {
    expect(tagRole(['custody:privacy:root'], { admin: true }).allowed).toBe(true);
    expect(tagRole(['custody:privacy:root'], { admin: true, scp: true })).toMatchObject({
      reason: 'explicit-deny',
      by: { policy: 'scp', sid: 'OwnSlotsOnly' },
    });
  });
});

describe('the organization policy', () => {
  const ask = (action: string, as: string) =>
    evaluate({
      action,
      resource: EXECUTOR,
      principal: principalOf(as),
      context: {},
      resourceIsAuthority: false,
      identityPolicies: [FULL_ACCESS],
      serviceControlPolicies: [[FULL_ACCESS], [FULL_ACCESS, documentOf(organizationPolicy())]],
    });

  it('T58 freezes the roles but not their reading', () => {
    for (const action of ['iam:UpdateAssumeRolePolicy', 'iam:DeleteRole', 'iam:PutRolePolicy', 'iam:FutureOperation']) {
      expect(ask(action, 'user/admin')).toMatchObject({ reason: 'explicit-deny', by: { sid: 'FreezeRoles' } });
    }
    expect(ask('iam:GetRole', 'user/admin').allowed).toBe(true);
    expect(ask('iam:UpdateAssumeRolePolicy', 'role/custody-7f3a9c12-installer').allowed).toBe(true);
  });
});

describe("the executor's trust policy", () => {
  const trust = documentOf(trustPolicy());
  const enter = (as: string, context: Record<string, string>, action = 'sts:AssumeRole') =>
    evaluate({
      action,
      resource: EXECUTOR,
      principal: principalOf(as),
      context,
      resourcePolicy: trust,
      resourceIsAuthority: true,
    });

  it('lets each seat in with its own SourceIdentity only', () => {
    for (const [seat, name] of Object.entries(SEATS)) {
      for (const other of Object.keys(SEATS)) {
        const { allowed } = enter(`role/${name}`, { 'aws:SourceIdentity': other, 'sts:SourceIdentity': other });
        expect([seat, other, allowed]).toEqual([seat, other, seat === other]);
      }
    }
    expect(enter('role/SecurityArchitect', {}).allowed).toBe(false);
  });

  it('lets automation in only when it brings no SourceIdentity of its own', () => {
    expect(enter('role/custody-7f3a9c12-ci', { 'sts:SourceIdentity': 'ci' }).allowed).toBe(true);
    const chained = { 'sts:SourceIdentity': 'ci', 'aws:SourceIdentity': 'architect' };
    expect(enter('role/custody-7f3a9c12-ci', chained).allowed).toBe(false);
  });

  it('denies session tags to everyone', () => {
    expect(enter('role/SecurityArchitect', { 'aws:SourceIdentity': 'architect' }, 'sts:TagSession').reason).toBe(
      'explicit-deny',
    );
  });
});
