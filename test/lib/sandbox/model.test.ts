import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../../src/lib/sandbox/faults.js';
import { createSandbox, type Sandbox, type SandboxOptions } from '../../../src/lib/sandbox/sandbox.js';
import { createMemoryStore, openFileStore } from '../../../src/lib/sandbox/state.js';
import { assume, call, EXECUTOR, keyOf, openSandbox, requestOf, START, sign } from './support.js';

describe('the clock', () => {
  it('goes with the wall, jumps with advance, and tells its time in Date', async () => {
    const { sandbox, move } = openSandbox();
    const key = keyOf(sandbox, 'admin');
    move(5);
    sandbox.advance(86_400);
    expect(sandbox.nowMillis()).toBe(START + 86_405_000);
    expect(sandbox.status()).toMatchObject({ now: '2026-02-01T09:00:05.000Z', offsetSeconds: 86_400 });
    const { response } = await call(sandbox, { key, service: 'sts' }, 'GetCallerIdentity');
    expect(response.headers.date).toBe('Sun, 01 Feb 2026 09:00:05 GMT');
    expect(response.headers['x-amzn-requestid']).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it.each([0, -1, 1.5, Number.NaN, 1e12])('refuses to be advanced by %s', (seconds) => {
    const { sandbox } = openSandbox();
    expect(() => sandbox.advance(seconds)).toThrow('seconds');
    expect(sandbox.nowMillis()).toBe(START);
  });
});

describe('a Region that is down', () => {
  it('answers nothing for KMS and STS there, everything elsewhere; IAM is in no Region', async () => {
    const { sandbox } = openSandbox();
    const key = keyOf(sandbox, 'admin');
    sandbox.setRegion('eu-central-1', false);
    const ask = async (service: string, operation: string, region: string) =>
      (await call(sandbox, { key, service, region }, operation)).code;
    expect(await ask('kms', 'ListKeys', 'eu-central-1')).toBe('ServiceUnavailableException');
    expect(await ask('sts', 'GetCallerIdentity', 'eu-central-1')).toBe('ServiceUnavailable');
    expect(await ask('iam', 'ListRoles', 'eu-central-1')).toBeNull();
    expect(await ask('kms', 'ListKeys', 'eu-west-1')).toBeNull();
    expect(sandbox.status().regions[0]).toEqual({ name: 'eu-central-1', up: false });
    sandbox.setRegion('eu-central-1', true);
    expect(await ask('kms', 'ListKeys', 'eu-central-1')).toBeNull();
    expect(() => sandbox.setRegion('mars-1', false)).toThrow('no such Region');
  });
});

describe('faults that are asked for', () => {
  const tagInput = { RoleName: 'app', Tags: [{ Key: 'k', Value: 'v' }] };
  const attempt = async (rule: FaultRule) => {
    const kills: string[] = [];
    const { sandbox } = openSandbox({ onKill: (point, operation) => kills.push(`${point} ${operation}`) });
    const signing = { key: keyOf(sandbox, 'admin'), service: 'iam' };
    sandbox.faults.add(rule);
    const answer = await call(sandbox, signing, 'TagRole', tagInput);
    const tagged = (await call(sandbox, signing, 'ListRoleTags', { RoleName: 'app' })).text.includes('<Key>k</Key>');
    return { code: answer.code, cut: answer.response.cut === true, tagged, kills };
  };

  it.each([
    ['before', {}, { code: 'InternalFailure', cut: false, tagged: false, kills: [] }],
    ['before', { code: 'Odd', status: 503 }, { code: 'Odd', cut: false, tagged: false, kills: [] }],
    ['instead', {}, { code: null, cut: false, tagged: true, kills: [] }],
    ['throttle', {}, { code: 'Throttling', cut: false, tagged: false, kills: [] }],
    ['after', {}, { code: null, cut: true, tagged: true, kills: [] }],
    ['after', { code: 'Odd' }, { code: 'Odd', cut: false, tagged: true, kills: [] }],
    ['hang', { seconds: 0 }, { code: null, cut: true, tagged: false, kills: [] }],
    ['kill-before', {}, { code: null, cut: true, tagged: false, kills: ['before TagRole'] }],
    ['kill-after', {}, { code: null, cut: true, tagged: true, kills: ['after TagRole'] }],
  ] as const)('%s %j', async (kind, more, expected) => {
    expect(await attempt({ kind, operation: 'TagRole', ...more })).toEqual(expected);
  });

  it('put what was asked for in place of an answer', async () => {
    const { sandbox } = openSandbox();
    const signing = { key: keyOf(sandbox, 'admin'), service: 'kms' };
    sandbox.faults.add({ kind: 'instead', operation: 'ListKeys' });
    sandbox.faults.add({ kind: 'instead', operation: 'CreateKey', status: 599, body: '{"KeyMetadata":' });
    const page = await call(sandbox, signing, 'ListKeys');
    expect([page.status, page.text.slice(0, 6), page.response.headers['content-type']]).toEqual([
      502,
      '<html>',
      'text/html',
    ]);
    const torn = await call(sandbox, signing, 'CreateKey');
    expect([torn.status, torn.text]).toEqual([599, '{"KeyMetadata":']);
    expect(JSON.parse((await call(sandbox, signing, 'ListKeys')).text).Keys).toHaveLength(1);
  });

  it('leave the event that AWS would keep: of what ran, and of what was refused, not of what never came', async () => {
    const { sandbox } = openSandbox();
    const signing = { key: keyOf(sandbox, 'admin'), service: 'kms' };
    const codes = async () => {
      const answer = await call(sandbox, { ...signing, service: 'cloudtrail' }, 'LookupEvents', {
        LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'CreateKey' }],
      });
      const events = JSON.parse(answer.text).Events as { CloudTrailEvent: string }[];
      return events.map(({ CloudTrailEvent }) => JSON.parse(CloudTrailEvent).errorCode ?? 'done');
    };
    for (const kind of ['before', 'throttle', 'hang', 'kill-before', 'after', 'instead', 'kill-after'] as const) {
      sandbox.faults.add({ kind, operation: 'CreateKey', seconds: 0 });
      await call(sandbox, signing, 'CreateKey');
    }
    expect(await codes()).toEqual(['done', 'done', 'done', 'ThrottlingException', 'InternalFailure']);
  });

  it('strike only what they name, after those they skip, as often as they say', async () => {
    const { sandbox } = openSandbox();
    const key = keyOf(sandbox, 'admin');
    const ask = async (region = 'eu-central-1') =>
      (await call(sandbox, { key, service: 'kms', region }, 'ListKeys')).code;
    sandbox.faults.add({ kind: 'throttle', operation: '*', service: 'kms', region: 'eu-central-1', skip: 1, times: 2 });
    expect((await call(sandbox, { key, service: 'iam' }, 'ListRoles')).code).toBeNull();
    expect(await ask('eu-west-1')).toBeNull();
    expect([await ask(), await ask(), await ask(), await ask()]).toEqual([
      null,
      'ThrottlingException',
      'ThrottlingException',
      null,
    ]);
    sandbox.faults.add({ kind: 'throttle', operation: 'ListKeys', times: null });
    expect([await ask(), await ask(), await ask()]).not.toContain(null);
    sandbox.faults.clear();
    sandbox.faults.add({ kind: 'throttle', operation: 'ListKeys', times: null, rate: 0 });
    expect(await ask()).toBeNull();
  });

  it('end a hang as soon as the client has gone', async () => {
    const { sandbox } = openSandbox();
    sandbox.faults.add({ kind: 'hang', operation: '*', seconds: 3600 });
    const request = await sign(requestOf('sts', 'GetCallerIdentity'), { key: keyOf(sandbox, 'admin'), service: 'sts' });
    const gone = new AbortController();
    const answer = sandbox.handle({ ...request, signal: gone.signal });
    gone.abort();
    expect((await answer).cut).toBe(true);
  });

  it.each([
    { kind: 'explode', operation: '*' },
    { kind: 'before' },
    { kind: 'before', operation: '*', times: 0 },
    { kind: 'before', operation: '*', skip: -1 },
    { kind: 'before', operation: '*', status: 200 },
    { kind: 'before', operation: '*', code: 7 },
    { kind: 'instead', operation: '*', body: 7 },
    { kind: 'before', operation: '*', rate: 2 },
  ])('are refused when they make no sense: %j', (rule) => {
    expect(() => openSandbox().sandbox.faults.add(rule as never)).toThrow('not a fault rule');
  });
});

