import { DecryptCommand, KMSClient, RotateKeyOnDemandCommand } from '@aws-sdk/client-kms';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { assertAllowable, attachGuard, guardOver, underWarrant } from '../../../src/lib/aws/guard.js';
import { CustodyError } from '../../../src/lib/base/errors.js';
import type { Decision, GuardedCall } from '../../../src/lib/guard/decision.js';
import { createLedgerSink, type GuardSink, guardEvent } from '../../../src/lib/guard/sink.js';
import { PURPOSES } from '../../../src/lib/key/warrant.js';
import { parseEntry } from '../../../src/lib/ledger/chain.js';
import { warrantFor } from '../../support/any-writer.js';
import { createTestClock } from '../../support/fake-aws.js';
import { VECTORS } from '../../support/guard-policy.js';
import { createMemoryLedgerStore } from '../../support/memory-ledger-store.js';

const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/99999999-2222-3333-4444-555555555555';
const REGION = 'eu-central-1';

/** Clients whose wire is a list: what is in it was sent. */
function world(sink: GuardSink | null = null) {
  const sent: string[] = [];
  const common = {
    region: REGION,
    maxAttempts: 1,
    credentials: { accessKeyId: 'AKIA', secretAccessKey: 's' },
    requestHandler: {
      metadata: { handlerProtocol: 'http/1.1' },
      handle: async (request: { method: string; path: string }) => {
        sent.push(`${request.method} ${request.path}`);
        throw Object.assign(new Error('no wire'), { name: 'NoWire' });
      },
    },
  };
  const guard = guardOver(VECTORS.configs.s3 ?? {}, sink);
  const s3 = new S3Client(common as never);
  const kms = new KMSClient(common as never);
  attachGuard(s3, { service: 's3', region: REGION, endpoint: 'aws', guard });
  attachGuard(kms, { service: 'kms', region: REGION, endpoint: 'aws', guard });
  return { s3, kms, sent };
}

const memorySink = () => {
  const kept: (readonly [GuardedCall, Decision])[] = [];
  return { kept, record: async (call: GuardedCall, decision: Decision) => void kept.push([call, decision]) };
};
const object = { Bucket: 'acme-ledger', Key: 'custody/slots/000000000' };

