import type { JsonObject } from '../../base/canonical-json.js';
import type { Call } from '../service.js';
import { authorizeAccount, defaultPolicy, requestTags } from './access.js';
import type { Context } from './ask.js';
import { unsupported } from './errors.js';
import { keyArn } from './identifiers.js';
import { flag, optionalText } from './input.js';
import { addMaterial } from './material.js';
import { metadataOf } from './metadata.js';
import { assertAcceptable, bypassContext } from './policies.js';
import { specOf, usageOf } from './specs.js';
import { type KeyRow, putKey, type SetRow, type World } from './state.js';
import { assertCount, readTags, type Tags } from './tag-grammar.js';

/** CreateKey: a key with its material (imported keys wait for theirs), policy and tags. */
export function createKey(world: World, input: JsonObject, call: Call): JsonObject {
  const set = newSet(world, input);
  const tags = readTags(input.Tags);
  assertCount(tags);
  const context: Context = {
    'kms:KeySpec': set.keySpec,
    'kms:KeyUsage': set.keyUsage,
    'kms:KeyOrigin': set.origin,
    'kms:MultiRegion': String(set.multiRegion),
    ...(set.multiRegion && { 'kms:MultiRegionKeyType': 'PRIMARY' }),
    ...bypassContext(input),
    ...requestTags(tags),
  };
  authorizeAccount(call, 'CreateKey', '*', context);
  const owned = { ...set, primaryRegion: call.region };
  const row = newRow(world, call, owned, input, tags);
  authorizeTags(call, keyArn(world, row.region, row.keyId), tags);
  world.sets.put(owned.keyId, owned);
  if (owned.origin === 'AWS_KMS') addMaterial(world, owned);
  return { KeyMetadata: metadataOf(world, putKey(world, row), call.nowMillis) };
}

/** Tags on a new key need TagResource too, from an identity policy: the key has no policy yet. */
export function authorizeTags(call: Call, arn: string, tags: Tags): void {
  if (Object.keys(tags).length > 0) authorizeAccount(call, 'TagResource', arn, requestTags(tags));
}

/** A key's row in the Region of the call, its policy checked. */
export function newRow(
  world: World,
  call: Call,
  set: SetRow,
  input: JsonObject,
  tags: Tags,
  region = call.region,
): KeyRow {
  const given = optionalText(input, 'Policy');
  const row: KeyRow = {
    region,
    keyId: set.keyId,
    createdMillis: call.nowMillis,
    description: optionalText(input, 'Description') ?? '',
    enabled: true,
    policy: given ?? defaultPolicy(world),
    tags,
    tagsBefore: tags,
    tagsChangedMillis: call.nowMillis,
    creatingUntilMillis: 0,
    updatingUntilMillis: 0,
    deletionWindowDays: null,
    deleteAtMillis: null,
  };
  const arn = keyArn(world, region, set.keyId);
  if (given !== null) assertAcceptable(world, call, { row, set, arn, alias: null }, given, input);
  return row;
}

function newSet(world: World, input: JsonObject): SetRow {
  const keySpec = optionalText(input, 'KeySpec') ?? optionalText(input, 'CustomerMasterKeySpec') ?? 'SYMMETRIC_DEFAULT';
  const keyUsage = usageOf(keySpec, optionalText(input, 'KeyUsage'));
  const origin = optionalText(input, 'Origin') ?? 'AWS_KMS';
  if (origin !== 'AWS_KMS' && origin !== 'EXTERNAL')
    throw unsupported(`Origin ${origin} is not supported in this Region.`);
  if (origin === 'EXTERNAL' && specOf(keySpec).family !== 'symmetric') {
    throw unsupported(`KeySpec ${keySpec} is not supported for Origin EXTERNAL in this Region.`);
  }
  const multiRegion = flag(input, 'MultiRegion');
  return {
    keyId: multiRegion ? `mrk-${world.random(16).toString('hex')}` : uuid(world.random(16)),
    keySpec,
    keyUsage,
    origin,
    multiRegion,
    primaryRegion: '',
    rotationPeriodDays: 365,
    nextRotationMillis: null,
    onDemandStartMillis: null,
    onDemandCount: 0,
    materialIds: [],
  };
}

/** RFC 9562 version 4 from 16 random bytes. */
function uuid(bytes: Buffer): string {
  const hex = Buffer.from(bytes);
  hex[6] = ((hex[6] ?? 0) & 0x0f) | 0x40;
  hex[8] = ((hex[8] ?? 0) & 0x3f) | 0x80;
  return hex.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