describe('the event history', () => {
  const names = async (sandbox: Sandbox) => {
    const answer = await call(sandbox, { key: keyOf(sandbox, 'admin'), service: 'cloudtrail' }, 'LookupEvents');
    return (JSON.parse(answer.text).Events as { EventName: string }[]).map(({ EventName }) => EventName);
  };

  it('outlives the process, event by event with what the event says', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'custody-trail-'));
    try {
      const first = openSandbox({ store: openFileStore(dir) }).sandbox;
      await call(first, { key: keyOf(first, 'admin'), service: 'kms' }, 'CreateKey');
      // Whoever reads the directory as it is now sees what a kill -9 leaves.
      const left = mkdtempSync(join(tmpdir(), 'custody-trail-'));
      cpSync(join(dir, 'journal.jsonl'), join(left, 'journal.jsonl'));
      first.close();
      const again = openSandbox({ store: openFileStore(left) }).sandbox;
      expect(await names(again)).toEqual(['CreateKey']);
      expect(await names(again)).toEqual(['LookupEvents', 'CreateKey']);
      again.close();
      rmSync(left, { recursive: true, force: true });
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('says nothing of who is not authenticated, and begins anew with reset', async () => {
    const { sandbox } = openSandbox();
    const stranger = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' };
    await call(sandbox, { key: stranger, service: 'kms' }, 'ListKeys');
    expect(await names(sandbox)).toEqual([]);
    sandbox.reset();
    expect(await names(sandbox)).toEqual([]);
  });

  it('has no secret of the account in it', async () => {
    const { sandbox } = openSandbox();
    const { session } = await assume(sandbox, 'architect');
    const answer = await call(sandbox, { key: keyOf(sandbox, 'admin'), service: 'cloudtrail' }, 'LookupEvents');
    expect(answer.text).toContain('AssumeRole');
    expect(answer.text).not.toContain(session.secretAccessKey);
  });
});

