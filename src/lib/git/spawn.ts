import { spawn } from 'node:child_process';
import { CustodyError } from '../base/errors.js';
import { type Environment, plumbingEnvironment } from './environment.js';
import { quoted } from './tree.js';

/** One repository and the environment that git is run in. */
export interface GitProcess {
  readonly gitDir: string | null;
  readonly environment: Environment;
}

export interface RunOptions {
  readonly input?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** Takes the output as it comes; what it throws ends the process. Without it the output is returned. */
  readonly onOutput?: (chunk: Buffer) => void;
  readonly timeoutMillis?: number;
}

const DEFAULT_TIMEOUT_MILLIS = 120_000;
const MAX_ERROR_BYTES = 16 * 1024;

/**
 * Runs git's plumbing without a shell and returns its output. simple-git is not used here: it would hold a whole answer
 * as one string of text, and blobs are bytes.
 * @throws CustodyError STORAGE when git fails, TIMEOUT when it does not end, UNAVAILABLE when there is no git
 */
export function runGit(git: GitProcess, args: readonly string[], options: RunOptions = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, {
      env: plumbingEnvironment(git.environment, git.gitDir),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    let failure: CustodyError | null = null;
    const fail = (error: CustodyError) => {
      failure ??= error;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(
      () => fail(new CustodyError('TIMEOUT', `git ${args[0]} did not end`)),
      options.timeoutMillis ?? DEFAULT_TIMEOUT_MILLIS,
    );
    child.stdout.on('data', (chunk: Buffer) => take(chunk, options.onOutput ?? ((bytes) => output.push(bytes)), fail));
    child.stderr.on('data', (chunk: Buffer) => {
      if (errors.length < MAX_ERROR_BYTES / 64) errors.push(chunk.subarray(0, MAX_ERROR_BYTES));
    });
    child.on('error', (cause) => {
      clearTimeout(timer);
      reject(failure ?? gitNotStarted(cause));
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      if (failure) reject(failure);
      else if (code !== 0) reject(gitFailed(args, code, Buffer.concat(errors)));
      else resolve(Buffer.concat(output));
    });
    writeInput(child.stdin, options.input);
  });
}

function take(chunk: Buffer, receive: (chunk: Buffer) => void, fail: (error: CustodyError) => void): void {
  try {
    receive(chunk);
  } catch (cause) {
    fail(cause instanceof CustodyError ? cause : new CustodyError('BUG', 'git output could not be read', { cause }));
  }
}

function writeInput(stdin: NodeJS.WritableStream, input: RunOptions['input']): void {
  // A child that ends early closes the pipe; its exit status says why.
  stdin.on('error', () => undefined);
  const parts = input === undefined ? [] : typeof input === 'string' || input instanceof Uint8Array ? [input] : input;
  for (const part of parts) stdin.write(part);
  stdin.end();
}

/** @returns what to throw when no git could be started */
export function gitNotStarted(cause: Error): CustodyError {
  return new CustodyError('UNAVAILABLE', 'git could not be started', {
    cause,
    suggestions: ['Install Git 2.34 or newer, and see that it is on PATH.'],
  });
}

/** What git says of objects that are not what their names say, or are gone ("bad object": of refs, too). */
const DAMAGE =
  /(?:loose|packed) object .*is corrupt|object file .* is empty|bad (?:object|tree|pack)|non-monotonic index|pack index|packfile .* (?:cannot|is|does)|unable to (?:read|unpack|stream)|inflate: data|corrupt loose object|could not read [0-9a-f]{40}|missing (?:blob|tree|commit)|failed to (?:read|traverse|unpack)|reference broken|unexpected line in|hash mismatch|invalid object/i;

/** @returns what to throw for a git that ended with `code` after it had said `errors` */
export function gitFailed(args: readonly string[], code: number | null, errors: Buffer): CustodyError {
  const lines = errors.toString('utf8').trim().split('\n');
  const damage = lines.filter((line) => DAMAGE.test(line)).at(-1);
  if (damage !== undefined)
    return new CustodyError('CLONE_DAMAGED', `the objects of this clone are damaged: ${quoted(damage)}`, {
      details: { git: args[0] },
      suggestions: [
        'custody policy verify names every file. Keep this folder as it is, and join again into another one.',
      ],
    });
  // Advice may follow what went wrong.
  const text = lines.find((line) => /^(?:fatal|error):/.test(line)) ?? lines.at(-1) ?? '';
  return new CustodyError('STORAGE', `git ${args[0]} ended with ${code ?? 'a signal'}: ${quoted(text)}`);
}
