import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createKeyAuthority } from '../../../src/lib/aws/authority.js';
import { createKeyReader } from '../../../src/lib/aws/kms-reader.js';
import { anyWriter } from '../../support/any-writer.js';
import { caught, kmsError, networkError, openCanned, REGION, SECRET, TOKEN } from './support.js';

const ROTATE = { service: 'kms', region: REGION, operation: 'RotateKeyOnDemand', parameters: { KeyId: 'k' } } as const;
const hang = () => new Promise<never>(() => undefined);

/** name or status · code · exit · whether a change may have happened */
const ANSWERS = [
  ['AccessDeniedException', 400, 'DENIED', 4, false],
  ['ExpiredTokenException', 400, 'CREDENTIALS_MISSING', 4, false],
  ['UnrecognizedClientException', 400, 'CREDENTIALS_MISSING', 4, false],
  ['InvalidSignatureException', 403, 'CREDENTIALS_MISSING', 4, false],
  ['ThrottlingException', 400, 'THROTTLED', 5, false],
  ['SomethingNew', 429, 'THROTTLED', 5, false],
  ['LimitExceededException', 400, 'LIMIT_EXCEEDED', 3, false],
  ['KMSInvalidStateException', 409, 'REFUSED', 3, false],
  ['ConflictException', 409, 'REFUSED', 3, false],
  ['MalformedPolicyDocumentException', 400, 'REFUSED', 3, false],
  ['NotFoundException', 400, 'REFUSED', 3, false],
  ['KMSInternalException', 500, 'UNAVAILABLE', 5, true],
  ['DependencyTimeoutException', 503, 'UNAVAILABLE', 5, true],
  ['SomethingNew', 502, 'UNAVAILABLE', 5, true],
  ['constructor', 400, 'REFUSED', 3, false],
] as const;

const FAILURES = [
  ['ECONNREFUSED', 'UNAVAILABLE', false],
  ['ENOTFOUND', 'UNAVAILABLE', false],
  ['ECONNRESET', 'UNAVAILABLE', true],
  ['EPIPE', 'UNAVAILABLE', true],
  ['ETIMEDOUT', 'TIMEOUT', true],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'ENDPOINT_REFUSED', false],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'ENDPOINT_REFUSED', false],
  ['toString', 'BUG', true],
] as const;

describe('what AWS answers to a change', () => {
  it.each(ANSWERS)('%s (%d) is %s, exit %d, maybe done %s; sent once', async (name, status, code, exit, maybeDone) => {
    const { aws, sent } = await openCanned([kmsError(name, status)]);
    const error = await caught(anyWriter(aws).call(ROTATE));
    expect(error).toMatchObject({ code, exit, details: { awsCode: name, requestId: 'rid-1', maybeDone } });
    expect(sent).toHaveLength(1);
  });

  it.each(FAILURES)('%s is %s, maybe done %s; sent once', async (errno, code, maybeDone) => {
    const { aws, sent } = await openCanned([networkError(errno)]);
    expect(await caught(anyWriter(aws).call(ROTATE))).toMatchObject({ code, details: { maybeDone } });
    expect(sent).toHaveLength(1);
  });

  it('silence is TIMEOUT, and the change may have happened', async () => {
    const { aws, sent } = await openCanned([hang], { timeoutMillis: 30 });
    expect(await caught(anyWriter(aws).call(ROTATE))).toMatchObject({
      code: 'TIMEOUT',
      details: { maybeDone: true },
    });
    expect(sent).toHaveLength(1);
  });

  it('an answer that is no answer leaves it open whether the change happened', async () => {
    const { aws } = await openCanned([{ body: `{"KeyId": ${SECRET}` }]);
    const error = await caught(anyWriter(aws).call(ROTATE));
    expect(error).toMatchObject({ details: { maybeDone: true } });
    expect(inspect(error)).not.toContain(SECRET);
  });

  it('T12 a signature outside of its time is CLOCK_SKEW', async () => {
    const { aws } = await openCanned([kmsError('InvalidSignatureException', 403, 'Signature expired: 2026…')]);
    expect(await caught(anyWriter(aws).call(ROTATE))).toMatchObject({ code: 'CLOCK_SKEW', exit: 3 });
  });
});

describe('what AWS answers to a question', () => {
  it('passing failures are tried again, with growing jittered pauses, and told', async () => {
    const policy = { body: '{"Policy":"{}"}' };
    const told: string[] = [];
    const { aws, sent, timer } = await openCanned(
      [kmsError('ThrottlingException'), networkError('ECONNRESET'), policy],
      { onProgress: (text) => told.push(text) },
    );
    expect(await createKeyReader(aws).policy(REGION, 'k')).toBe('{}');
    expect(sent).toHaveLength(3);
    expect(timer.slept).toEqual([200, 400]);
    expect(told).toEqual([
      expect.stringMatching(/GetKeyPolicy.*trying again \(2 of 6\)/),
      expect.stringMatching(/GetKeyPolicy.*trying again \(3 of 6\)/),
    ]);
  });

  it('but not for ever, and no other failure', async () => {
    const limited = await openCanned([kmsError('ThrottlingException')]);
    expect(await caught(createKeyReader(limited.aws).keyIds(REGION))).toMatchObject({ code: 'THROTTLED' });
    expect(limited.sent).toHaveLength(6);
    const denied = await openCanned([kmsError('AccessDeniedException')]);
    expect(await caught(createKeyReader(denied.aws).keyIds(REGION))).toMatchObject({ code: 'DENIED' });
    expect(denied.sent).toHaveLength(1);
  });
});

describe('T46 errors', () => {
  it.each([
    ['SignatureDoesNotMatch', `The Canonical String should have been 'x-amz-security-token:${TOKEN}'`],
    ['InvalidSignatureException', `x-amz-security-token:${TOKEN} ${SECRET}`],
    ['ExpiredTokenException', TOKEN],
  ])('%s never shows headers, tokens or keys', async (name, message) => {
    const { aws } = await openCanned([kmsError(name, 403, message)]);
    const error = await caught(anyWriter(aws).call(ROTATE));
    for (const shown of [inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error)]) {
      expect(shown).not.toContain(TOKEN);
      expect(shown).not.toContain(SECRET);
    }
  });

  it('T8 cap what AWS, or who poses as it, says', async () => {
    const { aws } = await openCanned([kmsError('AccessDeniedException', 400, 'x'.repeat(1_000_000))]);
    const error = await caught(anyWriter(aws).call(ROTATE));
    expect((error as Error).message.length).toBeLessThan(700);
  });

  it('answers that hold credentials are not quoted when they cannot be read', async () => {
    const broken = `<AssumeRoleResponse><Credentials><SecretAccessKey>${SECRET}</SecretAccessKey>`;
    const { aws } = await openCanned([{ headers: { 'content-type': 'text/xml' }, body: broken }]);
    const error = await caught(createKeyAuthority(aws).whoAmI());
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(SECRET);
  });
});
