import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GrowingTree } from '../../../src/lib/ledger/growing-tree.js';
import { hashRanges, overLeaves } from '../../../src/lib/ledger/subtrees.js';
import {
  consistencyRanges,
  EMPTY_ROOT,
  hashBytes,
  hashOfBytes,
  inclusionRanges,
  leafHash,
  nodeHash,
  peakCount,
  type TreeHash,
} from '../../../src/lib/ledger/tree.js';
import { provesConsistency, provesInclusion } from '../../../src/lib/ledger/tree-proof.js';

/** RFC 6962 section 2.1 word for word, slowly: what the fast tree is compared with. */
const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const split = (count: number) => 2 ** (Math.ceil(Math.log2(count)) - 1);
function mth(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha();
  if (leaves.length === 1) return sha(Buffer.from([0]), leaves[0] ?? Buffer.alloc(0));
  const k = split(leaves.length);
  return sha(Buffer.from([1]), mth(leaves.slice(0, k)), mth(leaves.slice(k)));
}
function path(m: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return m < k
    ? [...path(m, leaves.slice(0, k)), mth(leaves.slice(k))]
    : [...path(m - k, leaves.slice(k)), mth(leaves.slice(0, k))];
}
function subproof(m: number, leaves: readonly Buffer[], whole: boolean): Buffer[] {
  if (m === leaves.length) return whole ? [] : [mth(leaves)];
  const k = split(leaves.length);
  return m <= k
    ? [...subproof(m, leaves.slice(0, k), whole), mth(leaves.slice(k))]
    : [...subproof(m - k, leaves.slice(k), false), mth(leaves.slice(0, k))];
}

const hex = (hash: TreeHash) => hashBytes(hash).toString('hex');
const unhex = (text: string) => hashOfBytes(Buffer.from(text, 'hex')) ?? '';
const treeOf = (leaves: readonly Buffer[]) => {
  const tree = new GrowingTree();
  for (const leaf of leaves) tree.add(leafHash(leaf));
  return tree;
};
const prove = async (ranges: Parameters<typeof hashRanges>[0], leaves: readonly Buffer[]) =>
  hashRanges(ranges, overLeaves(leaves.map((leaf) => leafHash(leaf))));

/** The test data of Google's certificate-transparency and transparency-dev/merkle (testonly/constants.go). */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (text) => Buffer.from(text, 'hex'),
);
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const PATH_6_OF_8 = [
  'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
  'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
];
const GROWTH_6_TO_8 = [
  '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
  'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
];

describe('the published trees', () => {
  test.each(ROOTS.map((root, size) => [size, root] as const))('of %i leaves', (size, root) => {
    expect(hex(treeOf(LEAVES.slice(0, size)).root())).toBe(root);
    expect(treeOf(LEAVES.slice(0, size)).peaks).toHaveLength(peakCount(size));
  });

  test('their proofs', async () => {
    expect((await prove(inclusionRanges(5, 8), LEAVES)).map(hex)).toEqual(PATH_6_OF_8);
    expect((await prove(consistencyRanges(6, 8), LEAVES)).map(hex)).toEqual(GROWTH_6_TO_8);
  });
});

describe('proofs that are not', () => {
  const leaf = leafHash(LEAVES[5] ?? Buffer.alloc(0));
  const claim = { leaf, index: 5, size: 8, root: unhex(ROOTS[8] ?? '') };
  const proof = PATH_6_OF_8.map(unhex);
  test('the right one holds', () => expect(provesInclusion(proof, claim)).toBe(true));
  test.each([
    ['of another index', proof, { ...claim, index: 4 }],
    ['of an index beyond the tree', proof, { ...claim, index: 8 }],
    ['of an index below zero', proof, { ...claim, index: -1 }],
    ['of a broken index', proof, { ...claim, index: 5.5 }],
    // A path binds the size only by its shape; the checkpoint signs it.
    ['of another size', proof, { ...claim, size: 6 }],
    ['of a huge size', proof, { ...claim, size: 2 ** 53 }],
    ['of an index that is the same in 32 bits', proof, { ...claim, index: 5 + 2 ** 32, size: 8 + 2 ** 32 }],
    ['of another root', proof, { ...claim, root: unhex(ROOTS[7] ?? '') }],
    ['of another leaf', proof, { ...claim, leaf: leafHash(LEAVES[4] ?? Buffer.alloc(0)) }],
    ['that is too short', proof.slice(1), claim],
    ['that is too long', [...proof, EMPTY_ROOT], claim],
    ['in another order', [...proof].reverse(), claim],
    ['of a node that is shown as a leaf', proof.slice(1), { ...claim, index: 2, size: 4, leaf: proof[0] ?? '' }],
  ])('inclusion %s', (_, given, of) => expect(provesInclusion(given, of)).toBe(false));

  const first = { size: 6, root: unhex(ROOTS[6] ?? '') };
  const second = { size: 8, root: unhex(ROOTS[8] ?? '') };
  const growth = GROWTH_6_TO_8.map(unhex);
  test('the right growth holds', () => {
    expect(provesConsistency(growth, first, second)).toBe(true);
    expect(provesConsistency([], first, first)).toBe(true);
    expect(provesConsistency([], { size: 0, root: EMPTY_ROOT }, second)).toBe(true);
  });
  test.each([
    ['from another root', growth, { ...first, root: unhex(ROOTS[7] ?? '') }, second],
    ['to another root', growth, first, { ...second, root: first.root }],
    ['to a smaller tree', growth, second, first],
    ['from another size', growth, { ...first, size: 5 }, second],
    ['that is too short', growth.slice(1), first, second],
    ['that is empty', [], first, second],
    ['that is too long', [...growth, EMPTY_ROOT], first, second],
    ['to the same size with another root', [], first, { size: 6, root: second.root }],
    ['from the empty tree with another root', [], { size: 0, root: second.root }, second],
    ['of broken sizes', growth, { ...first, size: Number.NaN }, second],
  ])('growth %s', (_, given, from, to) => expect(provesConsistency(given, from, to)).toBe(false));
});

