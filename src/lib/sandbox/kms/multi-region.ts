import type { JsonObject } from '../../base/canonical-json.js';
import type { Call } from '../service.js';
import { authorizeAccount, authorizeKey, requestTags } from './access.js';
import { alreadyExists, notFound, unsupported, validation } from './errors.js';
import { keyArn, type Target, targetOf } from './identifiers.js';
import { text } from './input.js';
import { authorizeTags, newRow } from './key-creation.js';
import { metadataOf } from './metadata.js';
import { type Operations, openKey } from './operation.js';
import { bypassContext, layOut } from './policies.js';
import { putKey, rowId, type World } from './state.js';
import { assertState } from './states.js';
import { assertCount, readTags, showTags } from './tag-grammar.js';

export const multiRegionOperations: Operations = (world) => ({
  ReplicateKey: (input, call) => replicate(world, call, input),

  UpdatePrimaryRegion(input, call) {
    const region = text(input, 'PrimaryRegion');
    const context = { 'kms:PrimaryRegion': region };
    const primary = openKey(world, call, input, 'UpdatePrimaryRegion', { context });
    assertPrimary(primary);
    if (region === primary.row.region) throw validation(`${primary.arn} already is the primary key.`);
    const copy = world.keys.get(rowId(region, primary.row.keyId));
    if (copy === undefined) throw notFound(`Key '${keyArn(world, region, primary.row.keyId)}' does not exist`);
    const replica = targetOf(world, copy);
    authorizeKey(world, call, replica, 'UpdatePrimaryRegion', { context });
    assertState(world, replica.row, replica.arn, 'UpdatePrimaryRegion', call.nowMillis);
    const updatingUntilMillis = call.nowMillis + world.delays.updating;
    world.sets.put(primary.set.keyId, { ...primary.set, primaryRegion: region });
    for (const { row } of [primary, replica]) putKey(world, { ...row, updatingUntilMillis });
    return {};
  },
});

function replicate(world: World, call: Call, input: JsonObject): JsonObject {
  const region = text(input, 'ReplicaRegion');
  const tags = readTags(input.Tags);
  assertCount(tags);
  const context = { 'kms:ReplicaRegion': region, ...bypassContext(input), ...requestTags(tags) };
  const primary = openKey(world, call, input, 'ReplicateKey', { context });
  assertPrimary(primary);
  const { set } = primary;
  if (!world.regions.includes(region)) throw validation(`ReplicaRegion ${region} is not a Region of this partition.`);
  const arn = keyArn(world, region, set.keyId);
  if (world.keys.get(rowId(region, set.keyId)) !== undefined) throw alreadyExists(`${arn} already exists.`);
  authorizeAccount(call, 'CreateKey', '*', {
    'kms:KeySpec': set.keySpec,
    'kms:KeyUsage': set.keyUsage,
    'kms:KeyOrigin': set.origin,
    'kms:MultiRegion': 'true',
    'kms:MultiRegionKeyType': 'REPLICA',
    ...bypassContext(input),
    ...requestTags(tags),
  });
  authorizeTags(call, arn, tags);
  const row = newRow(world, call, set, input, tags, region);
  const replica = putKey(world, { ...row, creatingUntilMillis: call.nowMillis + world.delays.creating });
  return {
    ReplicaKeyMetadata: metadataOf(world, replica, call.nowMillis),
    ReplicaPolicy: layOut(replica.policy),
    ReplicaTags: showTags(tags),
  };
}

function assertPrimary({ row, set, arn }: Target): void {
  if (!set.multiRegion || set.primaryRegion !== row.region)
    throw unsupported(`${arn} is not a multi-Region primary key.`);
}
