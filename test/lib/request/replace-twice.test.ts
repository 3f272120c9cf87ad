import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callDirectly } from '../../../src/lib/aws/direct.js';
import { createKeyReader } from '../../../src/lib/aws/kms-reader.js';
import { rewrap } from '../../../src/lib/ciphertext/rewrap.js';
import { openReEncryption } from '../../../src/lib/cli/re-encryption.js';
import { type KeyArn, partsOf } from '../../../src/lib/key/key.js';
import { casesOf, lookUp } from '../../../src/lib/request/desk.js';
import { lookAtReplacement, type MovedBy, replaceProposal } from '../../../src/lib/request/replace.js';
import { assertReplaces, type Succession, successionsOf, successorOf } from '../../../src/lib/request/successors.js';
import { PRIMARY } from '../../support/people.js';
import { createKey, createSandboxOffice, type SandboxOffice } from '../../support/sandbox-office.js';

/** Key A is replaced by B, and B by C before everything of A was moved: ciphertexts of both go to C. */

const CONTEXT = { 'custody:purpose': 'case-data' };
const code = (expected: string) => expect.objectContaining({ code: expected });

let office: SandboxOffice & { close(): void };
let a: KeyArn;
let b: KeyArn;
let c: KeyArn;
const stored: Uint8Array[] = [];

const app = () => office.aws.line('service');

async function seal(KeyId: KeyArn): Promise<Uint8Array> {
  const parameters = { KeyId, KeySpec: 'AES_256', EncryptionContext: CONTEXT };
  const { CiphertextBlob } = await callDirectly(app(), PRIMARY, 'GenerateDataKeyWithoutPlaintext', parameters);
  return CiphertextBlob as Uint8Array;
}

async function decrypt(CiphertextBlob: Uint8Array, KeyId: KeyArn): Promise<string> {
  const parameters = { KeyId, CiphertextBlob, EncryptionContext: CONTEXT };
  const { Plaintext } = await callDirectly(app(), PRIMARY, 'Decrypt', parameters);
  return Buffer.from(Plaintext as Uint8Array).toString('hex');
}

/** The next step of a replacement, carried out. */
async function step(given: string, moved: MovedBy | null = null): Promise<string | null> {
  const { ports, aws } = office.desk('architect');
  const state = await lookUp(ports, 'remote');
  const found = await lookAtReplacement({ ports, aws, state, plan: state.plan.plan }, given, moved);
  const id = await office.approved(replaceProposal(found, moved, { reason: 'stolen', executor: null }));
  return (await office.execute('deputy', id)).receipt.key?.arn ?? null;
}

async function records() {
  const { ports } = office.desk('architect');
  const state = await lookUp(ports, 'remote');
  return { plan: state.plan.plan, successions: successionsOf((await casesOf(ports, state)).cases) };
}

function reEncryption(given: string, from: string, clone = true) {
  const line = async () => app();
  const ifAny = async () => (clone ? records() : null);
  return openReEncryption({ connection: line, bareConnection: line }, given, { needed: records, ifAny }, from);
}

beforeAll(async () => {
  office = await createSandboxOffice();
  a = (await createKey(office, 'case-data')).arn as KeyArn;
  stored.push(await seal(a), await seal(a));
  b = (await step('case-data')) as KeyArn;
  await step('case-data');
  const [, second = new Uint8Array()] = stored;
  const { to } = await reEncryption('case-data', a);
  expect(to.arn).toBe(b);
  const moved = await rewrap({ ciphertext: second, context: CONTEXT }, to);
  if (moved.outcome !== 'moved') throw new Error(moved.outcome);
  // One was forgotten, though a person says that everything was moved.
  stored[1] = moved.ciphertext;
  await step('case-data', { by: 'architect' });
  c = (await step(partsOf(b).keyId)) as KeyArn;
});
afterAll(() => office.close());

describe('two replacements at once', () => {
  it('the name stands for the last key, and ciphertexts of the first and of the second go there', async () => {
    expect(new Set([a, b, c]).size).toBe(3);
    const { key, to } = await reEncryption('case-data', a);
    expect([key.arn, to.via]).toEqual([c, [b]]);
    const [forgotten = new Uint8Array(), halfway = new Uint8Array()] = stored;
    // Nothing is let out of the key between before its own replacement says so.
    await expect(rewrap({ ciphertext: halfway, context: CONTEXT }, to)).rejects.toThrow(code('DENIED'));
    await step(partsOf(b).keyId);
    for (const [ciphertext, under] of [
      [forgotten, a],
      [halfway, b],
    ] as const) {
      const done = await rewrap({ ciphertext, context: CONTEXT }, to);
      if (done.outcome !== 'moved') throw new Error(done.outcome);
      expect(await decrypt(done.ciphertext, c)).toBe(await decrypt(ciphertext, under));
      expect(await rewrap({ ciphertext: done.ciphertext, context: CONTEXT }, to)).toMatchObject({ outcome: 'current' });
    }
    expect((await reEncryption('case-data', b)).to).toMatchObject({ arn: c, from: b, via: [] });
    expect((await reEncryption(c, a)).to).toMatchObject({ arn: c, from: a, via: [b] });
  });

  it('T56 the key between is refused, and the error names the one that counts', async () => {
    await expect(reEncryption(b, a)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('was replaced in its turn'),
      details: { replacedBy: c },
      suggestions: [expect.stringContaining(c)],
    });
    await expect(reEncryption(a, b)).rejects.toThrow(code('REFUSED'));
    await expect(reEncryption(c, c)).rejects.toThrow(code('REFUSED'));
  });

  it('T56 without a clone nobody knows of the key between, and the error says where to go', async () => {
    await expect(reEncryption(c, a, false)).rejects.toMatchObject({
      code: 'REFUSED',
      suggestions: expect.arrayContaining([expect.stringContaining('run this in a clone')]),
    });
    expect((await reEncryption(c, b, false)).to).toMatchObject({ arn: c, from: b, via: [] });
  });

  it('T56, T61 the records alone are not enough for the last key, nor a tag for one between', async () => {
    const reader = createKeyReader(office.aws.line('architect'));
    const { successions } = await records();
    const lying = [...successions, { name: 'case-data', old: c, successor: a }];
    // A circle that no request can make leads nowhere.
    await expect(assertReplaces(reader, a, b, lying)).rejects.toThrow(code('REFUSED'));
    const tag = (KeyId: KeyArn, TagValue: string) =>
      office.aws.past('executor', 'TagResource', { KeyId, Tags: [{ TagKey: 'custody:replaces', TagValue }] });
    for (const [key, replaced] of [
      [b, a],
      [c, b],
    ] as const) {
      await tag(key, 'f'.repeat(36));
      await expect(assertReplaces(reader, c, a, successions)).rejects.toThrow(code('REFUSED'));
      await tag(key, partsOf(replaced).keyId);
    }
    expect(await assertReplaces(reader, c, a, successions)).toEqual([b]);
  });

  it('another name of the plan does not lead there', async () => {
    const { successions } = await records();
    const other: readonly Succession[] = successions.map((one, at) => (at === 1 ? { ...one, name: 'root' } : one));
    expect(successorOf(other, 'case-data', a)).toBe(b);
    expect(() => successorOf(other, 'telemetry', a)).toThrow(code('REFUSED'));
  });
});
