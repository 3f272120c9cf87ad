import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rememberRun } from '../../../src/lib/fs/recent-runs.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'custody-runs-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const run = (at: number) => at.toString(16).padStart(16, '0');

describe('runs of a machine', () => {
  it('are those before this one, the last twenty', async () => {
    const path = join(dir, 'runs');
    expect([...(await rememberRun(path, run(0)))]).toEqual([]);
    expect([...(await rememberRun(path, run(1)))]).toEqual([run(0)]);
    for (let at = 2; at < 30; at++) await rememberRun(path, run(at));
    const before = await rememberRun(path, run(30));
    expect([...before]).toEqual(Array.from({ length: 20 }, (_, at) => run(at + 10)));
    expect(before.has(run(30))).toBe(false);
  });

  it.each(['', 'noise', '{"runs":1}', '../../x\n', `${run(1).toUpperCase()}F\n`, '\0'])(
    'of a file that is not what was written are none: %j',
    async (text) => {
      const path = join(dir, 'runs');
      writeFileSync(path, text);
      expect((await rememberRun(path, run(2))).size).toBe(0);
      expect(readFileSync(path, 'utf8')).toBe(`${run(2)}\n`);
    },
  );
});
