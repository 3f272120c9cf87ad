import { CustodyError } from '../base/errors.js';
import type { SlotKeeper } from '../key/slots.js';
import type { AwsConnection } from './connection.js';
import { enterExecutor } from './executor.js';
import { allPages } from './pages.js';
import { nameOfRole } from './role-arn.js';

/** Approval slots as IAM keeps them (ListRoleTags, TagRole, UntagRole). */
export function createSlotKeeper(aws: AwsConnection): SlotKeeper {
  return {
    list: (roleArn) => list(aws, roleArn),
    set: (roleArn, tagKey, value) => set(aws, roleArn, tagKey, value),
    clear: (roleArn, tagKeys) => untag(aws, roleArn, tagKeys),
    sweep: async (session, tagKeys) => {
      if (tagKeys.length === 0) return;
      const scope = { actions: ['iam:UntagRole'], resources: [session.roleArn] };
      await untag(await enterExecutor(aws, { ...session, ...scope }), session.roleArn, tagKeys);
    },
  };
}

async function list(aws: AwsConnection, roleArn: string): Promise<ReadonlyMap<string, string>> {
  const RoleName = nameOfRole(roleArn);
  try {
    const tags = await allPages('ListRoleTags', async (Marker) => {
      const { output } = await aws
        .iam()
        .read('ListRoleTags', (sdk, client) =>
          client.send(new sdk.ListRoleTagsCommand({ RoleName, ...(Marker === undefined ? {} : { Marker }) })),
        );
      return { items: output.Tags, truncated: output.IsTruncated, next: output.Marker };
    });
    return new Map(tags.map(({ Key = '', Value = '' }) => [Key, Value]));
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'NOT_FOUND') return new Map();
    throw cause;
  }
}

/** The same tag twice is the same state: these calls may be repeated. */
async function set(aws: AwsConnection, roleArn: string, Key: string, Value: string): Promise<void> {
  const RoleName = nameOfRole(roleArn);
  await aws
    .iam()
    .read('TagRole', (sdk, client) => client.send(new sdk.TagRoleCommand({ RoleName, Tags: [{ Key, Value }] })));
}

async function untag(aws: AwsConnection, roleArn: string, tagKeys: readonly string[]): Promise<void> {
  if (tagKeys.length === 0) return;
  const RoleName = nameOfRole(roleArn);
  await aws
    .iam()
    .read('UntagRole', (sdk, client) => client.send(new sdk.UntagRoleCommand({ RoleName, TagKeys: [...tagKeys] })));
}
