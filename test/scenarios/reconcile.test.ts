import { GetRoleCommand, IAMClient, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { fromIni } from '@aws-sdk/credential-providers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { at, listAt, textAt } from '../../src/lib/rehearse/expect.js';
import type { CliOutcome } from '../support/cli.js';
import { World } from './world.js';

/** CloudTrail against the records, as the people of the repository run it: clean, with a gap, and after a change past the tool. */

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const REGION = 'eu-central-1';
const EXECUTOR = 'custody-executor';

/** Every key of the plan is made, so that nothing about them is unknown. */
async function makeTheOthers(): Promise<void> {
  const { json } = await world.ok('architect', 'keys', 'pending');
  for (const item of listAt(json, 'requests')) {
    const asked = { id: textAt(item, 'id'), digest: textAt(item, 'digest') };
    for (const player of ['architect', 'privacy'] as const) await world.approve(player, asked);
  }
  await world.ok('deputy', 'keys', 'execute', '--ready');
}

const reconcile = (exit: number, ...words: string[]) => world.ends(exit, 'privacy', 'policy', 'reconcile', ...words);
const said = ({ json }: CliOutcome) => ({
  verdict: at(json, 'verdict'),
  findings: listAt(json, 'findings').map((item) => `${at(item, 'id')}: ${at(item, 'what')} by ${at(item, 'who')}`),
});
const openChecks = ({ json }: CliOutcome) =>
  listAt(json, 'checks')
    .filter((item) => at(item, 'status') !== 'pass')
    .map((item) => `${at(item, 'id')} ${at(item, 'detail')}`);

/** The account's administrator, with the SDK in hand: lets himself into the executor's role, and disables the key as it. */
async function disablePastTheTool(): Promise<void> {
  const { configFile: configFilepath, credentialsFile: filepath, endpoint } = world.serving.info;
  const admin = fromIni({ profile: 'admin', configFilepath, filepath, ignoreCache: true });
  const iam = new IAMClient({ region: 'us-east-1', endpoint, credentials: admin });
  const sts = new STSClient({ region: REGION, endpoint, credentials: admin });
  try {
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: EXECUTOR }));
    const trust = {
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: { AWS: Role?.Arn?.replace(EXECUTOR, 'Admin') },
        Action: 'sts:AssumeRole',
      },
    };
    const PolicyDocument = JSON.stringify(trust);
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: EXECUTOR, PolicyDocument }));
    const RoleArn = Role?.Arn;
    const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'maintenance' }));
    const credentials = {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    };
    const kms = new KMSClient({ region: REGION, endpoint, credentials });
    await kms.send(new DisableKeyCommand({ KeyId: world.caseDataArn })).finally(() => kms.destroy());
  } finally {
    iam.destroy();
    sts.destroy();
  }
}

it('T66 all that a quorum let happen is clean; a gap is unproven; what the administrator does past the tool is found', async () => {
  await makeTheOthers();
  const { id } = await world.approvedRotation();
  await world.ok('deputy', 'keys', 'execute', id);
  await world.advance('1h');

  const clean = await reconcile(0);
  expect([said(clean), openChecks(clean)]).toEqual([{ verdict: 'verified', findings: [] }, []]);
  expect(Number(at(clean.json, 'counts', 'changes'))).toBeGreaterThan(4);

  // More than CloudTrail's event history keeps: nothing wrong is seen, and nothing is called clean.
  const gap = await reconcile(3, '--since', '91d');
  expect(said(gap)).toEqual({ verdict: 'unproven', findings: [] });
  expect(openChecks(gap)).toEqual(Array(2).fill(expect.stringContaining('keeps 90 days: nothing is proven from')));

  await disablePastTheTool();
  await world.advance('1h');
  const found = await reconcile(3, '--since', '2h');
  expect(said(found)).toEqual({
    verdict: 'refused',
    findings: [`unapproved-change: DisableKey case-data by session maintenance of role/${EXECUTOR}`],
  });
  const [finding] = listAt(found.json, 'findings');
  expect(finding).toMatchObject({
    severity: 'critical',
    region: REGION,
    eventId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    request: null,
  });
});
