import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';

/** Environment variables, as the composition root gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Section = ReadonlyMap<string, string>;

/** AWS's shared config and credentials files, as far as endpoints and Regions are concerned. */
export interface SharedConfig {
  readonly configFile: string;
  readonly credentialsFile: string;
  /** A setting of a profile, the config file before the credentials file. */
  setting(profile: string, name: string): string | undefined;
  /** A setting of a service in a `[services NAME]` section: `services('dev', 'kms', 'endpoint_url')`. */
  service(section: string, service: string, name: string): string | undefined;
}

const MAX_BYTES = 1024 * 1024;

/**
 * Reads both files where `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` say; a file that is not there is empty.
 * @throws CustodyError STORAGE; USAGE for a file over 1 MiB
 */
export async function readSharedConfig(environment: Environment): Promise<SharedConfig> {
  const home = environment.HOME ?? homedir();
  const at = (given: string | undefined, name: string) => {
    if (!given) return join(home, '.aws', name);
    return given.startsWith('~/') ? join(home, given.slice(2)) : given;
  };
  const configFile = at(environment.AWS_CONFIG_FILE, 'config');
  const credentialsFile = at(environment.AWS_SHARED_CREDENTIALS_FILE, 'credentials');
  const [config, credentials] = (await Promise.all([configFile, credentialsFile].map(readText))).map(parseSharedConfig);
  return {
    configFile,
    credentialsFile,
    setting: (profile, name) =>
      config?.get(`profile ${profile}`)?.get(name) ??
      (profile === 'default' ? config?.get(profile)?.get(name) : undefined) ??
      credentials?.get(profile)?.get(name),
    service: (section, service, name) => config?.get(`services ${section}`)?.get(`${service}.${name}`),
  };
}

/**
 * Sections and their settings ("Configuration and credential file settings", AWS SDKs and tools guide). A setting that
 * is indented under one without a value is named `outer.inner`. What is not understood is passed by, as AWS tools do.
 */
export function parseSharedConfig(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let outer = '';
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.replace(/(^|\s)[#;].*$/, '').trim();
    const title = /^\[\s*([^\]]*?)\s*\]$/.exec(line)?.[1];
    if (title !== undefined) {
      const name = title.replace(/\s+/, ' ').replace(/(["'])(.*)\1$/, '$2');
      section = sections.get(name) ?? new Map();
      sections.set(name, section);
      outer = '';
      continue;
    }
    const equals = line.indexOf('=');
    if (section === undefined || equals < 1) continue;
    const name = line.slice(0, equals).trim();
    const value = line.slice(equals + 1).trim();
    if (!/^\s/.test(raw)) outer = '';
    if (value === '') outer = name;
    else section.set(outer === '' ? name : `${outer}.${name}`, value);
  }
  return sections;
}

async function readText(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    if (bytes.length <= MAX_BYTES) return bytes.toString('utf8');
  } catch (cause) {
    const errno = isObject(cause) && typeof cause.code === 'string' ? cause.code : 'unknown';
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return '';
    throw new CustodyError('STORAGE', `cannot read ${path}: ${errno}`, { cause, details: { path, errno } });
  }
  throw new CustodyError('USAGE', `${path} is larger than ${MAX_BYTES} bytes`, { details: { path } });
}
