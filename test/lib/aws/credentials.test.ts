import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createKeyAuthority } from '../../../src/lib/aws/authority.js';
import { openAws } from '../../../src/lib/aws/connection.js';
import { createKeyReader } from '../../../src/lib/aws/kms-reader.js';
import {
  type Answer,
  cannedHandler,
  caught,
  EXECUTOR,
  networkError,
  openWorld,
  REGION,
  SECRET,
  scratch,
  TOKEN,
  writeText,
} from './support.js';

const folder = scratch();
const ROLE = 'arn:aws:iam::111122223333:role/Base';
const assumed = (expires = '2099-01-01T00:00:00Z') => ({
  headers: { 'content-type': 'text/xml' },
  body:
    '<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>' +
    `<SecretAccessKey>${SECRET}</SecretAccessKey><SessionToken>${TOKEN}</SessionToken><Expiration>${expires}</Expiration>` +
    '</Credentials></AssumeRoleResult></AssumeRoleResponse>',
});
const noKeys = { body: '{"Keys":[]}' };

const AWS_CONFIG_FILE = writeText(
  folder,
  'config',
  [
    '[profile role]',
    `role_arn = ${ROLE}`,
    'source_profile = base',
    'region = eu-west-1',
    '[profile broken]',
    `credential_process = sh -c 'echo ${SECRET} >&2; echo ${SECRET}; exit 1'`,
    '[profile process]',
    `credential_process = printf '{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"${SECRET}"}'`,
  ].join('\n'),
);
const AWS_SHARED_CREDENTIALS_FILE = writeText(
  folder,
  'credentials',
  `[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = ${SECRET}\n[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = ${SECRET}\n`,
);
const files = { AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE };

afterEach(() => {
  vi.unstubAllEnvs();
});

async function open(
  answers: readonly Answer[],
  environment: Record<string, string>,
  profile?: string,
  kind: 'aws' | 'sandbox' = 'aws',
) {
  const { sent, requestHandler } = cannedHandler(...answers);
  const aws = await openAws({
    environmentKind: kind,
    account: kind === 'aws' ? '111122223333' : '000000000000',
    region: REGION,
    timeoutMillis: 1000,
    requestHandler,
    environment,
    profile,
    retry: { maxAttempts: 1, baseMillis: 1, capMillis: 1, untilMillis: 60_000 },
    ...(kind === 'sandbox' ? { endpointUrl: 'http://127.0.0.1:4599' } : {}),
  });
  return {
    aws,
    sent,
    whose: () => sent.map(({ headers }) => /Credential=(\w+)\//.exec(headers.authorization ?? '')?.[1]),
  };
}

describe('credentials', () => {
  it('are the keys of the environment, unless a profile is chosen', async () => {
    const environment = {
      ...files,
      AWS_ACCESS_KEY_ID: 'AKIDENV',
      AWS_SECRET_ACCESS_KEY: SECRET,
      AWS_SESSION_TOKEN: TOKEN,
    };
    const plain = await open([noKeys], environment);
    await createKeyReader(plain.aws).keyIds(REGION);
    expect(plain.whose()).toEqual(['AKIDENV']);
    expect(plain.sent[0]?.headers['x-amz-security-token']).toBe(TOKEN);
    const flagged = await open([noKeys], environment, 'base');
    await createKeyReader(flagged.aws).keyIds(REGION);
    expect(flagged.whose()).toEqual(['AKIDBASE']);
    const chosen = await open([noKeys], { ...environment, AWS_PROFILE: 'base' });
    await createKeyReader(chosen.aws).keyIds(REGION);
    expect(chosen.whose()).toEqual(['AKIDBASE']);
  });

  it('of the default profile, and of a process', async () => {
    const plain = await open([noKeys], files);
    await createKeyReader(plain.aws).keyIds(REGION);
    const process = await open([noKeys], files, 'process');
    await createKeyReader(process.aws).keyIds(REGION);
    expect([plain.whose(), process.whose()]).toEqual([['AKIDDEFAULT'], ['AKIDPROCESS']]);
  });

  it('of a role are fetched once for all Regions, through the same guard', async () => {
    const { aws, sent, whose } = await open([assumed(), noKeys], files, 'role');
    await Promise.all([REGION, 'us-east-1', 'eu-west-1'].map((region) => createKeyReader(aws).keyIds(region)));
    expect(whose()).toEqual(['AKIDBASE', 'ASIAROLE', 'ASIAROLE', 'ASIAROLE']);
    expect(sent[0]).toMatchObject({ protocol: 'https:', hostname: 'sts.eu-west-1.amazonaws.com' });
  });

  it('of a role that are about to expire are fetched again', async () => {
    const soon = assumed(new Date(Date.now() + 60_000).toISOString());
    const { aws, whose } = await open(
      [(request) => (request.hostname.startsWith('sts') ? soon : noKeys)],
      files,
      'role',
    );
    await createKeyReader(aws).keyIds(REGION);
    const before = whose().filter((id) => id === 'AKIDBASE').length;
    await createKeyReader(aws).keyIds(REGION);
    expect(whose().filter((id) => id === 'AKIDBASE').length).toBeGreaterThan(before);
  });

  it('T60 of a role never come from an endpoint that the SDK would look up by itself', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'https://evil.example');
    vi.stubEnv('AWS_ENDPOINT_URL_STS', 'https://evil.example');
    const { aws, sent } = await open([assumed(), noKeys], files, 'role');
    await createKeyReader(aws).keyIds(REGION);
    expect(sent.map(({ hostname }) => hostname)).toEqual([
      'sts.eu-west-1.amazonaws.com',
      `kms.${REGION}.amazonaws.com`,
    ]);
  });

  it('of a role in a sandbox come from the sandbox', async () => {
    const { aws, sent } = await open([assumed(), noKeys], files, 'role', 'sandbox');
    await createKeyReader(aws).keyIds(REGION);
    expect(new Set(sent.map(({ hostname }) => hostname))).toEqual(new Set(['127.0.0.1']));
  });

  it('a role that AWS denies is DENIED', async () => {
    const { environment, as } = openWorld(folder);
    const text = `[profile x]\nrole_arn = ${EXECUTOR}\nsource_profile = outsider\nregion = ${REGION}\nendpoint_url = http://127.0.0.1:4599\n`;
    const aws = await as('x', { environment: { ...environment, AWS_CONFIG_FILE: writeText(folder, 'denied', text) } });
    expect(await caught(createKeyAuthority(aws).whoAmI())).toMatchObject({
      code: 'DENIED',
      exit: 4,
      details: { maybeDone: false },
    });
  });

  it.each([
    ['nothing at all', { HOME: '/nonexistent' }, undefined],
    ['a profile that is not there', files, 'nobody'],
    ['a process that fails', files, 'broken'],
  ])('%s is CREDENTIALS_MISSING (exit 4), says no secret and sends nothing', async (_name, environment, profile) => {
    const { aws, sent } = await open([noKeys], environment, profile, 'sandbox');
    const error = await caught(createKeyReader(aws).keyIds(REGION));
    expect(error).toMatchObject({ code: 'CREDENTIALS_MISSING', exit: 4, details: { profile: profile ?? 'default' } });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(SECRET);
    expect(sent).toEqual([]);
  });

  it('a network that is down while they are fetched is UNAVAILABLE, not a matter of credentials', async () => {
    const { aws } = await open([networkError('ENOTFOUND')], files, 'role');
    expect(await caught(createKeyReader(aws).keyIds(REGION))).toMatchObject({ code: 'UNAVAILABLE', exit: 5 });
  });
});
