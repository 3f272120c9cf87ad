import { describe, expect, it } from 'vitest';
import { createKeyAuthority } from '../../../src/lib/aws/authority.js';
import { openAws } from '../../../src/lib/aws/connection.js';
import { assertTarget } from '../../../src/lib/aws/endpoint.js';
import { createKeyReader } from '../../../src/lib/aws/kms-reader.js';
import { assertRegion } from '../../../src/lib/aws/settings.js';
import { cannedHandler, caught, openCanned, openWorld, REGION, SECRET, scratch, writeText } from './support.js';

const folder = scratch();
const keys = { HOME: '/nonexistent', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: SECRET };
const EVIL = 'https://kms.evil.example';
const plain = writeText(folder, 'plain', '[profile p]\nregion = eu-central-1\n');
const withUrl = writeText(folder, 'url', `[profile p]\nregion = eu-central-1\nendpoint_url = ${EVIL}\n`);
const withServices = writeText(
  folder,
  'services',
  `[profile p]\nservices = s\n[services s]\niam =\n  endpoint_url = ${EVIL}\n`,
);
const withCa = writeText(folder, 'ca', '[profile p]\nca_bundle = /tmp/ca.pem\n');

function openAsAws(
  environment: Record<string, string | undefined> = {},
  flags: { endpointUrl?: string; account?: string } = {},
) {
  const { sent, requestHandler } = cannedHandler({ body: '{"Keys":[],"Truncated":false}' });
  const opened = openAws({
    environmentKind: 'aws',
    account: '111122223333',
    profile: 'p',
    region: REGION,
    timeoutMillis: 1000,
    requestHandler,
    environment: { ...keys, AWS_PROFILE: '', AWS_CONFIG_FILE: plain, ...environment },
    ...flags,
  });
  return { opened, sent };
}

