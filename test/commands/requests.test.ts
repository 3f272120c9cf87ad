import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textAt } from '../../src/lib/rehearse/expect.js';
import { Ceremony, type CliOutcome, type Player } from '../support/cli.js';

/** Tries to repaint the reviewer's terminal, to turn text around and to break out of JSON. */
const HOSTILE = 'quarterly\u001b[2J\u001b[1;1H\u202eoot \u0007"}\n\u009b31mapproved by all';
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

let ceremony: Ceremony;
/** An open request to rotate case-data, with one of the two approvals. */
let rotation: { readonly id: string; readonly digest: string };

beforeAll(async () => {
  ceremony = await Ceremony.found();
  const { json } = await ceremony.ok('architect', 'keys', 'rotate', 'case-data', '--reason', HOSTILE);
  rotation = { id: textAt(json, 'request', 'id'), digest: textAt(json, 'request', 'digest') };
  await ceremony.ok('architect', 'keys', 'approve', rotation.id, '--reviewed', rotation.digest);
});

afterAll(async () => {
  // Absent when the founding failed.
  await (ceremony as Ceremony | undefined)?.end();
});

const run = (player: Player, ...words: string[]) => ceremony.run(player, words);
const said = ({ json }: CliOutcome) => (json.error as { readonly code: string } | undefined)?.code;

/** Every reference of the remote: whatever is published moves one. */
function published(): string {
  return git(join(ceremony.dir, 'origin.git'), 'for-each-ref');
}

function git(folder: string, ...words: string[]): string {
  return spawnSync('git', ['-C', folder, ...words], { encoding: 'utf8' }).stdout;
}

function written(player: Player): string {
  return `${published()}${git(ceremony.clone(player), 'for-each-ref')}${git(ceremony.clone(player), 'status', '--porcelain')}${outbox(player)}`;
}

function outbox(player: Player): string {
  return readdirSync(join(ceremony.clone(player), '.git'))
    .sort()
    .join();
}

