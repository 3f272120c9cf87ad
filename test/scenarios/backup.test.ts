import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { GetKeyPolicyCommand, KMSClient, PutKeyPolicyCommand, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import { fromIni } from '@aws-sdk/credential-providers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { at, listAt, textAt } from '../../src/lib/rehearse/expect.js';
import { validateAnswer } from '../support/result-schemas.js';
import { askedIn, World } from './world.js';

const ALIAS = 'alias/cmk/case-data';

let world: World;
let client: KMSClient;
beforeAll(async () => {
  world = await World.open();
  const { configFile: configFilepath, credentialsFile: filepath, endpoint } = world.serving.info;
  const credentials = fromIni({ profile: 'executor', configFilepath, filepath, ignoreCache: true });
  client = new KMSClient({ region: 'eu-central-1', endpoint, credentials });
});
afterAll(async () => {
  client.destroy();
  await world.close();
});

async function policyOf(KeyId: string): Promise<string> {
  return (await client.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }))).Policy ?? '';
}

it('a key that was deleted and made again gets its policy back with two signatures', async () => {
  // Of five planned keys one is there: the backup says so, and is made all the same.
  const backup = await world.ends(3, 'architect', 'policy', 'backup');
  validateAnswer(['policy', 'backup'], backup);
  expect(at(backup.json, 'backup', 'complete')).toBe(false);
  expect(listAt(backup.json, 'backup', 'unreadable').map((gap) => at(gap, 'code'))).toEqual(Array(5).fill('NOT_FOUND'));
  const again = await world.ends(3, 'architect', 'policy', 'backup');
  expect(at(again.json, 'backup', 'changed')).toBe(false);
  const verified = await world.ends(3, 'privacy', 'policy', 'verify');
  validateAnswer(['policy', 'verify'], verified);
  const failed = listAt(verified.json, 'checks').filter((check) => at(check, 'status') !== 'pass');
  expect(failed.map((check) => at(check, 'id'))).toEqual(['complete']);

  // Anyone with plain Git and coreutils checks the files.
  const plain = join(world.dir, 'plain');
  execFileSync('git', ['clone', '--quiet', world.origin, plain]);
  execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: join(plain, 'backups') });

  const before = await policyOf(world.caseDataArn);
  await client.send(new ScheduleKeyDeletionCommand({ KeyId: world.caseDataArn, PendingWindowInDays: 7 }));
  await world.advance('8d');
  await world.ok('privacy', 'heartbeat');
  const { json } = await world.run('architect', ['keys', 'apply', '--reason', 'gone']);
  const made = listAt(json, 'requests')
    .map((item) => at(item, 'request') ?? item)
    .find((item) => at(item, 'action') === 'key.create' && at(item, 'key', 'name') === 'case-data');
  const asked = { id: textAt(made, 'id'), digest: textAt(made, 'digest') };
  for (const player of ['architect', 'privacy'] as const) await world.approve(player, asked);
  const executed = await world.ok('deputy', 'keys', 'execute', asked.id);
  const arn = textAt(executed.json, 'receipt', 'key', 'arn');
  expect(arn).not.toBe(world.caseDataArn);

  // Somebody puts another policy onto the new key, past the tool.
  const weak = JSON.parse(before) as { Statement: { Sid: string; Principal: { AWS: string } }[] };
  weak.Statement.push({ ...weak.Statement[0], Sid: 'Extra' } as never);
  await client.send(new PutKeyPolicyCommand({ KeyId: arn, Policy: JSON.stringify(weak), PolicyName: 'default' }));
  const diff = await world.ends(3, 'architect', 'policy', 'diff');
  validateAnswer(['policy', 'diff'], diff);
  expect(
    listAt(diff.json, 'differences')
      .map((one) => at(one, 'change'))
      .sort(),
  ).toEqual(['added', 'removed']);

  const dry = await world.ok('architect', 'policy', 'restore', 'case-data', '--dry-run');
  validateAnswer(['policy', 'restore'], dry);
  const restore = await world.ok('architect', 'policy', 'restore', 'case-data', '--reason', 'made again');
  validateAnswer(['policy', 'restore'], restore);
  expect(at(restore.json, 'restore', 'backup', 'keyId')).toBe(world.caseDataArn.split('/').at(-1));
  expect(textAt(restore.json, 'restore', 'key', 'alias')).toBe(ALIAS);
  const one = await world.approve('architect', askedIn(restore));
  expect(textAt(one.json, 'request', 'state')).toBe('pending');
  await world.ends(8, 'deputy', 'keys', 'execute', askedIn(restore).id);
  await world.approve('privacy', askedIn(restore));
  await world.ok('deputy', 'keys', 'execute', askedIn(restore).id);
  const id = (text: string) => text.split('/').at(-1) ?? '';
  expect(JSON.parse(await policyOf(arn))).toEqual(JSON.parse(before.replaceAll(id(world.caseDataArn), id(arn))));
  const same = await world.ok('architect', 'policy', 'restore', 'case-data');
  expect(at(same.json, 'request')).toBeUndefined();
});