describe('claims that only the bounds of index and size refuse: every hash in them is a true one', () => {
  const [a, b, x, y] = [0, 1, 2, 3].map((at) => leafHash(LEAVES[at] ?? Buffer.alloc(0))) as [
    TreeHash,
    TreeHash,
    TreeHash,
    TreeHash,
  ];
  const two = nodeHash(a, b);
  test.each<[string, readonly TreeHash[], number, number, TreeHash]>([
    ['the one leaf as the second', [], 1, 1, a],
    ['the one leaf below the first', [], -1, 1, a],
    ['the one leaf in between', [], 0.5, 1, a],
    ['the one leaf nowhere', [], Number.NaN, 1, a],
    ['a leaf of the empty tree', [], 0, 0, a],
    ['a leaf of a tree above the one that is claimed', [b, y], 0, 2, nodeHash(y, nodeHash(a, b))],
    ['a leaf of a tree below the one that is claimed', [b], 0, 4, two],
  ])('inclusion of %s', (_, proof, index, size, root) => {
    expect(provesInclusion(proof, { leaf: a, index, size, root })).toBe(false);
  });

  const [one, all] = [
    { size: 1, root: a },
    { size: 2, root: two },
  ];
  test.each<[string, readonly TreeHash[], { size: number; root: TreeHash }, { size: number; root: TreeHash }]>([
    ['to a smaller tree of the same root', [], { size: 2, root: a }, one],
    ['from a size below nothing', [a], { size: -1, root: a }, one],
    ['from a broken size', [a], { size: 0.5, root: a }, one],
    ['to a size that the root is not of', [b], one, { size: 4, root: two }],
    ['of nothing, with a proof', [x], all, all],
    ['from nothing, with a proof', [x], { size: 0, root: EMPTY_ROOT }, all],
  ])('growth %s', (_, proof, from, to) => expect(provesConsistency(proof, from, to)).toBe(false));

  test('while the true ones hold', () => {
    expect(provesInclusion([], { leaf: a, index: 0, ...one })).toBe(true);
    expect(provesInclusion([b], { leaf: a, index: 0, ...all })).toBe(true);
    expect(provesConsistency([b], one, all)).toBe(true);
    expect(provesConsistency([], { size: 0, root: EMPTY_ROOT }, all)).toBe(true);
  });
});

describe('any tree', () => {
  const some = fc.array(
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
    { minLength: 1, maxLength: 40 },
  );

  test('is the one of the RFC, and so are its proofs', async () => {
    await fc.assert(
      fc.asyncProperty(some, fc.nat(), fc.nat(), async (leaves, at, before) => {
        const [index, first] = [at % leaves.length, 1 + (before % leaves.length)];
        const root = treeOf(leaves).root();
        expect(hex(root)).toBe(mth(leaves).toString('hex'));
        const inclusion = await prove(inclusionRanges(index, leaves.length), leaves);
        expect(inclusion.map(hex)).toEqual(path(index, leaves).map((hash) => hash.toString('hex')));
        const claim = { leaf: leafHash(leaves[index] ?? Buffer.alloc(0)), index, size: leaves.length, root };
        expect(provesInclusion(inclusion, claim)).toBe(true);
        const growth = await prove(consistencyRanges(first, leaves.length), leaves);
        expect(growth.map(hex)).toEqual(subproof(first, leaves, true).map((hash) => hash.toString('hex')));
        const old = { size: first, root: treeOf(leaves.slice(0, first)).root() };
        expect(provesConsistency(growth, old, { size: leaves.length, root })).toBe(true);
      }),
    );
  });

  test('goes on from its peaks, leaf by leaf or with all at once', () => {
    fc.assert(
      fc.property(some, fc.nat(), (leaves, at) => {
        const cut = at % leaves.length;
        const half = treeOf(leaves.slice(0, cut));
        const rest = new GrowingTree(cut, half.peaks);
        const row = new GrowingTree(cut, half.peaks);
        for (const leaf of leaves.slice(cut)) rest.add(leafHash(leaf));
        row.addRow(Buffer.concat(leaves.slice(cut).map((leaf) => hashBytes(leafHash(leaf)))));
        const whole = hex(treeOf(leaves).root());
        expect([hex(rest.root()), hex(row.root()), row.size]).toEqual([whole, whole, leaves.length]);
      }),
    );
  });
});