describe('what is asked of keys', () => {
  it('results are the same with and without --json, and so is the exit status', async () => {
    const cases: { readonly words: string[]; readonly exit: number }[] = [
      { words: ['keys', 'pending'], exit: 0 },
      { words: ['plan', 'diff'], exit: 3 },
      { words: ['keys', 'show', 'no-such-key'], exit: 2 },
      { words: ['keys', 'execute', rotation.id], exit: 8 },
      { words: ['keys', 'approve', rotation.id], exit: 2 },
      { words: ['sandbox', 'status', '--dir', join(ceremony.dir, 'none')], exit: 5 },
    ];
    for (const { words, exit } of cases) {
      const [plain, json] = await Promise.all([run('deputy', ...words), run('deputy', ...words, '--json')]);
      expect([words.join(' '), plain.exit, json.exit]).toEqual([words.join(' '), exit, exit]);
      expect(Object.keys(json.json), words.join(' ')).not.toHaveLength(0);
    }
  });

  it('results are what their schemas say', async () => {
    const commands = [
      ['keys', 'list'],
      ['keys', 'pending', '--all'],
      ['keys', 'show', 'case-data'],
      ['ledger', 'show'],
      ['ledger', 'verify'],
      ['plan', 'show'],
      ['plan', 'show', '--draft'],
      ['plan', 'validate'],
      ['plan', 'diff', '--draft'],
      ['signer', 'show', '--as', 'privacy'],
      ['doctor'],
      ['heartbeat'],
    ];
    const ask = async (words: readonly string[], player: Player) => {
      const { exit, json } = await run(player, ...words, '--json');
      expect([words.join(' '), exit]).toEqual([words.join(' '), 0]);
      expect(Object.keys(json), words.join(' ')).not.toHaveLength(0);
    };
    // Two at a time, each in a clone of its own.
    for (let at = 0; at < commands.length; at += 2)
      await Promise.all([ask(commands[at] ?? [], 'privacy'), ask(commands[at + 1] ?? [], 'architect')]);
  });

  it('outsiders verify the records of the made key', async () => {
    const folder = join(ceremony.clone('architect'), 'unpacked');
    await mkdir(folder, { recursive: true });
    const origin = join(ceremony.dir, 'origin.git');
    const paths = git(origin, 'ls-tree', '-r', '--name-only', 'HEAD').split('\n');
    const files: string[] = [];
    for (const path of paths.filter((name) => name.startsWith(`records/${ceremony.caseDataRequest}/`))) {
      files.push(join(ceremony.dir, `${files.length}.json`));
      await writeFile(files.at(-1) ?? '', git(origin, 'show', `HEAD:${path}`));
    }
    const roster = join(ceremony.dir, 'roster-1.json');
    await writeFile(roster, git(origin, 'show', 'HEAD:roster/1.json'));
    const outcome = await run('privacy', 'verify', ...files, '--roster', roster, '--json');
    expect([outcome.exit, outcome.json.verdict, files.length]).toEqual([0, 'verified', 5]);
  });

  it('a key may be named by its ARN', async () => {
    const { exit, json } = await run('deputy', 'keys', 'rotate', ceremony.caseDataArn, '--json');
    expect(exit).toBe(0);
    expect(json).toMatchObject({ created: false, request: { id: rotation.id } });
  });

  it('global flags may stand before the command', async () => {
    const words = ['--repo', ceremony.clone('privacy'), '--json', 'keys', 'show', rotation.id];
    const { exit, json } = await ceremony.run('privacy', words, { CUSTODY_REPO: '/nowhere' });
    expect(exit).toBe(0);
    expect(json).toMatchObject({ request: { id: rotation.id } });
  });

  it('T8 a hostile reason cannot steer the terminal, in text or in JSON', async () => {
    for (const words of [
      ['keys', 'show', rotation.id],
      ['keys', 'approve', rotation.id, '--dry-run'],
    ]) {
      const [plain, json] = await Promise.all([run('privacy', ...words), run('privacy', ...words, '--json')]);
      expect(`${plain.stdout}${plain.stderr}${json.stdout}${json.stderr}`).not.toMatch(CONTROLS);
    }
    const { json } = await run('privacy', 'keys', 'show', rotation.id, '--json');
    expect(textAt(json, 'request', 'reason')).toBe(HOSTILE);
  });
});

