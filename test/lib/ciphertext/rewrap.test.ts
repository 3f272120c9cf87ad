import { createHash } from 'node:crypto';
import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { callDirectly } from '../../../src/lib/aws/direct.js';
import { createKeyReEncryptor } from '../../../src/lib/aws/kms-reencryptor.js';
import { formatLine, parseLine } from '../../../src/lib/ciphertext/line.js';
import type { RewrapTo } from '../../../src/lib/ciphertext/rewrap.js';
import { contextOf, rewrapBlobs, rewrapFile } from '../../../src/lib/cli/rewrap.js';
import { partOf } from '../../../src/lib/fs/lines.js';
import type { KeyArn } from '../../../src/lib/key/key.js';
import { anyWriter } from '../../support/any-writer.js';
import { type AwsConnection, caught, keyArnIn, openWorld, REGION, type Sandbox, scratch } from '../aws/support.js';

const folder = scratch();
const CONTEXT = { 'custody:purpose': 'case-data' };
const silent = () => undefined;

/** A key with material that was rotated once since the ciphertexts were made; rotated again by nobody. */
interface World {
  readonly sandbox: Sandbox;
  readonly aws: AwsConnection;
  readonly arn: KeyArn;
  readonly to: RewrapTo;
  readonly lines: readonly string[];
  seal(plaintext: string, context?: Record<string, string>): Promise<Uint8Array>;
  read(ciphertext: Uint8Array): Promise<string>;
}

let world: World;
let files = 0;
const fresh = (name: string) => join(folder, `${files++}-${name}`);

beforeAll(async () => {
  const { sandbox, as } = openWorld(folder);
  const aws = await as('admin');
  const writer = anyWriter(aws);
  const call = (operation: string, parameters: Record<string, string>) =>
    writer.call({ service: 'kms', region: REGION, operation, parameters });
  const arn = keyArnIn(await call('CreateKey', {})) as KeyArn;
  const kms = (operation: 'Decrypt' | 'Encrypt', parameters: Record<string, unknown>) =>
    callDirectly(aws, REGION, operation, { KeyId: arn, ...parameters });
  const seal = async (plaintext: string, EncryptionContext: Record<string, string> = CONTEXT) =>
    (await kms('Encrypt', { Plaintext: Buffer.from(plaintext), EncryptionContext })).CiphertextBlob as Uint8Array;
  const read = async (CiphertextBlob: Uint8Array) =>
    Buffer.from(
      (await kms('Decrypt', { CiphertextBlob, EncryptionContext: CONTEXT })).Plaintext as Uint8Array,
    ).toString();
  const old = await Promise.all(Array.from({ length: 20 }, (_, at) => seal(`secret ${at}`)));
  await call('RotateKeyOnDemand', { KeyId: arn });
  sandbox.advance(3600);
  const lines = old.map((ciphertext, at) =>
    formatLine({ id: `row ${at}`, ciphertext, context: CONTEXT, keyMaterialId: null }),
  );
  world = { sandbox, aws, arn, to: { reEncryptor: createKeyReEncryptor(aws), arn }, lines, seal, read };
});

async function input(lines: readonly string[], end = '\n'): Promise<string> {
  const file = fresh('in.jsonl');
  await writeFile(file, lines.join('\n') + end);
  return file;
}

const linesOf = async (file: string) =>
  (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => parseLine(Buffer.from(line)));

