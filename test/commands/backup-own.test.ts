import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textAt } from '../../src/lib/rehearse/expect.js';
import type { Ceremony, Player } from '../support/cli.js';
import { foundOneKey } from '../support/one-key.js';

/** Backups in a repository of their own, as `backup.repository` of the plan has it. */
describe('a repository of its own', { shuffle: false }, () => {
  let dir: string;
  let own: string;
  let ceremony: Ceremony;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'custody-own-'));
    own = join(dir, 'backups.git');
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', own]);
    ceremony = await foundOneKey(`backup:\n  repository: "${own}"\n`);
  });
  afterAll(async () => {
    await ceremony?.end();
    rmSync(dir, { recursive: true, force: true });
  });
  const policy = (player: Player, ...words: string[]) => ceremony.run(player, ['policy', ...words, '--json']);

  it('has the files, and the custody repository tells of them', async () => {
    const made = await policy('architect', 'backup');
    expect([made.exit, made.json]).toMatchObject([0, { backup: { sequence: 1, changed: true } }]);
    const clone = join(dir, 'plain');
    execFileSync('git', ['clone', '--quiet', own, clone]);
    execFileSync('sha256sum', ['--quiet', '-c', 'SHA256SUMS'], { cwd: join(clone, 'backups') });
    expect(textAt(made.json, 'backup', 'commit')).toBe(
      execFileSync('git', ['-C', clone, 'rev-parse', 'HEAD']).toString().trim(),
    );
    const custody = execFileSync('git', [
      '-C',
      join(ceremony.dir, 'origin.git'),
      'ls-tree',
      '-r',
      '--name-only',
      'main',
    ]);
    expect(custody.toString()).not.toContain('backups/');
    const verified = await policy('privacy', 'verify');
    expect([verified.exit, verified.json]).toMatchObject([0, { verdict: 'verified', backups: 1 }]);
    expect(existsSync(join(ceremony.clone('privacy'), 'backups'))).toBe(false);
  });

  it('that lost its newest backup is found out by a machine that has seen none', async () => {
    execFileSync('git', ['-C', own, 'update-ref', '-d', 'refs/heads/main']);
    const env = { XDG_STATE_HOME: join(dir, 'state') };
    const { json } = await ceremony.ok('architect', 'pin');
    const clone = join(dir, 'observer');
    const words = ['join', join(ceremony.dir, 'origin.git'), clone, '--genesis', textAt(json, 'genesis'), '--json'];
    expect((await ceremony.run('privacy', words, env)).exit).toBe(0);
    const outcome = await ceremony.run('privacy', ['policy', 'verify', '--json'], { ...env, CUSTODY_REPO: clone });
    expect(outcome.exit).toBe(3);
    expect(outcome.json).not.toMatchObject({ verdict: 'verified' });
  });
});
