import { spawn, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { PACKAGE_ROOT } from './built.js';

/** util-linux's `script` gives a command a pseudo terminal; other systems have another program of that name. */
export function hasTerminals(): boolean {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  return stdout?.includes('util-linux') ?? false;
}

export const ENTER = '\r';
export const CTRL_C = '\x03';

/** What a person waits for on the screen, and the keys that are typed then. */
export type Answer = readonly [prompt: string, keys: string];

export interface Screen {
  readonly exit: number;
  /** Everything that was shown, without colours and movements. */
  readonly text: string;
}

const PATIENCE_MILLIS = 60_000;

/** Runs the built tool in a pseudo terminal and types each answer once its prompt is there. */
export function atTerminal(
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  answers: readonly Answer[],
): Promise<Screen> {
  const line = [process.execPath, join(PACKAGE_ROOT, 'bin/run.js'), ...words].map(quoted).join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['--quiet', '--return', '--flush', '--command', line, '/dev/null'], {
      env: { ...process.env, ...env, SHELL: '/bin/sh', TERM: 'xterm' },
      cwd: tmpdir(),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const waiting = [...answers];
    let raw = '';
    let seen = 0;
    const shown = () => stripVTControlCharacters(raw);
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`nothing more came, ${JSON.stringify(waiting[0]?.[0])} was waited for in:\n${shown()}`));
    }, PATIENCE_MILLIS);
    child.stdout.on('data', (chunk: Buffer) => {
      raw += chunk.toString('utf8');
      const [next] = waiting;
      const at = next ? shown().indexOf(next[0], seen) : -1;
      if (!next || at < 0) return;
      seen = at + next[0].length;
      waiting.shift();
      child.stdin.write(next[1]);
    });
    child.stdin.on('error', () => undefined);
    child.on('error', reject);
    child.on('close', (exit) => {
      clearTimeout(timer);
      if (waiting.length > 0) reject(new Error(`nobody asked ${JSON.stringify(waiting[0]?.[0])} in:\n${shown()}`));
      else resolve({ exit: exit ?? 1, text: shown() });
    });
  });
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
