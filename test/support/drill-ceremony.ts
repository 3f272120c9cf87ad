import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AddClientIDToOpenIDConnectProviderCommand,
  CreateRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateKeyCommand, GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { fromIni } from '@aws-sdk/credential-providers';
import { textAt } from '../../src/lib/rehearse/expect.js';
import { callAdmin, readToken } from '../../src/lib/sandbox/client.js';
import { SANDBOX_ISSUER } from '../../src/lib/sandbox/sts/federation.js';
import { Ceremony, PLAYERS } from './cli.js';
import { makeCaseData, onlyCaseData } from './one-key.js';

/**
 * A repository of one key under the interlock, with an automation identity whose role and key stand in the account as a platform
 * team puts them there, backups, and a canary: whatever a drill needs to be verified.
 */

const ACCOUNT = '000000000000';
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/${SANDBOX_ISSUER}`;
export const AUDIENCE = 'sts.amazonaws.com';
/** Of the one pipeline that may be the automation; GitLab's form, in which a provider of any host is known. */
export const SUBJECT = 'project_path:acme/keys:ref_type:branch:ref:main:environment_protected:true';
const ROLES: Readonly<Record<string, string>> = {
  ci: 'custody-ci',
  auditor: 'custody-auditor',
  drill: 'custody-drill',
  executor: 'custody-executor',
  cold: 'custody-cold',
  architect: 'SecurityArchitect',
  privacy: 'PrivacyEngineer',
  deputy: 'SecurityArchitect-deputy',
};

export interface DrillCeremony {
  readonly ceremony: Ceremony;
  /** Folder of what `policy render --roles` printed. */
  readonly rendered: string;
}

export async function foundDrillCeremony(): Promise<DrillCeremony> {
  const draft = async (text: string, at: Ceremony) => edited(text, await makeAutomation(at));
  // One can sign where the primary Region is down.
  const ceremony = await Ceremony.found(draft, { deputy: 'eu-west-1' });
  try {
    const rendered = await installRoles(ceremony);
    await makeCaseData(ceremony);
    await interlock(ceremony);
    await ceremony.ok('architect', 'dr', 'runbook', '--publish');
    await ceremony.ok('architect', 'policy', 'backup');
    const first = await ceremony.run('architect', ['dr', 'verify', '--drill-profile', 'drill', '--only', 'data']);
    if (first.exit !== 3) throw new Error(`the first drill: exit ${first.exit}\n${first.stdout}${first.stderr}`);
    return { ceremony, rendered };
  } catch (cause) {
    await ceremony.end();
    throw cause;
  }
}

/** A pipeline's token, as its CI system issues it. */
export async function tokenFor(
  { serving, dir }: Ceremony,
  wish: { subject: string; audience: string },
): Promise<string> {
  const address = { port: serving.info.port, token: readToken(join(dir, 'sandbox')) };
  return textAt(await callAdmin(address, 'POST', 'token', { ...wish }), 'token');
}

function adminOf({ serving: { info } }: Ceremony) {
  const { configFile: configFilepath, credentialsFile: filepath, endpoint } = info;
  const credentials = fromIni({ profile: 'admin', configFilepath, filepath, ignoreCache: true });
  return { region: 'eu-central-1', endpoint, credentials };
}

async function makeAutomation(ceremony: Ceremony): Promise<{ readonly home: string; readonly publicKey: string }> {
  const [iam, kms] = [new IAMClient(adminOf(ceremony)), new KMSClient(adminOf(ceremony))];
  try {
    const nobody = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole' }] };
    await iam.send(new CreateRoleCommand({ RoleName: ROLES.ci, AssumeRolePolicyDocument: JSON.stringify(nobody) }));
    await iam.send(
      new AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: PROVIDER, ClientID: AUDIENCE }),
    );
    const may = (arn: string, ...Action: string[]) => ({
      Effect: 'Allow',
      Principal: { AWS: arn },
      Action,
      Resource: '*',
    });
    const Statement = [
      may(role('custody-ci'), 'kms:Sign', 'kms:GetPublicKey', 'kms:DescribeKey'),
      may(role('Admin'), 'kms:GetPublicKey', 'kms:PutKeyPolicy'),
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    const made = await kms.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', Policy }));
    const home = made.KeyMetadata?.Arn ?? '';
    const { PublicKey = new Uint8Array() } = await kms.send(new GetPublicKeyCommand({ KeyId: home }));
    return { home, publicKey: Buffer.from(PublicKey).toString('base64') };
  } finally {
    iam.destroy();
    kms.destroy();
  }
}

function edited(draft: string, { home, publicKey }: { readonly home: string; readonly publicKey: string }): string {
  const automation = [
    '  automation:',
    '    - id: ci',
    '      owner: architect',
    `      roleArn: ${role('custody-ci')}`,
    '      keys:',
    `        - home: ${home}`,
    `          publicKey: ${publicKey}`,
  ];
  const more = [
    'interlock:',
    `  coldExecutorRoleArn: ${role('custody-cold')}`,
    `  auditorRoleArn: ${role('custody-auditor')}`,
    'people:',
    `  reviewedOn: "${new Date().toISOString().slice(0, 10)}"`,
    '  maxAge: 92d',
    '  contacts:',
    ...PLAYERS.map((id) => `    - { custodian: ${id}, reach: "on-call list, page 3" }`),
    '  breakGlass:',
    '    - { name: account root user, where: "safe 4, sealed envelope 12" }',
  ];
  const own = onlyCaseData(draft).replace(/\n {2}automation: \[\]\n/, `\n${automation.join('\n')}\n`);
  if (!own.includes(home)) throw new Error('the template has another form');
  return `${own}\n${more.join('\n')}\n`;
}

/** Everything that `policy render --roles` prints, put in place of what the sandbox seeds. */
async function installRoles(ceremony: Ceremony): Promise<string> {
  const rendered = join(ceremony.dir, 'rendered');
  const subjects = ['ci', 'auditor', 'drill'].flatMap((id) => ['--subject', `${id}=${SUBJECT}`]);
  const words = ['policy', 'render', '--roles', '--provider', PROVIDER, '--audience', AUDIENCE, '--out', rendered];
  await ceremony.ok('architect', ...words, ...subjects);
  const iam = new IAMClient(adminOf(ceremony));
  try {
    for (const file of readdirSync(rendered)) {
      const [, kind, id = ''] = /^(role|trust)-(.+)\.json$/.exec(file) ?? [];
      const RoleName = ROLES[id];
      if (RoleName === undefined) continue;
      const PolicyDocument = readFileSync(join(rendered, file), 'utf8');
      if (kind === 'trust') {
        await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument }));
        continue;
      }
      const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
      for (const PolicyName of PolicyNames) await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'rendered', PolicyDocument }));
    }
    return rendered;
  } finally {
    iam.destroy();
  }
}

async function interlock(ceremony: Ceremony): Promise<void> {
  const words = ['keys', 'policy', 'case-data', '--executor', 'deputy', '--reason', 'the approval interlock'];
  const { json } = await ceremony.ok('architect', ...words);
  const [id, digest] = [textAt(json, 'request', 'id'), textAt(json, 'request', 'digest')];
  for (const player of ['architect', 'privacy'] as const)
    await ceremony.ok(player, 'keys', 'approve', id, '--reviewed', digest);
  await ceremony.ok('deputy', 'keys', 'execute', id);
}
