import { describe, expect, it } from 'vitest';
import { createKeyReader } from '../../../src/lib/aws/kms-reader.js';
import { grantText } from '../../../src/lib/cli/grant-list.js';
import { caught, kmsError, openCanned, REGION } from './support.js';

const ID = '11111111-2222-3333-4444-555555555555';
const metadata = (more: object) => ({
  body: JSON.stringify({
    KeyMetadata: {
      Arn: `arn:aws:kms:${REGION}:000000000000:key/${ID}`,
      KeyState: 'Enabled',
      KeySpec: 'SYMMETRIC_DEFAULT',
      KeyUsage: 'ENCRYPT_DECRYPT',
      Origin: 'AWS_KMS',
      CreationDate: 1769850000,
      ...more,
    },
  }),
});

describe('KeyReader against answers that lie', () => {
  it.each([
    ['T54 a key of another Region', { Arn: `arn:aws:kms:us-east-1:000000000000:key/${ID}` }],
    ['an alias for an ARN', { Arn: `arn:aws:kms:${REGION}:000000000000:alias/a` }],
    ['no state', { KeyState: null }],
    ['no date', { CreationDate: null }],
    ['a multi-Region key without its primary', { MultiRegion: true }],
  ])('%s is not believed', async (_name, more) => {
    const { aws } = await openCanned([metadata(more)]);
    expect(await caught(createKeyReader(aws).describe(REGION, 'k'))).toMatchObject({ code: 'UNAVAILABLE' });
    const honest = await openCanned([metadata({})]);
    expect(await createKeyReader(honest.aws).describe(REGION, 'k')).toMatchObject({ keyId: ID });
  });

  it('T43 a list that breaks off or goes round is an error, not a short list', async () => {
    const lost = await openCanned([{ body: `{"Keys":[{"KeyId":"${ID}"}],"Truncated":true}` }]);
    expect(await caught(createKeyReader(lost.aws).keyIds(REGION))).toMatchObject({ code: 'UNAVAILABLE' });
    const round = await openCanned([{ body: '{"Keys":[],"Truncated":true,"NextMarker":"m"}' }]);
    expect(await caught(createKeyReader(round.aws).keyIds(REGION))).toMatchObject({ code: 'UNAVAILABLE' });
    expect(round.sent.map(({ body }) => JSON.parse(body).Marker)).toEqual([undefined, 'm']);
  });

  it('keys that cannot rotate have no rotation', async () => {
    const { aws } = await openCanned([kmsError('UnsupportedOperationException')]);
    const reader = createKeyReader(aws);
    expect(await reader.rotations(REGION, 'k')).toEqual([]);
    expect(await reader.rotationStatus(REGION, 'k')).toMatchObject({ enabled: false, periodDays: null });
  });

  describe('grants of AWS services', () => {
    const TABLE = 'arn:aws:dynamodb:eu-central-1:000000000000:table/cases';
    const entry = (more: object) => ({
      body: JSON.stringify({
        Grants: [{ GrantId: 'a'.repeat(64), Operations: ['Encrypt', 'Decrypt'], CreationDate: 1769850000, ...more }],
        Truncated: false,
      }),
    });
    const read = async (more: object) => createKeyReader((await openCanned([entry(more)])).aws).grants(REGION, 'k');

    it('are read and name the service', async () => {
      const found = await read({
        GranteeServicePrincipal: 'dynamodb.amazonaws.com',
        RetiringServicePrincipal: 'backup.amazonaws.com',
        Constraints: { SourceArn: TABLE },
      });
      expect(found).toEqual([
        expect.objectContaining({
          name: null,
          grantee: 'dynamodb.amazonaws.com',
          retiring: 'backup.amazonaws.com',
          encryptionContextEquals: null,
          encryptionContextSubset: null,
          sourceArn: TABLE,
        }),
      ]);
      const [grant] = found ?? [];
      if (!grant) throw new Error('no grant was read');
      const text = grantText([{ ...grant, region: REGION, request: null }]);
      for (const said of ['dynamodb.amazonaws.com', 'backup.amazonaws.com', TABLE]) expect(text).toContain(said);
    });

    it.each([
      ['nobody', {}],
      ['two empty names', { GranteePrincipal: '', GranteeServicePrincipal: '' }],
      ['a service, but for nothing', { GranteeServicePrincipal: 'dynamodb.amazonaws.com', Operations: null }],
    ])('that are for %s are not believed', async (_, more) => {
      expect(await caught(read(more))).toMatchObject({ code: 'UNAVAILABLE' });
    });
  });

  it('only NotFoundException means that there is no such key', async () => {
    const missing = createKeyReader((await openCanned([kmsError('NotFoundException')])).aws);
    expect(await missing.describe(REGION, 'k')).toBeNull();
    expect(await missing.policy(REGION, 'k')).toBeNull();
    const denied = createKeyReader((await openCanned([kmsError('AccessDeniedException')])).aws);
    expect(await caught(denied.describe(REGION, 'k'))).toMatchObject({ code: 'DENIED' });
  });
});