describe('what is refused', () => {
  it('executing with one approval is exit 8 and KMS rotates nothing', async () => {
    const before = await ceremony.kms();
    const outcome = await run('deputy', 'keys', 'execute', rotation.id, '--json');
    expect([outcome.exit, said(outcome)]).toEqual([8, 'PENDING']);
    expect(await ceremony.kms()).toEqual(before);
    expect(before.rotations).toBe(0);
  });

  it('T9 approving needs a terminal or --reviewed', async () => {
    const outcome = await run('privacy', 'keys', 'approve', rotation.id, '--json');
    expect([outcome.exit, said(outcome)]).toEqual([2, 'INPUT_MISSING']);
  });

  it('T3 --reviewed must be the digest of this request', async () => {
    const other = `sha256:${'0'.repeat(64)}`;
    const outcome = await run('privacy', 'keys', 'approve', rotation.id, '--reviewed', other, '--json');
    expect([outcome.exit, said(outcome)]).toEqual([3, 'REVIEW_MISMATCH']);
  });

  it('a machine without memory needs --pin to execute', async () => {
    const env = { XDG_STATE_HOME: join(ceremony.dir, 'empty') };
    const words = ['keys', 'execute', rotation.id, '--json'];
    const bare = await ceremony.run('deputy', words, env);
    expect([bare.exit, said(bare)]).toEqual([3, 'PIN_REQUIRED']);
    const pin = join(ceremony.dir, 'pin.json');
    await writeFile(pin, (await run('architect', 'pin', '--json')).stdout);
    const pinned = await ceremony.run('deputy', [...words, '--pin', pin], env);
    expect([pinned.exit, said(pinned)]).toEqual([8, 'PENDING']);
  });

  it('T30 what the machine remembers, as from joining, does not stand in for what the pin names', async () => {
    const pin = join(ceremony.dir, 'ahead.json');
    const known = JSON.parse((await run('architect', 'pin', '--json')).stdout) as object;
    for (const ahead of [{ head: 'f'.repeat(40) }, { planVersion: 2 }, { rosterVersion: 2 }]) {
      await writeFile(pin, JSON.stringify({ ...known, ...ahead }));
      const outcome = await run('deputy', 'keys', 'execute', rotation.id, '--json', '--pin', pin);
      expect([outcome.exit, said(outcome)]).toEqual([3, 'ROLLBACK']);
    }
  });

  it('an edited draft is not applied: it must be proposed; a trial run of that writes nothing', async () => {
    const file = join(ceremony.clone('deputy'), 'custody.yaml');
    const text = await readFile(file, 'utf8');
    try {
      await writeFile(file, text.replace(/period: 365d/, 'period: 180d'));
      expect(await readFile(file, 'utf8')).not.toBe(text);
      const apply = await run('deputy', 'keys', 'apply', '--json');
      expect([apply.exit, said(apply)]).toEqual([2, 'PLAN_NOT_IN_FORCE']);
      expect(apply.stdout).toContain('custody plan propose');
      const before = written('deputy');
      const proposed = await run('deputy', 'plan', 'propose', '--dry-run', '--json');
      expect(proposed.json).toMatchObject({ dryRun: true, proposed: { action: 'plan.update' } });
      expect(written('deputy')).toBe(before);
    } finally {
      await writeFile(file, text);
    }
  });
});

describe('--dry-run writes nothing', () => {
  it.each([
    { words: ['keys', 'rotate', 'case-data'], exit: 0 },
    { words: ['keys', 'rotation', 'case-data', '--period-days', '180'], exit: 0 },
    { words: ['keys', 'apply'], exit: 0 },
    { words: ['keys', 'approve', '{id}'], exit: 0 },
    { words: ['keys', 'reject', '{id}'], exit: 0 },
    { words: ['keys', 'execute', '{id}'], exit: 8 },
    { words: ['signer', 'create', '--name', 'X', '--duty', 'PrivacyEngineer', '--as', 'privacy'], exit: 0 },
  ])('$words', async ({ words, exit }) => {
    // A trial run may fetch: what is new at the remote must be here before.
    await run('privacy', 'keys', 'pending');
    const before = [written('privacy'), await ceremony.kms()];
    const outcome = await run(
      'privacy',
      ...words.map((word) => word.replace('{id}', rotation.id)),
      '--dry-run',
      '--json',
    );
    expect(outcome.exit).toBe(exit);
    expect([written('privacy'), await ceremony.kms()]).toEqual(before);
  });
});

describe('T46 secrets', () => {
  it('there are some to look for', () => {
    expect(ceremony.secrets.filter((secret) => secret.length >= 20).length).toBeGreaterThanOrEqual(4);
    expect(readFileSync(ceremony.serving.info.credentialsFile, 'utf8')).toContain(ceremony.secrets[0]);
  });

  it('the passphrase of a local key is in no output', async () => {
    const passphrase = 'correct horse battery staple 42';
    ceremony.secrets.push(passphrase);
    const role = ['--role-arn', 'arn:aws:iam::000000000000:role/privacy-engineer', '--passphrase-fd', '3'];
    const create = [
      'signer',
      'create',
      '--type',
      'local',
      '--as',
      'privacy',
      '--name',
      'P',
      '--duty',
      'PrivacyEngineer',
    ];
    const made = await ceremony.run('privacy', [...create, ...role, '--json'], {}, `${passphrase}\n`);
    expect(made.exit).toBe(0);
    const shown = await run('privacy', 'signer', 'show', textAt(made.json, 'signer', 'keyId'), '--json');
    expect(shown.exit).toBe(0);
  });
});
