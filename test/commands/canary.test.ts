import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, textAt } from '../../src/lib/rehearse/expect.js';
import { Ceremony } from '../support/cli.js';

/** Everything that could make a program talkative. */
const TALKATIVE = { DEBUG: '*', CUSTODY_DEBUG: '1', NODE_DEBUG: 'module', GIT_TRACE: '1', GIT_CURL_VERBOSE: '1' };
const PASSPHRASE = 'canary passphrase 7f3a9c';
const SESSION_TOKEN = 'CANARY/SESSION+TOKEN/0123456789abcdefghijklmnop==';

let ceremony: Ceremony;
let request: { readonly id: string; readonly digest: string };
let said = '';

/** Collects all that is shown, with everything switched on. */
async function run(words: readonly string[], env: NodeJS.ProcessEnv = {}, input?: string) {
  const outcome = await ceremony.run('privacy', words, { ...TALKATIVE, ...env }, input);
  said += `${outcome.stdout}${outcome.stderr}`;
  return outcome;
}

/** Every blob that any reference of a repository reaches, and the messages of its commits. */
function history(folder: string): string {
  const git = (words: readonly string[], input = '') =>
    spawnSync('git', ['-C', folder, ...words], { encoding: 'utf8', input, maxBuffer: 1 << 28 }).stdout;
  const ids = git(['rev-list', '--objects', '--all'])
    .split('\n')
    .map((line) => line.slice(0, 40))
    .filter((id) => id !== '');
  return git(['cat-file', '--batch'], `${ids.join('\n')}\n`);
}

async function filesUnder(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n');
}

beforeAll(async () => {
  ceremony = await Ceremony.found();
  ceremony.secrets.push(PASSPHRASE, SESSION_TOKEN);
  const { json } = await ceremony.ok('architect', 'keys', 'rotate', 'case-data');
  request = { id: textAt(json, 'request', 'id'), digest: textAt(json, 'request', 'digest') };
});

afterAll(() => ceremony.end());

describe('T46 secrets are nowhere', () => {
  it('in no output, however talkative the programs are told to be', async () => {
    const words = [
      ['keys', 'list'],
      ['keys', 'approve', request.id, '--reviewed', request.digest],
      ['keys', 'execute', request.id],
      ['doctor'],
      ['keys', 'show', 'no-such-key'],
    ];
    for (const command of words) await run(command);
    expect(said.length).toBeGreaterThan(1000);
  });

  it('nor when AWS refuses the credentials', async () => {
    const credentials = join(ceremony.dir, 'bad-credentials');
    const secret = 'CanarySecretKeyThatIsWrong0123456789ABCD';
    ceremony.secrets.push(secret);
    await writeFile(
      credentials,
      `[privacy]\naws_access_key_id = ASIACANARY0000000000\naws_secret_access_key = ${secret}\naws_session_token = ${SESSION_TOKEN}\n`,
    );
    for (const tail of [[], ['--json']]) {
      const { exit } = await run(['keys', 'list', ...tail], { AWS_SHARED_CREDENTIALS_FILE: credentials });
      expect(exit).toBe(4);
    }
  });

  it('nor a passphrase and the private key behind it', async () => {
    const create = [
      'signer',
      'create',
      '--type',
      'local',
      '--as',
      'privacy',
      '--name',
      'P',
      '--duty',
      'PrivacyEngineer',
    ];
    const seat = ['--role-arn', 'arn:aws:iam::000000000000:role/PrivacyEngineer', '--passphrase-fd', '3'];
    expect((await run([...create, ...seat], {}, `${PASSPHRASE}\n`)).exit).toBe(0);
    const given = await run([...create, ...seat, '--passphrase', PASSPHRASE.replaceAll(' ', '')]);
    expect(given.exit).toBe(2);
    expect(said).not.toMatch(/PRIVATE KEY/);
    const kept = await filesUnder(join(ceremony.dir, 'home'));
    expect(kept).toContain('ENCRYPTED PRIVATE KEY');
    expect(kept).not.toMatch(/BEGIN (?:EC )?PRIVATE KEY/);
  });

  it('nor in a pasted address of the repository', async () => {
    const token = 'ghp_canary0123456789abcdefABCDEF0123';
    ceremony.secrets.push(token);
    await mkdir(join(ceremony.dir, 'pasted'));
    const url = `https://x-access-token:${token}@127.0.0.1:9/custody.git`;
    for (const tail of [[], ['--json']]) {
      const { exit } = await run(['join', url, join(ceremony.dir, 'pasted', 'c'), '--genesis', 'x', ...tail]);
      expect(exit).toBeGreaterThan(0);
    }
  });

  it('nor in records, ledger, commits, clones, or what machines remember', async () => {
    await ceremony.ok('deputy', 'keys', 'pending');
    const places = [
      history(join(ceremony.dir, 'origin.git')),
      history(ceremony.clone('privacy')),
      await filesUnder(join(ceremony.dir, 'home')),
      await filesUnder(join(ceremony.clone('privacy'), '.git')),
    ];
    expect(places[0]).toContain('dsseEnvelope');
    for (const secret of ceremony.secrets) expect(places.filter((text) => text.includes(secret))).toEqual([]);
    expect(at((await ceremony.ok('privacy', 'ledger', 'verify')).json, 'verdict')).toBe('verified');
  });
});
