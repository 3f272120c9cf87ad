import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, textAt } from '../../src/lib/rehearse/expect.js';
import { Ceremony, type CliOutcome } from '../support/cli.js';

/** The commands about policies, names and grants as processes: text, JSON and exit status. */

const APP = 'arn:aws:iam::000000000000:role/app';
let ceremony: Ceremony;
beforeAll(async () => {
  ceremony = await Ceremony.found();
});
afterAll(() => ceremony.end());

const asks = (...words: string[]) => ceremony.run('architect', ['keys', ...words, '--json']);

async function executed({ json }: CliOutcome): Promise<void> {
  const [id, digest] = [textAt(json, 'request', 'id'), textAt(json, 'request', 'digest')];
  for (const player of ['architect', 'privacy'] as const)
    await ceremony.ok(player, 'keys', 'approve', id, '--reviewed', digest);
  await ceremony.ok('deputy', 'keys', 'execute', id);
}

describe('policies, names and grants', () => {
  it('a grant is asked for, made, listed with its request, and revoked', async () => {
    const grant = [
      'grant',
      'case-data',
      '--to',
      APP,
      '--operation',
      'Decrypt',
      '--context',
      'custody:purpose=case-data',
    ];
    const opened = await asks(...grant);
    expect(opened.json).toMatchObject({ created: true, request: { action: 'key.grant', class: 'grant' } });
    expect((await asks(...grant)).json).toMatchObject({ created: false });
    await executed(opened);
    const shown = await ceremony.ok('privacy', 'keys', 'show', 'case-data');
    expect(at(shown.json, 'grants')).toMatchObject([{ grantee: APP, request: textAt(opened.json, 'request', 'id') }]);
    const [found] = at(shown.json, 'grants') as readonly unknown[];
    await executed(await asks('revoke', 'case-data', textAt(found, 'id')));
    expect(at((await ceremony.ok('privacy', 'keys', 'show', 'case-data')).json, 'grants')).toEqual([]);
  });

  it('a policy of a file is shown with who gains and who loses', async () => {
    const file = join(ceremony.dir, 'policy.json');
    const planned = await asks('policy', 'case-data', '--dry-run');
    expect(planned).toMatchObject({ exit: 3, json: { error: { code: 'REFUSED' } } });
    await writeFile(
      file,
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}',
    );
    const { exit, json } = await asks('policy', 'case-data', '--file', file, '--reason', 'open to all');
    expect(exit).toBe(0);
    const change = at(json, 'request', 'policyChange');
    expect(at(change, 'beyondPlan')).toContainEqual(expect.objectContaining({ principal: '*' }));
    const { stdout } = await ceremony.run('privacy', ['keys', 'show', textAt(json, 'request', 'id')]);
    expect(stdout).toContain('Weaker than the plan');
    expect(stdout).toContain('everyone else, in any account');
  });

  it.each([
    ['two things at once', 2, 'USAGE', ['tag', 'case-data', 'a=b', '--remove', 'c']],
    ['no tag at all', 2, 'USAGE', ['tag', 'case-data']],
    ['a tag that is custody’s', 3, 'REFUSED', ['tag', 'case-data', 'custody:repository=x']],
    ['no change of an alias', 2, 'USAGE', ['alias', 'case-data']],
    ['two changes of an alias', 2, 'USAGE', ['alias', 'case-data', '--create', 'a', '--delete', 'b']],
    ['an operation that no grant gives', 2, 'USAGE', ['grant', 'case-data', '--to', APP, '--operation', 'CreateGrant']],
    ['a Region that the plan has not', 2, 'NOT_FOUND', ['describe', 'case-data', 'x', '--in', 'us-east-1']],
    ['a file that is not there', 2, 'NOT_FOUND', ['policy', 'case-data', '--file', '/nowhere.json']],
    ['a grant that is not there', 2, 'NOT_FOUND', ['retire', 'case-data', 'f'.repeat(64)]],
  ])('refuses %s', async (_, exit, code, words) => {
    expect(await asks(...words)).toMatchObject({ exit, json: { error: { code } } });
  });
});
