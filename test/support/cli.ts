import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMSClient, ListKeyRotationsCommand, ListKeysCommand } from '@aws-sdk/client-kms';
import { fromIni } from '@aws-sdk/credential-providers';
import { withLock } from '../../src/lib/fs/lock.js';
import { at, textAt } from '../../src/lib/rehearse/expect.js';
import { type Serving, serve } from '../../src/lib/sandbox/serve.js';
import { assertBuilt, PACKAGE_ROOT } from './built.js';
import { validateAnswer } from './result-schemas.js';

export const PLAYERS = ['architect', 'privacy', 'deputy'] as const;
export type Player = (typeof PLAYERS)[number];

const ENTRY = join(PACKAGE_ROOT, 'bin/run.js');
const DUTY: Readonly<Record<Player, string>> = {
  architect: 'SecurityArchitect',
  privacy: 'PrivacyEngineer',
  deputy: 'SecurityArchitect',
};

export interface CliOutcome {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What stdout says with `--json`; an empty object where it is no JSON object. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** Runs the built tool as a process of its own, without a terminal; `input` is what its descriptor 3 gives. */
export function custody(
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
  input?: string | Uint8Array,
): Promise<CliOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [ENTRY, ...words], {
      env: { ...process.env, ...env },
      cwd: env.PWD ?? tmpdir(),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const read = (stream: NodeJS.ReadableStream | null) => {
      const chunks: Buffer[] = [];
      stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
      return () => Buffer.concat(chunks).toString('utf8');
    };
    const [stdout, stderr] = [read(child.stdout), read(child.stderr)];
    const secret = child.stdio[3] as NodeJS.WritableStream;
    // A command that wants no passphrase closes the pipe unread.
    secret.on('error', () => undefined);
    secret.end(input ?? '');
    child.on('error', reject);
    child.on('close', (exit) =>
      resolve({ exit: exit ?? 1, stdout: stdout(), stderr: stderr(), json: parsed(stdout()) }),
    );
  });
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

/** What is known of case-data in a founded folder. */
export interface Facts {
  readonly caseDataArn: string;
  readonly caseDataRequest: string;
}

/** Lies beside the clones of a founded folder. */
export const FACTS = 'facts.json';
const FOUNDING_MILLIS = 240_000;

/** A copy, in a folder of its own, of where everything stands after the ceremony. */
export async function copyFounded(prefix: string): Promise<string> {
  const founded = join(process.env.HOME ?? tmpdir(), 'founded');
  const once = async () => (existsSync(founded) ? undefined : Ceremony.foundIn(founded));
  await withLock(`${founded}.lock`, once, { timeoutMillis: FOUNDING_MILLIS });
  return copyOf(founded, prefix);
}

/** A folder with everything that another one has; its clones talk to its own upstream. */
export async function copyOf(folder: string, prefix: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), prefix));
  await cp(folder, dir, { recursive: true });
  for (const player of PLAYERS) pointTo(join(dir, player), join(dir, 'origin.git'));
  return dir;
}

/** Makes a clone talk to another upstream. */
export function pointTo(clone: string, upstream: string): void {
  const config = join(clone, '.git', 'config');
  writeFileSync(config, readFileSync(config, 'utf8').replace(/url = .*/, `url = "${upstream}"`));
}

/** Another draft in place of the template's; the sandbox serves already, and nothing is founded yet. */
export type DraftEdit = (draft: string, ceremony: Ceremony) => string | Promise<string>;

type SigningRegions = Readonly<Partial<Record<Player, string>>>;

/** Three custodians, their clones of one repository, and a sandbox in this process. */
export class Ceremony {
  /** What must never be shown: found in the credentials file, or added by a test. */
  readonly secrets: string[] = [];
  caseDataArn = '';
  caseDataRequest = '';

  private constructor(
    readonly dir: string,
    readonly serving: Serving,
    facts: Partial<Facts> = {},
  ) {
    Object.assign(this, facts);
    const text = readFileSync(serving.info.credentialsFile, 'utf8');
    for (const [, secret] of text.matchAll(/aws_secret_access_key = (\S+)/g)) this.secrets.push(secret ?? '');
  }

  /**
   * Founded and joined by real commands; of the plan's keys, case-data exists: a copy of what is made once in a test run.
   * With `edit`, founded from the template's text after that edit, and no key is made.
   * @param signsIn Region of the signing key of whom it is not the plan's primary
   */
  static async found(edit?: DraftEdit, signsIn: SigningRegions = {}): Promise<Ceremony> {
    if (edit) return Ceremony.#make(edit, signsIn);
    const dir = await copyFounded('custody-cli-');
    const facts = JSON.parse(readFileSync(join(dir, FACTS), 'utf8')) as Facts;
    return new Ceremony(dir, await serve({ dir: join(dir, 'sandbox') }), facts);
  }

  /** Makes what the others are copies of, and leaves its folder. */
  static async foundIn(folder: string): Promise<void> {
    const ceremony = await Ceremony.#make(undefined);
    await ceremony.serving.stop();
    const { caseDataArn, caseDataRequest } = ceremony;
    await writeFile(join(ceremony.dir, FACTS), JSON.stringify({ caseDataArn, caseDataRequest } satisfies Facts));
    await rename(ceremony.dir, folder);
  }

