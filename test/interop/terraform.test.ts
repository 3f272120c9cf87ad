import { execFile } from 'node:child_process';
import { copyFileSync, linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { fromIni } from '@aws-sdk/credential-providers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Serving, serve } from '../../src/lib/sandbox/serve.js';
import { PACKAGE_ROOT } from '../support/built.js';
import { awsEnvironment } from '../support/python-peer.js';

const run = promisify(execFile);
const terraform = process.env.CUSTODY_PEER_TERRAFORM;
const provider = process.env.CUSTODY_PEER_TERRAFORM_AWS;
const peers = terraform && provider;

/** Terraform with its AWS provider (SDK for Go) keeps a key and a role in the sandbox; paths come in CUSTODY_PEER_TERRAFORM and CUSTODY_PEER_TERRAFORM_AWS. */
describe.skipIf(!peers)(`Terraform${peers ? '' : ' (skipped: CUSTODY_PEER_TERRAFORM is not set)'}`, () => {
  let dir: string;
  let serving: Serving;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'custody-terraform-'));
    serving = await serve({ dir: join(dir, 'sandbox') });
    mkdirSync(join(dir, 'plugins'));
    linkOrCopy(provider ?? '', join(dir, 'plugins', 'terraform-provider-aws_v1.60.0_x4'));
    copyFileSync(join(PACKAGE_ROOT, 'test/interop/peer/terraform/main.tf'), join(dir, 'main.tf'));
    await call('init', `-plugin-dir=${join(dir, 'plugins')}`);
  });

  afterAll(async () => {
    await serving?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const wanted = { region: 'eu-central-1', description: 'Case data', rotation: 'true', team: 'a' };

  async function call(...words: string[]): Promise<string> {
    const env = { ...awsEnvironment(serving.info, 'admin'), CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' };
    const { stdout } = await run(terraform ?? '', [...words, '-no-color'], { cwd: dir, env, timeout: 110_000 });
    return stdout;
  }

  const variables = (change: Partial<typeof wanted>) =>
    Object.entries({ ...wanted, ...change, endpoint: serving.info.endpoint }).flatMap(([name, value]) => [
      '-var',
      `${name}=${value}`,
    ]);
  const apply = (change: Partial<typeof wanted> = {}) => call('apply', '-auto-approve', ...variables(change));
  /** Exit 2 of `-detailed-exitcode`, what was read back differs from what was written, would reject. */
  const plan = (change: Partial<typeof wanted> = {}) => call('plan', '-detailed-exitcode', ...variables(change));

  it('makes what is written, and reads back the same', async () => {
    expect(await apply()).toContain('Resources: 5 added, 0 changed, 0 destroyed');
    expect(await plan()).toContain('No changes');
    await expect(plan({ team: 'b' })).rejects.toMatchObject({ code: 2 });
  });

  it('changes it, and reads back the change', async () => {
    const change = { description: 'Data of cases', rotation: 'false', team: 'b' };
    expect(await apply(change)).toContain('Resources: 0 added, 2 changed, 0 destroyed');
    expect(await plan(change)).toContain('No changes');
  });

  it('takes it away, which leaves the key waiting for its deletion', async () => {
    const KeyId = (await call('output', 'key')).trim().replaceAll('"', '');
    expect(await call('destroy', '-auto-approve', ...variables({}))).toContain('Resources: 5 destroyed');
    const { endpoint, configFile: configFilepath, credentialsFile: filepath } = serving.info;
    const credentials = fromIni({ profile: 'admin', configFilepath, filepath, ignoreCache: true });
    const kms = new KMSClient({ region: wanted.region, endpoint, credentials });
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
    kms.destroy();
    expect(KeyMetadata?.KeyState).toBe('PendingDeletion');
  });
});

/** 95 MB: a link where the peers lie on the same file system. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
