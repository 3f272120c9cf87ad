import { describe, expect, it } from 'vitest';
import { createKeyAuthority } from '../../../src/lib/aws/authority.js';
import { enterExecutor } from '../../../src/lib/aws/executor.js';
import { anyWriter, warrantFor } from '../../support/any-writer.js';
import { caught, EXECUTOR, openCanned, openWorld, REGION, SECRET, scratch } from './support.js';

const folder = scratch();
const session = {
  roleArn: EXECUTOR,
  sourceIdentity: 'architect',
  sessionName: 'r-abcdefghij',
  actions: ['kms:CreateKey'],
  resources: ['*'],
};
const xml = (body: string) => ({ headers: { 'content-type': 'text/xml' }, body });
const assumedAs = (sourceIdentity: string) =>
  xml(
    `<AssumeRoleResponse><AssumeRoleResult><SourceIdentity>${sourceIdentity}</SourceIdentity><Credentials><AccessKeyId>ASIA</AccessKeyId>` +
      `<SecretAccessKey>${SECRET}</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>` +
      '</Credentials></AssumeRoleResult></AssumeRoleResponse>',
  );

const WARRANT = warrantFor('RotateKeyOnDemand');

describe('assumeExecutor', () => {
  it('asks for 900 s, the identity, the name and exactly the actions and resources', async () => {
    const { aws, sent } = await openCanned([assumedAs('architect'), { body: '{}' }]);
    const writer = await createKeyAuthority(aws).assumeExecutor(
      { ...session, resources: ['arn:a', 'arn:b'] },
      warrantFor('DisableKey'),
    );
    const form = new URLSearchParams(sent[0]?.body);
    expect(Object.fromEntries(form)).toMatchObject({
      Action: 'AssumeRole',
      RoleArn: EXECUTOR,
      RoleSessionName: 'r-abcdefghij',
      SourceIdentity: 'architect',
      DurationSeconds: '900',
    });
    expect(JSON.parse(form.get('Policy') ?? '')).toEqual({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['kms:CreateKey'], Resource: ['arn:a', 'arn:b'] }],
    });
    expect([...form.keys()].filter((name) => name.startsWith('Tags'))).toEqual([]);
    await writer.call({ service: 'kms', region: REGION, operation: 'DisableKey', parameters: { KeyId: 'k' } });
    expect(sent[1]?.headers['x-amz-security-token']).toBe('t');
  });

  it.each(['privacy', ''])('T52 a session in the name of %j is not used', async (other) => {
    const { aws } = await openCanned([assumedAs(other)]);
    expect(await caught(createKeyAuthority(aws).assumeExecutor(session, WARRANT))).toMatchObject({ code: 'REFUSED' });
  });

  it('T52 a seat cannot take the name of another', async () => {
    const aws = await openWorld(folder).as('architect');
    const error = await caught(
      createKeyAuthority(aws).assumeExecutor({ ...session, sourceIdentity: 'privacy' }, WARRANT),
    );
    expect(error).toMatchObject({ code: 'DENIED', exit: 4 });
  });

  it('T48 the session can do nothing beyond its actions', async () => {
    const aws = await openWorld(folder).as('architect');
    const writer = anyWriter(await enterExecutor(aws, session));
    const create = { service: 'kms', region: REGION, operation: 'CreateKey', parameters: {} } as const;
    const made = (await writer.call(create)).answer as { KeyMetadata: { Arn: string } };
    const disable = { ...create, operation: 'DisableKey', parameters: { KeyId: made.KeyMetadata.Arn } };
    expect(await caught(writer.call(disable))).toMatchObject({ code: 'DENIED', details: { maybeDone: false } });
  });

  it('T4 an executor of another account, or no limits, is refused before anything is sent', async () => {
    const { aws, sent } = await openCanned([assumedAs('architect')]);
    const authority = createKeyAuthority(aws);
    const other = { ...session, roleArn: 'arn:aws:iam::999999999999:role/custody-executor' };
    expect(await caught(authority.assumeExecutor(other, WARRANT))).toMatchObject({ code: 'REFUSED' });
    expect(await caught(authority.assumeExecutor({ ...session, actions: [] }, WARRANT))).toMatchObject({ code: 'BUG' });
    expect(await caught(authority.assumeExecutor({ ...session, resources: [] }, WARRANT))).toMatchObject({
      code: 'BUG',
    });
    expect(sent).toEqual([]);
  });
});

describe('roleId', () => {
  const role = (arn: string) =>
    xml(
      `<GetRoleResponse><GetRoleResult><Role><Path>/</Path><RoleName>x</RoleName><RoleId>AROAEXAMPLE</RoleId><Arn>${arn}</Arn>` +
        '<CreateDate>2026-01-01T00:00:00Z</CreateDate></Role></GetRoleResult></GetRoleResponse>',
    );

  it('T58 is the id of this very ARN, not of a namesake', async () => {
    const at = async (arn: string) => createKeyAuthority((await openCanned([role(arn)])).aws).roleId(EXECUTOR);
    expect(await at(EXECUTOR)).toBe('AROAEXAMPLE');
    expect(await at('arn:aws:iam::000000000000:role/elsewhere/custody-executor')).toBeNull();
    expect(await at('arn:aws:iam::999999999999:role/custody-executor')).toBeNull();
  });

  it('null for a role that is not there, USAGE for what is no role', async () => {
    const admin = createKeyAuthority(await openWorld(folder).as('admin'));
    expect(await admin.roleId('arn:aws:iam::000000000000:role/nobody')).toBeNull();
    expect(await caught(admin.roleId('arn:aws:iam::000000000000:user/x'))).toMatchObject({ code: 'USAGE' });
  });
});

describe('whoAmI', () => {
  it.each([
    ['arn:aws:sts::000000000000:assumed-role/R/s', '999999999999'],
    ['arn:aws:kms:eu-central-1:000000000000:key/x', '000000000000'],
    ['', '000000000000'],
  ])('an answer that does not fit together is not believed: %s', async (arn, account) => {
    const { aws } = await openCanned([
      xml(
        `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>${arn}</Arn><Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
      ),
    ]);
    expect(await caught(createKeyAuthority(aws).whoAmI())).toMatchObject({ code: 'UNAVAILABLE' });
  });
});