  static async #make(edit: DraftEdit | undefined, signsIn: SigningRegions = {}): Promise<Ceremony> {
    assertBuilt();
    const dir = await mkdtemp(join(tmpdir(), 'custody-cli-'));
    await mkdir(join(dir, 'home'));
    const ceremony = new Ceremony(dir, await serve({ dir: join(dir, 'sandbox') }));
    try {
      await ceremony.#play(edit, signsIn);
      return ceremony;
    } catch (cause) {
      await ceremony.end();
      throw cause;
    }
  }

  async end(): Promise<void> {
    await this.serving.stop();
    await rm(this.dir, { recursive: true, force: true });
  }

  clone(player: Player): string {
    return join(this.dir, player);
  }

  /** Environment of a player's terminal. */
  environment(player: Player): NodeJS.ProcessEnv {
    const home = join(this.dir, 'home');
    return {
      HOME: home,
      XDG_STATE_HOME: join(home, 'state'),
      XDG_DATA_HOME: join(home, 'data'),
      XDG_CONFIG_HOME: join(home, 'config'),
      XDG_CACHE_HOME: join(home, 'cache'),
      AWS_CONFIG_FILE: this.serving.info.configFile,
      AWS_SHARED_CREDENTIALS_FILE: this.serving.info.credentialsFile,
      AWS_PROFILE: player,
      CUSTODY_REPO: this.clone(player),
    };
  }

  /**
   * Runs a command as one of the players. Whatever it prints must hold no secret, and its JSON must fit the schema.
   */
  async run(
    player: Player,
    words: readonly string[],
    env: NodeJS.ProcessEnv = {},
    input?: string | Uint8Array,
  ): Promise<CliOutcome> {
    const outcome = await custody(words, { ...this.environment(player), ...env }, input);
    const leaked = this.secrets.some((secret) => `${outcome.stdout}${outcome.stderr}`.includes(secret));
    if (leaked) throw new Error(`a secret was shown by: custody ${words.join(' ')}`);
    if (words.includes('--json')) validateAnswer(words, outcome);
    return outcome;
  }

  /** Runs a command with `--json` that must succeed. */
  async ok(player: Player, ...words: string[]): Promise<CliOutcome> {
    const outcome = await this.run(player, [...words, '--json']);
    if (outcome.exit === 0) return outcome;
    throw new Error(`custody ${words.join(' ')}: exit ${outcome.exit}\n${outcome.stdout}${outcome.stderr}`);
  }

  /** What KMS has, asked past the tool: how many keys, and how often case-data was rotated on demand. */
  async kms(): Promise<{ readonly keys: number; readonly rotations: number }> {
    const { configFile: configFilepath, credentialsFile: filepath, endpoint } = this.serving.info;
    const credentials = fromIni({ profile: 'architect', configFilepath, filepath, ignoreCache: true });
    const client = new KMSClient({ region: this.caseDataArn.split(':')[3] ?? '', endpoint, credentials });
    try {
      const { Keys = [] } = await client.send(new ListKeysCommand({}));
      const { Rotations = [] } = await client.send(new ListKeyRotationsCommand({ KeyId: this.caseDataArn }));
      return { keys: Keys.length, rotations: Rotations.length };
    } finally {
      client.destroy();
    }
  }

  async #play(edit: DraftEdit | undefined, signsIn: SigningRegions): Promise<void> {
    const files = await Promise.all(PLAYERS.map((player) => this.#signer(player, signsIn[player])));
    const custodians = files.flatMap((file) => ['--custodian', file]);
    const draft = edit ? await this.#draft(custodians, edit) : custodians;
    const origin = join(this.dir, 'origin.git');
    const architect = this.clone('architect');
    const made = await this.ok('architect', 'init', architect, ...draft, '--remote', origin, '--as', 'architect');
    const genesis = textAt(made.json, 'genesis');
    for (const player of ['privacy', 'deputy'] as const)
      await this.ok(player, 'join', origin, this.clone(player), '--as', player, '--genesis', genesis);
    if (!edit) await this.#makeCaseData();
  }

  async #draft(custodians: readonly string[], edit: DraftEdit): Promise<readonly string[]> {
    const { json } = await this.ok('architect', 'init', this.clone('architect'), ...custodians, '--dry-run');
    const file = join(this.dir, 'plan.yaml');
    await writeFile(file, await edit(textAt(json, 'draft'), this));
    return ['--from', file];
  }

  async #signer(player: Player, region: string | undefined): Promise<string> {
    const who = ['--as', player, '--name', `Person ${player}`, '--duty', DUTY[player]];
    const where = region === undefined ? [] : ['--region', region];
    const { stdout } = await this.ok(player, 'signer', 'create', ...who, ...where);
    const file = join(this.dir, `${player}.json`);
    await writeFile(file, stdout);
    return file;
  }

  async #makeCaseData(): Promise<void> {
    const { json } = await this.ok('architect', 'keys', 'apply', '--reason', 'first installation');
    const requests = at(json, 'requests') as readonly unknown[];
    const mine = requests.find(
      (item) => at(item, 'key', 'name') === 'case-data' && at(item, 'action') === 'key.create',
    );
    const [id, digest] = [textAt(mine, 'id'), textAt(mine, 'digest')];
    this.caseDataRequest = id;
    for (const player of ['architect', 'privacy'] as const)
      await this.ok(player, 'keys', 'approve', id, '--reviewed', digest);
    const done = await this.ok('deputy', 'keys', 'execute', id);
    this.caseDataArn = textAt(done.json, 'receipt', 'key', 'arn');
  }
}
