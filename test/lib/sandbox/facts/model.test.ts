import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/lib/base/canonical-json.js';
import { errorsOf, type ModelledService, operationsOf } from '../../../support/facts/model.js';
import { assertAnswer, assertError } from '../../../support/facts/modelled.js';
import { readOutcome } from '../../../support/facts/wire-answer.js';
import { parseXml } from '../../../support/facts/xml.js';

const ID = '1234abcd-12ab-34cd-56ef-1234567890ab';
const KEY: JsonObject = { KeyId: ID, CreationDate: 1767225600, Enabled: true, KeyState: 'Enabled' };

describe('the service model of the SDK', () => {
  it('has the operations of the four services', () => {
    expect(operationsOf('kms')).toHaveLength(56);
    expect(operationsOf('sts')).toContain('AssumeRole');
    expect(operationsOf('iam')).toContain('TagRole');
    expect(operationsOf('cloudtrail')).toContain('LookupEvents');
  });

  it('names the errors of an operation as the wire does', () => {
    expect([...errorsOf('kms', 'RotateKeyOnDemand').keys()]).toContain('LimitExceededException');
    expect(errorsOf('kms', 'DescribeKey').get('KMSInternalException')).toBe('server');
    expect(errorsOf('iam', 'GetRole').get('NoSuchEntity')).toBe('client');
  });
});

const RIGHT: readonly [string, ModelledService, string, JsonObject][] = [
  ['a structure in a structure', 'kms', 'DescribeKey', { KeyMetadata: KEY }],
  ['an answer without members', 'kms', 'CreateAlias', {}],
  ['nothing of what is optional', 'kms', 'ListKeys', {}],
  [
    'a list of words of an enumeration',
    'kms',
    'DescribeKey',
    { KeyMetadata: { ...KEY, MacAlgorithms: ['HMAC_SHA_256'] } },
  ],
  ['a map in a list', 'kms', 'ListGrants', { Grants: [{ Constraints: { EncryptionContextSubset: { a: 'b' } } }] }],
  ['a blob', 'kms', 'GenerateRandom', { Plaintext: 'AAE=' }],
];

const WRONG: readonly [string, ModelledService, string, JsonObject, string][] = [
  ['a member that the model lacks', 'kms', 'DescribeKey', { KeyMetadata: KEY, Extra: 1 }, 'no member Extra'],
  [
    'one deep inside',
    'kms',
    'ListGrants',
    { Grants: [{ GrantToken: 'a' }] },
    'Grants.0: the model has no member GrantToken',
  ],
  ['an answer where there is none', 'kms', 'CreateAlias', { AliasName: 'alias/a' }, 'the model has no answer'],
  ['a required member that is missing', 'kms', 'DescribeKey', { KeyMetadata: { Enabled: true } }, 'KeyId is required'],
  [
    'a required member of STS that is missing',
    'sts',
    'AssumeRole',
    { Credentials: { AccessKeyId: 'a' } },
    'is required',
  ],
  ['a number as text', 'kms', 'ScheduleKeyDeletion', { PendingWindowInDays: '7' }, 'not a number'],
  ['a fraction', 'kms', 'ScheduleKeyDeletion', { PendingWindowInDays: 7.5 }, 'not a number'],
  ['a boolean as text', 'kms', 'ListKeys', { Truncated: 'false' }, 'not a boolean'],
  ['text as a number', 'kms', 'EnableKey', { KeyId: 1 }, 'has no answer'],
  ['null', 'kms', 'ListKeys', { NextMarker: null }, 'not a string'],
  [
    'an instant in milliseconds',
    'kms',
    'DescribeKey',
    { KeyMetadata: { ...KEY, CreationDate: 1767225600000 } },
    'timestamp',
  ],
  [
    'an instant as text',
    'kms',
    'DescribeKey',
    { KeyMetadata: { ...KEY, CreationDate: '2026-01-01T00:00:00Z' } },
    'timestamp',
  ],
  [
    'a word that no enumeration has',
    'kms',
    'DescribeKey',
    { KeyMetadata: { ...KEY, KeyState: 'Enabld' } },
    'Enabld is not',
  ],
  [
    'one among others',
    'kms',
    'DescribeKey',
    { KeyMetadata: { ...KEY, MacAlgorithms: ['HMAC_SHA_256', 'x'] } },
    'x is not',
  ],
  ['a list as a structure', 'kms', 'ListKeys', { Keys: { 0: {} } }, 'not a list'],
  ['a structure as text', 'kms', 'DescribeKey', { KeyMetadata: 'a' }, 'not a structure'],
  ['a blob in hexadecimal', 'kms', 'GenerateRandom', { Plaintext: 'abc' }, 'not a blob'],
  [
    'a map that holds a number',
    'kms',
    'ListGrants',
    { Grants: [{ Constraints: { EncryptionContextSubset: { a: 1 } } }] },
    'not a string',
  ],
];

describe('an answer', () => {
  it.each(RIGHT)('may be %s', (_, service, operation, answer) => {
    assertAnswer(service, operation, answer);
  });

  it.each(WRONG)('may not be %s', (_, service, operation, answer, message) => {
    expect(() => assertAnswer(service, operation, answer)).toThrow(message);
  });

  it('is of an operation that there is', () => {
    expect(() => assertAnswer('kms', 'CreateKeys', {})).toThrow('the service model has no kms:CreateKeys');
  });
});

describe('an error', () => {
  it('is one of the operation, or common to all', () => {
    expect(assertError('kms', 'DescribeKey', 'NotFoundException')).toBe('client');
    expect(assertError('kms', 'DescribeKey', 'ThrottlingException')).toBe('client');
    expect(() => assertError('kms', 'DescribeKey', 'DisabledException')).toThrow('no error of kms:DescribeKey');
    expect(() => assertError('kms', 'DescribeKey', 'toString')).toThrow('no error of');
    expect(() => assertError('iam', 'GetRole', 'NoSuchEntityException')).toThrow('no error of');
  });
});

