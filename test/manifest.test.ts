import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assertBuilt, PACKAGE_ROOT } from './support/built.js';

interface Manifest {
  readonly version: string;
  readonly commands: Readonly<Record<string, { readonly summary?: string; readonly examples?: readonly unknown[] }>>;
}

function json(name: string): unknown {
  return JSON.parse(readFileSync(join(PACKAGE_ROOT, name), 'utf8'));
}

describe('oclif.manifest.json', () => {
  const manifest = json('oclif.manifest.json') as Manifest;

  it('names every command of the source and no other', () => {
    const ids = readdirSync(join(PACKAGE_ROOT, 'src/commands'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => name.slice(0, -'.ts'.length).split(/[\\/]/).join(':'));
    expect(Object.keys(manifest.commands).sort()).toEqual(ids.sort());
  });

  it('is of this version', () => {
    expect(manifest.version).toBe((json('package.json') as Manifest).version);
  });

  it('says of each command what it does, with an example', () => {
    const silent = Object.entries(manifest.commands).filter(
      ([, { summary, examples }]) => !summary || !examples?.length,
    );
    expect(silent.map(([id]) => id)).toEqual([]);
  });

  it('is what the built commands give', () => {
    assertBuilt();
    const run = spawnSync(process.execPath, ['scripts/manifest.js', '--check'], {
      cwd: PACKAGE_ROOT,
      encoding: 'utf8',
    });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
  });
});
