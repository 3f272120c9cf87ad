import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A `git` for PATH that `fails` (does not run) or `fails after` (it runs, its answer is lost), once and on request. */
export interface FaultyGit {
  readonly path: string;
  /** A command (`push`, `fetch`, `update-ref`, …) and its fault, or several pairs, which happen in this order. */
  arm(...pairs: readonly string[]): void;
  /** True when the fault has not happened (yet). */
  armed(): boolean;
  /** How often a command was started. */
  count(command: string): number;
}

export function createFaultyGit(root: string): FaultyGit {
  const real = execFileSync('sh', ['-c', 'command -v git']).toString().trim();
  const dir = join(root, 'faulty-git');
  mkdirSync(dir);
  const plan = join(dir, 'plan');
  const log = join(dir, 'log');
  writeFileSync(log, '');
  const script = `#!/bin/sh
echo "$1" >> '${log}'
if [ -f '${plan}' ]; then
  read -r command fault < '${plan}'
  if [ "$1" = "$command" ]; then
    sed -i.old 1d '${plan}'
    [ -s '${plan}' ] || rm -f '${plan}'
    [ "$fault" = fails ] || '${real}' "$@" > /dev/null 2>&1
    echo 'fatal: the remote end hung up unexpectedly' >&2
    exit 128
  fi
fi
exec '${real}' "$@"
`;
  writeFileSync(join(dir, 'git'), script, { mode: 0o755 });
  return {
    path: `${dir}${delimiter}${process.env.PATH}`,
    arm: (...pairs) => {
      const lines = pairs.flatMap((word, at) =>
        at % 2 === 0 ? [`${word} ${pairs[at + 1]?.replace(' ', '-')}\n`] : [],
      );
      writeFileSync(plan, lines.join(''));
    },
    armed: () => existsSync(plan),
    count: (command) =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line === command).length,
  };
}