describe('what the account is told from above', () => {
  it.each([
    [{ serviceControlPolicies: 'x' }],
    [{ serviceControlPolicies: [[7]], resourceControlPolicies: [] }],
    [{ serviceControlPolicies: [['{']], resourceControlPolicies: [] }],
    [{ serviceControlPolicies: [], resourceControlPolicies: Array(8).fill([]) }],
  ])('is refused when it is no list of levels of policies: %j', (given) => {
    const { sandbox } = openSandbox();
    expect(() => sandbox.organization.set(given as never)).toThrow(/ControlPolicies: /);
    expect(sandbox.organization.get()).toEqual({ serviceControlPolicies: [], resourceControlPolicies: [] });
  });

  it('stays over a restart', () => {
    const store = createMemoryStore();
    openSandbox({ store }).sandbox.organization.set({
      serviceControlPolicies: [['FullAWSAccess']],
      resourceControlPolicies: [],
    });
    expect(openSandbox({ store }).sandbox.organization.get().serviceControlPolicies).toEqual([['FullAWSAccess']]);
  });
});

describe('propagation', () => {
  const tagged = async (options: Partial<SandboxOptions>) => {
    const { sandbox, move } = openSandbox(options);
    const admin = { key: keyOf(sandbox, 'admin'), service: 'kms' };
    const { KeyMetadata } = JSON.parse((await call(sandbox, admin, 'CreateKey')).text);
    const grant = { KeyId: KeyMetadata.KeyId, GranteePrincipal: EXECUTOR, Operations: ['DescribeKey'] };
    await call(sandbox, { ...admin, service: 'iam' }, 'DeleteRolePolicy', {
      RoleName: 'custody-executor',
      PolicyName: 'executor',
    });
    await call(sandbox, admin, 'CreateGrant', grant);
    const ask = async () =>
      (await call(sandbox, { key: keyOf(sandbox, 'executor'), service: 'kms' }, 'DescribeKey', { KeyId: grant.KeyId }))
        .code;
    const atOnce = await ask();
    move(300);
    return [atOnce, await ask()];
  };

  it('of a grant takes the five minutes that AWS documents, unless it is to be instant', async () => {
    expect(await tagged({})).toEqual(['AccessDeniedException', null]);
    expect(await tagged({ propagation: 'instant' })).toEqual([null, null]);
  });
});

