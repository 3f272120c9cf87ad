import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileTable } from '../../../src/lib/backup/file-table.js';
import { KEY_FILES, keyFilePath } from '../../../src/lib/backup/paths.js';
import { formatSortedSums, formatSums } from '../../../src/lib/backup/sums.js';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { blobIdOf } from '../../../src/lib/git/stage.js';

const ACCOUNT = '111122223333';
// Neither `-` nor digits stand where a `/` does in the order of paths.
const REGIONS = ['eu', 'eu-central-1', 'eu-central-10', 'us-east-1'];
const KEY_IDS = [
  '00000000-12ab-34cd-56ef-1234567890ab',
  '1234abcd-12ab-34cd-56ef-1234567890ab',
  `mrk-${'0'.repeat(32)}`,
];
const expected = REGIONS.map((region) => ({ region, keyIds: KEY_IDS }));
const OTHERS = ['backups/signer.pub', 'backups/trusted_root.json', `backups/${ACCOUNT}/principals.json`];
const paths = [
  ...REGIONS.flatMap((region) =>
    KEY_IDS.flatMap((keyId) => KEY_FILES.map((name) => keyFilePath({ account: ACCOUNT, region, keyId }, name))),
  ),
  // Of no key that was expected.
  keyFilePath({ account: ACCOUNT, region: 'eu', keyId: '99999999-12ab-34cd-56ef-1234567890ab' }, 'policy'),
  keyFilePath({ account: ACCOUNT, region: 'ap', keyId: KEY_IDS[0] ?? '' }, 'policy'),
  keyFilePath({ account: '999999999999', region: 'eu', keyId: KEY_IDS[0] ?? '' }, 'policy'),
  ...OTHERS,
];
const bytesOf = (path: string) => Buffer.from(path);

describe('the files of a backup, as bytes', () => {
  it('are what was set, in any order, each in the order of its path', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(paths), fc.array(fc.boolean()), (chosen, staging) => {
        const table = new FileTable(ACCOUNT, expected);
        const isStaged = (at: number) => staging[at % Math.max(staging.length, 1)] !== false;
        for (const [at, path] of chosen.entries())
          table.set(path, digestOf(bytesOf(path)), isStaged(at) ? blobIdOf(bytesOf(path)) : null);
        const sums = chosen.map((path) => ({ path, digest: digestOf(bytesOf(path)) }));
        expect(formatSortedSums(table.sums())).toEqual(formatSums(sums));
        const staged = chosen.filter((_, at) => isStaged(at)).map((path) => [path, blobIdOf(bytesOf(path))] as const);
        expect([...table.staged()]).toEqual(staged.sort(([a], [b]) => (a < b ? -1 : 1)));
      }),
      { numRuns: 30 },
    );
  });

  it('is what was set last', () => {
    const table = new FileTable(ACCOUNT, expected);
    for (const path of [paths[0] ?? '', 'backups/signer.pub']) {
      table.set(path, digestOf('old'), blobIdOf(Buffer.from('old')));
      table.set(path, digestOf('new'), null);
    }
    expect([...table.sums()].map(({ digest }) => digest)).toEqual([digestOf('new'), digestOf('new')]);
    expect(table.staged().size).toBe(0);
  });

  it.each([
    ['a short digest', digestOf('x').slice(0, -2), blobIdOf(Buffer.from('x'))],
    ['a digest that is none', `sha256:${'g'.repeat(64)}`, blobIdOf(Buffer.from('x'))],
    ['an id of another length', digestOf('x'), '0'.repeat(64)],
  ])('is a bug of ours with %s', (_, digest, blob) => {
    const table = new FileTable(ACCOUNT, expected);
    expect(() => table.set(paths[0] ?? '', digest as never, blob as never)).toThrow(
      expect.objectContaining({ code: 'BUG' }),
    );
  });

  it('takes some lines at a time of a list of any length', () => {
    const many = Array.from({ length: 2500 }, (_, at) => ({
      path: `backups/x/${String(at).padStart(5, '0')}`,
      digest: digestOf(String(at)),
    }));
    expect(Buffer.from(formatSortedSums(many)).toString().split('\n')).toHaveLength(2501);
    expect(formatSortedSums([])).toEqual(Buffer.alloc(0));
  });
});
