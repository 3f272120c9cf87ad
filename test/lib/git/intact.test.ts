import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findDamage } from '../../../src/lib/git/intact.js';
import type { CommitId } from '../../../src/lib/record/store.js';
import { createGitWorld, type GitWorld } from '../../support/git-world.js';

const POLICY = 'backups/111122223333/eu-central-1/key/policy.json';

let world: GitWorld;
/** The same history as loose objects, and as a pack with everything that Git writes beside one. */
let loose: string;
let packed: string;
beforeAll(async () => {
  world = await createGitWorld();
  let parent: CommitId | null = null;
  for (const turn of [1, 2, 3]) {
    const files = { [POLICY]: `{"turn": ${turn}}\n`.repeat(50), [`plan/${turn}.json`]: `{"plan": ${turn}}\n` };
    parent = world.attack({ parents: parent === null ? [] : [parent], files });
  }
  loose = await world.cloneDir();
  await (await world.open(loose)).sync();
  unpack(join(loose, '.git'));
  packed = await world.cloneDir();
  await (await world.open(packed)).sync();
  const git = (...words: string[]) =>
    execFileSync('git', words, { env: { PATH: process.env.PATH, GIT_DIR: join(packed, '.git') }, stdio: 'ignore' });
  git('update-ref', '-d', 'refs/remotes/origin/main');
  git('repack', '-a', '-d', '-q', '--write-bitmap-index');
  git('pack-refs', '--all');
  git('commit-graph', 'write', '--reachable');
  git('multi-pack-index', 'write');
});
afterAll(() => world.close());

function unpack(gitDir: string): void {
  const home = join(gitDir, 'objects', 'pack');
  for (const name of readdirSync(home)) {
    const bytes = readFileSync(join(home, name));
    rmSync(join(home, name));
    if (name.endsWith('.pack'))
      execFileSync('git', ['unpack-objects', '-q'], { input: bytes, env: { PATH: process.env.PATH, GIT_DIR: gitDir } });
  }
}

const filesOf = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(dir, name)).isFile());
const objectsOf = (dir: string) => filesOf(join(dir, '.git', 'objects')).map((name) => `.git/objects/${name}`);

/** A copy of a clone in which `change` was made to one file. */
async function damaged(clone: string, file: string, change: (bytes: Buffer) => Buffer | null) {
  const copy = join(world.root, 'copy');
  rmSync(copy, { recursive: true, force: true });
  cpSync(clone, copy, { recursive: true });
  const target = join(copy, file);
  const bytes = change(readFileSync(target));
  rmSync(target);
  if (bytes !== null) writeFileSync(target, bytes);
  return findDamage(copy, world.environment);
}
const flip = (place: (bytes: Buffer) => number) => (bytes: Buffer) => {
  const at = place(bytes);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  return bytes;
};

describe('a clone', () => {
  it('that is as Git wrote it has no damage, packed or not, empty or not', async () => {
    expect(await findDamage(loose, world.environment)).toEqual([]);
    expect(await findDamage(packed, world.environment)).toEqual([]);
    expect(await findDamage(await world.cloneDir(), world.environment)).toEqual([]);
  });

  it('one flipped byte of any loose object is found, in the file that has it', async () => {
    const objects = objectsOf(loose);
    expect(objects.length).toBeGreaterThan(15);
    for (const [at, file] of objects.entries()) {
      // Beginning, middle or end: each kind of object comes at some of them.
      const place = (bytes: Buffer) => [1, bytes.length >> 1, bytes.length - 2][at % 3] ?? 0;
      const found = await damaged(loose, file, flip(place));
      expect(found, file).toEqual([expect.objectContaining({ file })]);
    }
  });

  it('one flipped byte of a pack, an index or what Git writes beside them is found', async () => {
    const files = objectsOf(packed).filter((name) => !name.endsWith('info/packs'));
    const kinds = new Set(files.map((name) => name.replaceAll(/[0-9a-f]{40}/g, '*').replace('.git/objects/', '')));
    for (const kind of [
      'info/commit-graph',
      'pack/multi-pack-index',
      'pack/pack-*.pack',
      'pack/pack-*.idx',
      'pack/pack-*.bitmap',
    ])
      expect(kinds).toContain(kind);
    for (const file of files) {
      const { length } = readFileSync(join(packed, file));
      for (const at of [5, length >> 1, length - 1])
        expect(
          await damaged(
            packed,
            file,
            flip(() => at),
          ),
          `${file} ${at}`,
        ).toContainEqual(expect.objectContaining({ file }));
    }
  });

  it('a damaged blob is told by its path as well, loose or in a pack', async () => {
    const id = world.git(['rev-parse', `main~1:${POLICY}`]).trim();
    const file = `.git/objects/${id.slice(0, 2)}/${id.slice(2)}`;
    expect(
      await damaged(
        loose,
        file,
        flip((bytes) => bytes.length - 3),
      ),
    ).toEqual([{ file, because: 'it is not the object that its name says', paths: [POLICY] }]);
    const pack = objectsOf(packed).find((name) => name.endsWith('.pack')) ?? '';
    const index = join(packed, pack.replace(/pack$/, 'idx'));
    const listed = execFileSync('git', ['verify-pack', '-v', index]).toString();
    const [, offset = ''] = new RegExp(`^${id} blob +\\d+ \\d+ (\\d+)`, 'm').exec(listed) ?? [];
    const [found] = await damaged(
      packed,
      pack,
      flip(() => Number(offset) + 6),
    );
    expect(found).toMatchObject({ file: pack, paths: [POLICY] });
  });

  it('an object that is gone is found, and so is one that lies under another one’s name', async () => {
    const [id = '', other = ''] = [`main~1:${POLICY}`, `main:${POLICY}`].map((name) =>
      world.git(['rev-parse', name]).trim(),
    );
    const fileOf = (one: string) => `.git/objects/${one.slice(0, 2)}/${one.slice(2)}`;
    const gone = await damaged(loose, fileOf(id), () => null);
    expect(gone).toEqual([
      expect.objectContaining({ file: fileOf(id), because: expect.stringContaining('not there') }),
    ]);
    const another = readFileSync(join(loose, fileOf(other)));
    expect(await damaged(loose, fileOf(id), () => another)).toEqual([expect.objectContaining({ file: fileOf(id) })]);
  });

  it.each([
    ['refs/custody/main', 'x', 'it names no commit'],
    ['refs/custody/main', `${'a'.repeat(40)}\n`, 'not there'],
    ['refs/custody/main', '', 'it names no commit'],
    ['HEAD', 'ref: refs/custody/mail\n', 'does not name'],
    ['packed-refs', `# pack-refs with: peeled\n${'g'.repeat(40)} refs/custody/main\n`, 'no ref'],
    ['packed-refs', `${'b'.repeat(40)} refs/custody/main\n`, 'refs/custody/main the commit that it names is not there'],
  ])('%s that says %j is found', async (file, text, because) => {
    const copy = join(world.root, 'copy');
    rmSync(copy, { recursive: true, force: true });
    cpSync(file === 'packed-refs' ? packed : loose, copy, { recursive: true });
    mkdirSync(dirname(join(copy, '.git', file)), { recursive: true });
    writeFileSync(join(copy, '.git', file), text);
    const found = await findDamage(copy, world.environment);
    expect(found.map((one) => `${one.file} ${one.because}`).join('\n')).toContain(because);
  });
});
