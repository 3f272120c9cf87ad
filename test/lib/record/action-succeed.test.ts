import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import {
  assertByTable,
  callsOf,
  changesOf,
  classOf,
  isVeto,
  riskOf,
  sentenceOf,
} from '../../../src/lib/record/action.js';
import { caseDataKey, createTeam, PRIMARY, REPLICA, REPOSITORY, requestPredicate } from '../../support/people.js';

const key = caseDataKey(createTeam());
const nonce = 'ab'.repeat(16);
const subject = { repository: REPOSITORY, region: PRIMARY, key, nonce };
const policy = '{"Statement":[],"Version":"2012-10-17"}';
const PLANNED: JsonObject = {
  description: 'cases',
  origin: 'AWS_KMS',
  multiRegion: true,
  policy,
  tags: [{ TagKey: 'x-team', TagValue: 'cases' }],
  rotationPeriodDays: 365,
  replicas: [{ region: REPLICA, policy }],
};
const OWN = [
  { TagKey: 'x-team', TagValue: 'cases' },
  { TagKey: 'custody:replaces', TagValue: key.keyId },
  { TagKey: 'custody:repository', TagValue: REPOSITORY },
  { TagKey: 'custody:request', TagValue: nonce },
];
const malformed = expect.objectContaining({ code: 'RECORD_MALFORMED' });

describe('key.succeed', () => {
  it('makes a key and its replicas, tagged as what they replace, and touches neither the old key nor a name', () => {
    const calls = callsOf('key.succeed', subject, PLANNED);
    expect(calls.map(({ operation }) => operation)).toEqual(['CreateKey', 'EnableKeyRotation', 'ReplicateKey']);
    expect(calls[0]?.parameters).toEqual({
      Description: 'cases',
      KeySpec: 'SYMMETRIC_DEFAULT',
      KeyUsage: 'ENCRYPT_DECRYPT',
      MultiRegion: true,
      Origin: 'AWS_KMS',
      Policy: policy,
      Tags: OWN,
    });
    expect(calls[2]?.parameters).toMatchObject({ KeyId: '$key', ReplicaRegion: REPLICA, Policy: policy, Tags: OWN });
    expect(JSON.stringify(calls)).not.toContain(key.arn);
    expect(JSON.stringify(calls)).not.toContain(key.alias);
    expect(JSON.stringify(calls)).not.toContain('BypassPolicyLockoutSafetyCheck');
  });

  it('is of the class of creations, high, and no veto', () => {
    expect([classOf('key.succeed'), riskOf('key.succeed'), isVeto('key.succeed')]).toEqual(['create', 'high', false]);
  });

  it('says what is replaced, by which policy, and which other keys claim the same', () => {
    const said = {
      action: 'key.succeed',
      key,
      parameters: PLANNED,
      preState: { arn: key.arn, successors: [] },
    } as const;
    expect(sentenceOf(said)).toContain(`is to replace case-data, as a multi-Region key with replicas in ${REPLICA}`);
    const [replaces, ...rest] = changesOf(said);
    expect(replaces).toEqual({ what: 'replaces', from: key.arn, to: 'a new key beside it' });
    expect(rest.map(({ what }) => what)).toEqual(['key', 'key policy', `replica in ${REPLICA}`, 'automatic rotation']);
    const claimed = changesOf({ ...said, preState: { arn: key.arn, successors: ['planted'] } });
    expect(claimed.at(-1)).toMatchObject({ from: 'planted', to: 'not used: only this one counts' });
  });

  it.each<[string, JsonObject]>([
    ['nothing', {}],
    ['no policy', { ...PLANNED, policy: null }],
    ['a replica without a policy', { ...PLANNED, replicas: [{ region: REPLICA }] }],
    ['another member', { ...PLANNED, BypassPolicyLockoutSafetyCheck: true }],
    ['a name for the new key', { ...PLANNED, alias: 'alias/cmk/other' }],
    ['a rotation more often than KMS knows', { ...PLANNED, rotationPeriodDays: 89 }],
  ])('refuses %s', (_, parameters) => {
    expect(() => callsOf('key.succeed', subject, parameters)).toThrow(malformed);
  });

  it.each([
    ['no key', null],
    ['a key that does not exist yet', { ...key, arn: null, keyId: null }],
    ['one key by its ARN and another by its id', { ...key, keyId: 'another' }],
  ])('refuses to replace %s', (_, other) => {
    expect(() => callsOf('key.succeed', { ...subject, key: other }, PLANNED)).toThrow(malformed);
  });

  it('T6 a request whose calls are not these is refused', () => {
    const honest = requestPredicate(createTeam(), { action: 'key.succeed', parameters: PLANNED, key });
    expect(() => assertByTable(honest)).not.toThrow();
    const tagged = structuredClone(honest.calls[0]?.parameters ?? {}) as { Tags: JsonObject[] };
    tagged.Tags[1] = { TagKey: 'custody:replaces', TagValue: 'another-key' };
    const calls = honest.calls.map((call, at) => (at === 0 ? { ...call, parameters: tagged as never } : call));
    expect(() => assertByTable({ ...honest, calls })).toThrow(malformed);
    expect(() => assertByTable({ ...honest, calls: honest.calls.slice(0, 2) })).toThrow(malformed);
  });
});
