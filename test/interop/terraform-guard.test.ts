import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEMPLATE } from '../lib/plan/fixture.js';
import { custody } from '../support/cli.js';
import { S3_PEERS, type S3Server, startS3 } from '../support/s3-servers.js';
import { type CallTerraform, openTerraform, TERRAFORM } from '../support/terraform-peer.js';

const peers = TERRAFORM && S3_PEERS.moto;
const BUCKET = 'aws_s3_bucket.ledger[0]';
const KEY = 'aws_kms_key.cases[0]';

/** Real plans over moto, put to the guard; paths come in CUSTODY_PEER_TERRAFORM, CUSTODY_PEER_TERRAFORM_AWS and CUSTODY_PEER_MOTO. */
describe.skipIf(!peers)(`the guard over Terraform${peers ? '' : ' (skipped: a CUSTODY_PEER_ is not set)'}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'custody-terraform-guard-'));
  const draft = join(dir, 'custody.yaml');
  let moto: S3Server;
  let terraform: CallTerraform;

  beforeAll(async () => {
    moto = await startS3('moto');
    const { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } = moto;
    terraform = await openTerraform(dir, 'terraform-ledger', {
      PATH: process.env.PATH,
      HOME: dir,
      AWS_ACCESS_KEY_ID,
      AWS_SECRET_ACCESS_KEY,
    });
    const role = (name: string) => `"arn:aws:iam::111122223333:role/${name}"`;
    const inS3 = `store: s3
  s3:
    bucket: acme-ledger
    region: eu-central-1
    key: audit-ledger
    writerRoleArns: [${role('ledger-w')}]
    readerRoleArns: [${role('ledger-r')}]`;
    writeFileSync(draft, TEMPLATE.replace('store: git', inS3));
  });

  afterAll(async () => {
    await moto?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  /** The plan of what is changed, and what the guard finds in it. */
  async function judged(...change: readonly string[]) {
    const variables = [`endpoint=${moto.endpointUrl}`, ...change].flatMap((variable) => ['-var', variable]);
    await terraform('plan', '-out=plan.out', ...variables);
    const plan = join(dir, 'plan.json');
    writeFileSync(plan, await terraform('show', '-json', 'plan.out'));
    const words = ['policy', 'guard', '--terraform', plan, '--plan', draft, '--json'];
    const { exit, json } = await custody(words, { HOME: dir });
    const { ledger, concerned, findings } = json;
    return { exit, ledger, concerned, findings };
  }

  const passed = (concerned: number) => ({ exit: 0, ledger: ['acme-ledger'], concerned, findings: [] });
  const refused = (what: string, rules: readonly string[]) => ({
    exit: 3,
    ledger: ['acme-ledger'],
    concerned: 1,
    findings: [expect.objectContaining({ what, outcome: 'planned', rules })],
  });

  it('lets the ledger be made with its lock, and nothing or a new key be planned after that', async () => {
    expect(await judged()).toEqual(passed(2));
    await terraform('apply', 'plan.out');
    expect(await judged()).toEqual(passed(0));
    expect(await judged('keys=2')).toEqual(passed(1));
  });

  it('refuses a plan that deletes the bucket or shortens its lock', async () => {
    expect(await judged('ledgers=0')).toEqual(
      refused(BUCKET, ['ledger-deleted', 'lock-not-compliance', 'versioning-not-enabled']),
    );
    expect(await judged('days=1')).toEqual(refused(BUCKET, ['lock-not-compliance']));
  });

  it("refuses a plan that touches a key's policy, or ends it", async () => {
    expect(await judged('reader=role/x')).toEqual(refused(KEY, ['key-changed-without-quorum', 'key-policy-changed']));
    expect(await judged('keys=0')).toEqual(refused(KEY, ['key-changed-without-quorum', 'key-deleted']));
  });
});
