import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
});

afterAll(() => ceremony.end());

describe('a draft', () => {
  it('is put in force by a request; its answer fits the schema, with and without a change', async () => {
    const none = await ceremony.ok('deputy', 'plan', 'propose');
    expect(none.json).toEqual({ changes: [] });
    const file = join(ceremony.clone('deputy'), 'custody.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(/period: 365d/, 'period: 180d'));
    const { json } = await ceremony.ok('deputy', 'plan', 'propose', '--reason', 'more often');
    expect(json).toMatchObject({ created: true, request: { action: 'plan.update', class: 'plan' } });
    const again = await ceremony.ok('deputy', 'plan', 'propose');
    expect(again.json).toMatchObject({ created: false, request: { id: textAt(json, 'request', 'id') } });
  });
});

describe('T9 a class that wants a person at a terminal', () => {
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
