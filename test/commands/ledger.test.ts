import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseInstant } from '../../src/lib/base/time.js';
import { createObjectDirectory } from '../../src/lib/fs/object-directory.js';
import { EMPTY_HEAD, link } from '../../src/lib/ledger/chain.js';
import { createSlotLedger } from '../../src/lib/ledger/slots.js';
import { at, textAt } from '../../src/lib/rehearse/expect.js';
import { PACKAGE_ROOT } from '../support/built.js';
import { Ceremony, type CliOutcome, type Player } from '../support/cli.js';

let ceremony: Ceremony;
/** Each test has a ledger of its own, in any order. */
let folder: string;
let made = 0;

const usage = (count: number, who = `=cmd-${made}`) =>
  Array.from({ length: count }, (_, n) => ({
    at: parseInstant('2026-01-31T09:00:00.000Z'),
    kind: 'usage' as const,
    by: 'ci',
    requestId: null,
    record: null,
    facts: { n, key: 'case-data', who },
  }));

async function append(count: number): Promise<void> {
  const ledger = createSlotLedger(createObjectDirectory(folder));
  const head = await ledger.head();
  await ledger.append(link(usage(count), head).entries, head);
}

beforeAll(async () => {
  ceremony = await Ceremony.found();
});

beforeEach(async () => {
  folder = join(ceremony.dir, `audit-${made++}`);
  const ledger = createSlotLedger(createObjectDirectory(folder));
  await ledger.append(link(usage(300), EMPTY_HEAD).entries, EMPTY_HEAD);
});

afterAll(() => ceremony.end());

const run = (player: Player, ...words: string[]): Promise<CliOutcome> => ceremony.run(player, words);
const inFolder = (player: Player, ...words: string[]) => run(player, ...words, '--directory', folder, '--json');
const failedIds = (json: CliOutcome['json']) =>
  (at(json, 'checks') as { id: string; status: string }[])
    .filter(({ status }) => status === 'fail')
    .map(({ id }) => id);

describe("the repository's chain", () => {
  it('is signed, cosigned, proven to an outsider, and remembered', async () => {
    const before = await run('architect', 'ledger', 'prove', '0');
    expect([before.exit, before.stderr]).toEqual([8, expect.stringContaining('no signed checkpoint covers entry 0')]);
    const signed = await run('architect', 'ledger', 'checkpoint', '--json');
    expect([signed.exit, at(signed.json, 'checkpoint', 'cosigned')]).toEqual([0, false]);
    const cosigned = await run('privacy', 'ledger', 'checkpoint', '--json');
    expect(cosigned.json).toMatchObject({
      checkpoint: { cosigned: true, root: textAt(signed.json, 'checkpoint', 'root'), ledger: 'repository' },
    });
    const file = join(ceremony.dir, 'entry-1.tlog-proof');
    const proven = await run('deputy', 'ledger', 'prove', '1', '--out', file);
    expect(proven.stdout).toMatch(/proves entry 1 of \d+, signed by (architect, privacy|privacy, architect)\./);
    const roster = join(ceremony.dir, 'roster.json');
    const { stdout } = await git('show', 'HEAD:roster/1.json');
    writeFileSync(roster, stdout);
    const verified = await run('deputy', 'verify', file, '--roster', roster, '--json');
    expect([verified.exit, verified.json.verdict]).toEqual([0, 'verified']);
    writeFileSync(file, readFileSync(file, 'utf8').replace('\nindex 1\n', '\nindex 0\n'));
    const forged = await run('deputy', 'verify', file, '--roster', roster, '--json');
    expect([forged.exit, forged.json.verdict]).toEqual([3, 'refused']);
    const whole = await run('deputy', 'ledger', 'verify', '--json');
    expect(whole.json).toMatchObject({ ledger: 'repository', verdict: 'verified', from: 0 });
    const shown = await run('deputy', 'ledger', 'show', '--kind', 'genesis', '--json');
    expect(new Set((at(shown.json, 'entries') as { kind: string }[]).map(({ kind }) => kind))).toEqual(
      new Set(['genesis']),
    );
  });
});

