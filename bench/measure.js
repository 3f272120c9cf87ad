// Whole processes and how long they take. Every number is a median of runs taken in turns, so that a machine that
// slows down in the middle slows down both sides of a ratio.
import { spawn } from 'node:child_process';

/**
 * Runs a process to its end.
 * @param {readonly string[]} command
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, input?: string | Uint8Array }} [options]
 * @returns {Promise<{ millis: number, code: number | null, stdout: string, stderr: string }>}
 */
export function run([program, ...args], { cwd, env, input } = {}) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(program, args, { cwd, env: env ?? process.env, stdio: ['pipe', 'pipe', 'pipe'] });
    const [out, err] = [[], []];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      const millis = performance.now() - started;
      resolve({
        millis,
        code,
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
      });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/** As `run`, and throws when the process does not end with 0. */
export async function runOk(command, options) {
  const ended = await run(command, options);
  if (ended.code === 0) return ended;
  throw new Error(`${command.join(' ')} ended with ${ended.code}: ${ended.stderr || ended.stdout}`);
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Median milliseconds of each case, run in turns after one warm-up round.
 * @param {Readonly<Record<string, () => Promise<{ millis: number }>>>} cases
 * @param {number} rounds
 * @returns {Promise<Record<string, number>>}
 */
export async function inTurns(cases, rounds) {
  const times = new Map(Object.keys(cases).map((name) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, once] of Object.entries(cases)) {
      const { millis } = await once();
      if (round >= 0) times.get(name).push(millis);
    }
  }
  return Object.fromEntries([...times].map(([name, values]) => [name, median(values)]));
}
