import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../src/lib/sandbox/service.js';
import { decodeJson } from '../../src/lib/sandbox/wire/json.js';
import { decodeQuery } from '../../src/lib/sandbox/wire/query.js';
import { escapeXml } from '../../src/lib/sandbox/wire/xml.js';
import { keyOf, openSandbox, requestOf, sign } from '../lib/sandbox/support.js';

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

  it('signed by the admin are an answer or a refusal of the operation, without a bug', async () => {
    const { sandbox, bugs } = openSandbox();
    const key = keyOf(sandbox, 'admin');
    const operations: readonly [string, string][] = [
      ...['TagRole', 'UntagRole', 'CreateRole', 'PutRolePolicy', 'GetUser', 'ListRoles'].map(
        (name): [string, string] => ['iam', name],
      ),
      ...['AssumeRole', 'GetCallerIdentity', 'constructor', 'toString', ''].map((name): [string, string] => [
        'sts',
        name,
      ]),
      ...['CreateKey', 'Encrypt', 'PutKeyPolicy', '__proto__', ''].map((name): [string, string] => ['kms', name]),
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...operations), body, async ([service, operation], given) => {
        const request = requestOf(service, operation);
        const padding = service === 'kms' ? given : Buffer.concat([request.body, Buffer.from('&'), given]);
        const answer = await sandbox.handle(await sign({ ...request, body: padding }, { key, service }));
        expect(answer.status).toBeLessThan(500);
      }),
      RUNS,
    );
    expect(bugs).toEqual([]);
  });
});