describe('T60 a plan for aws refuses whatever lets another answer, and names it', () => {
  it.each([
    [{ AWS_ENDPOINT_URL: EVIL }, 'AWS_ENDPOINT_URL'],
    [{ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }, 'AWS_ENDPOINT_URL'],
    [{ AWS_ENDPOINT_URL: 'https://kms.eu-central-1.amazonaws.com' }, 'AWS_ENDPOINT_URL'],
    [{ AWS_ENDPOINT_URL_KMS: EVIL }, 'AWS_ENDPOINT_URL_KMS'],
    [{ AWS_ENDPOINT_URL_STS: EVIL }, 'AWS_ENDPOINT_URL_STS'],
    [{ AWS_ENDPOINT_URL_IAM: EVIL }, 'AWS_ENDPOINT_URL_IAM'],
    [{ AWS_ENDPOINT_URL_SSO: EVIL }, 'AWS_ENDPOINT_URL_SSO'],
    [{ NODE_EXTRA_CA_CERTS: '/tmp/ca.pem' }, 'NODE_EXTRA_CA_CERTS'],
    [{ AWS_CA_BUNDLE: '/tmp/ca.pem' }, 'AWS_CA_BUNDLE'],
    [{ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, 'NODE_TLS_REJECT_UNAUTHORIZED'],
    [{ AWS_CONFIG_FILE: withUrl }, 'endpoint_url of profile p'],
    [{ AWS_CONFIG_FILE: withServices }, `endpoint_url of iam in [services s] of ${withServices}`],
    [{ AWS_CONFIG_FILE: withCa }, 'ca_bundle of profile p'],
  ])('%j', async (environment, source) => {
    const { opened, sent } = openAsAws(environment);
    expect(await caught(opened)).toMatchObject({ code: 'ENDPOINT_REFUSED', exit: 3, details: { source } });
    expect(sent).toEqual([]);
  });

  it('--endpoint-url, and the account that only sandboxes have', async () => {
    const flag = await caught(openAsAws({}, { endpointUrl: 'http://127.0.0.1:1' }).opened);
    expect(flag).toMatchObject({ code: 'ENDPOINT_REFUSED', details: { source: '--endpoint-url' } });
    const account = await caught(openAsAws({}, { account: '000000000000' }).opened);
    expect(account).toMatchObject({ code: 'ENDPOINT_REFUSED' });
  });

  it.each([
    {},
    { AWS_ENDPOINT_URL: EVIL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
    { NODE_TLS_REJECT_UNAUTHORIZED: '1' },
  ])('nothing harmful in %j: the request goes to AWS', async (environment) => {
    const folderWithKeys = writeText(folder, 'keys', `[p]\naws_access_key_id = A\naws_secret_access_key = ${SECRET}\n`);
    const { opened, sent } = openAsAws({ ...environment, AWS_SHARED_CREDENTIALS_FILE: folderWithKeys });
    const aws = await opened;
    expect([aws.host, aws.endpointKind]).toEqual(['kms.eu-central-1.amazonaws.com', 'aws']);
    expect(await createKeyReader(aws).keyIds(REGION)).toEqual([]);
    expect(sent.map(({ protocol, hostname }) => [protocol, hostname])).toEqual([['https:', aws.host]]);
  });

  it.each([
    [{ AWS_USE_FIPS_ENDPOINT: 'true' }, 'us-east-1', 'kms-fips.us-east-1.amazonaws.com'],
    [{ AWS_USE_DUALSTACK_ENDPOINT: 'true' }, 'eu-west-1', 'kms.eu-west-1.api.aws'],
    [{}, 'cn-north-1', 'kms.cn-north-1.amazonaws.com.cn'],
    [{}, 'us-gov-west-1', 'kms.us-gov-west-1.amazonaws.com'],
  ])('%j %s is %s, on the screen and on the wire', async (environment, region, host) => {
    const { sent, requestHandler } = cannedHandler({ body: '{"Keys":[]}' });
    const aws = await openAws({
      environmentKind: 'aws',
      account: '111122223333',
      region,
      timeoutMillis: 1000,
      requestHandler,
      environment: { ...keys, ...environment },
    });
    await createKeyReader(aws).keyIds(region);
    expect([aws.host, sent[0]?.hostname]).toEqual([host, host]);
  });
});

describe('T60 a plan for a sandbox stays on this machine', () => {
  it.each([
    'http://10.0.0.1:4599',
    'https://kms.eu-central-1.amazonaws.com',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'http://127.0.0.1@evil.example',
    'http://evil.example#127.0.0.1',
    'http://user:word@127.0.0.1',
    'http://user@127.0.0.1',
    'http://127.0.0.1/path',
    'ftp://127.0.0.1',
    'http://0.0.0.0:1',
    'http://[::2]:1',
    'not a url',
  ])('%s is refused', async (endpointUrl) => {
    expect(await caught(openCanned([{}], { endpointUrl }))).toMatchObject({ code: 'ENDPOINT_REFUSED' });
  });

  it.each(['http://127.0.0.1:1', 'http://[::1]:1', 'https://localhost', 'http://127.1:1'])(
    '%s is this machine',
    async (endpointUrl) => {
      const { aws, sent } = await openCanned([{ body: '{"Keys":[]}' }], { endpointUrl });
      await createKeyReader(aws).keyIds(REGION);
      expect(sent).toHaveLength(1);
      expect(aws.host).toBe(new URL(endpointUrl).host);
    },
  );

  it('without an endpoint nothing is opened: AWS is not a sandbox', async () => {
    const error = await caught(openCanned([{}], { endpointUrl: '' }));
    expect(error).toMatchObject({ code: 'ENDPOINT_REFUSED' });
    const onlyKms = { ...keys, AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:1' };
    expect(await caught(openCanned([{}], { endpointUrl: '', environment: onlyKms }))).toMatchObject({
      code: 'ENDPOINT_REFUSED',
    });
  });
});

describe('T60 the last look, at the request itself', () => {
  const aws =
    (hostname: string, protocol = 'https:', port?: number) =>
    () =>
      assertTarget('aws', { hostname, protocol, port });

  it.each([
    'kms.eu-central-1.amazonaws.com',
    'kms-fips.us-gov-west-1.amazonaws.com',
    'kms.cn-northwest-1.amazonaws.com.cn',
    'kms.ap-southeast-2.api.aws',
    'sts.amazonaws.com',
    'sts.eu-central-1.amazonaws.com',
    'iam.amazonaws.com',
    'iam.us-gov.amazonaws.com',
    'iam.global.api.aws',
    'portal.sso.eu-central-1.amazonaws.com',
    'oidc.us-east-1.amazonaws.com',
  ])('%s is AWS', (hostname) => expect(aws(hostname)).not.toThrow());

  it.each([
    'kms.eu-central-1.amazonaws.com.evil.example',
    'evil.example',
    'kms.evil.example',
    'evilkms.eu-central-1.amazonaws.com',
    'kms.eu-central-1.evilamazonaws.com',
    'kms.eu-central-1.amazonawsXcom',
    'kms.s3.amazonaws.com',
    'kms.eu-central-1.elb.amazonaws.com',
    'a.bucket.s3.eu-central-1.amazonaws.com',
    'bucket.kms.eu-central-1.amazonaws.com',
    'vpce-1.kms.eu-central-1.vpce.amazonaws.com',
    'KMS.eu-central-1.amazonaws.com',
    'kms.eu-central-1.amazonaws.com.',
    '127.0.0.1',
    '',
  ])('%s is not', (hostname) =>
    expect(aws(hostname)).toThrowError(expect.objectContaining({ code: 'ENDPOINT_REFUSED' })),
  );

  it('no plain HTTP, no other port', () => {
    expect(aws('kms.eu-central-1.amazonaws.com', 'http:')).toThrow();
    expect(aws('kms.eu-central-1.amazonaws.com', 'https:', 8443)).toThrow();
    expect(aws('kms.eu-central-1.amazonaws.com', 'https:', 443)).not.toThrow();
  });

  it('a Region cannot carry a host of its own', async () => {
    for (const region of ['evil.example/', 'x@evil', 'eu-central-1.evil', '../..', '', 'EU-CENTRAL-1']) {
      expect(() => assertRegion(region)).toThrowError(expect.objectContaining({ code: 'USAGE' }));
    }
    const { aws: connection } = await openCanned([{}]);
    expect(() => connection.kms('evil.example/')).toThrowError(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('the profile that a flag chooses', () => {
  it('gives the endpoint, also when AWS_PROFILE names another one', async () => {
    const { sandbox, environment, as } = openWorld(folder);
    const aws = await as('privacy', { environment: { ...environment, AWS_PROFILE: 'architect' } });
    expect([aws.profile, aws.host, aws.region]).toEqual(['privacy', '127.0.0.1:4599', REGION]);
    expect((await createKeyAuthority(aws).whoAmI()).arn).toContain('PrivacyEngineer');
    expect(sandbox.account).toBe(aws.account);
  });

  it('flag, then variable, then profile say the Region', async () => {
    const { environment, as } = openWorld(folder);
    expect((await as('privacy', { environment: { ...environment, AWS_REGION: 'us-east-1' } })).region).toBe(
      'us-east-1',
    );
    const both = { environment: { ...environment, AWS_REGION: 'us-east-1' }, region: 'eu-west-1' };
    expect((await as('privacy', both)).region).toBe('eu-west-1');
    const { aws } = await openCanned([{}], { region: '' });
    expect(() => aws.sts()).toThrowError(expect.objectContaining({ code: 'INPUT_MISSING' }));
  });
});
