import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parsePublicKey } from '../../src/lib/base/signature.js';
import { checkpointKeys, formatCheckpoint, keyNameIn } from '../../src/lib/ledger/checkpoint.js';
import { GrowingTree } from '../../src/lib/ledger/growing-tree.js';
import {
  cosignText,
  formatNote,
  noteKey,
  parseNote,
  signersOf,
  signText,
  verifierText,
} from '../../src/lib/ledger/note.js';
import { hashRanges, overLeaves, proveInclusion } from '../../src/lib/ledger/subtrees.js';
import { formatTile, tilePath } from '../../src/lib/ledger/tiles.js';
import { consistencyRanges, hashBytes, hashOfBytes, leafHash, type TreeHash } from '../../src/lib/ledger/tree.js';
import { provesConsistency, provesInclusion } from '../../src/lib/ledger/tree-proof.js';
import { createSigner } from '../support/people.js';

const peer = process.env.CUSTODY_PEER_TLOG;

interface Answer {
  readonly error?: string;
  readonly text?: string;
  readonly verified?: number;
  readonly others?: number;
  readonly note?: string;
  readonly verifier?: string;
  readonly root?: string;
  readonly oldRoot?: string;
  readonly inclusion?: readonly string[];
  readonly growth?: readonly string[];
}

