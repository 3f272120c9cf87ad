import { describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../../src/lib/sandbox/wire/message.js';
import { parseSignature, verifySignature } from '../../../src/lib/sandbox/wire/sigv4.js';
import { answerOf, assume, call, keyOf, openSandbox, REGION, requestOf, START, sign } from './support.js';

const KEY = { accessKeyId: 'AKIAEXAMPLEEXAMPLE00', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const FRESH = { clocksMillis: [START] };

/** Requests signed by @smithy/signature-v4: the canonical form must come out the same here. */
const SHAPES: readonly [name: string, target: string, headers: Record<string, string>, body: string][] = [
  ['the plain form of AWS JSON', '/', { 'x-amz-target': 'TrentService.ListKeys' }, '{}'],
  ['no body', '/', {}, ''],
  ['a path with spaces and signs', '/a%20b/c+d/%C3%A9', {}, 'x'],
  ['a query in another order', '/?b=2&a=1&c=', {}, 'x'],
  ['a query with signs', "/?a%20b=%2F%26%3D&t=!'()*", {}, 'x'],
  ['headers with runs of spaces', '/', { 'x-custom': '  a   b  c ' }, 'x'],
  ['bytes beyond ASCII', '/', { 'content-type': 'text/plain' }, 'Schlüssel 🔑'],
];

async function signed(
  target: string,
  headers: Record<string, string>,
  body: string,
  atMillis = START,
): Promise<HttpRequest> {
  const request = { method: 'POST', target, headers, body: Buffer.from(body) };
  return sign(request, { key: KEY, service: 'kms', atMillis });
}

function verify(request: HttpRequest, secret = KEY.secretAccessKey, fresh = FRESH): void {
  verifySignature(request, parseSignature(request, 'json'), secret, fresh, 'json');
}

describe('a signature made by the AWS signer', () => {
  it.each(SHAPES)('is accepted: %s', async (_name, target, headers, body) => {
    const request = await signed(target, headers, body);
    expect(() => verify(request)).not.toThrow();
    expect(() => verify(request, `${KEY.secretAccessKey}x`)).toThrow(/does not match/);
  });

  it('is refused once anything that it covers is changed', async () => {
    const request = await signed('/?a=1', { 'x-amz-target': 'TrentService.ListKeys' }, '{"Limit":1}');
    const changes: Partial<HttpRequest>[] = [
      { method: 'PUT' },
      { target: '/?a=2' },
      { target: '/b?a=1' },
      { headers: { ...request.headers, 'x-amz-target': 'TrentService.ScheduleKeyDeletion' } },
      { headers: { ...request.headers, host: 'kms.example.com' } },
    ];
    for (const change of changes) expect(() => verify({ ...request, ...change })).toThrow(/does not match/);
    expect(() => verify({ ...request, body: Buffer.from('{"Limit":2}') })).toThrow(/content-sha256|does not match/);
  });

  it('must cover what decides the request: a target or token added afterwards is refused', async () => {
    const request = await signed('/', {}, '{}');
    for (const name of ['x-amz-target', 'x-amz-security-token']) {
      const smuggled = { ...request, headers: { ...request.headers, [name]: 'TrentService.DisableKey' } };
      expect(() => verify(smuggled)).toThrow(`'${name}' must be a 'SignedHeader'`);
    }
    const unbound = request.headers.authorization?.replace('host;', '') ?? '';
    expect(() => verify({ ...request, headers: { ...request.headers, authorization: unbound } })).toThrow(
      "'host' must be",
    );
  });

  it('is fresh within 15 minutes of any of the clocks, and no longer', async () => {
    const request = await signed('/', {}, '{}');
    const near =
      (...clocks: number[]) =>
      () =>
        verify(request, KEY.secretAccessKey, { clocksMillis: clocks });
    expect(near(START + 900_000)).not.toThrow();
    expect(near(START - 900_000)).not.toThrow();
    expect(near(START + 9e9, START)).not.toThrow();
    expect(near(START + 901_000)).toThrow('Signature expired');
    expect(near(START - 901_000)).toThrow('Signature not yet current');
    expect(near(START - 901_000, START + 901_000)).toThrow(/Signature/);
  });
});

describe('an Authorization header that is no signature', () => {
  const good = `AWS4-HMAC-SHA256 Credential=AKIAEXAMPLEEXAMPLE00/20260131/${REGION}/kms/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`;
  const bad: readonly [string, string][] = [
    ['empty', ''],
    ['another scheme', 'Basic QTpC'],
    ['another algorithm', good.replace('HMAC', 'ECDSA')],
    ['no credential', good.replace('Credential=', 'Cred=')],
    ['a credential of four parts', good.replace('/kms', '')],
    ['a credential with a path', good.replace('/kms', '/../kms')],
    ['no signed headers', good.replace('host;x-amz-date', '')],
    ['signed headers in capitals', good.replace('host;', 'Host;')],
    ['a short signature', good.replace('0'.repeat(64), '0'.repeat(63))],
    ['a signature in capitals', good.replace('0'.repeat(64), 'A'.repeat(64))],
    ['a parameter twice', `${good}, Signature=${'1'.repeat(64)}`],
    ['a parameter too many', `${good}, Extra=1`],
    ['a thousand commas', `AWS4-HMAC-SHA256 ${','.repeat(1000)}`],
  ];

  it.each(bad)('is an incomplete signature: %s', async (_name, authorization) => {
    const { sandbox, bugs } = openSandbox();
    for (const [service, code] of [
      ['kms', 'IncompleteSignatureException'],
      ['sts', 'IncompleteSignature'],
    ] as const) {
      const request = requestOf(service, 'ListKeys');
      const headers = { host: 'x', ...request.headers, 'x-amz-date': '20260131T090000Z', authorization };
      expect(answerOf(await sandbox.handle({ ...request, headers, sourceIp: '127.0.0.1' })).code).toBe(code);
    }
    expect(bugs).toEqual([]);
  });

  it('is missing: each service says so by its own name', async () => {
    const { sandbox } = openSandbox();
    const kms = answerOf(await sandbox.handle({ ...requestOf('kms', 'ListKeys'), sourceIp: '127.0.0.1' }));
    const sts = answerOf(await sandbox.handle({ ...requestOf('sts', 'GetCallerIdentity'), sourceIp: '127.0.0.1' }));
    expect([kms.code, kms.status, sts.code, sts.status]).toEqual([
      'MissingAuthenticationTokenException',
      400,
      'MissingAuthenticationToken',
      403,
    ]);
  });

  it('lacks a date, or has one of another day than its scope', async () => {
    const { sandbox } = openSandbox();
    const key = keyOf(sandbox, 'admin');
    const request = await sign(requestOf('kms', 'ListKeys'), { key, service: 'kms' });
    const at = async (date: string) =>
      answerOf(await sandbox.handle({ ...request, headers: { ...request.headers, 'x-amz-date': date } })).code;
    expect(await at('yesterday')).toBe('IncompleteSignatureException');
    expect(await at('20269999T090000Z')).toBe('IncompleteSignatureException');
    expect(await at('20260130T235959Z')).toBe('InvalidSignatureException');
    const other = { ...parseSignature(request, 'json'), day: '20260130' };
    expect(() => verifySignature(request, other, key.secretAccessKey, FRESH, 'json')).toThrow(
      'Date in Credential scope',
    );
  });
});

describe('who signed', () => {
  it('is refused with a wrong secret, an unknown key, a stray token', async () => {
    const { sandbox } = openSandbox();
    const key = keyOf(sandbox, 'admin');
    const codes = async (wrong: object) => [
      (await call(sandbox, { key: { ...key, ...wrong }, service: 'kms' }, 'ListKeys')).code,
      (await call(sandbox, { key: { ...key, ...wrong }, service: 'sts' }, 'GetCallerIdentity')).code,
    ];
    expect(await codes({ secretAccessKey: 'wrong' })).toEqual(['InvalidSignatureException', 'SignatureDoesNotMatch']);
    expect(await codes({ accessKeyId: 'AKIAUNKNOWNUNKNOWN00' })).toEqual([
      'UnrecognizedClientException',
      'InvalidClientTokenId',
    ]);
    expect(await codes({ sessionToken: 'token' })).toEqual(['UnrecognizedClientException', 'InvalidClientTokenId']);
  });

  it('must bring the session token of temporary credentials, and only until they expire', async () => {
    const { sandbox } = openSandbox();
    const { session } = await assume(sandbox, 'architect');
    const { sessionToken, ...without } = session;
    const who = (key: typeof session) => call(sandbox, { key, service: 'sts' }, 'GetCallerIdentity');
    expect((await who(session)).element('Arn')).toContain('custody-executor/work');
    expect((await who(without)).code).toBe('InvalidClientTokenId');
    expect((await who({ ...session, sessionToken: `${sessionToken}x` })).code).toBe('InvalidClientTokenId');
    sandbox.advance(899);
    expect((await who(session)).code).toBeNull();
    sandbox.advance(1);
    expect((await who(session)).code).toBe('ExpiredToken');
    expect((await call(sandbox, { key: session, service: 'kms' }, 'ListKeys')).code).toBe('ExpiredTokenException');
    expect(
      (await call(sandbox, { key: keyOf(sandbox, 'architect'), service: 'sts' }, 'GetCallerIdentity')).code,
    ).toBeNull();
  });

  it('is judged by sandbox time or wall time, whichever the client keeps', async () => {
    const { sandbox } = openSandbox();
    const key = keyOf(sandbox, 'admin');
    sandbox.advance(86_400 * 40);
    const at = async (atMillis: number) => (await call(sandbox, { key, service: 'kms', atMillis }, 'ListKeys')).code;
    expect(await at(START)).toBeNull();
    expect(await at(START + 86_400_000 * 40)).toBeNull();
    expect(await at(START + 86_400_000 * 20)).toBe('InvalidSignatureException');
  });

  it('signed for this service and a Region of this sandbox', async () => {
    const { sandbox } = openSandbox();
    const key = keyOf(sandbox, 'admin');
    const request = requestOf('kms', 'ListKeys');
    const scoped = async (service: string, region: string) =>
      answerOf(await sandbox.handle(await sign(request, { key, service, region }))).text;
    expect(await scoped('sts', REGION)).toContain("correct service: 'kms'");
    expect(await scoped('kms', 'mars-north-1')).toContain('valid Region');
  });
});
