import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { JsonObject } from '../../src/lib/base/canonical-json.js';
import { openFileStore } from '../../src/lib/sandbox/state.js';
import type { World } from './world.js';

/** An audit ledger in S3, as the platform team of an account and its attackers see it: roles, raw clients, what nobody may do. */

const ACCOUNT = '000000000000';
export const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
export const [WRITER, READER] = [role('ledger-w'), role('ledger-r')];
export type LedgerRole = 'ledger-w' | 'ledger-r';

/** Credentials of a profile of the sandbox, or of a role that the administrator enters. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The file of profiles with the ledger's roles. */
export function ledgerProfiles({ dir }: World): string {
  return join(dir, 'aws-config');
}

export async function keysOf({ serving }: World, profile: string, region: string): Promise<Keys> {
  const own = serving.sandbox.profiles().find(({ name }) => name === profile);
  if (own) return own;
  const admin = serving.sandbox.profiles().find(({ name }) => name === 'admin');
  if (!admin) throw new Error('the sandbox has no administrator');
  const sts = new STSClient({ region, endpoint: serving.info.endpoint, credentials: admin });
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: role(profile), RoleSessionName: 'raw' }));
  sts.destroy();
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
}

/** A client that is no part of this tool, and asks no guard. */
export async function rawS3(world: World, profile: string, region: string): Promise<S3Client> {
  const { endpoint } = world.serving.info;
  return new S3Client({ region, endpoint, forcePathStyle: true, credentials: await keysOf(world, profile, region) });
}

/** Whoever may enter a role, and what it may do: by IAM alone. */
export interface WantedRole {
  readonly name: string;
  readonly enters: Readonly<Record<string, string>>;
  readonly may: object;
}

/** Makes roles, or gives those that are there another policy. */
export async function putRoles(world: World, wanted: readonly WantedRole[]): Promise<void> {
  const { endpoint } = world.serving.info;
  const iam = new IAMClient({ region: 'us-east-1', endpoint, credentials: await keysOf(world, 'admin', 'us-east-1') });
  for (const { name: RoleName, enters: Principal, may } of wanted) {
    const trust = { Effect: 'Allow', Principal, Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'] };
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
    const made = iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    await made.catch((cause: Error) => {
      if (cause.name !== 'EntityAlreadyExistsException') throw cause;
    });
    const PolicyDocument = JSON.stringify(may);
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'own', PolicyDocument }));
  }
  iam.destroy();
}

/** The role that writes and the one that reads, and profiles for them. */
export async function createLedgerRoles(world: World): Promise<void> {
  const kms = { Effect: 'Allow', Action: ['kms:GenerateDataKey', 'kms:Decrypt'], Resource: '*' };
  const may = { Version: '2012-10-17', Statement: [kms] };
  const names = ['ledger-w', 'ledger-r'];
  await putRoles(
    world,
    names.map((name) => ({ name, enters: { AWS: role('Admin') }, may })),
  );
  const config = readFileSync(world.serving.info.configFile, 'utf8');
  const [, settings = ''] = /\[profile admin\]\n([^[]*)/.exec(config) ?? [];
  const more = names.map(
    (name) => `[profile ${name}]\n${settings.trim()}\nrole_arn = ${role(name)}\nsource_profile = admin\n`,
  );
  writeFileSync(ledgerProfiles(world), `${config}\n${more.join('\n')}`);
}

/** A row of a table of the sandbox's state: it stays as what is answered, or goes for null. */
export type Rewrite = (table: string, row: JsonObject, id: string) => JsonObject | null;

/** The same world, in which rows of S3's state are other ones, as no call of AWS could make them. */
export async function rewritten(world: World, change: Rewrite): Promise<World> {
  await world.stop();
  const store = openFileStore(join(world.dir, 'sandbox'));
  for (const table of ['s3.buckets', 's3.versions', 's3.bytes']) {
    for (const [id, row] of [...store.rows(table)]) {
      const next = change(table, row, id);
      if (next === null) store.remove(table, id);
      else if (next !== row) store.put(table, id, next);
    }
  }
  store.flush();
  store.close();
  return world.again();
}
