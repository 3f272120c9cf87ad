import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Clock, instantFromMillis } from '../../src/lib/base/time.js';
import { createClone, createOrigin } from '../../src/lib/git/clone.js';
import { type GitRecordStoreOptions, openGitRecordStore } from '../../src/lib/git/record-store.js';
import type { CommitId, RecordStore } from '../../src/lib/record/store.js';

/** Real clones over a bare upstream in a temporary folder, and a plain Git for attackers. */
export interface GitWorld {
  readonly root: string;
  readonly origin: string;
  readonly environment: Record<string, string | undefined>;
  /** Makes a new clone and opens it. */
  client(options?: Partial<GitRecordStoreOptions>): Promise<RecordStore>;
  /** A new clone's folder, without opening it. */
  cloneDir(): Promise<string>;
  open(dir: string, options?: Partial<GitRecordStoreOptions>): Promise<RecordStore>;
  /** Plain git in the origin, as an attacker with access to the server would run it. */
  git(args: readonly string[], input?: string | Uint8Array): string;
  /** A commit written past custody: files by path, or a mode and bytes; put on main when `force` says so. */
  attack(change: AttackChange): CommitId;
  head(): CommitId | null;
  close(): void;
}

export interface AttackChange {
  readonly parents: readonly string[];
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly modes?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  /** False leaves main where it is. */
  readonly move?: boolean;
}

/** These stores hold what a test puts there, whether it was founded or not. */
const anything = async () => undefined;

export const realClock: Clock = {
  now: () => instantFromMillis(Date.now()),
  sleep: async (milliseconds) => {
    await wait(milliseconds);
  },
};

export async function createGitWorld(): Promise<GitWorld> {
  const root = mkdtempSync(join(tmpdir(), 'custody-git-'));
  const environment = { PATH: process.env.PATH, HOME: root, TMPDIR: root };
  const origin = await createOrigin(join(root, 'origin.git'), environment);
  const git = (args: readonly string[], input: string | Uint8Array = '') =>
    execFileSync('git', [...args], {
      input,
      cwd: origin,
      env: { PATH: process.env.PATH, HOME: root, GIT_DIR: origin, GIT_CONFIG_NOSYSTEM: '1', ...ATTACKER },
      maxBuffer: 64 * 1024 * 1024,
      stdio: ['pipe', 'pipe', 'pipe'],
    }).toString('utf8');
  let clones = 0;
  const cloneDir = async () => {
    const dir = join(root, `clone-${++clones}`);
    await createClone(dir, origin, environment);
    return dir;
  };
  const open = (dir: string, options: Partial<GitRecordStoreOptions> = {}) =>
    openGitRecordStore({ dir, clock: realClock, random: Math.random, environment, accept: anything, ...options });
  return {
    root,
    origin,
    environment,
    cloneDir,
    open,
    client: async (options) => open(await cloneDir(), options),
    git,
    attack: (change) => attack(git, change),
    head: () => headOf(git),
    close: () => rmSync(root, { recursive: true, force: true }),
  };
}

const ATTACKER = {
  GIT_AUTHOR_NAME: 'mallory',
  GIT_AUTHOR_EMAIL: 'm@localhost',
  GIT_COMMITTER_NAME: 'mallory',
  GIT_COMMITTER_EMAIL: 'm@localhost',
};

type Git = (args: readonly string[], input?: string | Uint8Array) => string;

function headOf(git: Git): CommitId | null {
  const id = git(['for-each-ref', '--format=%(objectname)', 'refs/heads/main']).trim();
  return id === '' ? null : (id as CommitId);
}

function attack(git: Git, { parents, files = {}, modes = {}, remove = [], move = true }: AttackChange): CommitId {
  const stream: Uint8Array[] = [];
  const say = (text: string) => stream.push(Buffer.from(text));
  say('commit refs/heads/attack\nmark :1\ncommitter mallory <m@localhost> 1700000000 +0000\ndata 4\nevil\n');
  parents.forEach((parent, at) => {
    say(`${at === 0 ? 'from' : 'merge'} ${parent}\n`);
  });
  for (const path of remove) say(`D ${path}\n`);
  for (const [path, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const mode = modes[path] ?? '100644';
    if (mode === '160000') say(`M 160000 ${'1'.repeat(40)} ${quotePath(path)}\n`);
    else
      stream.push(Buffer.from(`M ${mode} inline ${quotePath(path)}\ndata ${bytes.length}\n`), bytes, Buffer.from('\n'));
  }
  say('get-mark :1\ndone\n');
  const id = git(['fast-import', '--done', '--quiet', '--force'], Buffer.concat(stream)).trim() as CommitId;
  git(['update-ref', '-d', 'refs/heads/attack']);
  if (move) git(['update-ref', 'refs/heads/main', id]);
  return id;
}

function quotePath(path: string): string {
  const bytes = [...Buffer.from(path)];
  return `"${bytes.map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}"`;
}
