import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import {
  checkpointPath,
  formatCheckpoint,
  keyNameIn,
  originOf,
  parseCheckpoint,
  sizeOfPath,
} from '../../../src/lib/ledger/checkpoint.js';
import { formatProof, isProof, parseProof } from '../../../src/lib/ledger/proof.js';
import { entriesPath, parseTile, parseTilePath, tileOf, tilePath } from '../../../src/lib/ledger/tiles.js';
import { EMPTY_ROOT, leafHash } from '../../../src/lib/ledger/tree.js';

const malformed = expect.objectContaining({ code: 'RECORD_MALFORMED' });

describe('a checkpoint', () => {
  /** The example of c2sp.org/tlog-checkpoint. */
  const text = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';

  test('is read and written as the specification has it, with lines of others', () => {
    for (const one of [text, `${text}more\nlines\n`]) expect(formatCheckpoint(parseCheckpoint(one))).toBe(one);
    expect(parseCheckpoint(text)).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20_852_163 });
    expect(formatCheckpoint({ origin: 'x', size: 0, root: EMPTY_ROOT, extensions: [] })).toContain('\n0\n');
  });

  test.each([
    ['nothing', ''],
    ['two lines', 'a\n1\n'],
    ['no newline at the end', text.slice(0, -1)],
    ['an empty origin', text.replace('example.com/behind-the-sofa', '')],
    ['a size with a leading zero', text.replace('20852163', '020852163')],
    ['a size with a sign', text.replace('20852163', '+20852163')],
    ['a size beyond what can be counted', text.replace('20852163', '9007199254740993')],
    ['a size in hex', text.replace('20852163', '0x10')],
    ['a short root', text.replace('CsUY', '')],
    ['a root without padding', text.replace('q2I=', 'q2I')],
    ['no newline behind what others say', `${text}more`],
    ['an empty extension line', `${text}\nmore\n`],
  ])('is not: %s', (_, given) => expect(() => parseCheckpoint(given)).toThrow(malformed));

  test('is named by its size from the largest down, and by its bytes', () => {
    const [small, large] = [checkpointPath(9, Buffer.from('a')), checkpointPath(10, Buffer.from('a'))];
    expect([small, large].sort()).toEqual([large, small]);
    expect(sizeOfPath(small)).toBe(9);
    expect(checkpointPath(9, Buffer.from('b'))).not.toBe(small);
    expect(sizeOfPath('checkpoints/00000000000000000000/x')).toBeNull();
    const most = small.replace(/\d{20}/, '99990992800745259008');
    expect(sizeOfPath(most)).toBe(Number.MAX_SAFE_INTEGER);
    for (const beyond of ['99990992800745259007', '00000000000000000000']) {
      expect(sizeOfPath(small.replace(/\d{20}/, beyond))).toBeNull();
    }
  });

  test('of this tool names its repository; other origins have no key names', () => {
    const origin = originOf(digestOf('genesis'), 'ledger');
    expect(keyNameIn(origin, 'deputy')).toBe(`${origin.slice(0, -'/ledger'.length)}/deputy`);
    for (const other of ['example.com/log', `${origin}/x`, `x${origin}`, origin.toUpperCase()]) {
      expect(keyNameIn(other, 'deputy')).toBeNull();
    }
  });
});

describe('a proof file', () => {
  const proof = {
    entry: Buffer.from('{"a":1}'),
    index: 5,
    hashes: [leafHash(Buffer.from('x')), EMPTY_ROOT],
    checkpoint: Buffer.from('origin\n9\nroot\n\n\u2014 a AAAAAAA=\n'),
  };
  const text = Buffer.from(formatProof(proof)).toString('utf8');

  test('is read as it was written', () => {
    expect(isProof(Buffer.from(text))).toBe(true);
    expect(parseProof(Buffer.from(text))).toEqual(proof);
    expect(text.startsWith('c2sp.org/tlog-proof@v1\nextra eyJhIjoxfQ==\nindex 5\n')).toBe(true);
    const alone = { ...proof, index: 0, hashes: [] };
    expect(parseProof(formatProof(alone))).toEqual(alone);
  });

  test.each([
    ['nothing', ''],
    ['another version', text.replace('@v1', '@v2')],
    ['no extra', text.replace(/extra .*\n/, '')],
    ['an extra that is not base64', text.replace('eyJh', 'ey!h')],
    ['no index', text.replace('index 5\n', '')],
    ['an index with a leading zero', text.replace('index 5', 'index 05')],
    ['an index below zero', text.replace('index 5', 'index -5')],
    ['a hash of 31 bytes', text.replace('index 5\n', `index 5\n${Buffer.alloc(31).toString('base64')}\n`)],
    ['54 hashes', text.replace('index 5\n', `index 5\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(54)}`)],
    ['carriage returns', text.replaceAll('\n', '\r\n')],
  ])('is not: %s', (_, given) => expect(() => parseProof(Buffer.from(given))).toThrow(malformed));
});

describe('tiles', () => {
  test.each([
    // The first is the example of c2sp.org/tlog-tiles.
    [{ level: 0, index: 1_234_067, width: 256 }, 'tile/0/x001/x234/067'],
    [{ level: 1, index: 0, width: 17 }, 'tile/1/000.p/17'],
    [{ level: 63, index: 999, width: 1 }, 'tile/63/999.p/1'],
    [{ level: 0, index: 1000, width: 256 }, 'tile/0/x001/000'],
  ])('%j lies at %s', (tile, path) => {
    expect(tilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  });

  test.each([
    'tile/0/1',
    'tile/00/001',
    'tile/64/001',
    'tile/0/001.p/256',
    'tile/0/001.p/0',
    'tile/0/001.p/01',
    'tile/0/x000/001',
    'tile/0/x001/x002',
    'tile/-1/001',
    'tile/entries/001',
    'tile/0/001\n',
  ])('%j is no tile', (path) => expect(parseTilePath(path)).toBeNull());

  test('bundles lie beside; a tile has its width; a subtree lies in one tile', () => {
    expect(entriesPath({ index: 1_234_067, width: 3 })).toBe('tile/entries/x001/x234/067.p/3');
    const tile = { level: 0, index: 0, width: 2 };
    expect(() => parseTile(Buffer.alloc(63), tile)).toThrow(expect.objectContaining({ code: 'LEDGER_BROKEN' }));
    expect(tileOf({ level: 7, index: 3 })).toMatchObject({ level: 0, index: 1 });
    expect(tileOf({ level: 8, index: 256 })).toMatchObject({ level: 1, index: 1 });
  });
});
