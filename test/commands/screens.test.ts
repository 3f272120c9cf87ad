import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textAt } from '../../src/lib/rehearse/expect.js';
import { Ceremony } from '../support/cli.js';

/** What is copied whole, at the left; anything else has its place in 80 columns. */
const WHOLE = /^ {0,2}(?:arn:\S+|export \S+|custody join .*|folder .*|remote .*|directory .*)$/;
const HOME = ['endpoint', 'directory', 'folder', 'remote'];

let ceremony: Ceremony;
let id = '';

beforeAll(async () => {
  ceremony = await Ceremony.found();
  const { json } = await ceremony.ok('architect', 'keys', 'rotate', 'case-data', '--reason', 'why '.repeat(200).trim());
  id = textAt(json, 'request', 'id');
});

afterAll(() => ceremony.end());

describe('screens', () => {
  it.each([
    ['keys list'],
    ['keys pending'],
    ['keys pending --all'],
    ['keys show case-data'],
    ['keys show {created}'],
    ['keys approve {rotation} --dry-run'],
    ['keys approve --dry-run'],
    ['keys reject {rotation} --dry-run'],
    ['keys withdraw {rotation} --dry-run'],
    ['keys rotate root --dry-run'],
    ['keys rotate nope case-data'],
    ['keys apply --dry-run'],
    ['plan show'],
    ['plan diff'],
    ['plan validate'],
    ['ledger show'],
    ['ledger verify'],
    ['doctor'],
    ['sandbox status --dir {sandbox}'],
    ['signer create --as x --name X --duty PrivacyEngineer --dry-run'],
    ['init /nowhere --remote /nowhere/origin.git'],
  ])('custody %s: 80 columns, and says something', async (command) => {
    const words = command
      .replace('{rotation}', id)
      .replace('{created}', ceremony.caseDataRequest)
      .replace('{sandbox}', ceremony.serving.info.dir)
      .split(' ');
    const { stdout, stderr } = await ceremony.run('privacy', words);
    const lines = `${stdout}${stderr}`.split('\n');
    expect(lines.length).toBeGreaterThan(1);
    const long = lines.filter(
      (line) => line.length > 80 && !WHOLE.test(line) && !HOME.some((name) => line.startsWith(name)),
    );
    expect(long).toEqual([]);
    expect(lines.filter((line) => / $/.test(line))).toEqual([]);
  });

  it.each(['keys pending', 'keys rotate case-data', 'keys show {rotation}', 'ledger verify'])(
    'colours of ours are colours: custody %s',
    async (command) => {
      const words = command.replace('{rotation}', id).split(' ');
      const { stdout } = await ceremony.run('privacy', words, { FORCE_COLOR: '1' });
      expect(stdout).toMatch(/\u001b\[\d+m/);
      expect(stdout).not.toContain('\\u{1b}');
    },
  );

  it('the approval screen names all that is signed for', async () => {
    const { stdout, json } = await ceremony
      .run('privacy', ['keys', 'approve', id, '--dry-run'])
      .then(async ({ stdout: text }) => ({
        stdout: text,
        json: (await ceremony.ok('privacy', 'keys', 'show', id)).json,
      }));
    const flat = stdout.replaceAll(/\s+/g, ' ');
    for (const fact of ['id', 'digest', 'requester', 'createdAt', 'approveBy', 'account'])
      expect(flat).toContain(textAt(json, 'request', fact));
    for (const fact of ['name', 'alias', 'arn', 'region']) expect(flat).toContain(textAt(json, 'request', 'key', fact));
    for (const fact of ['kms:RotateKeyOnDemand', 'risk low', 'none yet', 'one more approval is needed'])
      expect(flat).toContain(fact);
  });

  it('a key of the root is told of once where both Regions have the same policy', async () => {
    const { json } = await ceremony.ok('privacy', 'keys', 'pending');
    const root = (json.requests as { id: string; key: { name: string } }[]).find(({ key }) => key.name === 'root');
    const { stdout } = await ceremony.run('privacy', ['keys', 'approve', root?.id ?? '', '--dry-run']);
    expect(stdout.match(/Who may do what/g)).toHaveLength(1);
    expect(stdout).toContain('eu-central-1 and eu-west-1');
  });

  it('what failed in a batch is said, and is no success', async () => {
    const { exit, stdout, stderr } = await ceremony.run('deputy', ['keys', 'rotate', '--due', '--dry-run']);
    expect([exit, stdout.trim()]).toEqual([0, 'Nothing is due.']);
    const ready = await ceremony.run('deputy', ['keys', 'execute', '--ready']);
    expect([ready.exit, stderr]).toEqual([0, '']);
    expect(ready.stdout).toMatch(/^Nothing is ready\.\n/);
  });

  it('a reason that no record takes is USAGE before anything is looked at', async () => {
    for (const words of [
      ['keys', 'rotate', 'case-data'],
      ['keys', 'reject', id],
      ['keys', 'withdraw', id],
      ['plan', 'propose'],
    ]) {
      const { exit, json } = await ceremony.run('deputy', [...words, '-m', 'x'.repeat(1001), '--json']);
      expect([exit, json]).toMatchObject([2, { error: { code: 'USAGE' } }]);
      expect(JSON.stringify(json).length).toBeLessThan(1000);
    }
  });
});
