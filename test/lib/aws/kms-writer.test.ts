import * as sdk from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { enterExecutor } from '../../../src/lib/aws/executor.js';
import { createKeyReader } from '../../../src/lib/aws/kms-reader.js';
import { isMutation } from '../../../src/lib/aws/kms-writer.js';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { anyWriter } from '../../support/any-writer.js';
import { caught, EXECUTOR, keyArnIn, openCanned, openWorld, REGION, scratch } from './support.js';

const folder = scratch();
const call = (operation: string, parameters: JsonObject) =>
  ({ service: 'kms', region: REGION, operation, parameters }) as const;

describe('KeyWriter', () => {
  it('sends the parameters as they were signed, each to its own operation', async () => {
    const { aws, sent } = await openCanned([{ body: '{}' }]);
    const parameters = { KeyId: 'k', RotationPeriodInDays: 180 };
    await anyWriter(aws).call(call('EnableKeyRotation', parameters));
    await anyWriter(aws).call(call('TagResource', { KeyId: 'k', Tags: [{ TagKey: 'ä', TagValue: '' }] }));
    expect(sent.map(({ headers }) => headers['x-amz-target'])).toEqual([
      'TrentService.EnableKeyRotation',
      'TrentService.TagResource',
    ]);
    expect(sent.map(({ body }) => JSON.parse(body))).toEqual([
      parameters,
      { KeyId: 'k', Tags: [{ TagKey: 'ä', TagValue: '' }] },
    ]);
  });

  it.each([
    ['a member that the model does not have', { KeyId: 'k', Sudo: true }],
    ['a member of another case', { keyId: 'k' }],
    ['null', { KeyId: null }],
    ['a number for text', { KeyId: 'k', RotationPeriodInDays: '180' }],
    ['an unknown member inside', { KeyId: 'k', RotationPeriodInDays: { Days: 180 } }],
  ])('T2 sends nothing when it cannot send what was signed: %s', async (_name, parameters) => {
    const { aws, sent } = await openCanned([{ body: '{}' }]);
    const error = await caught(anyWriter(aws).call(call('EnableKeyRotation', parameters)));
    const arrived = sent.map(({ body }) => JSON.parse(body));
    // Either it was refused before it left, or it left exactly as signed for AWS to refuse.
    if (error !== null) expect(arrived).toEqual([]);
    else expect(arrived).toEqual([parameters]);
  });

  it('T2 an unknown member is refused with its reason', async () => {
    const { aws, sent } = await openCanned([{ body: '{}' }]);
    const error = await caught(anyWriter(aws).call(call('EnableKeyRotation', { KeyId: 'k', Sudo: true })));
    expect(error).toMatchObject({ code: 'REFUSED', exit: 3, details: { maybeDone: false } });
    expect(sent).toEqual([]);
  });

  it.each(['Decrypt', 'GenerateRandom', 'rotateKeyOnDemand', 'toString', ''])(
    'T49 %j is no change that anyone can have signed for',
    async (operation) => {
      const { aws, sent } = await openCanned([{ body: '{}' }]);
      expect(await caught(anyWriter(aws).call(call(operation, {})))).toMatchObject({ code: 'REFUSED' });
      expect(sent).toEqual([]);
    },
  );

  it('T49 has a row for every operation of the service that changes keys, but for stores', () => {
    const operations = Object.keys(sdk).flatMap((name) => /^([A-Z]\w+)Command$/.exec(name)?.[1] ?? []);
    const reading =
      /^(Describe|Get|List|Encrypt|Decrypt|ReEncrypt|Generate|Sign|Verify|Derive|Encapsulate|Decapsulate)/;
    const left = operations.filter((name) => !reading.test(name) && !isMutation(name));
    expect(left.filter((name) => !/CustomKeyStore/.test(name))).toEqual([]);
    // The wrapping key of an import is read, but only for who may import.
    expect(isMutation('GetParametersForImport')).toBe(true);
    expect(operations.filter(isMutation)).toHaveLength(23);
  });

  it('sends an import as it was signed: bytes and the end in the form of the wire', async () => {
    const { aws, sent } = await openCanned([{ body: '{}' }]);
    const parameters = {
      KeyId: 'k',
      ImportToken: Buffer.from('token').toString('base64'),
      EncryptedKeyMaterial: Buffer.from('wrapped').toString('base64'),
      ExpirationModel: 'KEY_MATERIAL_EXPIRES',
      ValidTo: 1_790_000_000,
      ImportType: 'NEW_KEY_MATERIAL',
    };
    await anyWriter(aws).call(call('ImportKeyMaterial', parameters));
    expect(sent.map(({ body }) => JSON.parse(body))).toEqual([parameters]);
  });

  it.each([
    ['a token that is no base64', { ImportToken: 'no base64!' }],
    ['a placeholder that nobody filled in', { EncryptedKeyMaterial: '$encryptedKeyMaterial' }],
    ['no material', { EncryptedKeyMaterial: '' }],
    ['an end that is no number', { ValidTo: '2027-01-01T00:00:00.000Z' }],
    ['a member that the model does not have', { Sudo: true }],
  ])('T2 an import with %s does not leave', async (_name, change) => {
    const { aws, sent } = await openCanned([{ body: '{}' }]);
    const parameters = { KeyId: 'k', ImportToken: 'dG9r', EncryptedKeyMaterial: 'd3JhcA==', ...change } as JsonObject;
    const error = await caught(anyWriter(aws).call(call('ImportKeyMaterial', parameters)));
    expect(error).toMatchObject({ code: 'REFUSED', details: { maybeDone: false } });
    expect(sent).toEqual([]);
  });

  it('a lost answer is not asked for again, though the change has happened', async () => {
    const { sandbox, as } = openWorld(folder);
    const aws = await as('architect');
    const session = {
      roleArn: EXECUTOR,
      sourceIdentity: 'architect',
      sessionName: 'r-abc',
      actions: ['kms:*'],
      resources: ['*'],
    };
    const writer = anyWriter(await enterExecutor(aws, session));
    const arn = keyArnIn(await writer.call(call('CreateKey', { Description: 'x' })));
    sandbox.faults.add({ kind: 'after', operation: 'RotateKeyOnDemand', times: null });
    const error = await caught(writer.call(call('RotateKeyOnDemand', { KeyId: arn })));
    expect(error).toMatchObject({ exit: 5, details: { maybeDone: true } });
    expect(sandbox.faults.list()[0]).toMatchObject({ seen: 1, struck: 1 });
    sandbox.faults.clear();
    const reader = createKeyReader(aws);
    const [status, rotations] = [await reader.rotationStatus(REGION, arn), await reader.rotations(REGION, arn)];
    expect(status?.onDemandStartedAt !== null || rotations?.length === 1).toBe(true);
  });

  it('T46 the token of a grant goes no further: whoever has it can use the grant', async () => {
    const { aws } = await openCanned([{ body: '{"GrantId":"abc","GrantToken":"a-bearer-token"}' }]);
    const answer = await anyWriter(aws).call(
      call('CreateGrant', { KeyId: 'k', GranteePrincipal: 'p', Operations: ['Decrypt'] }),
    );
    expect(answer.answer).toEqual({ GrantId: 'abc' });
  });

  it('answers with plain JSON, AWS’s request id and clock', async () => {
    const { aws } = await openCanned([
      {
        headers: { 'x-amzn-requestid': 'rid-7', Date: 'Sun, 06 Nov 1994 08:49:37 GMT' },
        body: '{"KeyId":"k","DeletionDate":784111777.5,"PendingWindowInDays":7,"KeyState":"PendingDeletion"}',
      },
    ]);
    const answer = await anyWriter(aws).call(call('ScheduleKeyDeletion', { KeyId: 'k', PendingWindowInDays: 30 }));
    expect(answer).toEqual({
      requestId: 'rid-7',
      serverTime: '1994-11-06T08:49:37.000Z',
      answer: {
        KeyId: 'k',
        DeletionDate: '1994-11-06T08:49:37.500Z',
        PendingWindowInDays: 7,
        KeyState: 'PendingDeletion',
      },
    });
  });
});