const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': ID };
const XML_TYPE = { 'content-type': 'text/xml', 'x-amzn-requestid': ID };
const NOT_FOUND = '{"__type":"NotFoundException","message":"no"}';

function kms(status: number, text: string, headers: Readonly<Record<string, string>> = JSON_TYPE) {
  return () => readOutcome('kms', 'DescribeKey', { status, headers, text });
}

function xml(body: string, operation = 'GetCallerIdentity', status = 200) {
  return () => readOutcome('sts', operation, { status, headers: XML_TYPE, text: body });
}

const METADATA = `<ResponseMetadata><RequestId>${ID}</RequestId></ResponseMetadata>`;

function identity(inside: string, more = ''): string {
  return `<GetCallerIdentityResponse xmlns="x"><GetCallerIdentityResult>${inside}</GetCallerIdentityResult>${METADATA}${more}</GetCallerIdentityResponse>`;
}

describe('a response of AWS JSON 1.1', () => {
  it('holds an answer or an error', () => {
    expect(kms(200, JSON.stringify({ KeyMetadata: KEY }))()).toEqual({ answer: { KeyMetadata: KEY }, requestId: ID });
    expect(kms(400, NOT_FOUND)()).toEqual({
      refused: { code: 'NotFoundException', message: 'no', status: 400 },
      requestId: ID,
    });
    expect(kms(400, '{"__type":"com.amazonaws.kms#NotFoundException"}')()).toMatchObject({ refused: { message: '' } });
  });

  it.each([
    ['without a request id', kms(400, NOT_FOUND, { 'content-type': JSON_TYPE['content-type'] }), 'no request id'],
    ['with a request id of another form', kms(400, NOT_FOUND, { ...JSON_TYPE, 'x-amzn-requestid': 'r1' }), 'r1'],
    ['of another type', kms(400, NOT_FOUND, { ...JSON_TYPE, 'content-type': 'application/json' }), 'application/json'],
    ['with the fault of a client as one of the server', kms(500, NOT_FOUND), 'NotFoundException as status 500'],
    ['with the fault of the server as one of a client', kms(400, '{"__type":"KMSInternalException"}'), 'as status 400'],
    ['with an error that has no name', kms(400, '{"message":"no"}'), 'without __type'],
    ['with an error that tells more', kms(400, '{"__type":"NotFoundException","trace":"x"}'), 'more than'],
    ['with an error that the operation lacks', kms(400, '{"__type":"DisabledException"}'), 'no error of'],
    ['that is a list', kms(200, '[]'), 'not one JSON object'],
    ['that breaks off', kms(200, '{"KeyMetadata"'), 'JSON'],
  ])('%s is refused', (_, response, message) => {
    expect(response).toThrow(message);
  });
});

describe('a response of AWS Query', () => {
  it('holds an answer or an error', () => {
    const told = '<UserId>A&amp;B</UserId><Account>1</Account><Arn/>';
    expect(xml(identity(told))()).toEqual({ answer: { UserId: 'A&B', Account: '1', Arn: '' }, requestId: ID });
    const denied = `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>${ID}</RequestId></ErrorResponse>`;
    expect(xml(denied, 'AssumeRole', 403)()).toEqual({
      refused: { code: 'AccessDenied', message: 'no', status: 403 },
      requestId: ID,
    });
  });

  it.each([
    ['with an element that the model lacks', xml(identity('<User>a</User>')), 'no member User'],
    ['with a member twice', xml(identity('<Arn>a</Arn><Arn>b</Arn>')), 'a member comes twice'],
    ['with elements where text belongs', xml(identity('<Arn><a>b</a></Arn>')), 'elements where the model has string'],
    ['to another operation', xml(identity('').replaceAll('GetCaller', 'GetMy')), 'answers GetCallerIdentity'],
    ['without metadata', xml(identity('').replace(METADATA, '')), '0 <ResponseMetadata>'],
    ['with something beside its answer', xml(identity('', '<More>a</More>')), 'holds 1 more'],
    ['that breaks off', xml(identity('').slice(0, -5)), 'no XML at'],
    [
      'with an error of no type',
      xml('<ErrorResponse><Error><Code>a</Code></Error></ErrorResponse>', 'AssumeRole', 403),
      '<Type>',
    ],
    ['with a word for a number', xml(duration('soon'), 'AssumeRole'), 'PackedPolicySize: not a number'],
    ['with an instant that is none', xml(duration('1', '2026-01-01'), 'AssumeRole'), 'Expiration: not a timestamp'],
  ])('%s is refused', (_, response, message) => {
    expect(response).toThrow(message);
  });
});

function duration(size: string, expiration = '2026-01-01T00:00:00Z'): string {
  const keys = '<AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey><SessionToken>c</SessionToken>';
  const credentials = `<Credentials>${keys}<Expiration>${expiration}</Expiration></Credentials>`;
  return `<AssumeRoleResponse><AssumeRoleResult>${credentials}<PackedPolicySize>${size}</PackedPolicySize></AssumeRoleResult>${METADATA}</AssumeRoleResponse>`;
}

describe('XML', () => {
  it.each(['', 'a', '<a>', '<a></b>', '<a/><b/>', '<a>x<b/></a>', '<a>&nope;</a>', '<a>&</a>', '<a b=c/>'])(
    '%j is none',
    (text) => {
      expect(() => parseXml(text)).toThrow();
    },
  );
});
