import type { BackupPlace } from '../backup/backup.js';
import type { Instant } from '../base/time.js';
import type { LedgerQuestion } from '../inspect/audit-ledger.js';
import type { ProofReport } from '../inspect/proof.js';
import type { ReconcileReport } from '../inspect/reconcile/reconcile.js';
import type { CanaryKeeper } from '../key/canary.js';
import type { KeyReader, KeyReEncryptor, KeyWriter } from '../key/key.js';
import type { KeyMaterial } from '../key/material.js';
import type { ObjectStore } from '../ledger/objects.js';
import type { Case } from '../request/case.js';
import type { InForce } from '../request/in-force.js';
import type { Aws, Ports } from '../request/ports.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import type { Drilled } from './history.js';

/** The credentials of the drill role: canaries of the plan's keys, and keys that a drill makes itself. */
export interface DrillRole {
  readonly canaries: CanaryKeeper;
  readonly reEncryptor: KeyReEncryptor;
  readonly reader: KeyReader;
  readonly writer: KeyWriter;
  /** Fresh material that is of no key; whoever asked for it wipes it. */
  readonly newMaterial: () => KeyMaterial;
}

/** Another repository with the same backups, as somebody would have it who has lost everything else. */
export interface Copy {
  /** Its address, for people. */
  readonly name: string;
  /** Makes a clone with nothing before it, hands it over, and takes it away again. */
  use<T>(work: (place: BackupPlace) => Promise<T>): Promise<T>;
}

/** The audit ledger of the plan. */
export interface AuditPlace {
  /** How it is verified. @throws CustodyError what opening it throws */
  readonly question: () => Promise<LedgerQuestion>;
  /** Its copy in another Region; null where the plan names none. */
  readonly copy: (() => Promise<ObjectStore>) | null;
}

/** The flows of other folders that a drill asks; each reads alone. */
export interface Inspections {
  /** The proof over the live keys and the account. */
  readonly prove: () => Promise<ProofReport>;
  /** CloudTrail against the records. */
  readonly reconcile: (since: Instant) => Promise<ReconcileReport>;
  /** Who may enter a role, as IAM has it: JSON text; null where there is no such role. @throws CustodyError DENIED */
  readonly trust: (roleArn: string) => Promise<string | null>;
}

/** Everything that the drills look at. */
export interface Scene {
  readonly ports: Ports;
  readonly aws: Aws;
  readonly state: InForce;
  readonly cases: readonly Case[];
  readonly place: BackupPlace;
  readonly verifier: StatementVerifier;
  readonly copies: readonly Copy[];
  /** Null where the repository's chain is the only ledger. */
  readonly audit: AuditPlace | null;
  readonly role: DrillRole;
  readonly inspections: Inspections;
  /** Drills before this one, oldest first. */
  readonly history: readonly Drilled[];
  /** Milliseconds from any point on, for measuring. */
  readonly stopwatch: () => number;
  readonly startedAt: Instant;
  /** Names the run on what it makes: 16 hex characters. */
  readonly runId: string;
  /** Runs of this machine that are over: what they have left is nobody's. */
  readonly pastRuns: ReadonlySet<string>;
}
