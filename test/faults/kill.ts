import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { FaultRule } from '../../src/lib/sandbox/faults.js';
import type { World } from '../scenarios/world.js';
import { PACKAGE_ROOT } from '../support/built.js';
import type { Player } from '../support/cli.js';

/** Real processes, ended with kill -9 at a place, never after a time: a slow machine is killed where a fast one is. */

/** Around the first, or so many-th, git call of this name. */
export interface GitCut {
  readonly git: string;
  readonly nth?: number;
  readonly when: 'before' | 'after';
}

/** During a call at AWS: before its effect, or after it and before the answer. */
export interface AwsCut {
  readonly aws: string;
  readonly skip?: number;
  readonly when: 'before' | 'after';
}

/** Around the first object that gets its name in a folder of objects, below this name. */
export interface ObjectCut {
  readonly object: string;
  readonly when: 'before' | 'after';
}

export type Cut = GitCut | AwsCut | ObjectCut;

interface Command {
  readonly player: Player;
  readonly words: readonly string[];
  /** What its descriptor 3 gives. */
  readonly input?: Uint8Array | undefined;
  /** What its terminal has besides. */
  readonly env?: NodeJS.ProcessEnv;
}

interface Started {
  readonly pid: number;
  /** What ended it, once its streams are closed. */
  readonly ended: Promise<{ readonly signal: NodeJS.Signals | null; readonly said: string }>;
}

/** Runs a command and ends it, with every process that it started, where the cut is. Throws when it never gets there. */
export async function kill(world: World, command: Command, cut: Cut): Promise<void> {
  if ('aws' in cut) return killAtAws(world, command, cut);
  if ('object' in cut) return killAtObject(world, command, cut);
  const stop = stoppingGit(world, cut);
  const started = start(world, command, stop.bin);
  await reached(stop.reached, started);
  process.kill(-started.pid, 'SIGKILL');
  await killed(started, command);
}

/**
 * Ends a command while it pushes, but not the git that pushes for it: `letGo` lets that one go on alone and answers when
 * it has ended.
 */
export async function killBesidePush(world: World, command: Command): Promise<{ letGo(): Promise<void> }> {
  const stop = stoppingGit(world, { git: 'push', when: 'before' });
  const started = start(world, command, stop.bin);
  await reached(stop.reached, started);
  process.kill(started.pid, 'SIGKILL');
  return {
    letGo: async () => {
      writeFileSync(stop.goOn, '');
      // Its streams close with the last process that holds them.
      await killed(started, command);
    },
  };
}

async function killAtAws(world: World, command: Command, { aws, skip = 0, when }: AwsCut): Promise<void> {
  const kind: FaultRule['kind'] = when === 'before' ? 'kill-before' : 'kill-after';
  await world.fault({ kind, operation: aws, skip });
  const started = start(world, command);
  world.onKill = () => process.kill(-started.pid, 'SIGKILL');
  await killed(started, command);
  await world.clearFaults();
}

/** Ends it while it waits, inside, at the naming of an object. */
async function killAtObject(world: World, command: Command, { object, when }: ObjectCut): Promise<void> {
  const reachedFile = join(world.dir, 'reached-object');
  rmSync(reachedFile, { force: true });
  const hook = new URL('stop-at-link.mjs', import.meta.url);
  const env = {
    ...command.env,
    NODE_OPTIONS: `--import=${hook.href}`,
    STOP_AT_LINK: JSON.stringify({ object, when, reached: reachedFile }),
  };
  const started = start(world, { ...command, env });
  await reached(reachedFile, started);
  process.kill(-started.pid, 'SIGKILL');
  await killed(started, command);
}

function start(world: World, { player, words, input, env }: Command, bin?: string): Started {
  const entry = join(PACKAGE_ROOT, 'bin/run.js');
  const path = bin === undefined ? process.env.PATH : `${bin}:${process.env.PATH}`;
  const child = spawn(process.execPath, [entry, ...words, '--json'], {
    env: { ...process.env, ...world.environment(player), PATH: path, ...env },
    cwd: world.dir,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const secret = child.stdio[3] as NodeJS.WritableStream;
  // It may be dead before it has read, or want nothing.
  secret.on('error', () => undefined);
  secret.end(input ?? '');
  // Without the guard, a spawn that failed would kill our own process group.
  if (child.pid === undefined) throw new Error('the command did not start');
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => said.push(chunk));
  const ended = new Promise<{ signal: NodeJS.Signals | null; said: string }>((resolve) => {
    child.on('close', (_, signal) => resolve({ signal, said: Buffer.concat(said).toString('utf8') }));
  });
  return { pid: child.pid, ended };
}

/** Waits until the file is there, however long that takes; the test's own limit is the only one. */
async function reached(file: string, { ended }: Started): Promise<void> {
  let over: string | null = null;
  void ended.then(({ said }) => {
    over = said;
  });
  while (!existsSync(file)) {
    if (over !== null) throw new Error(`it ended before it could be killed:\n${over}`);
    await wait(10);
  }
}

async function killed({ ended }: Started, { words }: Command): Promise<void> {
  const { signal, said } = await ended;
  if (signal !== 'SIGKILL') throw new Error(`custody ${words.join(' ')} ended before it could be killed:\n${said}`);
}

interface Stop {
  readonly bin: string;
  /** Made by git when it is there. */
  readonly reached: string;
  /** Lets it go on. */
  readonly goOn: string;
}

/** A git that stops at one of its calls until it may go on, or until the folder of the test is gone. */
function stoppingGit(world: World, { git, nth = 1, when }: GitCut): Stop {
  const bin = join(world.dir, 'bin');
  const [count, reached, goOn] = [join(bin, 'count'), join(bin, 'reached'), join(bin, 'go-on')];
  rmSync(bin, { recursive: true, force: true });
  mkdirSync(bin);
  writeFileSync(count, '');
  const script = `#!/bin/sh
PATH='${process.env.PATH}'
mine=no
for word in "$@"; do [ "$word" = '${git}' ] && mine=yes; done
[ $mine = yes ] || exec git "$@"
printf x >> '${count}'
[ "$(wc -c < '${count}')" -eq ${nth} ] || exec git "$@"
${when === 'after' ? 'git "$@"; code=$?' : ''}
: > '${reached}'
while [ -d '${bin}' ] && [ ! -e '${goOn}' ]; do sleep 0.05; done
${when === 'after' ? 'exit $code' : 'exec git "$@" > /dev/null 2>&1'}
`;
  writeFileSync(join(bin, 'git'), script);
  chmodSync(join(bin, 'git'), 0o755);
  return { bin, reached, goOn };
}
