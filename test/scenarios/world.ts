import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMSClient, ListKeyRotationsCommand } from '@aws-sdk/client-kms';
import { fromIni } from '@aws-sdk/credential-providers';
import { expect } from 'vitest';
import { at, listAt, textAt } from '../../src/lib/rehearse/expect.js';
import { callAdmin, readToken } from '../../src/lib/sandbox/client.js';
import type { FaultRule } from '../../src/lib/sandbox/faults.js';
import { type Serving, serve } from '../../src/lib/sandbox/serve.js';
import { s3Service } from '../../src/lib/sandbox/services.js';
import {
  type CliOutcome,
  copyFounded,
  copyOf,
  custody,
  FACTS,
  type Facts,
  PLAYERS,
  type Player,
  pointTo,
} from '../support/cli.js';
import { tellingKms } from '../support/telling-services.js';

const PRIMARY = 'eu-central-1';
const PREFIX = 'custody-story-';

/** One request as a command answered it. */
export interface Asked {
  readonly id: string;
  readonly digest: string;
}

/** Three custodians at three machines of their own, one bare upstream, one sandbox; nothing is shared but these. */
export class World {
  /** What a `kill-before` or `kill-after` fault of the sandbox does to its caller. */
  onKill: () => void = () => undefined;
  /** Operations of KMS that had their effect since the sandbox was started, in order. */
  readonly done: string[] = [];

  private constructor(
    readonly dir: string,
    readonly serving: Serving,
    readonly caseDataArn: string,
  ) {}

  static async open(): Promise<World> {
    const dir = await copyFounded(PREFIX);
    for (const player of PLAYERS) await cp(join(dir, 'home'), join(dir, `home-${player}`), { recursive: true });
    return World.#serve(dir);
  }

  /** Another world in which everything is as in this one, which must have stopped: nothing is shared from here on. */
  async copy(): Promise<World> {
    return World.#serve(await copyOf(this.dir, PREFIX));
  }