describe('rewrapping lines', () => {
  it('moves each ciphertext to the current material, in order, under the same context; doing it again changes nothing', async () => {
    const [file, out, twice] = [await input(world.lines), fresh('out'), fresh('out')];
    const tally = await rewrapFile(file, out, world.to, silent);
    expect(tally.json()).toMatchObject({ total: 20, moved: 20, current: 0, failed: 0, resumed: 0 });
    const moved = await linesOf(out);
    expect(moved.map(({ id }) => id)).toEqual(world.lines.map((_, at) => `row ${at}`));
    expect(new Set(moved.map(({ keyMaterialId }) => keyMaterialId)).size).toBe(1);
    for (const [at, { ciphertext }] of moved.entries()) expect(await world.read(ciphertext)).toBe(`secret ${at}`);
    const again = await rewrapFile(out, twice, world.to, silent);
    expect(again.json()).toMatchObject({ moved: 0, current: 20 });
    expect(await readFile(twice, 'utf8')).toBe(await readFile(out, 'utf8'));
  });

  it('keeps what cannot be moved as it is, says where it is, and moves the rest', async () => {
    const other = await world.seal('other', { 'custody:purpose': 'other' });
    const wrongContext = formatLine({ id: 'x', ciphertext: other, context: CONTEXT, keyMaterialId: null });
    const lines = [world.lines[0] ?? '', 'not json', wrongContext, world.lines[1] ?? ''];
    const out = fresh('out');
    const tally = await rewrapFile(await input(lines, ''), out, world.to, silent);
    expect(tally.json()).toMatchObject({ total: 4, moved: 2, failed: 2 });
    expect(tally.failures.map(({ where, error }) => [where, error.code])).toEqual([
      ['line 2', 'RECORD_MALFORMED'],
      ['line 3', 'REFUSED'],
    ]);
    const written = (await readFile(out, 'utf8')).split('\n');
    expect(written.slice(1, 3)).toEqual(lines.slice(1, 3));
  });

  it('T56 cannot be talked into another context or another key', async () => {
    const seen: unknown[] = [];
    const spy: RewrapTo = {
      ...world.to,
      reEncryptor: {
        reEncrypt: (...given) => {
          seen.push(given);
          return world.to.reEncryptor.reEncrypt(...given);
        },
      },
    };
    const extra = (world.lines[0] ?? '').replace('"context"', '"destinationContext":{},"context"');
    const tally = await rewrapFile(await input([extra]), null, spy, silent);
    expect([tally.failed, seen]).toEqual([1, []]);
    const trail = world.lines.slice(0, 1);
    await rewrapFile(await input(trail), null, spy, silent);
    expect(seen).toMatchObject([[{ from: world.arn, to: world.arn }, expect.anything(), CONTEXT]]);
  });

  it('T51 goes on where a run was cut off, after the last whole line; nothing twice, nothing lost', async () => {
    const [file, out, whole] = [await input(world.lines), fresh('out'), fresh('out')];
    await rewrapFile(file, whole, world.to, silent);
    const expected = await linesOf(whole);
    // As a crash leaves it: seven lines and a half.
    await writeFile(partOf(out), await readFile(whole));
    const half = (await readFile(whole, 'utf8')).split('\n').slice(0, 7).join('\n').length + 1;
    await truncate(partOf(out), half + 40);
    const tally = await rewrapFile(file, out, world.to, silent);
    expect(tally.json()).toMatchObject({ resumed: 7, total: 13, moved: 13 });
    const done = await linesOf(out);
    expect(done.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
    for (const [at, { ciphertext }] of done.entries()) expect(await world.read(ciphertext)).toBe(`secret ${at}`);
  });

  it('stops without a word about a ciphertext when AWS does not answer; the next run finishes', async () => {
    const { sandbox } = world;
    const [file, out] = [await input(world.lines), fresh('out')];
    sandbox.faults.add({ kind: 'before', operation: 'ReEncrypt', skip: 5, times: null });
    expect(await caught(rewrapFile(file, out, world.to, silent))).toMatchObject({ code: 'UNAVAILABLE' });
    sandbox.faults.clear();
    await expect(readFile(out)).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await rewrapFile(file, out, world.to, silent)).json()).toMatchObject({ failed: 0 });
    expect(await linesOf(out)).toHaveLength(20);
  });

  it('refuses to write over a file, and to go on with the part of another input', async () => {
    const [file, out] = [await input(world.lines), fresh('out')];
    await writeFile(out, 'mine');
    expect(await caught(rewrapFile(file, out, world.to, silent))).toMatchObject({ code: 'CONFLICT' });
    expect(await readFile(out, 'utf8')).toBe('mine');
    const other = fresh('out');
    await appendFile(partOf(other), `${world.lines[1]}\n`);
    expect(await caught(rewrapFile(file, other, world.to, silent))).toMatchObject({ code: 'CONFLICT' });
    expect(await readFile(partOf(other), 'utf8')).toBe(`${world.lines[1]}\n`);
    expect(await caught(rewrapFile(fresh('nothing'), null, world.to, silent))).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('rewrapping raw ciphertexts', () => {
  it('replaces each file whole, leaves current ones alone, reports what cannot be moved', async () => {
    const [old, current, foreign] = [fresh('a.bin'), fresh('b.bin'), fresh('c.bin')];
    await writeFile(old, parseLine(Buffer.from(world.lines[0] ?? '')).ciphertext);
    await writeFile(current, await world.seal('new'));
    await writeFile(foreign, Buffer.alloc(200, 7));
    const digest = async (file: string) =>
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
    const before = await Promise.all([old, current, foreign].map(digest));
    const counted = await rewrapBlobs([old, current, foreign], CONTEXT, false, world.to, silent);
    expect(counted.json()).toMatchObject({ moved: 1, current: 1, failed: 1 });
    expect(await Promise.all([old, current, foreign].map(digest))).toEqual(before);
    const tally = await rewrapBlobs([old, current, foreign, fresh('none')], CONTEXT, true, world.to, silent);
    expect(tally.json()).toMatchObject({ total: 4, moved: 1, current: 1, failed: 2 });
    expect(await world.read(await readFile(old))).toBe('secret 0');
    expect(await Promise.all([current, foreign].map(digest))).toEqual(before.slice(1));
    expect((await rewrapBlobs([old], CONTEXT, true, world.to, silent)).json()).toMatchObject({ current: 1 });
  });

  it('reads a context of NAME=VALUE words', () => {
    expect(contextOf(['a=b', 'c=d=e', 'f='])).toEqual({ a: 'b', c: 'd=e', f: '' });
    for (const words of [['a'], ['=b'], ['a=1', 'a=2']]) {
      expect(() => contextOf(words)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    }
  });
});