describe('an audit ledger in a folder', () => {
  it('is verified, signed, read on from there, and refused when an entry is gone', async () => {
    expect((await inFolder('deputy', 'ledger', 'verify')).json).toMatchObject({ verdict: 'verified', entries: 300 });
    expect((await inFolder('deputy', 'ledger', 'checkpoint')).json).toMatchObject({
      checkpoint: { size: 300, ledger: 'ledger' },
    });
    await append(2);
    const since = await inFolder('deputy', 'ledger', 'verify', '--since-checkpoint');
    expect(since.json).toMatchObject({ verdict: 'verified', entries: 2, from: 300 });
    const proven = await inFolder('privacy', 'ledger', 'prove', '299');
    expect(proven.json).toMatchObject({ entry: 299, size: 300, signers: ['deputy'] });
    const late = await inFolder('privacy', 'ledger', 'prove', '300');
    expect([late.exit, textAt(late.json, 'error', 'code')]).toEqual([8, 'PENDING']);
  });

  it('is exported, safe for a spreadsheet, with --json only to a file', async () => {
    const csv = await ceremony.run('deputy', [
      'ledger',
      'export',
      '--format',
      'csv',
      '--until',
      '2026-02-01',
      '--directory',
      folder,
    ]);
    expect(csv.stdout.split('\r\n')).toHaveLength(300 + 2);
    const lines = await ceremony.run('deputy', [
      'ledger',
      'export',
      '--format',
      'jsonl',
      '--key',
      'case-data',
      '--directory',
      folder,
    ]);
    const stored = link(usage(300), EMPTY_HEAD).entries.map((bytes) => Buffer.from(bytes).toString('utf8'));
    expect(lines.stdout.split('\n').slice(0, 300)).toEqual(stored);
    const refused = await inFolder('deputy', 'ledger', 'export', '--format', 'csv');
    expect([refused.exit, textAt(refused.json, 'error', 'code')]).toEqual([2, 'INPUT_MISSING']);
    const out = join(ceremony.dir, 'export.csv');
    const filed = await inFolder('deputy', 'ledger', 'export', '--format', 'csv', '--kind', 'drill', '--out', out);
    expect(filed.json).toMatchObject({ entries: 0, format: 'csv', path: out });
    expect((await inFolder('deputy', 'ledger', 'export', '--format', 'csv', '--out', out)).exit).toBe(6);
  });

  it('is followed until it is interrupted', async () => {
    const words = ['ledger', 'show', '--last', '1', '--follow', '--interval', '1', '--json', '--directory', folder];
    const child = spawn(process.execPath, [join(PACKAGE_ROOT, 'bin/run.js'), ...words], {
      env: { ...process.env, ...ceremony.environment('deputy') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const seen: number[] = [];
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    let rest = '';
    for await (const chunk of child.stdout) {
      rest += String(chunk);
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      seen.push(...lines.map((line) => (JSON.parse(line) as { sequence: number }).sequence));
      if (seen.length === 1) await append(2);
      if (seen.length >= 3) child.kill('SIGINT');
    }
    expect(seen).toEqual([299, 300, 301]);
    expect(await ended).toBe(130);
  });

  it('that lost its end is refused, and the entry is named', async () => {
    await append(2);
    await ceremony.run('deputy', ['ledger', 'verify', '--directory', folder]);
    const { rmSync } = await import('node:fs');
    rmSync(join(folder, 'slots', '000000001'));
    for (const more of [[], ['--since-checkpoint']]) {
      const cut = await inFolder('deputy', 'ledger', 'verify', ...more);
      expect([cut.exit, cut.json.verdict, failedIds(cut.json)]).toEqual([3, 'refused', ['remembered']]);
      expect(cut.stdout).toMatch(/entry 30[01]/);
    }
    const nothing = await inFolder('deputy', 'ledger', 'checkpoint');
    expect([nothing.exit, textAt(nothing.json, 'error', 'code')]).toEqual([3, 'LEDGER_BROKEN']);
  });
});

async function git(...words: string[]): Promise<{ stdout: string }> {
  const { execFileSync } = await import('node:child_process');
  return { stdout: execFileSync('git', ['-C', join(ceremony.dir, 'origin.git'), ...words], { encoding: 'utf8' }) };
}