describe('the guard before a client', () => {
  it('stops a delete by the tool’s own client before the wire, whatever the purpose', async () => {
    const sink = memorySink();
    const { s3, sent } = world(sink);
    for (const purpose of PURPOSES) {
      const deleted = underWarrant({ purpose }, () => s3.send(new DeleteObjectCommand(object)));
      await expect(deleted).rejects.toMatchObject({ code: 'REFUSED', details: { maybeDone: false } });
    }
    await expect(s3.send(new DeleteObjectCommand(object))).rejects.toMatchObject({ code: 'REFUSED' });
    expect(sent).toEqual([]);
    expect(sink.kept).toHaveLength(PURPOSES.length + 1);
    expect(sink.kept.every(([, { allow }]) => !allow)).toBe(true);
  });

  it('lets reads and appends through for their purpose, and says no to an overwrite', async () => {
    const { s3, sent } = world();
    const append = (more: object) =>
      underWarrant({ purpose: 'ledger.append' }, () =>
        s3.send(new PutObjectCommand({ ...object, Body: 'x', ...more })),
      );
    await expect(append({})).rejects.toThrow('write-not-once');
    expect(sent).toEqual([]);
    await expect(append({ IfNoneMatch: '*' })).rejects.toThrow('no wire');
    const read = () => s3.send(new GetObjectCommand(object));
    await expect(underWarrant({ purpose: 'ledger.read' }, read)).rejects.toThrow('no wire');
    expect(sent.map((line) => line.split(' ')[0])).toEqual(['PUT', 'GET']);
    await expect(read()).rejects.toThrow('operation-not-allowed');
  });

  it('lets nobody change a key without a warrant, and each under the one of its request', async () => {
    const { kms, sent } = world();
    const rotate = () => kms.send(new RotateKeyOnDemandCommand({ KeyId: KEY }));
    await expect(rotate()).rejects.toThrow('quorum-missing');
    await expect(underWarrant(warrantFor('DisableKey'), rotate)).rejects.toThrow('operation-not-allowed');
    expect(sent).toEqual([]);
    await expect(underWarrant(warrantFor('RotateKeyOnDemand'), rotate)).rejects.toThrow('no wire');
    await expect(kms.send(new DecryptCommand({ KeyId: KEY, CiphertextBlob: Buffer.from('x') }))).rejects.toThrow(
      'no wire',
    );
    // A warrant ends with its call.
    await expect(rotate()).rejects.toThrow('quorum-missing');
  });

  it('writes a change down before it is made, and makes none that cannot be written down', async () => {
    const full = { record: () => Promise.reject(new CustodyError('STORAGE', 'the disk is full')) };
    const { kms, sent } = world(full);
    const rotate = () => kms.send(new RotateKeyOnDemandCommand({ KeyId: KEY }));
    await expect(underWarrant(warrantFor('RotateKeyOnDemand'), rotate)).rejects.toMatchObject({ code: 'STORAGE' });
    await expect(rotate()).rejects.toMatchObject({ code: 'REFUSED' });
    expect(sent).toEqual([]);
    await expect(kms.send(new DecryptCommand({ KeyId: KEY, CiphertextBlob: Buffer.from('x') }))).rejects.toThrow(
      'no wire',
    );
  });

  it('answers for calls that are not made yet: a no is written down, a yes is not, and nothing is sent', async () => {
    const sink = memorySink();
    const about = { service: 'kms', endpoint: 'aws', guard: guardOver(VECTORS.configs.s3 ?? {}, sink) } as const;
    const calls = [{ region: REGION, operation: 'RotateKeyOnDemand', parameters: { KeyId: KEY } }];
    await assertAllowable(about, calls, warrantFor('RotateKeyOnDemand'));
    expect(sink.kept).toEqual([]);
    const other = [...calls, { region: REGION, operation: 'DisableKey', parameters: { KeyId: KEY } }];
    const refused = assertAllowable(about, other, warrantFor('RotateKeyOnDemand'));
    await expect(refused).rejects.toMatchObject({ code: 'REFUSED', details: { operation: 'DisableKey' } });
    expect(sink.kept.map(([{ operation }, { allow }]) => [operation, allow])).toEqual([['DisableKey', false]]);
  });

  it('T46 keeps bodies and secrets out of what it judges and writes', async () => {
    const sink = memorySink();
    const { s3 } = world(sink);
    const secret = 'a-secret-that-must-not-show';
    const put = { ...object, Body: secret, SSECustomerKey: secret, Metadata: { at: secret } };
    await expect(underWarrant({ purpose: 'ledger.append' }, () => s3.send(new PutObjectCommand(put)))).rejects.toThrow(
      'write-parameter-not-allowed',
    );
    const [call, decision] = sink.kept[0] ?? [];
    expect(call?.params).not.toHaveProperty('Body');
    expect(call?.params.SSECustomerKey).toBe('redacted');
    if (!call || !decision) throw new Error('nothing was kept');
    const event = guardEvent(call, decision, 'alice', '2026-11-01T00:00:00.000Z' as never);
    expect(JSON.stringify(event)).not.toContain(secret);
  });

  it('appends decisions to a ledger as entries of it', async () => {
    const store = createMemoryLedgerStore();
    const clock = createTestClock('2026-11-01T00:00:00.000Z' as never);
    const { kms } = world(createLedgerSink(store, 'alice', { clock, random: () => 0 }));
    const rotate = () => kms.send(new RotateKeyOnDemandCommand({ KeyId: KEY }));
    await expect(underWarrant(warrantFor('RotateKeyOnDemand'), rotate)).rejects.toThrow('no wire');
    await expect(rotate()).rejects.toThrow('quorum-missing');
    const { size } = await store.head();
    const entries = (await store.read(0, size)).map((entry) => parseEntry(entry));
    expect(entries).toMatchObject([
      { kind: 'guard', by: 'alice', requestId: 'r-aaaaaaaaaa', facts: { decision: 'allowed', keyId: KEY } },
      { kind: 'guard', requestId: null, facts: { decision: 'denied', operation: 'RotateKeyOnDemand' } },
    ]);
  });
});
