import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import {
  assertByTable,
  callsOf,
  changesOf,
  classOf,
  isVeto,
  needsMaterial,
  riskOf,
  sentenceOf,
  undoOf,
} from '../../../src/lib/record/action.js';
import type { ActionName } from '../../../src/lib/record/action-names.js';
import { caseDataKey, createTeam, PRIMARY, REPLICA, REPOSITORY, requestPredicate } from '../../support/people.js';

const team = createTeam();
const malformed = expect.objectContaining({ code: 'RECORD_MALFORMED' });
const key = caseDataKey(team);
const subject = { repository: REPOSITORY, region: PRIMARY, key, nonce: 'ab'.repeat(16) };
const there = key.arn?.replace(PRIMARY, REPLICA);
const commitment = `sha256:${'12'.repeat(32)}`;
const materialId = '34'.repeat(32);
const NEVER = { commitment, wrapping: 'RSAES_OAEP_SHA_256', expiresAt: null };
const ENDS = { ...NEVER, expiresAt: '2027-01-31T09:00:00.000Z' };
const REPLICATE = { to: REPLICA, description: 'cases', policy: '{"Statement":[]}', tags: [] };
const PROMOTE = { to: REPLICA, home: PRIMARY };

const said = (action: ActionName, parameters: JsonObject) =>
  callsOf(action, subject, parameters).map(({ operation, region, parameters: of }) => [operation, region, of]);

