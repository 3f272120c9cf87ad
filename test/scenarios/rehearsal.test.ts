import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, listAt, textAt } from '../../src/lib/rehearse/expect.js';
import { type CliOutcome, custody } from '../support/cli.js';
import { validateAnswer } from '../support/result-schemas.js';

/** The rehearsal as people run it, and its drill: nothing that the drill asks for is left out. */

let dir: string;
let played: CliOutcome;

/** The sandbox of the rehearsal: its clock was moved, and the drill's time is later than this machine's. */
let sandbox: Record<string, string> = {};

function run(words: readonly string[]): Promise<CliOutcome> {
  return custody(words, { HOME: join(dir, 'home'), XDG_STATE_HOME: join(dir, 'state'), ...sandbox });
}

const kept = (...path: string[]) => join(dir, 'kept', ...path);
const inClone = (...words: string[]) => run([...words, '--repo', kept('privacy'), '--json']);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'custody-rehearsal-'));
  const words = ['rehearse', '--keep', kept(), '--json'];
  played = await run(words);
  validateAnswer(words, played);
  const { json } = await run(['sandbox', 'start', '--dir', kept('sandbox'), '--json']);
  sandbox = {
    AWS_CONFIG_FILE: textAt(json, 'sandbox', 'configFile'),
    AWS_SHARED_CREDENTIALS_FILE: textAt(json, 'sandbox', 'credentialsFile'),
    AWS_PROFILE: 'privacy',
  };
}, 600_000);
afterAll(async () => {
  await run(['sandbox', 'stop', '--dir', kept('sandbox')]);
  await rm(dir, { recursive: true, force: true });
});

describe('a rehearsal', () => {
  it('ends with a verified drill, and every attack refused', () => {
    expect({ exit: played.exit, error: listAt(played.json, 'steps').map((step) => at(step, 'error')) }).toEqual({
      exit: 0,
      error: listAt(played.json, 'steps').map(() => undefined),
    });
    const steps = listAt(played.json, 'steps');
    expect(textAt(steps.at(-1), 'command')).toMatch(/^custody dr verify /);
    expect(textAt(played.json, 'verdict')).toBe('verified');
    expect(at(played.json, 'attacksRefused')).toBe(steps.filter((step) => at(step, 'attack') === true).length);
  });

  it('leaves the report of the drill, which says what was proven, by people too', async () => {
    expect(textAt(played.json, 'keep', 'report')).toBe(kept('report'));
    expect((await readdir(kept('report'))).sort()).toEqual([
      'drill.html',
      'drill.md',
      'drill.sigstore.json',
      'drill.xml',
    ]);
    const text = await readFile(kept('report', 'drill.md'), 'utf8');
    expect(text).toMatch(/^# Drill \d{4}-q[1-4]-2: verified\n/);
    const rows = text.split('\n').filter((line) => /^\| [a-z]+\.[a-z0-9./-]+ \|/.test(line));
    const open = rows.filter((line) => !line.includes('| pass |') && !line.includes('| not applicable |'));
    expect(open.map((line) => line.split(' ')[1])).toEqual([]);
    expect(rows.find((line) => line.startsWith('| challenge.deputy | pass'))).toContain('asked by architect');
    for (const key of ['root', 'case-data', 'audit-ledger', 'telemetry-short', 'webauthn'])
      expect(rows.find((line) => line.startsWith(`| data.${key} | pass | yes |`))).toBeDefined();
    // Made under the material before the rotation, and opened after it.
    expect(rows.find((line) => line.startsWith('| data.case-data'))).toContain('the current material is newer');
    expect(rows.find((line) => line.startsWith('| interlock.keys | pass'))).toBeDefined();
    expect(rows.find((line) => line.startsWith('| interlock.trail | pass'))).not.toContain('| 0 changes');
  });

  it('its evidence is the one in the repository, and verifies with the roster alone', async () => {
    const report = await readFile(kept('report', 'drill.sigstore.json'));
    const roster = await run(['ledger', 'verify', '--repo', kept('privacy'), '--json']);
    expect(roster.exit).toBe(0);
    const status = await inClone('dr', 'status');
    expect({ exit: status.exit, state: at(status.json, 'status', 'state') }).toEqual({ exit: 0, state: 'current' });
    const history = await inClone('dr', 'history');
    expect(listAt(history.json, 'drills').map((drill) => at(drill, 'verdict'))).toEqual(['not-verified', 'verified']);
    const said = JSON.parse(
      Buffer.from(String(at(JSON.parse(report.toString('utf8')), 'dsseEnvelope', 'payload')), 'base64').toString(
        'utf8',
      ),
    );
    expect(at(said, 'predicate', 'verdict')).toBe('verified');
    expect(textAt(said, 'predicate', 'challenge', 'id')).toMatch(/^c-[a-z2-7]{10}$/);
    expect(at(said, 'predicate', 'canaries')).toEqual([expect.objectContaining({ key: 'case-data' })]);
  });
});