describe('reset', () => {
  it('gives a fresh account in wall time; profiles keep their keys, roles get new ids', async () => {
    const { sandbox } = openSandbox();
    const signing = { key: keyOf(sandbox, 'admin'), service: 'sts' };
    const before = (await call(sandbox, signing, 'GetCallerIdentity')).element('UserId');
    const { session } = await assume(sandbox, 'architect');
    const kms = { key: keyOf(sandbox, 'admin'), service: 'kms' };
    await call(sandbox, kms, 'CreateKey');
    sandbox.advance(1000);
    sandbox.setRegion('eu-west-1', false);
    sandbox.reset();
    expect(sandbox.status().offsetSeconds).toBe(0);
    expect(sandbox.status().regions.every(({ up }) => up)).toBe(true);
    const after = await call(sandbox, signing, 'GetCallerIdentity');
    expect(after.code).toBeNull();
    expect(after.element('UserId')).not.toBe(before);
    expect((await call(sandbox, { key: session, service: 'sts' }, 'GetCallerIdentity')).code).toBe(
      'InvalidClientTokenId',
    );
    expect(JSON.parse((await call(sandbox, kms, 'ListKeys')).text).Keys).toEqual([]);
  });
});

describe('state', () => {
  it('outlives the process: roles, keys, sessions, clock, Regions', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'custody-model-'));
    try {
      const first = openSandbox({ store: openFileStore(dir) }).sandbox;
      const admin = keyOf(first, 'admin');
      const { session } = await assume(first, 'privacy');
      await call(first, { key: admin, service: 'iam' }, 'TagRole', {
        RoleName: 'app',
        Tags: [{ Key: 'k', Value: 'v' }],
      });
      const made = JSON.parse((await call(first, { key: admin, service: 'kms' }, 'CreateKey')).text);
      first.advance(60);
      first.setRegion('us-east-1', false);
      first.close();
      const again = openSandbox({ store: openFileStore(dir) }).sandbox;
      expect(keyOf(again, 'admin')).toEqual(admin);
      expect((await call(again, { key: session, service: 'sts' }, 'GetCallerIdentity')).element('Arn')).toContain(
        '/work',
      );
      expect((await call(again, { key: admin, service: 'iam' }, 'ListRoleTags', { RoleName: 'app' })).text).toContain(
        '<Value>v</Value>',
      );
      expect((await call(again, { key: admin, service: 'kms' }, 'ListKeys')).text).toContain(made.KeyMetadata.KeyId);
      expect(again.status()).toMatchObject({ offsetSeconds: 60, regions: [{ up: true }, { up: true }, { up: false }] });
      again.close();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('that cannot be written is never answered as done', async () => {
    const memory = createMemoryStore();
    let failing = false;
    const store = {
      ...memory,
      flush: () => {
        if (failing) throw new Error('disk full');
      },
    };
    const bugs: unknown[] = [];
    const sandbox = createSandbox({ store, wallMillis: () => START, onBug: (cause) => bugs.push(cause) });
    failing = true;
    const signing = { key: keyOf(sandbox, 'admin'), service: 'iam' };
    const answer = await call(sandbox, signing, 'TagRole', { RoleName: 'app', Tags: [{ Key: 'k', Value: 'v' }] });
    expect([answer.code, answer.status, bugs.length]).toEqual(['InternalFailure', 500, 1]);
    expect(answer.text).not.toContain('disk full');
  });
});

describe('the seeded roles', () => {
  it('may what their part is and no more', async () => {
    const { sandbox } = openSandbox();
    const ask = async (profile: string, service: string, operation: string, input = {}) =>
      (await call(sandbox, { key: keyOf(sandbox, profile), service }, operation, input)).code;
    for (const seat of ['architect', 'privacy', 'deputy']) {
      expect(await ask(seat, 'kms', 'CreateKey', { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })).toBeNull();
      expect(await ask(seat, 'kms', 'ListAliases')).toBeNull();
      expect(await ask(seat, 'iam', 'GetRole', { RoleName: 'custody-executor' })).toBeNull();
      expect(await ask(seat, 'iam', 'GetRole', { RoleName: 'PrivacyEngineer' })).toBeNull();
      // A backup keeps the unique id of every role that a key policy names.
      expect(await ask(seat, 'iam', 'GetRole', { RoleName: 'Admin' })).toBeNull();
      expect(await ask(seat, 'iam', 'ListRoles')).toBe('AccessDenied');
      expect(await ask(seat, 'iam', 'DeleteRole', { RoleName: 'custody-executor' })).toBe('AccessDenied');
    }
    expect(await ask('service', 'kms', 'CreateKey')).toBe('AccessDeniedException');
    expect(await ask('executor', 'kms', 'CreateKey')).toBeNull();
    expect(await ask('executor', 'iam', 'PutRolePolicy', { RoleName: 'app' })).toBe('AccessDenied');
    expect(await ask('outsider', 'iam', 'ListRoles')).toBe('AccessDenied');
    expect(await ask('admin', 'iam', 'ListRoles')).toBeNull();
  });
});
