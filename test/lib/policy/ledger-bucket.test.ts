import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { parsePolicy } from '../../../src/lib/policy/document.js';
import { type Decision, evaluate, FULL_ACCESS } from '../../../src/lib/policy/evaluate.js';
import { ledgerBucketPolicy } from '../../../src/lib/policy/ledger-bucket.js';

const ACCOUNT = '111122223333';
const KEY = `arn:aws:kms:eu-central-1:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const WISH = {
  partition: 'aws',
  bucket: 'audit',
  prefix: 'custody/',
  keyArn: KEY,
  retentionDays: 2555,
  writerRoleArns: [role('writer')],
  readerRoleArns: [role('reader')],
  replicationRoleArn: role('copy'),
};
const POLICY = ledgerBucketPolicy(WISH);
const COPY = ledgerBucketPolicy({ ...WISH, writerRoleArns: [] });

/** One question: who, what, on which object (`''`: the bucket), with which keys. */
type Question = readonly [who: string, action: string, object: string, context?: Readonly<Record<string, string>>];

const SSE = 's3:x-amz-server-side-encryption';
const ENTRY = { 's3:if-none-match': '*', [SSE]: 'aws:kms', [`${SSE}-aws-kms-key-id`]: KEY };
const SLOT = { 's3:if-none-match': '*' };
const HELD = { 's3:object-lock-mode': 'COMPLIANCE', 's3:object-lock-remaining-retention-days': '2555' };
const BUNDLE = 'custody/bundles/ab';
const without = (context: Readonly<Record<string, string>>, name: string) =>
  Object.fromEntries(Object.entries(context).filter(([key]) => key !== name));

/** Whoever asks is allowed everything by policies of its own: only the bucket's holds it back. */
function ask(policy: string, [who, action, object, context = {}]: Question, own = true): Decision {
  const principalArn = role(who);
  return evaluate({
    action: `s3:${action}`,
    resource: object === '' ? 'arn:aws:s3:::audit' : `arn:aws:s3:::audit/${object}`,
    principal: {
      account: ACCOUNT,
      kind: 'role',
      principalArn,
      callerArn: `arn:aws:sts::${ACCOUNT}:assumed-role/${who}/x`,
    },
    context: {
      's3:signatureversion': 'AWS4-HMAC-SHA256',
      'aws:SecureTransport': 'true',
      'aws:PrincipalArn': principalArn,
      ...context,
    },
    resourcePolicy: parsePolicy(policy, 'policy'),
    resourceIsAuthority: false,
    identityPolicies: own ? [FULL_ACCESS] : [],
  });
}

const ALLOWED: readonly Question[] = [
  ['writer', 'PutObject', BUNDLE, ENTRY],
  ['writer', 'PutObject', 'custody/slots/000000001', SLOT],
  ['writer', 'PutObject', 'custody/checkpoints/1', { ...SLOT, [SSE]: 'AES256' }],
  ['writer', 'PutObjectRetention', BUNDLE, { ...ENTRY, ...HELD }],
  ['writer', 'PutObjectRetention', BUNDLE, { ...HELD, 's3:object-lock-remaining-retention-days': '2554' }],
  ['writer', 'GetObject', 'custody/slots/000000001'],
  ['writer', 'GetObjectVersion', 'custody/tile/0/000'],
  ['writer', 'ListBucketVersions', '', { 's3:prefix': 'custody/slots/' }],
  ['reader', 'GetObjectVersion', BUNDLE],
  ['reader', 'ListBucketVersions', '', { 's3:prefix': 'custody/' }],
  ['reader', 'GetBucketPolicy', ''],
];

/** What each refusal is decided by. */
const REFUSED: readonly (readonly [sid: string, ...Question])[] = [
  ['TlsOnly', 'reader', 'GetObject', BUNDLE, { 'aws:SecureTransport': 'false' }],
  [
    'NoAccessPoints',
    'reader',
    'GetObject',
    BUNDLE,
    { 's3:DataAccessPointArn': 'arn:aws:s3:eu-central-1:111122223333:accesspoint/a' },
  ],
  ...['DeleteObject', 'DeleteObjectVersion', 'BypassGovernanceRetention', 'ReplicateDelete'].flatMap((action) =>
    ['admin', 'writer', 'reader', 'copy'].map((who) => ['NobodyDeletes', who, action, BUNDLE] as const),
  ),
  ...[
    'CreateBucketMetadataTableConfiguration',
    'DeleteBucket',
    'DeleteBucketPolicy',
    'PutBucketAbac',
    'PutBucketAcl',
    'PutBucketNotification',
    'PutBucketObjectLockConfiguration',
    'PutBucketOwnershipControls',
    'PutBucketPolicy',
    'PutBucketPublicAccessBlock',
    'PutBucketTagging',
    'PutBucketVersioning',
    'PutEncryptionConfiguration',
    'PutLifecycleConfiguration',
    'PutReplicationConfiguration',
    'SettingOfALaterYear',
  ].map((action) => ['NobodyReconfigures', 'admin', action, ''] as const),
  ...[
    'DeleteObjectTagging',
    'ObjectOwnerOverrideToBucketOwner',
    'OperationOfALaterYear',
    'PutObjectAcl',
    'PutObjectLegalHold',
    'PutObjectTagging',
    'ReplicateObject',
    'ReplicateTags',
    'UpdateObjectEncryption',
  ].flatMap((action) => ['admin', 'writer'].map((who) => ['NothingElseToObjects', who, action, BUNDLE] as const)),
  ['ReadersAndWritersOnly', 'admin', 'GetObject', BUNDLE],
  ['ReadersAndWritersOnly', 'admin', 'GetObjectVersion', 'custody/slots/000000001'],
  ['WritersOnly', 'admin', 'PutObject', BUNDLE, ENTRY],
  ['WritersOnly', 'reader', 'PutObjectRetention', BUNDLE, HELD],
  ['InTheLedgerOnly', 'writer', 'PutObject', 'elsewhere/bundles/ab', ENTRY],
  ['NeverOverwritten', 'writer', 'PutObject', BUNDLE, without(ENTRY, 's3:if-none-match')],
  ['NeverOverwritten', 'writer', 'PutObject', 'custody/slots/000000001'],
  ['WritersReadNoEntry', 'writer', 'GetObject', BUNDLE],
  ['WritersReadNoEntry', 'writer', 'GetObjectVersion', 'custody/tile/entries/000'],
  ['EntriesUnderTheKey', 'writer', 'PutObject', BUNDLE, { ...ENTRY, [`${SSE}-aws-kms-key-id`]: `${KEY}0` }],
  ['EntriesUnderTheKey', 'writer', 'PutObject', BUNDLE, without(ENTRY, `${SSE}-aws-kms-key-id`)],
  ['EntriesUnderKms', 'writer', 'PutObject', BUNDLE, { ...ENTRY, [SSE]: 'AES256' }],
  ['EntriesUnderKms', 'writer', 'PutObject', BUNDLE, without(ENTRY, SSE)],
  ['DigestsUnderS3Keys', 'writer', 'PutObject', 'custody/slots/000000001', { ...SLOT, [SSE]: 'aws:kms' }],
  [
    'RetentionInComplianceMode',
    'writer',
    'PutObjectRetention',
    BUNDLE,
    { ...HELD, 's3:object-lock-mode': 'GOVERNANCE' },
  ],
  ['RetentionInComplianceMode', 'writer', 'PutObjectRetention', BUNDLE],
  [
    'RetentionNotShorter',
    'writer',
    'PutObjectRetention',
    BUNDLE,
    { ...HELD, 's3:object-lock-remaining-retention-days': '2553' },
  ],
  [
    'RetentionNotLonger',
    'writer',
    'PutObjectRetention',
    BUNDLE,
    { ...HELD, 's3:object-lock-remaining-retention-days': '2557' },
  ],
];

type Statement = { Sid: string; Effect: string; Condition?: JsonObject };
const statements = (JSON.parse(POLICY) as { Statement: Statement[] }).Statement;
const changed = (change: (statement: Statement) => Statement | null) =>
  JSON.stringify({ ...JSON.parse(POLICY), Statement: statements.flatMap((one) => change(one) ?? []) });

describe('the policy of a ledger bucket', () => {
  it.each(ALLOWED.map((question) => ({ question })))('lets $question', ({ question }) => {
    expect(ask(POLICY, question, false)).toMatchObject({ allowed: true });
  });

  it.each(REFUSED.map(([sid, ...question]) => ({ sid, question })))('$sid refuses $question', ({ sid, question }) => {
    expect(ask(POLICY, question)).toMatchObject({
      allowed: false,
      reason: 'explicit-deny',
      by: { policy: 'resource', sid },
    });
  });

  it.each(statements.filter(({ Effect }) => Effect === 'Deny').map(({ Sid }) => Sid))(
    'without %s something that must be refused is allowed',
    (sid) => {
      const weaker = changed((one) => (one.Sid === sid ? null : one));
      const claims = REFUSED.filter(([by]) => by === sid);
      expect(claims.some(([, ...question]) => ask(weaker, question).allowed)).toBe(true);
    },
  );

  it.each(
    statements.filter(({ Condition }) => Condition !== undefined).map(({ Sid, Effect }) => [Sid, Effect] as const),
  )('without the condition of %s (%s) a claim breaks', (sid, effect) => {
    const { Condition: _gone, ...bare } = statements.find(({ Sid }) => Sid === sid) ?? { Sid: sid, Effect: effect };
    const other = changed((one) => (one.Sid === sid ? bare : one));
    const outside: Question = [
      sid.startsWith('Writers') ? 'writer' : 'reader',
      'ListBucket',
      '',
      { 's3:prefix': 'elsewhere/' },
    ];
    const broken =
      effect === 'Deny'
        ? ALLOWED.some((question) => !ask(other, question, false).allowed)
        : ask(other, outside, false).allowed && !ask(POLICY, outside, false).allowed;
    expect(broken).toBe(true);
  });

  it('of the copy lets nobody write, and its readers read', () => {
    expect(ask(COPY, ['writer', 'PutObject', BUNDLE, ENTRY])).toMatchObject({ by: { sid: 'ReplicationWritesAlone' } });
    expect(ask(COPY, ['admin', 'DeleteObjectVersion', BUNDLE])).toMatchObject({ by: { sid: 'NobodyDeletes' } });
    expect(ask(COPY, ['copy', 'ReplicateObject', BUNDLE]).allowed).toBe(true);
    expect(ask(COPY, ['reader', 'GetObjectVersion', BUNDLE], false).allowed).toBe(true);
  });

  it('is the same bytes for the same plan, and fits', () => {
    expect(ledgerBucketPolicy({ ...WISH })).toBe(POLICY);
    expect(Buffer.byteLength(POLICY)).toBeLessThan(20 * 1024);
  });
});
