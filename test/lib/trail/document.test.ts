import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { readTrail } from '../../../src/lib/trail/document.js';
import { usesIn } from '../../../src/lib/trail/uses.js';

const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const ROLE = 'arn:aws:iam::111122223333:role/app';

/** As "CloudTrail log file examples" has it for a role's session. */
const record = (change: Record<string, unknown> = {}) => ({
  eventVersion: '1.08',
  userIdentity: {
    type: 'AssumedRole',
    arn: 'arn:aws:sts::111122223333:assumed-role/app/i-0abc',
    accountId: '111122223333',
    sessionContext: { sessionIssuer: { type: 'Role', arn: ROLE }, sourceIdentity: 'architect' },
  },
  eventTime: '2026-03-02T12:00:00Z',
  eventSource: 'kms.amazonaws.com',
  eventName: 'Decrypt',
  awsRegion: 'eu-central-1',
  requestParameters: { encryptionContext: { purpose: 'a' } },
  responseElements: null,
  requestID: 'f2a7',
  eventID: '3038',
  readOnly: true,
  resources: [{ accountId: '111122223333', type: 'AWS::KMS::Key', ARN: KEY }],
  recipientAccountId: '111122223333',
  ...change,
});
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('a CloudTrail document', () => {
  const one = record();
  it('keeps no token of a session (T46)', () => {
    const secret = { credentials: { accessKeyId: 'ASIA', sessionToken: 'FwoGZXIvYXdzEXAMPLE' } };
    const entered = record({ eventSource: 'sts.amazonaws.com', eventName: 'AssumeRole', responseElements: secret });
    const [event] = readTrail(bytes({ Records: [entered] }), 'here').events;
    expect(event?.name).toBe('AssumeRole');
    expect(JSON.stringify(event)).not.toContain('FwoGZXIvYXdzEXAMPLE');
  });

  it.each([
    ['a log file', { Records: [one] }],
    ['an answer of LookupEvents', { Events: [{ EventId: '3038', CloudTrailEvent: JSON.stringify(one) }] }],
    ['records line by line', `${JSON.stringify(one)}\n\n`],
    ['a list of records', [one]],
    ['one record', one],
  ])('is read as %s', (_, document) => {
    const { events, unreadable } = readTrail(bytes(document), 'here');
    expect(unreadable).toEqual([]);
    expect(events).toEqual([
      {
        id: '3038',
        at: '2026-03-02T12:00:00.000Z',
        source: 'kms.amazonaws.com',
        name: 'Decrypt',
        region: 'eu-central-1',
        account: '111122223333',
        errorCode: null,
        readOnly: true,
        principalArn: ROLE,
        sessionName: 'i-0abc',
        sourceIdentity: 'architect',
        invokedBy: null,
        requestId: 'f2a7',
        sharedId: null,
        resources: [KEY],
        parameters: { encryptionContext: { purpose: 'a' } },
        answer: {},
      },
    ]);
  });

  it('names the records that are none, and reads the others', () => {
    const lines = [JSON.stringify(one), '{"half', JSON.stringify({ ...one, eventTime: 'noon' }), '7'].join('\n');
    expect(readTrail(bytes(lines), 'here')).toMatchObject({ events: [{ id: '3038' }], unreadable: [2, 3, 4] });
    const wrapped = { Events: [{ CloudTrailEvent: '{' }, {}, { CloudTrailEvent: JSON.stringify(one) }] };
    expect(readTrail(bytes(wrapped), 'here')).toMatchObject({ events: [{ id: '3038' }], unreadable: [1, 2] });
  });

  it.each([
    ['text', 'hello'],
    ['nothing', ''],
    ['another object', { records: [] }],
    ['a number', 7],
  ])('is refused when it is %s', (_, document) => {
    expect(() => readTrail(bytes(document), 'here')).toThrow(expect.objectContaining({ code: 'RECORD_MALFORMED' }));
  });

  it('gives events or RECORD_MALFORMED for any bytes', () => {
    const anything = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => Buffer.from(text)),
      fc.dictionary(fc.constantFrom(...Object.keys(one)), fc.jsonValue()).map((change) => bytes([record(change)])),
    );
    fc.assert(
      fc.property(anything, (given) => {
        try {
          usesIn(readTrail(given, 'here').events);
        } catch (cause) {
          expect(cause).toBeInstanceOf(CustodyError);
          expect(cause).toMatchObject({ code: 'RECORD_MALFORMED' });
        }
      }),
    );
  });
});

describe('uses of keys', () => {
  const usesOf = (...changes: Record<string, unknown>[]) =>
    usesIn(readTrail(bytes({ Records: changes.map(record) }), 'here').events);

  it('are told of roles whose call went through, with service and context', () => {
    expect(
      usesOf({
        eventName: 'GenerateDataKey',
        userIdentity: { ...record().userIdentity, invokedBy: 'dynamodb.amazonaws.com' },
      }),
    ).toEqual([
      {
        key: KEY,
        roleArn: ROLE,
        operation: 'GenerateDataKey',
        viaService: 'dynamodb',
        encryptionContext: { purpose: 'a' },
      },
    ]);
  });

  it('are not told of refusals, changes, other services, people without a role', () => {
    const user = { type: 'IAMUser', arn: 'arn:aws:iam::111122223333:user/bob' };
    const none = usesOf(
      { errorCode: 'AccessDenied' },
      { eventName: 'DisableKey' },
      { eventSource: 's3.amazonaws.com' },
      { userIdentity: user },
      { userIdentity: { type: 'AWSService', invokedBy: 'dynamodb.amazonaws.com' } },
      { resources: [{ ARN: 'arn:aws:kms:eu-central-1:111122223333:alias/a' }] },
    );
    expect(none).toEqual([]);
  });
});
