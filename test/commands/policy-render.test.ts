import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at } from '../../src/lib/rehearse/expect.js';
import { Ceremony } from '../support/cli.js';

/** `policy render` as a process: text, JSON, files and exit status. */

const KEY_ID = 'mrk-0123456789abcdef0123456789abcdef';
let ceremony: Ceremony;
beforeAll(async () => {
  ceremony = await Ceremony.found();
});
afterAll(() => ceremony.end());

const render = (...words: string[]) => ceremony.run('architect', ['policy', 'render', ...words]);

describe('policy render', () => {
  it('prints the policy of a key, whose id comes from AWS', async () => {
    const { exit, stdout } = await render('case-data');
    const keyId = ceremony.caseDataArn.split('/').at(-1) ?? '';
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ Version: '2012-10-17' });
    expect(stdout).toContain(`rotate/${ceremony.caseDataArn.split(':')[3]}/${keyId}/`);
  });

  it('says in JSON what each policy is', async () => {
    const { json } = await render('root', '--key-id', KEY_ID, '--roles', '--json');
    const policies = at(json, 'policies') as readonly { name: string; kind: string }[];
    expect(policies.filter(({ kind }) => kind === 'key').map(({ name }) => name)).toEqual([
      'key-root-eu-central-1',
      'key-root-eu-west-1',
    ]);
    expect(policies[0]).toMatchObject({ key: 'root', keyId: KEY_ID, form: 'plain', policy: { Version: '2012-10-17' } });
    expect(policies.map(({ name }) => name)).toEqual(expect.arrayContaining(['role-executor', 'organization-scp']));
  });

  it('writes files, as Terraform too, and never over any', async () => {
    const dir = join(ceremony.dir, 'policies');
    const words = ['root', '--key-id', KEY_ID, '--in', 'eu-west-1', '--out', dir];
    const { json } = await render(...words, '--json');
    expect(at(json, 'files')).toEqual([join(dir, 'key-root-eu-west-1.json')]);
    expect((await render(...words)).exit).toBe(6);
    const terraform = await render('--roles', '--format', 'terraform', '--out', dir);
    expect([terraform.exit, readdirSync(dir).sort()]).toEqual([0, ['custody.tf', 'key-root-eu-west-1.json']]);
    expect(readFileSync(join(dir, 'custody.tf'), 'utf8')).toContain('resource "aws_organizations_policy"');
  });

  it('refuses what names no key of the plan, and flags that would do nothing', async () => {
    const wrong = [
      ['case-data', '--organization', 'o-a1b2c3d4e5'],
      ['--roles', '--provider', 'arn:aws:iam::000000000000:saml-provider/i', '--subject', 'stranger=x'],
      ['root'],
      ['case-data', '--in', 'ap-southeast-1'],
    ];
    const outcomes = await Promise.all(wrong.map((words) => render(...words, '--json')));
    expect(outcomes.map(({ exit, json }) => [exit, at(json, 'error', 'code')])).toEqual([
      [2, 'USAGE'],
      [2, 'NOT_FOUND'],
      [2, 'NOT_FOUND'],
      [2, 'NOT_FOUND'],
    ]);
  });
});
