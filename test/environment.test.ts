import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';

it('runs in an environment of its own', () => {
  const home = process.env.HOME ?? '';
  expect(home.startsWith(tmpdir())).toBe(true);
  // Tests may keep things there, but nothing of the caller's is.
  const names = readdirSync(home);
  expect(names).toEqual(expect.arrayContaining(['cache', 'config', 'data', 'state']));
  expect(names.filter((name) => /^\.(?:aws|git|ssh|gnupg|netrc|npm)/.test(name))).toEqual([]);
  const foreign = Object.keys(process.env).filter((name) => /^(AWS|GIT|CUSTODY)_/.test(name));
  expect(foreign.filter((name) => !name.startsWith('CUSTODY_PEER_')).sort()).toEqual([
    'AWS_CONFIG_FILE',
    'AWS_EC2_METADATA_DISABLED',
    'AWS_SHARED_CREDENTIALS_FILE',
    'GIT_CONFIG_NOSYSTEM',
  ]);
  expect(existsSync(process.env.AWS_CONFIG_FILE ?? '')).toBe(false);
});
