import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { GrowingTree } from '../../../src/lib/ledger/growing-tree.js';
import { LANES_END, LANES_FREE, openNodeLanes } from '../../../src/lib/ledger/node-lanes.js';
import { HASH_BYTES, hashBytes, hashOfBytes, leafHash, type TreeHash } from '../../../src/lib/ledger/tree.js';
import { PACKAGE_ROOT } from '../../support/built.js';

/** SHA-256 as Node's streaming interface makes it: neither the one-shot function nor the lanes. */
const node = (left: Buffer, right: Buffer) =>
  createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest();

/** RFC 6962 section 2.1, row by row. */
function rootOf(leaves: readonly TreeHash[]): string {
  let row = leaves.map(hashBytes);
  while (row.length > 1) {
    row = row.flatMap((left, at) => {
      const right = row[at + 1];
      return at % 2 === 1 ? [] : [right === undefined ? left : node(left, right)];
    });
  }
  return row[0]?.toString('hex') ?? '';
}

const LEAVES = Array.from({ length: 3200 }, (_, n) => leafHash(Buffer.from(`leaf ${n}`)));
const hex = (hash: TreeHash) => hashBytes(hash).toString('hex');

function grown(tree: GrowingTree, from: number, to: number): GrowingTree {
  for (const leaf of LEAVES.slice(from, to)) tree.add(leaf);
  return tree;
}

describe('a tree of many leaves', () => {
  test.each([1, 2, 15, 16, 17, 31, 33, 255, 256, 1023, 1024, 1025, 2047, 2048, 2049, 3071, 3200])('%d', (size) => {
    const tree = grown(new GrowingTree(), 0, size);
    expect([tree.size, hex(tree.root())]).toEqual([size, rootOf(LEAVES.slice(0, size))]);
  });

  test.each([
    [0, 1023],
    [0, 1024],
    [0, 1025],
    [0, 3200],
    [1, 2500],
    [1000, 2100],
    [1023, 3200],
  ])('after %d, those up to %d at once', (before, size) => {
    const tree = grown(new GrowingTree(), 0, before);
    tree.addRow(Buffer.concat(LEAVES.slice(before, size).map(hashBytes)));
    expect([tree.size, hex(tree.root())]).toEqual([size, rootOf(LEAVES.slice(0, size))]);
  });

  test('is the same from wherever it goes on, and whenever its root is asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1100 }), { minLength: 1, maxLength: 4 }), (steps) => {
        let tree = new GrowingTree();
        for (const step of steps) {
          if (tree.size > 0 && step % 2 === 0) tree = new GrowingTree(tree.size, tree.peaks);
          const to = Math.min(LEAVES.length, tree.size + step);
          // One by one, or some at once.
          if (step % 3 > 0) grown(tree, tree.size, to);
          else tree.addRow(Buffer.concat(LEAVES.slice(tree.size, to).map(hashBytes)));
          if (tree.size > 0) expect(hex(tree.root())).toBe(rootOf(LEAVES.slice(0, tree.size)));
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('nodes in lanes', () => {
  const lanes = openNodeLanes();
  const bytes32 = fc.uint8Array({ minLength: HASH_BYTES, maxLength: HASH_BYTES }).map((bytes) => Buffer.from(bytes));

  test('are those of node:crypto, for any hashes and any count', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(bytes32, bytes32), { minLength: 1, maxLength: 40 }),
        fc.boolean(),
        (pairs, last) => {
          const at = last ? LANES_END - pairs.length * 2 * HASH_BYTES : LANES_FREE;
          for (const [n, hash] of pairs.flat().entries()) lanes?.put(hashOfBytes(hash) ?? '', at + n * HASH_BYTES);
          lanes?.hash(at, pairs.length);
          const found = pairs.map((_, n) => hex(lanes?.get(at + n * HASH_BYTES) ?? ''));
          expect(found).toEqual(pairs.map(([left, right]) => node(left, right).toString('hex')));
        },
      ),
    );
  });

  test('are made by the code that its script writes', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/node-lanes.js', '--check'], {
      cwd: PACKAGE_ROOT,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });

  describe('are not used', () => {
    afterEach(() => {
      vi.unstubAllGlobals();
      vi.resetModules();
    });
    const { Module, Memory, Instance } = WebAssembly;
    const Wrong = class {
      readonly exports: Readonly<Record<string, unknown>>;
      constructor(module: InstanceType<typeof Module>) {
        this.exports = { ...new Instance(module).exports, nodes: () => undefined };
      }
    };
    const none = () => {
      throw new RangeError('no memory');
    };
    test.each([
      ['without WebAssembly', undefined],
      ['where it gives other hashes', { Module, Memory, Instance: Wrong }],
      ['where there is no memory for it', { Module: none, Memory, Instance: none }],
    ])('%s; the tree is the same', async (_, stub) => {
      vi.resetModules();
      vi.stubGlobal('WebAssembly', stub);
      const opened = await import('../../../src/lib/ledger/node-lanes.js');
      expect(opened.openNodeLanes()).toBeNull();
      const other = await import('../../../src/lib/ledger/growing-tree.js');
      const tree = new other.GrowingTree();
      for (const leaf of LEAVES.slice(0, 1500)) tree.add(leaf);
      expect(hex(tree.root())).toBe(rootOf(LEAVES.slice(0, 1500)));
    });
  });

  test('are used here', () => expect(lanes).not.toBeNull());
});
