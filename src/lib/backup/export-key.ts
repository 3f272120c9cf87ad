import { encodeBase64 } from '../base/bytes.js';
import type { JsonValue } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { type Grant, type KeyDescription, type KeyReader, keyArnOf } from '../key/key.js';
import type { Plan } from '../plan/plan.js';
import { orGap } from './gap.js';
import type { Gap } from './manifest.js';
import type { KeyFile } from './paths.js';
import { policyValue, rolesIn, type Snapshot } from './snapshot.js';

export interface KeyToExport {
  readonly region: string;
  readonly keyId: string;
  readonly aliases: readonly string[];
}

export interface ExportedKey {
  /** Null for a key that KMS does not describe. */
  readonly description: KeyDescription | null;
  readonly snapshot: Snapshot;
  readonly roles: ReadonlySet<string>;
}

/** Reads everything that it takes to build a key again, but its material, which never leaves KMS. */
export async function exportKey(
  reader: KeyReader,
  { partition, account }: Pick<Plan, 'partition' | 'account'>,
  { region, keyId, aliases }: KeyToExport,
  gaps: Gap[],
): Promise<ExportedKey> {
  const arn = keyArnOf({ partition, region, account, keyId });
  const part = <T>(name: KeyFile, read: () => Promise<T | null>) =>
    orGap(gaps, { region, subject: keyId, part: name }, async () => present(await read()));
  const description = await part('key', () => reader.describe(region, arn));
  if (!description) return { description: null, snapshot: {}, roles: new Set() };
  const [policy, tags, grants, rotation, publicKey, materials] = await Promise.all([
    part('policy', async () => policyOf(await reader.policy(region, arn))),
    part('tags', () => reader.tags(region, arn)),
    part('grants', () => reader.grants(region, arn)),
    rotates(description) ? part('rotation', () => rotationOf(reader, region, arn)) : undefined,
    hasPublicKey(description) ? part('public-key', () => reader.publicKey(region, arn)) : undefined,
    description.origin === 'EXTERNAL' ? part('materials', () => reader.materials(region, arn)) : undefined,
  ]);
  const { multiRegion } = description;
  const snapshot: Snapshot = {
    key: keyPart(description),
    aliases: [...aliases],
    ...(policy === undefined ? {} : { policy }),
    ...(tags === undefined ? {} : { tags }),
    ...(grants === undefined ? {} : { grants }),
    ...(rotation === undefined ? {} : { rotation }),
    ...(multiRegion ? { replicas: { primary: multiRegion.primaryRegion, replicas: multiRegion.replicaRegions } } : {}),
    ...(publicKey === undefined
      ? {}
      : { 'public-key': { publicKey: encodeBase64(publicKey.spki), signingAlgorithms: publicKey.signingAlgorithms } }),
    ...(materials === undefined ? {} : { materials }),
  };
  return { description, snapshot, roles: namedRoles(policy, grants, account) };
}

/** A key that goes while it is read is not in the backup, and that is said. */
function present<T>(value: T | null): T {
  if (value === null) throw new CustodyError('NOT_FOUND', 'there is no such key any more');
  return value;
}

function policyOf(text: string | null): JsonValue | null {
  return text === null ? null : policyValue(text);
}

async function rotationOf(
  reader: KeyReader,
  region: string,
  arn: string,
): Promise<NonNullable<Snapshot['rotation']> | null> {
  const [status, history] = await Promise.all([reader.rotationStatus(region, arn), reader.rotations(region, arn)]);
  if (status === null || history === null) return null;
  // That one is under way is over in a minute, and would make a backup of its own.
  const { enabled, periodDays, nextAt } = status;
  return { enabled, periodDays, nextAt, history };
}

/** Only symmetric keys rotate ("Rotating AWS KMS keys"); of one that is on its way out KMS says nothing of it. */
function rotates({ spec, state }: KeyDescription): boolean {
  return spec === 'SYMMETRIC_DEFAULT' && state !== 'PendingDeletion' && state !== 'PendingReplicaDeletion';
}

function hasPublicKey({ spec }: KeyDescription): boolean {
  return spec !== 'SYMMETRIC_DEFAULT' && !spec.startsWith('HMAC_');
}

function keyPart(found: KeyDescription): NonNullable<Snapshot['key']> {
  const { arn, description, state, spec, usage, origin, createdAt, deletionAt, multiRegion } = found;
  return { arn, description, state, spec, usage, origin, createdAt, deletionAt, multiRegion: multiRegion !== null };
}

function namedRoles(policy: JsonValue | undefined, grants: readonly Grant[] | undefined, account: string) {
  const named = (grants ?? []).flatMap(({ grantee, retiring }) => [grantee, retiring ?? '']);
  return rolesIn([policy ?? null, named], account);
}
