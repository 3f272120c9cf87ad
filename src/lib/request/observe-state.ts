import type { JsonObject } from '../base/canonical-json.js';
import { type Grant, inRegion, type KeyDescription, type KeyReader } from '../key/key.js';
import { arnOf, commonState, describeKey, type Observe, targetIn } from './observe-key.js';

/** Whether and how often KMS rotates by itself. */
export const observeRotationSettings: Observe = async (reader, subject) => {
  const [common, status] = await Promise.all([
    commonState(reader, subject),
    reader.rotationStatus(subject.region, arnOf(subject)),
  ]);
  return { ...common, enabled: status?.enabled ?? false, periodDays: status?.periodDays ?? null };
};

/** What a veto depends on: that there is a deletion, and when it ends. */
export const observeCancellation: Observe = async (reader, subject) => ({
  ...(await commonState(reader, subject)),
  deletionAt: (await describeKey(reader, subject)).deletionAt,
});

/**
 * Everything that would be lost with a key: it is what the custodians weigh, so a deletion that was signed for a key that
 * nobody used does not run when somebody has begun to use it (T13).
 */
const observeDeletion: Observe = async (reader, subject) => {
  const description = await describeKey(reader, subject);
  const { arn, keyId, region, state, deletionAt } = description;
  const [aliases, grants, lastUse, replicas] = await Promise.all([
    reader.aliases(region),
    reader.grants(region, arn),
    lastUseOf(reader, description),
    replicasOf(reader, description),
  ]);
  const names = aliases.filter((alias) => alias.keyId === keyId).map(({ name }) => name);
  return {
    arn,
    state,
    deletionAt,
    aliasTarget: targetIn(aliases, subject.key?.alias ?? ''),
    lastUse,
    aliases: names.sort(),
    grants: (grants ?? []).map(grantText),
    replicas,
  };
};

async function lastUseOf(reader: KeyReader, { region, arn, createdAt }: KeyDescription): Promise<JsonObject | null> {
  const usage = await reader.lastUse(region, arn);
  if (usage === 'unknown' || usage === null) return null;
  const { trackedSince, last } = usage;
  return { createdAt, trackedSince, operation: last?.operation ?? null, at: last?.at ?? null };
}

function grantText({ id, grantee, operations }: Grant): string {
  return `${operations.join(', ')} for ${grantee} (${id.slice(0, 8)})`;
}

/** Of a primary: the keys in other Regions that share its material, each with its state. */
async function replicasOf(reader: KeyReader, { arn, multiRegion }: KeyDescription): Promise<readonly string[]> {
  if (multiRegion?.type !== 'PRIMARY') return [];
  return Promise.all(
    multiRegion.replicaRegions.map(async (region) => {
      const replica = await reader.describe(region, inRegion(arn, region));
      return `${region} ${replica?.state ?? 'unknown'}${replica?.deletionAt ? ` until ${replica.deletionAt}` : ''}`;
    }),
  );
}

/** Rows of the column of `observe.ts`. */
export const OBSERVE_STATE = {
  'key.rotation-off': observeRotationSettings,
  'key.enable': commonState,
  'key.disable': commonState,
  'key.delete': observeDeletion,
  'key.cancel-deletion': observeCancellation,
} as const satisfies Record<string, Observe>;
