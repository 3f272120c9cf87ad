import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AwsConnection, openAws } from '../aws/connection.js';
import { callDirectly, putRolePolicy } from '../aws/direct.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { type Instant, parseDuration } from '../base/time.js';
import { addRawCommit, readRawFiles } from '../git/raw.js';
import { SANDBOX_ACCOUNT } from '../plan/rules.js';
import type { DirectOutcome, Forge, Outcome, Player, Stage } from '../rehearse/stage.js';
import { readSandboxTime } from '../sandbox/client.js';
import { controlSandbox } from '../sandbox/process.js';
import type { SandboxInfo } from '../sandbox/serve.js';

/** Where a rehearsal is played: a folder with `origin.git`, three clones and the sandbox. */
export interface StageOptions {
  readonly dir: string;
  /** The script that people run: bin/run.js. */
  readonly entry: string;
  readonly sandbox: SandboxInfo;
  readonly environment: NodeJS.ProcessEnv;
  /** Where this machine's memory of the rehearsed repository lies. */
  readonly stateHome: string;
}

/** The real stage: each command is a process of its own, as at three terminals. */
export class ProcessStage implements Stage {
  readonly #connections = new Map<string, Promise<AwsConnection>>();

  constructor(private readonly options: StageOptions) {}

  run(player: Player, words: readonly string[]): Promise<Outcome> {
    const clone = join(this.options.dir, player);
    const origin = join(this.options.dir, 'origin.git');
    return this.#spawn(player, wordsFor(words, clone, origin), this.options.stateHome);
  }

  async callKms(
    profile: string,
    operation: Parameters<Stage['callKms']>[1],
    parameters: Parameters<Stage['callKms']>[2],
  ): Promise<DirectOutcome> {
    try {
      const aws = await this.#connection(profile);
      const answer = await callDirectly(aws, aws.region ?? '', operation, fromText(parameters));
      return { ok: true, answer: toText(answer) };
    } catch (cause) {
      if (cause instanceof CustodyError) return { ok: false, code: cause.code };
      throw cause;
    }
  }

  /** The copies have a memory of their own, so that nothing forged is remembered. */
  async runOnForgery(player: Player, forge: Forge, words: readonly string[]): Promise<Outcome> {
    const { dir, stateHome, environment } = this.options;
    const at = await mkdtemp(join(dir, 'forgery-'));
    try {
      const origin = join(at, 'origin.git');
      await cp(join(dir, 'origin.git'), origin, { recursive: true });
      await cp(join(dir, player), join(at, player), { recursive: true });
      await cp(stateHome, join(at, 'state'), { recursive: true });
      const config = join(at, player, '.git', 'config');
      await writeFile(config, (await readFile(config, 'utf8')).replace(join(dir, 'origin.git'), origin));
      await addRawCommit(origin, environment, forge(await readRawFiles(origin, environment)));
      const outcome = await this.#spawn(player, wordsFor(words, join(at, player), origin), join(at, 'state'));
      return { ...outcome, command: `git push (forged) ; ${outcome.command}` };
    } finally {
      await rm(at, { recursive: true, force: true });
    }
  }

  async writeFile(name: string, text: string): Promise<string> {
    const path = this.place(name);
    await writeFile(path, text);
    return path;
  }

  place(name: string): string {
    return join(this.options.dir, name);
  }

  async installPolicy(role: string, policy: string, path: string): Promise<void> {
    const aws = await this.#connection('installer');
    await putRolePolicy(aws, { role, policy, document: await readFile(path, 'utf8') });
  }

  async now(): Promise<Instant> {
    return (await readSandboxTime(this.options.sandbox.port)).now;
  }

  async advance(duration: string): Promise<void> {
    const seconds = parseDuration(duration);
    await controlSandbox(this.options.sandbox.dir, 'POST', 'advance', { seconds });
  }

  async close(): Promise<void> {
    for (const connection of this.#connections.values()) (await connection).close();
  }

  #connection(profile: string): Promise<AwsConnection> {
    const known = this.#connections.get(profile);
    if (known) return known;
    const environment = this.#environment(profile, this.options.stateHome);
    const opened = openAws({
      profile,
      environment,
      environmentKind: 'sandbox',
      account: SANDBOX_ACCOUNT,
      timeoutMillis: 10_000,
    });
    this.#connections.set(profile, opened);
    return opened;
  }

  #environment(profile: string, stateHome: string): NodeJS.ProcessEnv {
    const { environment, sandbox } = this.options;
    const kept = Object.entries(environment).filter(([name]) => !/^(AWS|CUSTODY|GIT)_/.test(name));
    return {
      ...Object.fromEntries(kept),
      AWS_CONFIG_FILE: sandbox.configFile,
      AWS_SHARED_CREDENTIALS_FILE: sandbox.credentialsFile,
      AWS_PROFILE: profile,
      AWS_EC2_METADATA_DISABLED: 'true',
      XDG_STATE_HOME: stateHome,
    };
  }

  #spawn(player: Player, words: readonly string[], stateHome: string): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [this.options.entry, ...words, '--json'], {
        env: this.#environment(player, stateHome),
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const output: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
      child.on('error', reject);
      child.on('close', (exit) =>
        resolve({
          exit: exit ?? 1,
          json: parse(Buffer.concat(output).toString('utf8')),
          command: commandText(words),
        }),
      );
    });
  }
}

/** `init` and `join` name the folder themselves; every other command works in the player's clone. */
function wordsFor(words: readonly string[], clone: string, origin: string): readonly string[] {
  const [command, ...rest] = words;
  if (command === 'init') return ['init', clone, '--remote', origin, ...rest];
  if (command === 'join') return ['join', origin, clone, ...rest];
  return command === 'signer' ? words : [...words, '--repo', clone];
}

/** The command as a person would type it, shortened. */
function commandText(words: readonly string[]): string {
  const at = words.indexOf('--repo');
  const typed = at === -1 ? words : [...words.slice(0, at), ...words.slice(at + 2)];
  return `custody ${typed.slice(0, 5).map(short).join(' ')}`;
}

function short(word: string): string {
  return word.includes('/') ? (word.split('/').at(-1) ?? word) : word.length > 24 ? `${word.slice(0, 20)}…` : word;
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** Blobs cross the port as base64 text. */
function fromText(parameters: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const blob = parameters.CiphertextBlob;
  return typeof blob === 'string' ? { ...parameters, CiphertextBlob: Buffer.from(blob, 'base64') } : { ...parameters };
}

function toText(answer: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    ]),
  );
}
