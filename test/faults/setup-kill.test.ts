import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { at } from '../../src/lib/rehearse/expect.js';
import { codeOf, gitIn, World } from '../scenarios/world.js';
import { PACKAGE_ROOT } from '../support/built.js';
import type { Player } from '../support/cli.js';

/** `init` and `join` are really killed (kill -9) around each of their git calls; the same command again goes on. */

let world: World;
beforeEach(async () => {
  world = await World.open();
  // The signers and their public files stay; there is no repository yet.
  for (const name of ['origin.git', 'architect', 'privacy', 'deputy'])
    rmSync(join(world.dir, name), { recursive: true });
}, 120_000);
afterEach(() => world.close());

interface Cut {
  readonly call: number;
  readonly when: 'before' | 'after';
}

/** A git that stops for ever before or after its call number so-and-so, and says so with a file. */
function hangingGit({ call, when }: Cut): { readonly bin: string; readonly reached: string } {
  const bin = join(world.dir, 'bin');
  const [count, reached] = [join(bin, 'count'), join(bin, 'reached')];
  rmSync(bin, { recursive: true, force: true });
  mkdirSync(bin);
  writeFileSync(count, '0');
  const script = `#!/bin/sh
PATH='${process.env.PATH}'
n=$(($(cat '${count}') + 1))
echo "$n" > '${count}'
[ "$n" -eq ${call} ] || exec git "$@"
${when === 'after' ? 'git "$@"' : ''}
: > '${reached}'
exec sleep 300
`;
  writeFileSync(join(bin, 'git'), script);
  chmodSync(join(bin, 'git'), 0o755);
  return { bin, reached };
}

/** Runs a command and kills it, with what it started, once it is there; true when it ended before that. */
async function endedBefore(player: Player, words: readonly string[], cut: Cut): Promise<boolean> {
  const { bin, reached } = hangingGit(cut);
  const env = { ...process.env, ...world.environment(player), PATH: `${bin}:${process.env.PATH}` };
  const entry = join(PACKAGE_ROOT, 'bin/run.js');
  const child = spawn(process.execPath, [entry, ...words], { env, cwd: world.dir, detached: true, stdio: 'ignore' });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let code: number | null | undefined;
  exited.then((value) => {
    code = value;
  });
  while (code === undefined && !existsSync(reached)) await wait(10);
  if (code !== undefined) {
    expect(code, words.join(' ')).toBe(0);
    return true;
  }
  // Without the guard, a spawn that failed would kill our own process group.
  if (child.pid === undefined) throw new Error('the command did not start');
  process.kill(-child.pid, 'SIGKILL');
  await exited;
  return false;
}

/** Kills the command at its first git call, then at its second …, each time over what the last one left behind. */
async function killEverywhere(player: Player, words: readonly string[], when: Cut['when']): Promise<number> {
  for (let call = 1; ; call++) if (await endedBefore(player, words, { call, when })) return call - 1;
}

function initWords(): readonly string[] {
  const custodians = ['architect', 'privacy', 'deputy'].flatMap((id) => ['--custodian', join(world.dir, `${id}.json`)]);
  return ['init', world.clone('architect'), ...custodians, '--remote', world.origin, '--as', 'architect', '--json'];
}

it('init, killed after each git call, founds one repository', async () => {
  const kills = await killEverywhere('architect', initWords(), 'after');
  expect(kills).toBeGreaterThan(5);
  expect(world.git('ls-tree', '--name-only', 'refs/heads/main', 'records/genesis/').trim().split('\n')).toHaveLength(1);
  expect((await world.ok('architect', 'ledger', 'verify')).json.verdict).toBe('verified');
  // Complete now: it is not made anew.
  const again = await world.run('architect', initWords());
  expect([again.exit, codeOf(again)]).toEqual([2, 'REPOSITORY_EXISTS']);
  expect(readdirSync(join(world.clone('architect'), '.git'))).not.toContain('custody.unfinished');
}, 120_000);

it('join, killed before each git call, signs genesis once', async () => {
  const founded = await world.run('architect', initWords());
  const genesis = String(at(founded.json, 'genesis'));
  const words = ['join', world.origin, world.clone('privacy'), '--as', 'privacy', '--genesis', genesis];
  const kills = await killEverywhere('privacy', words, 'before');
  expect(kills).toBeGreaterThan(5);
  expect(world.git('ls-tree', '--name-only', 'refs/heads/main', 'records/genesis/').trim().split('\n')).toHaveLength(2);
  expect((await world.ok('privacy', 'ledger', 'verify')).json.verdict).toBe('verified');
  expect(readFileSync(join(world.clone('privacy'), 'custody.yaml'), 'utf8')).toContain('case-data');
}, 120_000);

it('init and join leave alone what they did not begin', async () => {
  const folder = world.clone('architect');
  mkdirSync(folder);
  gitIn(join(folder, '.git'), ['init', '--quiet', folder]);
  const before = readFileSync(join(folder, '.git', 'config'), 'utf8');
  const refused = await world.run('architect', initWords());
  expect([refused.exit, codeOf(refused)]).toEqual([2, 'REPOSITORY_EXISTS']);
  expect(readFileSync(join(folder, '.git', 'config'), 'utf8')).toBe(before);
  rmSync(folder, { recursive: true });

  // Another custodian's repository is not taken for one's own, nor one's own with other people in it.
  const founded = await world.run('architect', initWords());
  expect(founded.exit, founded.stdout).toBe(0);
  const elsewhere = initWords().map((word) => (word === folder ? join(world.dir, 'elsewhere') : word));
  const theirs = await world.run(
    'privacy',
    elsewhere.map((word) => (word === 'architect' ? 'privacy' : word)),
  );
  expect([theirs.exit, codeOf(theirs)]).toEqual([2, 'REPOSITORY_EXISTS']);
}, 120_000);
