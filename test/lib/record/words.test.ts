import { expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../../src/lib/base/canonical-json.js';
import { changesOf, sentenceOf, undoOf } from '../../../src/lib/record/action.js';
import type { ActionName } from '../../../src/lib/record/action-names.js';

/** All that an approver reads of a request before signing, word for word: a line that misleads is an attack that nobody sees (T3, T7). */

const id = '1234abcd-12ab-34cd-56ef-1234567890ab';
const arn = `arn:aws:kms:eu-central-1:111122223333:key/${id}`;
const role = 'arn:aws:iam::111122223333:role/app';
const grant = { grantee: role, operations: ['Decrypt', 'Encrypt'], constraint: null, retiring: null };
const pairs = { app: 'cases', 'te"nant': 'a, b' };
const g = 'f'.repeat(64),
  m = 'ab'.repeat(32),
  n = 'cd'.repeat(32),
  d = `sha256:${'e'.repeat(64)}`;
const made = {
  description: '',
  origin: 'AWS_KMS',
  multiRegion: false,
  policy: '{}',
  tags: [],
  rotationPeriodDays: null,
  replicas: [],
};
const imp = { commitment: d, wrapping: 'RSA_AES_KEY_WRAP_SHA_256', expiresAt: null, materialId: null };
const mat = (id: string, state: string, importState: JsonValue) => ({ id, state, importState });
const end = '2027-01-31T09:00:00.000Z';
const replicas = [
  { region: 'eu-west-1', policy: '{}' },
  { region: 'eu-west-3', policy: '{"a":1}' },
];
const CASES: readonly (readonly [string, ActionName, JsonObject, JsonObject])[] = [
  ['a policy over another', 'key.policy', { policy: '{"Statement":[]}' }, { policy: '{}' }],
  ['a grant under any context', 'key.grant', grant, { grants: [] }],
  [
    'a grant under these pairs',
    'key.grant',
    { ...grant, constraint: { type: 'EncryptionContextEquals', pairs }, retiring: role },
    { grants: ['one', 'two'] },
  ],
  [
    'a grant under these pairs and others',
    'key.grant',
    { ...grant, constraint: { type: 'EncryptionContextSubset', pairs: { app: 'cases' } } },
    {},
  ],
  [
    'the end of a grant',
    'key.revoke',
    { grantId: g },
    { grant: { grantee: role, operations: ['Decrypt', 'Encrypt'], name: 'jit' } },
  ],
  [
    'the end of a grant without a name',
    'key.retire',
    { grantId: g },
    { grant: { grantee: role, operations: 'x', name: '' } },
  ],
  ['the end of no grant', 'key.revoke', { grantId: g }, { grant: null }],
  ['a plain key', 'key.create', made, {}],
  ['a key in several Regions', 'key.create', { ...made, multiRegion: true, rotationPeriodDays: 365, replicas }, {}],
  ['a key for own material', 'key.create', { ...made, origin: 'EXTERNAL' }, {}],
  ['a successor', 'key.succeed', { ...made, rotationPeriodDays: 90 }, { arn, successors: [] }],
  [
    'a successor in several Regions beside others',
    'key.succeed',
    { ...made, multiRegion: true, replicas },
    { arn, successors: ['planted', 'again'] },
  ],
  ['new material', 'key.import', imp, { state: 'PendingImport', materials: [] }],
  [
    'new material beside old',
    'key.import',
    { ...imp, expiresAt: end },
    { state: 'Enabled', materials: [mat(n, 'CURRENT', 'IMPORTED')] },
  ],
  [
    'old material again',
    'key.import',
    { ...imp, materialId: m },
    {
      state: 'PendingImport',
      materials: [
        mat(n, 'NON_CURRENT', 'IMPORTED'),
        mat(m, 'CURRENT', 'PENDING_IMPORT'),
        mat('77', 'PENDING_ROTATION', null),
      ],
    },
  ],
  [
    'old material again, and other is lacking',
    'key.import',
    { ...imp, materialId: m },
    { state: 'PendingImport', materials: [mat(m, 'CURRENT', 'PENDING_IMPORT'), mat(n, 'NON_CURRENT', 7)] },
  ],
  ['material that nobody knows', 'key.import', { ...imp, materialId: m }, { state: 'Disabled', materials: 'none' }],
  [
    'material off',
    'key.material-off',
    { materialId: m },
    { state: 'Enabled', materials: [mat(n, 'NON_CURRENT', 'IMPORTED'), mat(m, 'CURRENT', 'IMPORTED')] },
  ],
  [
    'material off that waits',
    'key.material-off',
    { materialId: m },
    { state: 'Enabled', materials: [mat(n, 'CURRENT', 'IMPORTED'), mat(m, 'PENDING_ROTATION', 'IMPORTED')] },
  ],
  ['material off of a disabled key', 'key.material-off', { materialId: m }, { state: 'Disabled', materials: [] }],
  [
    'own material and rotation',
    'key.rotate-imported',
    { commitment: d, wrapping: imp.wrapping, expiresAt: null, replicas: [] },
    { rotationCount: 3, materials: [mat(n, 'NON_CURRENT', 'IMPORTED'), mat(m, 'CURRENT', 'IMPORTED')] },
  ],
  [
    'own material and rotation in several Regions',
    'key.rotate-imported',
    { commitment: d, wrapping: imp.wrapping, expiresAt: end, replicas: ['eu-west-1', 'eu-west-3'] },
    { rotationCount: 0, materials: null },
  ],
  ['a name', 'key.alias-create', { alias: 'alias/x' }, { arn, target: null }],
  ['a name away', 'key.alias-move', { alias: 'alias/x', to: arn.replace('1234abcd', '9999abcd') }, { arn, target: id }],
  ['a name off', 'key.alias-delete', { alias: 'alias/x' }, { arn, target: id }],
  [
    'tags',
    'key.tag',
    {
      tags: [
        { TagKey: 'a', TagValue: '1' },
        { TagKey: 'b', TagValue: '' },
      ],
    },
    { tags: { a: '0' } },
  ],
  ['tags where none was', 'key.tag', { tags: [{ TagKey: 'constructor', TagValue: '1' }] }, { tags: {} }],
  ['tags off', 'key.untag', { tagKeys: ['a', 'b'] }, { tags: { a: '0', b: '1' } }],
  ['tags off that were not seen', 'key.untag', { tagKeys: ['a'] }, {}],
  ['other words', 'key.describe', { description: 'new' }, { description: 'old "one"' }],
  ['first words', 'key.describe', { description: '' }, {}],
  [
    'a replica',
    'key.replicate',
    { to: 'eu-west-1', description: '', policy: '{}', tags: [] },
    { replica: null, aliasThere: null },
  ],
  [
    'a replica that is there',
    'key.replicate',
    { to: 'eu-west-1', description: '', policy: '{}', tags: [] },
    { replica: { state: 'Creating' }, aliasThere: 'alias/x' },
  ],
  [
    'a move of the primary away',
    'key.promote',
    { to: 'eu-west-1', home: 'eu-central-1' },
    { primaryRegion: 'eu-central-1' },
  ],
  ['a further rotation', 'key.rotate', {}, { rotationCount: 2, lastRotation: { at: end } }],
  ['another period', 'key.rotation', { periodDays: 180 }, { enabled: true, periodDays: 365 }],
  ['no automatic rotation where none was', 'key.rotation-off', {}, { enabled: false, periodDays: 365 }],
  ['a veto', 'key.cancel-deletion', {}, { arn, state: 'PendingDeletion', deletionAt: end }],
  ['a veto for a primary that waits', 'key.cancel-deletion', {}, { state: 'PendingReplicaDeletion', deletionAt: null }],
  [
    'a deletion of what nobody uses',
    'key.delete',
    { windowDays: 30 },
    { arn, state: 'Disabled', aliases: [], grants: [{ a: 1 }], dependants: 'x', replicas: [] },
  ],
  [
    'an end that is certain',
    'key.confirm-destroyed',
    { deletion: d },
    { deletion: { request: 'r-aaaaaaaaaa', at: end, endsAt: end } },
  ],
  ['an end that nobody knows', 'key.confirm-destroyed', { deletion: d }, { deletion: { request: 1 } }],
  [
    'a plan',
    'plan.update',
    { version: 3, digest: d, document: {} },
    { version: 2, digest: `sha256:${'0'.repeat(64)}` },
  ],
];

const key = { name: 'case-data', alias: 'alias/cmk/case-data', arn, keyId: id };

it('T3 T7 what is read before it is signed is the golden text', async () => {
  const told = CASES.map(([name, action, parameters, preState]) => {
    const said = { action, key, parameters, preState };
    const changes = changesOf(said).map(({ what, from, to }) => `  ${what}: ${from || '-'} > ${to || '-'}\n`);
    return `${action}, ${name}\n  ${sentenceOf(said)}\n${changes.join('')}  undo: ${undoOf(said)}\n`;
  });
  await expect(told.join('\n')).toMatchFileSnapshot('../../golden/words.txt');
});
