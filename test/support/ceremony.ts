import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { KMSClient, ListKeyRotationsCommand } from '@aws-sdk/client-kms';
import { fromIni } from '@aws-sdk/credential-providers';
import { expect } from 'vitest';
import { textAt } from '../../src/lib/rehearse/expect.js';
import { PACKAGE_ROOT } from './built.js';
import type { Ceremony, CliOutcome, Player } from './cli.js';

/** What stories and faults need of a ceremony beyond its commands: processes to kill, KMS and origin looked at directly. */

const run = promisify(execFile);

/** A command of one of the players that is under way. */
export interface Started {
  /** kill -9; answers the signal that ended it, null when it had ended by itself before. */
  kill(): Promise<NodeJS.Signals | null>;
}

/** Starts a command with `--json` as one of the players and does not wait for it. */
export function start(ceremony: Ceremony, player: Player, ...words: string[]): Started {
  const child = spawn(process.execPath, [join(PACKAGE_ROOT, 'bin/run.js'), ...words, '--json'], {
    env: { ...process.env, ...ceremony.environment(player) },
    cwd: ceremony.dir,
    stdio: 'ignore',
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (_, signal) => resolve(signal));
  });
  return {
    kill: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

/** Resolves when the sandbox has struck with its newest fault. */
export async function struck(ceremony: Ceremony): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 20) {
    if ((ceremony.serving.sandbox.faults.list().at(-1)?.struck ?? 0) > 0) return;
    await wait(20);
  }
  throw new Error('no call came that the fault could strike');
}

/** Rotations on demand of case-data, asked past the tool. */
export async function onDemand(ceremony: Ceremony): Promise<number> {
  const { configFile: configFilepath, credentialsFile: filepath, endpoint } = ceremony.serving.info;
  const credentials = fromIni({ profile: 'architect', configFilepath, filepath, ignoreCache: true });
  const client = new KMSClient({ region: 'eu-central-1', endpoint, credentials });
  try {
    const { Rotations = [] } = await client.send(new ListKeyRotationsCommand({ KeyId: ceremony.caseDataArn }));
    return Rotations.filter(({ RotationType }) => RotationType === 'ON_DEMAND').length;
  } finally {
    client.destroy();
  }
}

/** Raw git in origin, past the tool. */
export async function rawGit(ceremony: Ceremony, ...words: string[]): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: ceremony.dir, GIT_CONFIG_NOSYSTEM: '1' };
  return (await run('git', ['--git-dir', join(ceremony.dir, 'origin.git'), ...words], { env })).stdout.trim();
}

/** Names of the files that origin's main has of a request. */
export async function filesOf(ceremony: Ceremony, id: string): Promise<readonly string[]> {
  const listed = await rawGit(ceremony, 'ls-tree', '-r', '--name-only', 'main', `records/${id}/`);
  return listed.split('\n').map((path) => path.slice(`records/${id}/`.length));
}

export interface Asked {
  readonly id: string;
  readonly digest: string;
}

/** A request by the architect to rotate case-data, signed by those named. */
export async function askRotation(ceremony: Ceremony, ...approvers: Player[]): Promise<Asked> {
  const { json } = await ceremony.ok('architect', 'keys', 'rotate', 'case-data', '--reason', 'a story');
  const asked = { id: textAt(json, 'request', 'id'), digest: textAt(json, 'request', 'digest') };
  for (const player of approvers) await approve(ceremony, player, asked);
  return asked;
}

export function approve(ceremony: Ceremony, player: Player, { id, digest }: Asked): Promise<CliOutcome> {
  return ceremony.ok(player, 'keys', 'approve', id, '--reviewed', digest);
}

/** State of a request as a player sees it. */
export async function stateOf(ceremony: Ceremony, player: Player, id: string): Promise<string> {
  return textAt((await ceremony.ok(player, 'keys', 'show', id)).json, 'request', 'state');
}

/** Runs `keys execute` until the request is executed: by this run, or as this run says by an earlier one. */
export async function executeUntilDone(ceremony: Ceremony, player: Player, id: string): Promise<void> {
  const said: string[] = [];
  for (let attempt = 0; attempt < 4; attempt++) {
    const outcome = await ceremony.run(player, ['keys', 'execute', id, '--json']);
    said.push(`exit ${outcome.exit} ${outcome.stdout}${outcome.stderr}`);
    if (outcome.exit !== 0 && outcome.exit !== 3) continue;
    if ((await stateOf(ceremony, player, id)) === 'executed') return;
  }
  throw new Error(`${id} was not executed:\n${said.join('\n')}`);
}

/** One rotation at AWS more than `before`, one intent, one receipt, and a ledger that tells of everything. */
export async function expectRotatedOnce(ceremony: Ceremony, before: number, id: string): Promise<void> {
  // A rotation that was begun twice would show only when both are finished.
  ceremony.serving.sandbox.advance(600);
  expect((await onDemand(ceremony)) - before).toBe(1);
  const files = await filesOf(ceremony, id);
  expect(files.filter((name) => name === 'intent.json')).toHaveLength(1);
  expect(files.filter((name) => name === 'receipt.json')).toHaveLength(1);
  await expectVerified(ceremony);
}

export async function expectVerified(ceremony: Ceremony): Promise<void> {
  const { json } = await ceremony.ok('privacy', 'ledger', 'verify');
  expect(json).toMatchObject({ verdict: 'verified' });
}