  static async #serve(dir: string): Promise<World> {
    const { caseDataArn } = JSON.parse(readFileSync(join(dir, FACTS), 'utf8')) as Facts;
    const services = [tellingKms((operation) => world.done.push(operation)), s3Service()];
    const serving = await serve({ dir: join(dir, 'sandbox'), services, onKill: () => world.onKill() });
    const world = new World(dir, serving, caseDataArn);
    return world;
  }

  /** This world with a sandbox that was started anew, over the state that lies there; this one must have stopped. */
  again(): Promise<World> {
    return World.#serve(this.dir);
  }

  /** Ends the sandbox; the folder stays, to be copied. */
  stop(): Promise<void> {
    return this.serving.stop();
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  get origin(): string {
    return join(this.dir, 'origin.git');
  }

  clone(player: Player): string {
    return join(this.dir, player);
  }

  /** What a player's terminal has; `machine` is another computer of the same person. */
  environment(player: Player, machine: string = player): NodeJS.ProcessEnv {
    const home = join(this.dir, `home-${machine}`);
    return {
      HOME: home,
      XDG_STATE_HOME: join(home, 'state'),
      XDG_CONFIG_HOME: join(home, 'config'),
      AWS_CONFIG_FILE: this.serving.info.configFile,
      AWS_SHARED_CREDENTIALS_FILE: this.serving.info.credentialsFile,
      AWS_PROFILE: player,
      CUSTODY_REPO: join(this.dir, machine),
    };
  }

  run(player: Player, words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CliOutcome> {
    return custody([...words, '--json'], { ...this.environment(player), ...env });
  }

  /** Runs a command that must end with `exit`. */
  async ends(exit: number, player: Player, ...words: string[]): Promise<CliOutcome> {
    const outcome = await this.run(player, words);
    expect(outcome.exit, `custody ${words.join(' ')}\n${outcome.stdout}\n${outcome.stderr}`).toBe(exit);
    return outcome;
  }

  ok(player: Player, ...words: string[]): Promise<CliOutcome> {
    return this.ends(0, player, ...words);
  }

  async rotate(player: Player, ...words: string[]): Promise<Asked> {
    return askedIn(await this.ok(player, 'keys', 'rotate', 'case-data', ...words));
  }

  approve(player: Player, { id, digest }: Asked): Promise<CliOutcome> {
    return this.ok(player, 'keys', 'approve', id, '--reviewed', digest);
  }

  /** A rotation of case-data, asked for by the architect, signed by the architect and the privacy engineer. */
  async approvedRotation(): Promise<Asked> {
    const asked = await this.rotate('architect');
    for (const player of ['architect', 'privacy'] as const) await this.approve(player, asked);
    return asked;
  }

  async stateOf(player: Player, id: string): Promise<string> {
    return textAt((await this.ok(player, 'keys', 'show', id)).json, 'request', 'state');
  }

  /** Moves the sandbox's time as `custody sandbox advance` does. */
  advance(duration: string): Promise<CliOutcome> {
    return this.ok('architect', 'sandbox', 'advance', duration, '--dir', join(this.dir, 'sandbox'));
  }

  async fault(rule: FaultRule): Promise<void> {
    await callAdmin(this.#admin(), 'POST', 'faults', { ...rule });
  }

  async clearFaults(): Promise<void> {
    await callAdmin(this.#admin(), 'DELETE', 'faults');
  }

  /** How often the faults have struck. */
  async struck(): Promise<number> {
    const { faults } = await callAdmin(this.#admin(), 'GET', 'faults');
    return listAt(faults).reduce<number>((sum, item) => sum + Number(at(item, 'struck')), 0);
  }

  #admin() {
    return { port: this.serving.info.port, token: readToken(join(this.dir, 'sandbox')) };
  }

  /** Rotations on demand of case-data, asked of KMS past the tool. */
  async rotations(): Promise<number> {
    const { configFile: configFilepath, credentialsFile: filepath, endpoint } = this.serving.info;
    const credentials = fromIni({ profile: 'architect', configFilepath, filepath, ignoreCache: true });
    const client = new KMSClient({ region: PRIMARY, endpoint, credentials });
    try {
      const { Rotations = [] } = await client.send(new ListKeyRotationsCommand({ KeyId: this.caseDataArn }));
      return Rotations.filter(({ RotationType }) => RotationType === 'ON_DEMAND').length;
    } finally {
      client.destroy();
    }
  }

  /** Git on the server, as its host runs it. */
  git(...args: string[]): string {
    return gitIn(this.origin, args);
  }

  /** Files of a request at the remote. */
  filesOf(id: string): readonly string[] {
    return this.git('ls-tree', '-r', '--name-only', 'refs/heads/main', `records/${id}/`).split('\n').filter(Boolean);
  }

  /** Adds a commit past custody, as one who may push does. */
  push(files: Readonly<Record<string, string | Uint8Array>>, parent = this.head()): string {
    const say: Uint8Array[] = [];
    say.push(
      Buffer.from('commit refs/heads/attack\nmark :1\ncommitter m <m@localhost> 1700000000 +0000\ndata 4\nevil\n'),
    );
    say.push(Buffer.from(`from ${parent}\n`));
    for (const [path, content] of Object.entries(files)) {
      const bytes = Buffer.from(content);
      say.push(Buffer.from(`M 100644 inline ${path}\ndata ${bytes.length}\n`), bytes, Buffer.from('\n'));
    }
    say.push(Buffer.from('get-mark :1\ndone\n'));
    const id = gitIn(this.origin, ['fast-import', '--done', '--quiet', '--force'], Buffer.concat(say)).trim();
    this.git('update-ref', '-d', 'refs/heads/attack');
    this.git('update-ref', 'refs/heads/main', id);
    return id;
  }

  head(): string {
    return this.git('rev-parse', 'refs/heads/main').trim();
  }

  read(path: string): string {
    return this.git('cat-file', 'blob', `refs/heads/main:${path}`);
  }

  /** A second upstream with what the first has now; `of` then talks to it. */
  async split(name: string, of: Player): Promise<string> {
    const copy = join(this.dir, name);
    await cp(this.origin, copy, { recursive: true });
    pointTo(this.clone(of), copy);
    return copy;
  }

  /** Another computer of a player: a copy of the clone with a memory of its own. */
  async machine(player: Player, name: string): Promise<NodeJS.ProcessEnv> {
    await cp(this.clone(player), join(this.dir, name), { recursive: true });
    await cp(join(this.dir, `home-${player}`), join(this.dir, `home-${name}`), { recursive: true });
    return this.environment(player, name);
  }
}

export function gitIn(dir: string, args: readonly string[], input: Uint8Array = Buffer.alloc(0)): string {
  const env = { PATH: process.env.PATH, HOME: tmpdir(), GIT_DIR: dir, GIT_CONFIG_NOSYSTEM: '1' };
  return execFileSync('git', [...args], { env, input, maxBuffer: 64 * 1024 * 1024 }).toString('utf8');
}

export function askedIn({ json }: CliOutcome): Asked {
  return { id: textAt(json, 'request', 'id'), digest: textAt(json, 'request', 'digest') };
}

/** The code of a failure. */
export function codeOf({ json }: CliOutcome): unknown {
  return at(json, 'error', 'code');
}
