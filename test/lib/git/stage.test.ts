import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { blobIdOf, openStage } from '../../../src/lib/git/stage.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'custody-stage-'));
  execFileSync('git', ['init', '--quiet', '--bare', dir]);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const stageIn = (gitDir: string) => openStage({ gitDir, environment: process.env }, new Set());

it('many who write at once wait for room without a listener each, and every blob is there', async () => {
  const warnings: string[] = [];
  const warned = ({ message }: Error) => warnings.push(message);
  process.on('warning', warned);
  const contents = Array.from({ length: 24 }, () => randomBytes(64 * 1024));
  const stage = stageIn(dir);
  const ids = await Promise.all(contents.map((bytes) => stage.put(bytes)));
  await stage.end();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', warned);
  expect(warnings).toEqual([]);
  expect(ids).toEqual(contents.map(blobIdOf));
  const told = execFileSync('git', ['-C', dir, 'cat-file', '--batch-check'], { input: `${ids.join('\n')}\n` });
  expect(told.toString().match(/ blob 65536$/gm)).toHaveLength(contents.length);
});

it('STORAGE when git cannot write, and nobody waits for room for ever', async () => {
  const stage = stageIn(join(dir, 'none'));
  await Promise.all(Array.from({ length: 8 }, () => stage.put(randomBytes(256 * 1024))));
  const failed = await stage.end().catch((cause: unknown) => cause);
  expect(failed).toBeInstanceOf(CustodyError);
  expect((failed as CustodyError).code).toBe('STORAGE');
});