/** Bytes are base64 in Go's JSON. */
function ask(question: Readonly<Record<string, unknown>>): Answer {
  const { stdout, stderr, status } = spawnSync(peer ?? '', { input: JSON.stringify(question), encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Answer;
}

const base64 = (hash: TreeHash) => hashBytes(hash).toString('base64');
const unbase64 = (text = '') => hashOfBytes(Buffer.from(text, 'base64')) ?? '';
const ENTRIES = Array.from({ length: 600 }, (_, n) => Buffer.from(`{"n":${n}}`));
const LEAVES = ENTRIES.map((entry) => leafHash(entry));
const ORIGIN = 'custody/0123456789abcdef/ledger';

function rootOf(size: number): TreeHash {
  const tree = new GrowingTree();
  for (const leaf of LEAVES.slice(0, size)) tree.add(leaf);
  return tree.root();
}

/** Go's golang.org/x/mod/sumdb/tlog and note, in the program of test/interop/peer/tlog; its path comes in CUSTODY_PEER_TLOG. */
describe.skipIf(!peer)(`Go's sumdb${peer ? '' : ' (skipped: CUSTODY_PEER_TLOG is not set)'}`, () => {
  it.each([
    [0, 1],
    [0, 600],
    [255, 256],
    [256, 600],
    [511, 599],
    [599, 600],
  ])('accepts that entry %i is in a tree of %i, and refuses another', async (index, size) => {
    const hashes = (await proveInclusion(index, size, overLeaves(LEAVES))).map(base64);
    const question = {
      do: 'inclusion',
      index,
      size,
      hashes,
      root: base64(rootOf(size)),
      entry: ENTRIES[index]?.toString('base64'),
    };
    expect(ask(question)).toEqual({});
    expect(ask({ ...question, entry: Buffer.from('{}').toString('base64') }).error).toBeDefined();
    expect(ask({ ...question, root: base64(rootOf(size + 1 > 600 ? 3 : size + 1)) }).error).toBeDefined();
    expect(ask({ ...question, hashes: [...hashes, hashes[0] ?? base64(LEAVES[0] ?? '')] }).error).toBeDefined();
  });

  it.each([
    [1, 600],
    [256, 600],
    [300, 512],
    [600, 600],
  ])('accepts that a tree of %i has grown to %i, and refuses another', async (first, size) => {
    const hashes = (await hashRanges(consistencyRanges(first, size), overLeaves(LEAVES))).map(base64);
    const question = {
      do: 'consistency',
      first,
      size,
      hashes,
      root: base64(rootOf(size)),
      oldRoot: base64(rootOf(first)),
    };
    expect(ask(question)).toEqual({});
    expect(ask({ ...question, oldRoot: base64(rootOf(first === 1 ? 2 : first - 1)) }).error).toBeDefined();
    expect(ask({ ...question, hashes: [...hashes, base64(LEAVES[0] ?? '')] }).error).toBeDefined();
  });

  it('has the same full tile at the same path', () => {
    const tile = { level: 0, index: 1, width: 256 };
    const bytes = Buffer.from(formatTile(LEAVES.slice(256, 512)));
    const entries = ENTRIES.map((entry) => entry.toString('base64'));
    // Go names the height of a tile in its path, C2SP fixed it to 8.
    const path = tilePath(tile).replace('tile/', 'tile/8/');
    expect(ask({ do: 'tile', entries, path, tile: bytes.toString('base64') })).toEqual({});
    bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
    expect(ask({ do: 'tile', entries, path, tile: bytes.toString('base64') }).error).toBeDefined();
  });

  it('verifies our checkpoints: Ed25519, ECDSA, with those of others beside', async () => {
    const [ed, p256, witness] = [createSigner('ed25519'), createSigner('p256'), createSigner('ed25519')];
    const text = formatCheckpoint({ origin: ORIGIN, size: 600, root: rootOf(600), extensions: [] });
    const name = (id: string) => keyNameIn(ORIGIN, id) ?? '';
    const signatures = [
      await signText(text, name('privacy'), ed),
      await signText(text, name('deputy'), p256),
      await cosignText(text, name('architect'), witness, 1_700_000_000),
    ];
    const note = Buffer.from(formatNote({ text, signatures })).toString('utf8');
    const byEd = { do: 'note', note, verifier: verifierText(name('privacy'), ed.publicKey) };
    const byP256 = { do: 'note', note, name: name('deputy'), spki: p256.publicKey.spki.toString('base64') };
    for (const question of [byEd, byP256]) {
      expect(ask(question)).toEqual({ text, verified: 1, others: 2 });
      expect(ask({ ...question, note: note.replace('\n600\n', '\n601\n') }).error).toBeDefined();
    }
    expect(ask({ ...byEd, verifier: verifierText(name('privacy'), witness.publicKey) }).error).toBeDefined();
    expect(checkpointKeys(ORIGIN, 'architect', witness.publicKey)).toHaveLength(2);
  });

  it('makes trees, proofs and notes that we accept, and that we refuse when they are changed', () => {
    const [index, first, size] = [300, 257, 600];
    const text = formatCheckpoint({ origin: ORIGIN, size, root: rootOf(size), extensions: [] });
    const entries = ENTRIES.map((entry) => entry.toString('base64'));
    const made = ask({ do: 'make', entries, index, first, name: 'go.example/log', text });
    const [root, oldRoot] = [unbase64(made.root), unbase64(made.oldRoot)];
    const inclusion = (made.inclusion ?? []).map(unbase64);
    const growth = (made.growth ?? []).map(unbase64);
    expect(root).toBe(rootOf(size));
    const claim = { leaf: LEAVES[index] ?? '', index, size, root };
    expect(provesInclusion(inclusion, claim)).toBe(true);
    expect(provesInclusion(inclusion, { ...claim, index: 301 })).toBe(false);
    expect(provesConsistency(growth, { size: first, root: oldRoot }, { size, root })).toBe(true);
    expect(provesConsistency(growth, { size: first, root }, { size, root })).toBe(false);
    const [name = '', , encoded = ''] = (made.verifier ?? '').split(/\+(.{8})\+/);
    const raw = Buffer.from(encoded, 'base64').subarray(1);
    const key = noteKey(name, parsePublicKey(Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw])));
    const note = parseNote(Buffer.from(made.note ?? ''));
    expect(note.text).toBe(text);
    expect(signersOf(note, [key])).toEqual([key]);
    expect(() => signersOf({ ...note, text: `${text}x\n` }, [key])).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_INVALID' }),
    );
  });
});