describe('the calls of each action are fixed', () => {
  it('key.replicate: the policy goes with the replica, never the bypass', () => {
    expect(said('key.replicate', REPLICATE)).toEqual([
      [
        'ReplicateKey',
        PRIMARY,
        {
          KeyId: key.arn,
          ReplicaRegion: REPLICA,
          Description: 'cases',
          Policy: REPLICATE.policy,
          Tags: [
            { TagKey: 'custody:repository', TagValue: REPOSITORY },
            { TagKey: 'custody:request', TagValue: subject.nonce },
          ],
        },
      ],
      ['CreateAlias', REPLICA, { AliasName: key.alias, TargetKeyId: key.keyId }],
    ]);
  });

  it('key.promote: in the Region of the primary that is', () => {
    expect(said('key.promote', PROMOTE)).toEqual([
      ['UpdatePrimaryRegion', PRIMARY, { KeyId: key.arn, PrimaryRegion: REPLICA }],
    ]);
  });

  it('key.import: what is known only when it runs has a placeholder, bound to the commitment', () => {
    const prepare = { KeyId: key.arn, WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_4096' };
    const filled = {
      KeyId: key.arn,
      ImportToken: '$importToken',
      EncryptedKeyMaterial: `$encryptedKeyMaterial ${commitment}`,
    };
    expect(said('key.import', { ...NEVER, materialId: null })).toEqual([
      ['GetParametersForImport', PRIMARY, prepare],
      [
        'ImportKeyMaterial',
        PRIMARY,
        {
          ...filled,
          ImportType: 'NEW_KEY_MATERIAL',
          KeyMaterialDescription: `custody:request ${subject.nonce}`,
          ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
        },
      ],
    ]);
    expect(said('key.import', { ...ENDS, materialId })[1]?.[2]).toEqual({
      ...filled,
      ImportType: 'EXISTING_KEY_MATERIAL',
      KeyMaterialId: materialId,
      ExpirationModel: 'KEY_MATERIAL_EXPIRES',
      ValidTo: Date.parse(ENDS.expiresAt ?? '') / 1000,
    });
  });

  it('key.material-off: one material in one Region', () => {
    expect(said('key.material-off', { materialId })).toEqual([
      ['DeleteImportedKeyMaterial', PRIMARY, { KeyId: key.arn, KeyMaterialId: materialId }],
    ]);
  });

  it('key.rotate-imported: new at the primary, the same in each replica, then the rotation', () => {
    const calls = said('key.rotate-imported', { ...NEVER, replicas: [REPLICA] });
    expect(
      calls.map(([operation, region, of]) => [
        operation,
        region,
        (of as JsonObject).KeyId,
        (of as JsonObject).ImportType,
      ]),
    ).toEqual([
      ['GetParametersForImport', PRIMARY, key.arn, undefined],
      ['ImportKeyMaterial', PRIMARY, key.arn, 'NEW_KEY_MATERIAL'],
      ['GetParametersForImport', REPLICA, there, undefined],
      ['ImportKeyMaterial', REPLICA, there, 'EXISTING_KEY_MATERIAL'],
      ['RotateKeyOnDemand', PRIMARY, key.arn, undefined],
    ]);
  });

  it.each<[ActionName, JsonObject]>([
    ['key.replicate', { ...REPLICATE, BypassPolicyLockoutSafetyCheck: true }],
    ['key.replicate', { ...REPLICATE, to: PRIMARY }],
    ['key.replicate', { to: REPLICA, description: '', tags: [] }],
    ['key.replicate', { ...REPLICATE, policy: '' }],
    ['key.replicate', { ...REPLICATE, to: 'eu-west-1.evil.example' }],
    ['key.promote', { ...PROMOTE, to: PRIMARY }],
    ['key.promote', { to: REPLICA }],
    ['key.promote', { ...PROMOTE, KeyId: 'other' }],
    ['key.import', NEVER],
    ['key.import', { ...NEVER, materialId: 'short' }],
    ['key.import', { ...NEVER, materialId: null, commitment: '12'.repeat(32) }],
    ['key.import', { ...NEVER, materialId: null, wrapping: 'RSAES_OAEP_SHA_1' }],
    ['key.import', { commitment, wrapping: 'RSAES_OAEP_SHA_256', materialId: null }],
    ['key.import', { ...NEVER, materialId: null, expiresAt: '2027-01-31T09:00:00.500Z' }],
    ['key.import', { ...NEVER, materialId: null, material: 'AAAA' }],
    ['key.material-off', {}],
    ['key.material-off', { materialId: null }],
    ['key.material-off', { materialId: `${materialId.slice(1)}G` }],
    ['key.rotate-imported', NEVER],
    ['key.rotate-imported', { ...NEVER, replicas: ['a', 'b', 'c', 'd', 'e'] }],
    ['key.rotate-imported', { ...NEVER, replicas: [], materialId }],
  ])('%s refuses other parameters %#', (action, parameters) => {
    expect(() => callsOf(action, subject, parameters)).toThrow(malformed);
  });

  it('T1 T6 a call that is not the table’s makes no request', () => {
    const request = requestPredicate(team, { action: 'key.import', parameters: { ...NEVER, materialId: null } });
    expect(() => assertByTable(request)).not.toThrow();
    const [prepare, put] = request.calls;
    if (!prepare || !put) throw new Error('two calls');
    const other = { ...put.parameters, EncryptedKeyMaterial: `$encryptedKeyMaterial sha256:${'56'.repeat(32)}` };
    for (const calls of [
      [put],
      [put, prepare],
      [prepare, { ...put, parameters: other }],
      [prepare, { ...put, region: REPLICA }],
    ]) {
      expect(() => assertByTable({ ...request, calls })).toThrow(malformed);
    }
  });
});

describe('words', () => {
  const words = (action: ActionName, parameters: JsonObject, preState: JsonObject) => {
    const request = { action, key, parameters, preState };
    return { sentence: sentenceOf(request), changes: changesOf(request), undo: undoOf(request) };
  };

  it('say what a promotion means beside the plan', () => {
    const { sentence, changes, undo } = words('key.promote', PROMOTE, { primaryRegion: PRIMARY });
    expect(sentence).toBe(
      `Make ${REPLICA} the primary Region of the key case-data: rotation, new material and new replicas are then managed there.`,
    );
    expect(changes.map(({ from, to }) => [from, to])).toEqual([
      [PRIMARY, REPLICA],
      [PRIMARY, REPLICA],
      ['as planned', expect.stringContaining(`the plan's primary is ${PRIMARY}`)],
    ]);
    expect(undo).toBe(`custody keys promote case-data --to ${PRIMARY}`);
    const back = words('key.promote', { to: 'eu-north-1', home: 'eu-north-1' }, { primaryRegion: PRIMARY });
    expect(back.changes.at(-1)?.to).toBe('as planned');
  });

  it('say what the deletion of material costs', () => {
    const materials = [{ id: materialId, state: 'CURRENT', importState: 'IMPORTED', expiresAt: null }];
    const { changes, undo } = words('key.material-off', { materialId }, { state: 'Enabled', materials });
    expect(changes.map(({ from, to }) => [from, to])).toEqual([
      ['there, CURRENT', 'deleted'],
      ['Enabled', 'PendingImport'],
      ['possible', 'not possible until the very same material is imported again'],
    ]);
    expect(undo).toContain('the very same 32 bytes');
    const waiting = [{ id: materialId, state: 'PENDING_ROTATION', importState: 'IMPORTED', expiresAt: null }];
    const pending = words('key.material-off', { materialId }, { state: 'Enabled', materials: waiting });
    expect(pending.changes.map(({ to }) => to)).toEqual(['deleted', 'Enabled', 'as before']);
  });

  it('say what an import brings and when it goes', () => {
    const first = words('key.import', { ...NEVER, materialId: null }, { state: 'PendingImport', materials: [] });
    expect(first.changes.map(({ to }) => to)).toEqual(['Enabled', 'there', commitment, 'never']);
    const gone = [{ id: materialId, state: 'CURRENT', importState: 'PENDING_IMPORT', expiresAt: null }];
    const again = words('key.import', { ...ENDS, materialId }, { state: 'PendingImport', materials: gone });
    expect(again.changes.map(({ from, to }) => [from, to.slice(0, 24)])).toEqual([
      ['PendingImport', 'Enabled'],
      ['not there, CURRENT', 'there'],
      ['none', commitment.slice(0, 24)],
      ['none', '2027-01-31T09:00:00.000Z'],
    ]);
    // A pre-state is signed JSON of a stranger: whatever its form, the words stand.
    expect(() => words('key.import', { ...ENDS, materialId }, { materials: [null, 7, 'x', {}] })).not.toThrow();
  });

  it('T49 nothing of it is a veto; the deletion of material is critical, and imports want their material', () => {
    const actions = ['key.replicate', 'key.promote', 'key.import', 'key.material-off', 'key.rotate-imported'] as const;
    expect(actions.map((name) => [classOf(name), riskOf(name), isVeto(name), needsMaterial(name)])).toEqual([
      ['replicate', 'high', false, false],
      ['promote', 'medium', false, false],
      ['import', 'high', false, true],
      ['material-off', 'critical', false, false],
      ['import', 'high', false, true],
    ]);
  });
});
