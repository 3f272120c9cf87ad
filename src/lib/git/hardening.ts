import { CustodyError } from '../base/errors.js';
import type { Environment } from './environment.js';
import { runGit } from './spawn.js';
import { quoted } from './tree.js';

/** What a clone's own configuration says. It is written once and compared at each start: `.git` can be edited by hand. */

/** Lower-case key and the one value that it must have. */
const REQUIRED: Readonly<Record<string, string>> = {
  'core.repositoryformatversion': '0',
  'core.bare': 'true',
  // Nothing of a repository may run a program (T34): no hooks, no file watcher.
  'core.hookspath': '/dev/null',
  'core.fsmonitor': 'false',
  'core.symlinks': 'false',
  'core.protecthfs': 'true',
  'core.protectntfs': 'true',
  // The outbox lives only here until it is pushed.
  'core.fsync': 'committed,loose-object',
  'protocol.allow': 'never',
  'protocol.file.allow': 'always',
  'protocol.https.allow': 'always',
  'protocol.ssh.allow': 'always',
  'protocol.ext.allow': 'never',
  'protocol.http.allow': 'never',
  'protocol.git.allow': 'never',
  'fetch.fsckobjects': 'true',
  'transfer.fsckobjects': 'true',
  'receive.fsckobjects': 'true',
  'transfer.bundleuri': 'false',
  'fetch.recursesubmodules': 'false',
  'submodule.recurse': 'false',
  'push.recursesubmodules': 'no',
  'push.default': 'nothing',
  'push.followtags': 'false',
  'push.gpgsign': 'false',
  // A user's global `false` would let anyone on the way pose as the remote.
  'http.sslverify': 'true',
  'gc.autodetach': 'false',
  'remote.origin.fetch': '+refs/heads/main:refs/remotes/origin/main',
  'remote.origin.tagopt': '--no-tags',
};

/** Harmless keys that Git itself or a person may add. */
const TOLERATED =
  /^(?:user\.(?:name|email)|color\.[a-z.]+|core\.(?:filemode|ignorecase|precomposeunicode|logallrefupdates))$/;
const URL_KEY = 'remote.origin.url';

/** The text of a clone's `config` file. */
export function formatConfig(url: string): string {
  const lines = [...Object.entries(REQUIRED), [URL_KEY, url] as const].map(([key, value]) => {
    const dot = key.lastIndexOf('.');
    return `${section(key.slice(0, dot))}\n\t${key.slice(dot + 1)} = ${configValue(value)}\n`;
  });
  return lines.join('');
}

function section(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? `[${name}]` : `[${name.slice(0, dot)} "${name.slice(dot + 1)}"]`;
}

function configValue(value: string): string {
  return `"${value.replace(/[\\"]/g, (char) => `\\${char}`)}"`;
}

/**
 * The remote's address of a clone whose configuration is exactly ours.
 * @throws CustodyError CLONE_UNSAFE with every key that is missing, changed or unknown
 */
export async function verifyConfig(environment: Environment, file: string): Promise<string> {
  const entries = await readConfig(environment, file);
  const faults = faultsOf(entries);
  const urls = entries.filter(({ key }) => key === URL_KEY);
  if (urls.length !== 1) faults.push(`${URL_KEY}: expected once, found ${urls.length} times`);
  if (faults.length === 0) return urls[0]?.value ?? '';
  throw new CustodyError('CLONE_UNSAFE', `${file} is not the configuration that custody wrote: ${faults.join('; ')}`, {
    details: { file, faults },
    suggestions: ['Find out who changed it. A setting of yours belongs into your own ~/.gitconfig.'],
  });
}

interface ConfigEntry {
  readonly key: string;
  readonly value: string;
}

async function readConfig(environment: Environment, file: string): Promise<readonly ConfigEntry[]> {
  const args = ['config', '--file', file, '--no-includes', '--list', '-z'];
  try {
    const output = await runGit({ gitDir: null, environment }, args);
    return output.toString('utf8').split('\0').slice(0, -1).map(parseEntry);
  } catch (cause) {
    if (!(cause instanceof CustodyError) || cause.code !== 'STORAGE') throw cause;
    throw new CustodyError('CLONE_UNSAFE', `${file} cannot be read by Git`, { cause });
  }
}

function parseEntry(item: string): ConfigEntry {
  const end = item.indexOf('\n');
  return end < 0 ? { key: item, value: 'true' } : { key: item.slice(0, end), value: item.slice(end + 1) };
}

function faultsOf(entries: readonly ConfigEntry[]): string[] {
  const faults = entries.flatMap(({ key, value }) => {
    if (key === URL_KEY || TOLERATED.test(key)) return [];
    const required = Object.hasOwn(REQUIRED, key) ? REQUIRED[key] : undefined;
    if (required === undefined) return [`${quoted(key)} is set`];
    return required === value ? [] : [`${key}: expected ${required}, found ${quoted(value)}`];
  });
  const present = new Set(entries.map(({ key }) => key));
  const missing = Object.keys(REQUIRED).filter((key) => !present.has(key));
  return [...faults, ...missing.map((key) => `${key} is missing`)];
}
