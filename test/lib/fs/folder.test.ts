import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { findFolder, readDraft, requireFolder, writeDraft } from '../../../src/lib/fs/folder.js';
import { scratchFolder } from './scratch.js';

const folder = scratchFolder();
const repo = join(folder, 'repo');

beforeAll(() => {
  mkdirSync(join(repo, 'a/b'), { recursive: true });
  mkdirSync(join(folder, 'fake/custody.yaml'), { recursive: true });
  writeFileSync(join(repo, 'custody.yaml'), 'environment: sandbox\n');
});

describe('findFolder', () => {
  it('is the nearest parent with custody.yaml', async () => {
    expect(await findFolder(join(repo, 'a/b'))).toBe(repo);
    expect(await findFolder(repo)).toBe(repo);
    expect(await findFolder(folder)).toBeNull();
  });

  it('passes by a folder of that name and a path that is not there', async () => {
    expect(await findFolder(join(folder, 'fake'))).toBeNull();
    expect(await findFolder(join(repo, 'custody.yaml/x/y'))).toBe(repo);
  });
});

describe('requireFolder', () => {
  it('takes the one given, relative to where one stands, and no parent of it', async () => {
    expect(await requireFolder('repo', folder)).toBe(repo);
    expect(await requireFolder(undefined, join(repo, 'a'))).toBe(repo);
    await expect(requireFolder('repo/a', folder)).rejects.toMatchObject({ code: 'REPOSITORY_NOT_FOUND', exit: 2 });
    await expect(requireFolder(undefined, folder)).rejects.toMatchObject({ code: 'REPOSITORY_NOT_FOUND' });
  });
});

describe('draft', () => {
  it('is read and replaced whole', async () => {
    await writeDraft(repo, 'environment: aws\n');
    expect(readFileSync(join(repo, 'custody.yaml'), 'utf8')).toBe('environment: aws\n');
    expect((await readDraft(repo))?.toString()).toBe('environment: aws\n');
    expect(await readDraft(folder)).toBeNull();
  });

  it('over 1 MiB is refused', async () => {
    mkdirSync(join(folder, 'big'));
    writeFileSync(join(folder, 'big/custody.yaml'), Buffer.alloc(1024 * 1024 + 1));
    await expect(readDraft(join(folder, 'big'))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});
