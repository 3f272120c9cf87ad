import * as kms from '@aws-sdk/client-kms';
import * as s3 from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { readPolicyFile } from '../../../src/lib/fs/policy-file.js';
import { decisionOf, NO_ANSWER } from '../../../src/lib/guard/decision.js';
import { RULES } from '../../../src/lib/guard/rules.js';
import { openPolicy } from '../../../src/lib/guard/wasm.js';
import { PURPOSES } from '../../../src/lib/key/warrant.js';
import { classOf } from '../../../src/lib/record/action.js';
import { ACTION_NAMES } from '../../../src/lib/record/action-names.js';
import { OPERATIONS, policyOver, VECTORS } from '../../support/guard-policy.js';

const commandsOf = (sdk: object) =>
  Object.keys(sdk).flatMap((name) => (/^[A-Z]\w+Command$/.test(name) ? [name.replace(/Command$/, '')] : []));

describe('the compiled policy', () => {
  it('decides every vector as opa does', async () => {
    const policies = new Map<string, Awaited<ReturnType<typeof policyOver>>>();
    for (const name of Object.keys(VECTORS.configs)) policies.set(name, await policyOver(name));
    const found = VECTORS.calls.map(({ name, entry, config, input }) => {
      const { allow, rules } = policies.get(config)?.decide(entry, input) ?? NO_ANSWER;
      return { name, allow, rules };
    });
    expect(found).toEqual(VECTORS.calls.map(({ name, expect: { allow, rules } }) => ({ name, allow, rules })));
    const allowed = VECTORS.calls.filter(({ expect: { allow } }) => allow).length;
    expect(VECTORS.calls.length - allowed).toBeGreaterThanOrEqual(3 * allowed);
  });

  it('allows of every operation of S3 and KMS, and of one to come, what the snapshot says, in every purpose', async () => {
    expect(commandsOf(s3).concat('AnyLaterOperation').sort()).toEqual(OPERATIONS.names.s3);
    expect(commandsOf(kms).concat('AnyLaterOperation').sort()).toEqual(OPERATIONS.names.kms);
    const policy = await policyOver('s3');
    const lets = (purpose: string, service: 's3' | 'kms') => (operation: string) => {
      const bucket = purpose === 'trail.read' ? 'acme-logs' : 'acme-ledger';
      const call = { source: 'process', endpoint: 'sandbox', service, operation, purpose, bucket, resources: [] };
      const { rules } = policy.decide('guard', { ...call, key: '', now: 0, params: {}, quorum: null });
      return !['operation-not-allowed', 'purpose-unknown', 'undecided', 'no-answer'].some((no) => rules.includes(no));
    };
    for (const purpose of PURPOSES) {
      expect(OPERATIONS.names.s3.filter(lets(purpose, 's3'))).toEqual(OPERATIONS.s3[purpose]);
      expect(OPERATIONS.names.kms.filter(lets(purpose, 'kms'))).toEqual(OPERATIONS.kms[purpose]);
    }
  });

  it('knows the purposes and the actions of the program, each with its reason and class, and no others', async () => {
    const purposes = (await policyOver('s3')).purposes();
    expect(Object.keys(purposes).sort()).toEqual([...PURPOSES].sort());
    for (const reason of Object.values(purposes)) expect(reason).toMatch(/^[A-Z].{15,}\.$/);
    const others = ['key.confirm-destroyed', 'plan.update', 'roster.update'];
    const actions = ACTION_NAMES.filter((name) => !others.includes(name));
    expect(Object.keys(OPERATIONS.actions).sort()).toEqual([...actions].sort());
    for (const name of actions) expect(OPERATIONS.actions[name]?.class).toBe(classOf(name));
  });

  it('has words for every rule', () => {
    const said = new Set(VECTORS.calls.flatMap(({ expect: { rules } }) => rules));
    expect([...said, 'no-answer'].sort()).toEqual(Object.keys(RULES).sort());
  });

  it('is these very bytes, or nothing runs', async () => {
    const bytes = await readPolicyFile('custody.wasm');
    const changed = Buffer.from(new Uint8Array(bytes).buffer);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    for (const other of [changed, bytes.subarray(0, 100), Buffer.from(new Uint8Array(0).buffer)])
      await expect(openPolicy(Buffer.from(new Uint8Array(other).buffer), {})).rejects.toMatchObject({
        code: 'GUARD_BROKEN',
      });
    await expect(readPolicyFile('custody.rego')).rejects.toMatchObject({ code: 'GUARD_BROKEN' });
  });

  it('denies what it cannot judge: an entry point that is none, an input that fills the memory', async () => {
    const policy = await policyOver('s3');
    expect(policy.decide('posture' as 'guard', {})).toBe(NO_ANSWER);
    expect(policy.decide('guard', { service: 'x'.repeat(80 * 1024 * 1024) })).toBe(NO_ANSWER);
    const circle: Record<string, unknown> = {};
    circle.circle = circle;
    expect(policy.decide('guard', circle as never)).toBe(NO_ANSWER);
    expect((await policyOver('s3')).decide('guard', {}).rules).toEqual(['undecided']);
  });
});

describe('an answer of the evaluator', () => {
  const yes = { allow: true, concerned: true, privileged: false, rules: [] };
  it('is a yes in one form alone', () => {
    expect(decisionOf([{ result: yes }])).toEqual({ ...yes, outcome: 'made' });
  });
  it('is about more than the use of keys unless it says otherwise', () => {
    const no = { allow: false, rules: ['x'] };
    const careful = { ...no, concerned: true, privileged: true, outcome: 'made' };
    for (const said of [{}, { privileged: null, concerned: null, outcome: 'x' }, { privileged: 'false', concerned: 0 }])
      expect(decisionOf([{ result: { ...no, ...said } }])).toEqual(careful);
    const idle = { concerned: false, privileged: false, outcome: 'attempted' };
    expect(decisionOf([{ result: { ...no, ...idle } }])).toEqual({ ...no, ...idle });
  });
  it.each([
    ['nothing', undefined],
    ['no result', []],
    ['an empty result', [{}]],
    ['two results', [{ result: yes }, { result: yes }]],
    ['a result that is no list', { result: yes }],
    ['a yes in text', [{ result: { ...yes, allow: 'true' } }]],
    ['a yes as a number', [{ result: { ...yes, allow: 1 } }]],
    ['a bare yes', [{ result: true }]],
    ['a yes with a rule', [{ result: { ...yes, rules: ['x'] } }]],
    ['a yes without rules', [{ result: { allow: true } }]],
    ['a yes with rules of numbers', [{ result: { ...yes, rules: [1] } }]],
    ['a no with rules of numbers', [{ result: { ...yes, allow: false, rules: [1] } }]],
    ['a no without a rule', [{ result: { ...yes, allow: false } }]],
  ])('%s is none', (_, answer) => {
    expect(decisionOf(answer)).toEqual(NO_ANSWER);
  });
});
