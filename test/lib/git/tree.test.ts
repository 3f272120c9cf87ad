import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import {
  assertFileMode,
  assertTreePath,
  isImmutable,
  isTreePath,
  pathsBelow,
  quoted,
} from '../../../src/lib/git/tree.js';
import { ledgerPath } from '../../../src/lib/ledger/paths.js';
import * as records from '../../../src/lib/record/paths.js';

describe('paths of the tree', () => {
  test('every path that the product writes is in the grammar', () => {
    const digest = digestOf('x');
    const paths = [
      records.recordPath(records.GENESIS_FOLDER, digest),
      records.recordPath(records.CEREMONY_FOLDER, digest),
      records.recordPath(records.HEARTBEAT_FOLDER, digest),
      records.recordPath(records.requestFolder('r-abcdefg234'), digest),
      records.intentPath('r-abcdefg234'),
      records.receiptPath('r-abcdefg234'),
      records.planPath(1),
      records.rosterPath(1_000_000),
      ledgerPath(0),
      ledgerPath(999_999_999),
      'backups/000001/manifest.json',
      `checkpoints/99999999999999999986/${'a'.repeat(64)}`,
      'README.md',
    ];
    expect(paths.filter((path) => !isTreePath(path))).toEqual([]);
  });

  test('T33 no two paths of the grammar differ by case alone', () => {
    for (const path of ['plan/1.json', 'records/genesis/a.json', 'ledger/000000/000000000.json', 'backups/a/b']) {
      expect(isTreePath(path)).toBe(true);
      for (let at = 0; at < path.length; at++) {
        const other = path.slice(0, at) + (path[at] ?? '').toUpperCase() + path.slice(at + 1);
        if (other !== path) expect(isTreePath(other)).toBe(false);
      }
    }
    expect(isTreePath('readme.md')).toBe(false);
  });

  test('T35 a path that is too long or climbs is refused', () => {
    expect(isTreePath(`backups/${'a/'.repeat(7)}a`)).toBe(false);
    expect(isTreePath(`backups/${'a'.repeat(129)}`)).toBe(false);
    for (const path of ['backups/../plan/1.json', 'backups//a', 'backups/', '/backups/a', 'backups/a\n']) {
      expect(() => assertTreePath(path)).toThrow(expect.objectContaining({ code: 'TREE_MALFORMED' }));
    }
  });

  test('only plain files', () => {
    assertFileMode('100644', 'x');
    for (const mode of ['100755', '120000', '160000', '040000', '100664', '']) {
      expect(() => assertFileMode(mode, 'x')).toThrow(expect.objectContaining({ code: 'TREE_MALFORMED' }));
    }
  });

  test('T8 what is quoted is visible, on one line and short', () => {
    expect(quoted('a\u001b]8;;x\u0007\u202e\n')).toBe('"a\\u001b]8;;x\\u0007\\u{202e}\\n"');
    expect(quoted('x'.repeat(10_000)).length).toBeLessThan(130);
    expect(quoted('\ud800 😀')).toMatch(/^[\x20-\x7e]*$/);
  });

  test('paths below a folder are found in a sorted list', () => {
    const sorted = ['a', 'b/a', 'b/b/c', 'b/z', 'b0', 'c'];
    expect(pathsBelow(sorted, 'b/')).toEqual(['b/a', 'b/b/c', 'b/z']);
    expect(pathsBelow(sorted, 'd/')).toEqual([]);
    expect(pathsBelow([], 'b/')).toEqual([]);
    expect(pathsBelow(sorted, '')).toEqual(sorted);
  });
});

test.each([
  'plan/1.json',
  'roster/2.json',
  'records/r-abc/a.json',
  'ledger/000000/000000001.json',
  'drills/2026-q4-1.json',
  'challenges/c-abcdefghij.json',
  'answers/c-abcdefghij/deputy.json',
  `materials/case-data/${'0'.repeat(64)}.json`,
])('%s is written once: no push takes back what somebody has signed (T36)', (path) => {
  expect([isTreePath(path), isImmutable(path)]).toEqual([true, true]);
});

test.each(['README.md', 'runbook.md', 'backups/SHA256SUMS'])('%s may change', (path) => {
  expect([isTreePath(path), isImmutable(path)]).toEqual([true, false]);
});
