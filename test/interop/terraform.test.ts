import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { fromIni } from '@aws-sdk/credential-providers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Serving, serve } from '../../src/lib/sandbox/serve.js';
import { ledgerTerraform } from '../../src/lib/setup/ledger-terraform.js';
import { draft } from '../lib/plan/fixture.js';
import { awsEnvironment } from '../support/python-peer.js';
import { type CallTerraform, openTerraform, TERRAFORM } from '../support/terraform-peer.js';

/** Terraform with its AWS provider (SDK for Go) keeps a key and a role in the sandbox; paths come in CUSTODY_PEER_TERRAFORM and CUSTODY_PEER_TERRAFORM_AWS. */
describe.skipIf(!TERRAFORM)(`Terraform${TERRAFORM ? '' : ' (skipped: CUSTODY_PEER_TERRAFORM is not set)'}`, () => {
  let dir: string;
  let serving: Serving;
  let call: CallTerraform;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'custody-terraform-'));
    serving = await serve({ dir: join(dir, 'sandbox') });
    call = await openTerraform(dir, 'terraform', awsEnvironment(serving.info, 'admin'));
  });

  afterAll(async () => {
    await serving?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const wanted = { region: 'eu-central-1', description: 'Case data', rotation: 'true', team: 'a' };

  const variables = (change: Partial<typeof wanted>) =>
    Object.entries({ ...wanted, ...change, endpoint: serving.info.endpoint }).flatMap(([name, value]) => [
      '-var',
      `${name}=${value}`,
    ]);
  const apply = (change: Partial<typeof wanted> = {}) => call('apply', '-auto-approve', ...variables(change));
  /** Exit 2 of `-detailed-exitcode`, what was read back differs from what was written, would reject. */
  const plan = (change: Partial<typeof wanted> = {}) => call('plan', '-detailed-exitcode', ...variables(change));

  it("reads the ledger's file as HCL, and no file that is cut off", async () => {
    const role = (name: string) => `arn:aws:iam::000000000000:role/${name}`;
    const s3 = {
      bucket: 'audit-ledger-7f3a',
      region: 'eu-central-1',
      key: 'audit-ledger',
      writerRoleArns: [role('writer')],
      readerRoleArns: [role('reader')],
      replica: { bucket: 'audit-ledger-copy', region: 'eu-west-1' },
    };
    const ledger = { store: 's3', retentionDays: 30, s3 } as const;
    const arn = (region: string) => `arn:aws:kms:${region}:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
    const keys = { keyArn: arn('eu-central-1'), copyKeyArn: arn('eu-west-1') };
    const text = ledgerTerraform({ ...draft().plan, account: '000000000000', ledger }, keys);
    // Its resources are those of provider 6; this one, of 2019, does not know most of them.
    const file = join(dir, 'ledger', 'custody-ledger.tf');
    mkdirSync(join(dir, 'ledger'));
    writeFileSync(file, text);
    await call('fmt', '-write=false', file);
    writeFileSync(file, text.slice(0, -3));
    await expect(call('fmt', '-write=false', file)).rejects.toThrow();
  });

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
