import type { Digest } from '../base/bytes.js';
import { type JsonObject, parseCanonical } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import {
  boolean,
  integer,
  isObject,
  list,
  nullable,
  object,
  oneOf,
  type Reader,
  readFields,
  type Shaped,
  text,
} from '../base/fields.js';
import { formatInToto, readInToto, soleSubject } from '../base/in-toto.js';
import { accountId, digest, instant, repositoryId, toolIdentity } from '../base/readers.js';

/**
 * What signs a backup: in-toto Statements v1 with predicate types of their own, looked at first, so that no record and no
 * heartbeat of a custodian can pass for one (T64).
 */
export const MANIFEST_TYPE = 'urn:custody:backup:manifest:v1';
export const HEARTBEAT_TYPE = 'urn:custody:backup:heartbeat:v1';
/** The names that the subjects have; `cosign verify-blob-attestation` is given these very files. */
const SUBJECT = { [MANIFEST_TYPE]: 'SHA256SUMS', [HEARTBEAT_TYPE]: 'manifest.sigstore.json' } as const;

const LIMITS = { maxBytes: 8 * 1024 * 1024, maxDepth: 8 };
const MOST = 100_000;

const region = text({ max: 32, pattern: /^[a-z0-9-]+$/, expected: 'a Region' });
const sequence = integer(1, 999_999_999);

/** What of a Region was there and what of it is in the backup. */
const regionInventory = object({
  region,
  /** Keys that ListKeys gives; null where it could not be read. */
  listed: nullable(integer(0, MOST)),
  awsManaged: nullable(integer(0, MOST)),
  /** Keys that belong into this backup, and those of them that are in it, whole or in part. */
  inScope: integer(0, MOST),
  exported: integer(0, MOST),
});

/** One thing that belongs into the backup and is not in it. */
const gap = object({
  region: nullable(region),
  /** A key id, the name of a planned key, or a role's ARN; null for a whole Region. */
  subject: nullable(text({ max: 700 })),
  /** `policy`, `grants`, `aliases`, … or `key` for one that is not there. */
  part: text({ max: 40, pattern: /^[a-z-]+$/, expected: 'lower-case letters' }),
  code: text({ max: 64, pattern: /^[A-Za-z_]+$/, expected: 'a code' }),
});

const common = {
  tool: toolIdentity,
  repository: repositoryId,
  sequence,
  rosterDigest: digest,
  planDigest: digest,
  createdAt: instant,
  expiresAt: instant,
};

const manifestPredicate = object({
  ...common,
  /** SHA-256 of the manifest file before; null for the first. */
  previous: nullable(digest),
  account: accountId,
  scope: oneOf(['plan', 'all']),
  complete: boolean,
  inventory: list(regionInventory, { max: 64 }),
  unreadable: list(gap, { max: MOST }),
  /** Regions of the account, as plan and keys tell of them, that this backup leaves out. */
  uncovered: list(region, { max: 64 }),
});

const heartbeatPredicate = object({ ...common, manifest: digest });

export type RegionInventory = Shaped<{
  region: Reader<string>;
  listed: Reader<number | null>;
  awsManaged: Reader<number | null>;
  inScope: Reader<number>;
  exported: Reader<number>;
}>;
export type Gap = typeof gap extends Reader<infer T> ? T : never;
export type ManifestPredicate = typeof manifestPredicate extends Reader<infer T> ? T : never;
export type HeartbeatPredicate = typeof heartbeatPredicate extends Reader<infer T> ? T : never;

/** A manifest says what SHA256SUMS is; a heartbeat says which manifest is still the newest. */
export type BackupStatement =
  | { readonly type: typeof MANIFEST_TYPE; readonly subject: Digest; readonly predicate: ManifestPredicate }
  | { readonly type: typeof HEARTBEAT_TYPE; readonly subject: Digest; readonly predicate: HeartbeatPredicate };

/** The DSSE payload: the statement's RFC 8785 form. @throws CustodyError BUG for one that `parseBackupStatement` would refuse */
export function formatBackupStatement({ type, subject, predicate }: BackupStatement): Uint8Array {
  const bytes = formatInToto({
    subjects: [{ name: SUBJECT[type], digest: subject }],
    predicateType: type,
    predicate: predicate as unknown as JsonObject,
  });
  try {
    parseBackupStatement(bytes, 'the manifest');
  } catch (cause) {
    throw new CustodyError('BUG', 'a manifest was made that nobody could read', { cause });
  }
  return bytes;
}

/** @throws CustodyError RECORD_MALFORMED */
export function parseBackupStatement(payload: Uint8Array, what: string): BackupStatement {
  const value = parseCanonical(payload, what, LIMITS);
  const type = isObject(value) ? value.predicateType : undefined;
  if (type !== MANIFEST_TYPE && type !== HEARTBEAT_TYPE)
    throw new CustodyError('RECORD_MALFORMED', `${what}: not a predicate type of backups`);
  const outer = readInToto(value, what);
  const { name, digest: subject } = soleSubject(outer, what);
  if (name !== SUBJECT[type])
    throw new CustodyError('RECORD_MALFORMED', `${what}: its subject is not ${SUBJECT[type]}`);
  if (type === HEARTBEAT_TYPE) {
    const predicate = readFields(heartbeatPredicate, outer.predicate, what, 'RECORD_MALFORMED');
    if (predicate.manifest !== subject) throw new CustodyError('RECORD_MALFORMED', `${what}: it names two manifests`);
    return { type, subject, predicate };
  }
  return { type, subject, predicate: readManifest(outer.predicate, what) };
}

/** A backup says that it is complete only where nothing is missing by its own words (T43). */
function readManifest(value: unknown, what: string): ManifestPredicate {
  const said = readFields(manifestPredicate, value, what, 'RECORD_MALFORMED');
  const missing = said.unreadable.length + said.uncovered.length;
  const short = said.inventory.some(({ inScope, exported, listed }) => exported < inScope || listed === null);
  if (said.complete && (missing > 0 || short || said.inventory.length === 0))
    throw new CustodyError('RECORD_MALFORMED', `${what}: it says that it is complete, and lists what is missing`);
  if ((said.sequence === 1) !== (said.previous === null))
    throw new CustodyError('RECORD_MALFORMED', `${what}: only the first backup has none before it`);
  if (said.createdAt >= said.expiresAt)
    throw new CustodyError('RECORD_MALFORMED', `${what}: it expires before it was made`);
  return said;
}
