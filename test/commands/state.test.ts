import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, textAt } from '../../src/lib/rehearse/expect.js';
import { Ceremony, type CliOutcome } from '../support/cli.js';

let ceremony: Ceremony;
beforeAll(async () => {
  ceremony = await Ceremony.found();
}, 120_000);
afterAll(async () => {
  await (ceremony as Ceremony | undefined)?.end();
});

const code = ({ json }: CliOutcome) => (json.error as { readonly code: string } | undefined)?.code;
const ask = async (...words: string[]) => {
  const outcome = await ceremony.run('architect', [...words, '--json']);
  return [outcome.exit, code(outcome)];
};

describe('whether a key may be used, and whether it is to exist', () => {
  it('a deletion shows what is lost and wants the name; class delete wants a person to approve', async () => {
    const shown = await ceremony.run('architect', ['keys', 'delete', 'case-data', '--dry-run']);
    expect(shown.exit).toBe(0);
    for (const words of ['last use', 'ciphertexts', 'custody keeps no list', 'alias/cmk/case-data', '30 days'])
      expect(shown.stdout).toContain(words);
    expect(shown.stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
    expect(await ask('keys', 'delete', 'case-data')).toEqual([2, 'INPUT_MISSING']);
    expect(await ask('keys', 'delete', 'case-data', '--confirm', 'root')).toEqual([2, 'USAGE']);
    const { json } = await ceremony.ok('architect', 'keys', 'delete', 'case-data', '--confirm', 'case-data');
    expect(at(json, 'request', 'class')).toBe('delete');
    const [id, digest] = [textAt(json, 'request', 'id'), textAt(json, 'request', 'digest')];
    const approval = await ceremony.run('privacy', ['keys', 'approve', id, '--reviewed', digest, '--json']);
    expect([approval.exit, code(approval)]).toEqual([3, 'REFUSED']);
    const ready = await ceremony.ok('deputy', 'keys', 'execute', '--ready');
    expect(ready.json).toMatchObject({ results: [], elsewhere: [] });
    const own = (ready.json.waiting as readonly { readonly id: string }[]).find((item) => item.id === id);
    expect(own).toMatchObject({ action: 'key.delete', state: 'pending', waitsFor: expect.stringContaining('2 more') });
    await ceremony.ok('architect', 'keys', 'withdraw', id);
  });

  it('openers of one state each, with one answer for the same thing', async () => {
    const { json } = await ceremony.ok('architect', 'keys', 'disable', 'case-data');
    expect(json).toMatchObject({ created: true, request: { action: 'key.disable', state: 'pending' } });
    expect((await ceremony.ok('privacy', 'keys', 'disable', 'case-data')).json).toMatchObject({ created: false });
    await ceremony.ok('architect', 'keys', 'withdraw', textAt(json, 'request', 'id'));
    const off = await ceremony.ok('architect', 'keys', 'rotation', 'case-data', '--off', '--dry-run');
    expect(off.json).toMatchObject({
      proposed: { class: 'rotation-off', calls: [{ operation: 'DisableKeyRotation' }] },
    });
    expect(await ask('keys', 'rotation', 'case-data', '--off', '--period-days', '180')).toEqual([2, 'USAGE']);
    expect(await ask('keys', 'enable', 'case-data')).toEqual([3, 'REFUSED']);
    expect(await ask('keys', 'cancel-deletion', 'case-data')).toEqual([3, 'REFUSED']);
    expect(await ask('keys', 'confirm-destroyed', 'case-data')).toEqual([2, 'NOT_FOUND']);
    expect(await ask('keys', 'disable', 'case-data', '--in', 'eu-west-1')).toEqual([2, 'NOT_FOUND']);
  });

  it('T56 ciphertexts leave for another key only as the records say; without a repository, as its tag says', async () => {
    const { caseDataArn: own } = ceremony;
    const other = own.replace(/.{12}$/, 'f'.repeat(12));
    const words = ['keys', 'rewrap', own, '--from', other, '--lines', 'in.jsonl', '--dry-run', '--json'];
    const message = ({ json }: CliOutcome) => textAt(json, 'error', 'message');
    const there = await ceremony.run('architect', words);
    expect([there.exit, message(there)]).toEqual([
      3,
      expect.stringContaining('no executed request of this repository'),
    ]);
    const none = await ceremony.run('architect', words, { CUSTODY_REPO: undefined });
    expect([none.exit, message(none)]).toEqual([3, expect.stringContaining('is not tagged as the key that replaces')]);
    expect(none.stderr).toContain('There is no repository here');
  });

  it('what is due is reported for a machine', async () => {
    const { json } = await ceremony.ok('architect', 'keys', 'rotate', '--due', '--dry-run');
    expect(json).toMatchObject({ opened: [], alreadyOpen: [], failures: [] });
    const skipped = json.skipped as readonly { readonly key: string; readonly because: string }[];
    expect(skipped.find(({ key }) => key === 'case-data')?.because).toContain('younger than');
    expect((await ceremony.ok('architect', 'keys', 'show', 'case-data')).json).toMatchObject({ destroyed: [] });
  });
});
