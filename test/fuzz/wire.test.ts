import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../src/lib/sandbox/service.js';
import { decodeJson } from '../../src/lib/sandbox/wire/json.js';
import { decodeQuery } from '../../src/lib/sandbox/wire/query.js';
import { escapeXml } from '../../src/lib/sandbox/wire/xml.js';
import { call, keyOf, openSandbox, requestOf, sign } from '../lib/sandbox/support.js';

const RUNS = { numRuns: 300 };
const bytes = fc.uint8Array({ maxLength: 400 }).map((value) => Buffer.from(value));
const formish = fc
  .array(
    fc.constantFrom(
      'Action',
      'Version',
      'X',
      'member',
      '.',
      '=',
      '&',
      '1',
      '0',
      '%',
      '%41',
      '+',
      '__proto__',
      'é',
      '\0',
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.from(parts.join('')));
const jsonish = fc.json().map((text) => Buffer.from(text));
const body = fc.oneof(bytes, formish, jsonish);

/** A value, or a refusal that the wire can show: nothing else ever leaves a decoder. */
function decides(run: () => unknown): void {
  try {
    run();
  } catch (cause) {
    expect(cause).toBeInstanceOf(ServiceError);
  }
}

describe('any bytes', () => {
  it('are a value or a ServiceError to the decoders', () => {
    fc.assert(
      fc.property(body, (input) => decides(() => decodeJson(input))),
      RUNS,
    );
    fc.assert(
      fc.property(body, (input) => decides(() => decodeQuery(input))),
      RUNS,
    );
  });

  it('leave no markup and no forbidden character in XML text', () => {
    const unit = fc.string({ unit: 'binary', maxLength: 100 });
    fc.assert(
      fc.property(unit, (text) => {
        expect(escapeXml(text)).not.toMatch(
          /[<>"\r]|&(?!(?:amp|lt|gt|quot|#xD);)|[^\t\n\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u,
        );
      }),
      RUNS,
    );
  });

  it('unsigned, with any headers, are refused by the sandbox without a bug', async () => {
    const { sandbox, bugs } = openSandbox();
    const header = fc.oneof(
      fc.string({ maxLength: 80 }),
      fc.constantFrom('TrentService.', '.', 'AWS4-HMAC-SHA256 Credential='),
    );
    const headers = fc.record(
      {
        authorization: header,
        'content-type': fc.oneof(header, fc.constant('application/x-www-form-urlencoded')),
        'x-amz-target': header,
        'x-amz-date': header,
      },
      { requiredKeys: [] },
    );
    const request = fc.record({
      method: fc.constantFrom('POST', 'GET', 'X'),
      target: fc.oneof(header, fc.constant('/')),
      headers,
      body,
    });
    await fc.assert(
      fc.asyncProperty(request, async (given) => {
        const answer = await sandbox.handle({ ...given, sourceIp: '127.0.0.1' });
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(answer.status).toBeLessThan(500);
      }),
      RUNS,
    );
    expect(bugs).toEqual([]);
  });

  it('as members of LookupEvents are a page or a refusal', async () => {
    const { sandbox, bugs } = openSandbox();
    const key = keyOf(sandbox, 'admin');
    const value = fc.oneof(fc.jsonValue(), fc.integer({ min: -1, max: 60 }), fc.string());
    const attribute = fc.record({ AttributeKey: fc.oneof(value, fc.constant('EventName')), AttributeValue: value });
    const members = fc.record(
      {
        LookupAttributes: fc.oneof(value, fc.array(attribute, { maxLength: 2 })),
        StartTime: value,
        EndTime: value,
        MaxResults: value,
        NextToken: value,
        EventCategory: value,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(members, async (input) => {
        const answer = await call(sandbox, { key, service: 'cloudtrail' }, 'LookupEvents', input);
        expect([200, 400]).toContain(answer.status);
      }),
      RUNS,
    );
    expect(bugs).toEqual([]);
  });

  it('as a token of an identity provider, unsigned, open nothing', async () => {
    const { sandbox, bugs } = openSandbox();
    const good = sandbox.issueToken({ subject: 'architect', sourceIdentity: 'architect' }).split('.');
    const part = fc.oneof(fc.constantFrom(...good), fc.base64String(), fc.string(), fc.json());
    const token = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'));
    await fc.assert(
      fc.asyncProperty(token, async (WebIdentityToken) => {
        fc.pre(WebIdentityToken !== good.join('.'));
        const role = 'arn:aws:iam::000000000000:role/SecurityArchitect';
        const input = { RoleArn: role, RoleSessionName: 'anna', WebIdentityToken };
        const request = requestOf('sts', 'AssumeRoleWithWebIdentity', input);
        const answer = await sandbox.handle({ ...request, sourceIp: '127.0.0.1' });
        expect([400, 403]).toContain(answer.status);
      }),
      RUNS,
    );
    expect(bugs).toEqual([]);
  });

  it('signed by the admin are an answer or a refusal of the operation, without a bug', async () => {
    const { sandbox, bugs } = openSandbox();
    const key = keyOf(sandbox, 'admin');
    const operations: readonly [string, string][] = [
      ...[
        'TagRole',
        'UntagRole',
        'CreateRole',
        'PutRolePolicy',
        'GetUser',
        'ListRoles',
        'CreatePolicy',
        'ListPolicies',
        'CreateOpenIDConnectProvider',
        'GetAccountAuthorizationDetails',
      ].map((name): [string, string] => ['iam', name]),
      ['cloudtrail', 'LookupEvents'],
      ['cloudtrail', 'constructor'],
      ...['AssumeRole', 'GetCallerIdentity', 'constructor', 'toString', ''].map((name): [string, string] => [
        'sts',
        name,
      ]),
      ...['CreateKey', 'Encrypt', 'PutKeyPolicy', '__proto__', ''].map((name): [string, string] => ['kms', name]),
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...operations), body, async ([service, operation], given) => {
        const request = requestOf(service, operation);
        const padding = ['kms', 'cloudtrail'].includes(service)
          ? given
          : Buffer.concat([request.body, Buffer.from('&'), given]);
        const answer = await sandbox.handle(await sign({ ...request, body: padding }, { key, service }));
        expect(answer.status).toBeLessThan(500);
      }),
      RUNS,
    );
    expect(bugs).toEqual([]);
  });
});
