import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';

it('runs in an environment of its own', () => {
  const home = process.env.HOME ?? '';
  expect(home.startsWith(tmpdir())).toBe(true);
  expect(readdirSync(home).sort()).toEqual(['cache', 'config', 'data', 'state']);
  const foreign = Object.keys(process.env).filter((name) => /^(AWS|GIT|CUSTODY)_/.test(name));
  expect(foreign.filter((name) => !name.startsWith('CUSTODY_PEER_')).sort()).toEqual([
    'AWS_CONFIG_FILE',
    'AWS_EC2_METADATA_DISABLED',
    'AWS_SHARED_CREDENTIALS_FILE',
    'GIT_CONFIG_NOSYSTEM',
  ]);
  expect(existsSync(process.env.AWS_CONFIG_FILE ?? '')).toBe(false);
});
