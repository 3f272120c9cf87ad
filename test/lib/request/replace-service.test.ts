import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replaceJson, replaceText } from '../../../src/lib/cli/replace-screen.js';
import type { KeyArn } from '../../../src/lib/key/key.js';
import { lookUp } from '../../../src/lib/request/desk.js';
import { lookAtReplacement, type MovedBy, replaceProposal } from '../../../src/lib/request/replace.js';
import { assertReplaces } from '../../../src/lib/request/successors.js';
import { PRIMARY } from '../../support/people.js';
import { createKey, createSandboxOffice, type SandboxOffice } from '../../support/sandbox-office.js';

const code = (expected: string) => expect.objectContaining({ code: expected });

let office: SandboxOffice & { close(): void };
let old: KeyArn;
beforeAll(async () => {
  office = await createSandboxOffice();
  old = (await createKey(office, 'webauthn')).arn as KeyArn;
});
afterAll(() => office.close());

async function look(given = 'webauthn', moved: MovedBy | null = null) {
  const { ports, aws } = office.desk('architect');
  const state = await lookUp(ports, 'remote');
  return lookAtReplacement({ ports, aws, state, plan: state.plan.plan }, given, moved);
}

const stepOf = async (name: string) => replaceJson(await look(), null).steps.find((step) => step.name === name);

describe('keys replace: a key that only a service uses', { shuffle: false }, () => {
  let successor: KeyArn;

  it('says from the start that nobody has to be let out, and why', async () => {
    const because = 'used only through dynamodb';
    expect(await stepOf('let-out')).toEqual({ name: 'let-out', region: PRIMARY, status: 'not-needed', because });
    const text = replaceText(replaceJson(await look(), null));
    expect(text.replaceAll(/\s+/g, ' ')).toMatch(
      /not needed the old key [^-]* \(eu-central-1\): used only through dynamodb/,
    );
    expect(text).not.toMatch(/^done/m);
    await expect(look('webauthn', { by: 'architect' })).rejects.toThrow(code('REFUSED'));
  });

  it('then waits for the service’s data at once, and points to no rewrapping', async () => {
    const id = await office.approved(replaceProposal(await look(), null, { reason: 'stolen', executor: null }));
    successor = (await office.execute('deputy', id)).receipt.key?.arn as KeyArn;
    const found = await look();
    expect(found).toMatchObject({ old, successor, ask: null });
    expect(found.steps.map(({ name, status }) => `${name} ${status}`).slice(0, 4)).toEqual([
      'new-key done',
      'let-out not-needed',
      'move waits',
      'alias later',
    ]);
    const text = replaceText(replaceJson(found, null));
    expect(text).toContain(`used only through dynamodb): who uses it encrypts anew, under ${successor}`);
    expect(text).not.toContain('rewrap');
    expect((await look('webauthn', { by: 'architect' })).ask?.action).toBe('key.alias-move');
  });

  it.each([
    ['the new key says that it replaces another one', () => successor, 'custody:replaces', 'f'.repeat(36)],
    ['the new key says nothing of replacing', () => successor, 'custody:replaces', null],
    ['the new key is of another repository', () => successor, 'custody:repository', 'f'.repeat(16)],
    ['the old key is of another repository', () => old, 'custody:repository', 'f'.repeat(16)],
  ])('T61 goes no further when %s', async (_, keyOf, TagKey, value) => {
    const KeyId = keyOf();
    const reader = office.desk('architect').aws.reader;
    const TagValue = (await reader.tags(PRIMARY, KeyId))?.[TagKey] ?? '';
    const tag = (to: string) => office.aws.past('executor', 'TagResource', { KeyId, Tags: [{ TagKey, TagValue: to }] });
    if (value === null) await office.aws.past('executor', 'UntagResource', { KeyId, TagKeys: [TagKey] });
    else await tag(value);
    for (const given of ['webauthn', old.split('/')[1] ?? ''])
      await expect(look(given)).rejects.toMatchObject({ code: 'FOREIGN_KEY', details: { found: value } });
    const records = [{ name: 'webauthn', old, successor }];
    if (TagKey === 'custody:replaces')
      await expect(assertReplaces(reader, successor, old, records)).rejects.toThrow(code('REFUSED'));
    await tag(TagValue);
    expect((await look()).successor).toBe(successor);
  });
});

describe('keys replace: a key that no role decrypts', () => {
  it('says so', async () => {
    await createKey(office, 'audit-ledger');
    const found = replaceJson(await look('audit-ledger'), null);
    expect(found.steps[1]).toMatchObject({ status: 'not-needed', because: 'no role decrypts with calls of its own' });
  });
});
