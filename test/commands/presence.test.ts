import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, textAt } from '../../src/lib/rehearse/expect.js';
import { Ceremony } from '../support/cli.js';

let ceremony: Ceremony;
let request: unknown;

beforeAll(async () => {
  ceremony = await Ceremony.found((draft) =>
    draft.replace(/^( +)delete: \{/m, '$1create: { presence: true }\n$1delete: {'),
  );
  const { json } = await ceremony.ok('architect', 'keys', 'apply', '--reason', 'first installation');
  request = at(json, 'requests', '0');
}, 120_000);

afterAll(() => ceremony.end());

describe('a class that wants a person at a terminal (T9)', () => {
  it('refuses --reviewed: a script could have read the digest', async () => {
    const [id, digest] = [textAt(request, 'id'), textAt(request, 'digest')];
    const [plain, json] = await Promise.all([
      ceremony.run('privacy', ['keys', 'approve', id, '--reviewed', digest]),
      ceremony.run('architect', ['keys', 'approve', id, '--reviewed', digest, '--json']),
    ]);
    expect([plain.exit, json.exit, json.json]).toMatchObject([3, 3, { error: { code: 'REFUSED' } }]);
    expect(plain.stderr).toContain('a person at a terminal');
    const shown = await ceremony.ok('deputy', 'keys', 'show', id);
    expect(at(shown.json, 'request', 'approvals')).toEqual([]);
  });

  it('has no other way round the terminal', async () => {
    const id = textAt(request, 'id');
    const bare = await ceremony.run('privacy', ['keys', 'approve', id, '--json']);
    expect([bare.exit, bare.json]).toMatchObject([2, { error: { code: 'INPUT_MISSING' } }]);
    const yes = await ceremony.run('privacy', ['keys', 'approve', id, '--yes', '--json']);
    expect([yes.exit, yes.json]).toMatchObject([2, { error: { code: 'USAGE' } }]);
  });
});
