import { type Digest, digestOf } from '../base/bytes.js';
import { type JsonValue, sameJson } from '../base/canonical-json.js';
import { addSeconds, type Instant } from '../base/time.js';
import type { Plan } from '../plan/plan.js';
import type { InForce } from '../request/in-force.js';
import type { Ports } from '../request/ports.js';
import type { StatementSigner } from '../signing/statement-signer.js';
import type { Exported } from './export.js';
import { formatBackupStatement, HEARTBEAT_TYPE, MANIFEST_TYPE, type ManifestPredicate } from './manifest.js';
import type { OpenBackup } from './newest.js';
import type { Scope } from './scope.js';

/** What is signed after an export, and whether anything has changed. */

export interface Made {
  readonly manifest: ManifestPredicate;
  /** Of the manifest's file. */
  readonly digest: Digest;
  readonly changed: boolean;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  /** The bundle that is new: a manifest, or a heartbeat for the one that stands. */
  readonly bundle: Uint8Array;
}

interface Making {
  readonly ports: Pick<Ports, 'clock' | 'tool'>;
  readonly state: InForce;
  readonly scope: Scope;
}

/** How long a backup counts as fresh. */
export function expirySecondsOf({ backup, recovery }: Plan): number {
  return backup?.expirySeconds ?? recovery.rpoSeconds;
}

/** The manifest of an export that follows `before`. */
export function manifestAfter(
  { ports, state, scope }: Making,
  { inventory, unreadable, uncovered }: Exported,
  before: OpenBackup | null,
): ManifestPredicate {
  const createdAt = ports.clock.now();
  const whole = inventory.every(({ listed, inScope, exported }) => listed !== null && exported === inScope);
  return {
    tool: ports.tool,
    repository: state.roster.repository,
    sequence: (before?.manifest.sequence ?? 0) + 1,
    previous: before?.digest ?? null,
    createdAt,
    expiresAt: addSeconds(createdAt, expirySecondsOf(state.plan.plan)),
    rosterDigest: state.rosterDigest,
    planDigest: state.planDigest,
    account: scope.plan.account,
    scope: scope.kind,
    complete: inventory.length > 0 && whole && unreadable.length + uncovered.length === 0,
    inventory,
    unreadable,
    uncovered,
  };
}

/** Seals the manifest, or where nothing has changed a heartbeat for the one before. */
export async function makeAfter(
  signer: StatementSigner,
  before: OpenBackup | null,
  manifest: ManifestPredicate,
  sumsBytes: Uint8Array,
): Promise<Made> {
  const { createdAt, expiresAt } = manifest;
  if (before !== null && isSame(before, manifest, sumsBytes)) {
    const { tool, repository, rosterDigest, planDigest } = manifest;
    const { sequence } = before.manifest;
    const predicate = {
      tool,
      repository,
      rosterDigest,
      planDigest,
      createdAt,
      expiresAt,
      sequence,
      manifest: before.digest,
    };
    const bundle = await signer.seal(
      formatBackupStatement({ type: HEARTBEAT_TYPE, subject: before.digest, predicate }),
    );
    return { manifest: before.manifest, digest: before.digest, changed: false, createdAt, expiresAt, bundle };
  }
  const subject = digestOf(sumsBytes);
  const bundle = await signer.seal(formatBackupStatement({ type: MANIFEST_TYPE, subject, predicate: manifest }));
  return { manifest, digest: digestOf(bundle), changed: true, createdAt, expiresAt, bundle };
}

/** The same keys under the same rules; the signer's public key is one of the files. */
export function isSame(before: OpenBackup, next: ManifestPredicate, sumsBytes: Uint8Array): boolean {
  return Buffer.compare(before.sumsBytes, sumsBytes) === 0 && sameJson(factsOf(before.manifest), factsOf(next));
}

function factsOf(manifest: ManifestPredicate): JsonValue {
  const {
    tool: _,
    sequence: _sequence,
    previous: _previous,
    createdAt: _createdAt,
    expiresAt: _expiresAt,
    ...facts
  } = manifest;
  return facts as unknown as JsonValue;
}
