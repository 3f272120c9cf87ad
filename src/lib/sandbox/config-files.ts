import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CustodyError } from '../base/errors.js';
import type { Sandbox } from './sandbox.js';

export interface ConfigFiles {
  readonly configFile: string;
  readonly credentialsFile: string;
  readonly profiles: readonly { readonly name: string; readonly roleArn: string }[];
}

/** Writes `file` whole or not at all, readable by its owner alone. @throws CustodyError STORAGE */
export function writePrivateFile(file: string, text: string): void {
  const fresh = `${file}.${process.pid}.new`;
  try {
    writeFileSync(fresh, text, { mode: 0o600 });
    // The mode above counts only for a file that is new.
    chmodSync(fresh, 0o600);
    renameSync(fresh, file);
  } catch (cause) {
    throw new CustodyError('STORAGE', `${file} cannot be written`, { cause });
  }
}

/**
 * Writes an AWS config and a credentials file with a profile for each seeded role ("Configuration and credential file
 * settings", AWS SDKs and tools guide), so that any AWS tool can talk to the sandbox.
 * @throws CustodyError STORAGE
 */
export function writeConfigFiles(dir: string, sandbox: Sandbox, endpoint: string): ConfigFiles {
  const configFile = join(dir, 'config');
  const credentialsFile = join(dir, 'credentials');
  const region = sandbox.regions[0] ?? 'us-east-1';
  const profiles = sandbox.profiles();
  const config = profiles.map(({ name, roleArn }) =>
    section(`profile ${name}`, [`# ${roleArn}`, `region = ${region}`, `endpoint_url = ${endpoint}`, 'output = json']),
  );
  const credentials = profiles.map(({ name, accessKeyId, secretAccessKey }) =>
    section(name, [`aws_access_key_id = ${accessKeyId}`, `aws_secret_access_key = ${secretAccessKey}`]),
  );
  writePrivateFile(configFile, config.join('\n'));
  writePrivateFile(credentialsFile, credentials.join('\n'));
  return { configFile, credentialsFile, profiles: profiles.map(({ name, roleArn }) => ({ name, roleArn })) };
}

function section(title: string, lines: readonly string[]): string {
  return `[${title}]\n${lines.join('\n')}\n`;
}

/** What to paste into a POSIX shell so that AWS tools find the profiles. */
export function exportLines({ configFile, credentialsFile }: Omit<ConfigFiles, 'profiles'>): readonly string[] {
  return [
    `export AWS_CONFIG_FILE=${quote(configFile)}`,
    `export AWS_SHARED_CREDENTIALS_FILE=${quote(credentialsFile)}`,
  ];
}

function quote(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
