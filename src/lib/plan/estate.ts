import type { KeyDescription, Rotation, RotationStatus } from '../key/key.js';

/** What one Region's KMS says about one planned key: the one that the records name, else the one that its alias stands for. */
export interface ObservedKey {
  readonly description: KeyDescription;
  /** The key id to which the planned alias points; null when there is no such alias. */
  readonly aliasTarget: string | null;
  readonly tags: Readonly<Record<string, string>>;
  /** Null where KMS gives none: imported material, a key that is being deleted. */
  readonly rotationStatus: RotationStatus | null;
  /** Oldest first. */
  readonly rotations: readonly Rotation[];
  /** The key policy as KMS gives it, null when it could not be read. */
  readonly policy: string | null;
}

/** By Region and plan name. `null`: looked for and not there. Absent: not looked for, or not readable, and never taken for in order. */
export type ObservedEstate = Readonly<Record<string, Readonly<Record<string, ObservedKey | null>>>>;

/** What a key must look like beyond the plan's own fields. */
export interface Expectations {
  /** The key policy's text by Region and plan name, as it would be written today. */
  readonly policies: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Tags that this tool puts on every key (`custody:repository`): another value is another repository's key (T61). */
  readonly tags: Readonly<Record<string, string>>;
  /** Policies that a quorum gave keys while one replaces the other, by key ARN: shown, but no drift. */
  readonly moves: ReadonlyMap<string, string>;
}

export type DifferenceKind =
  | 'unobserved'
  | 'missing'
  | 'replica-missing'
  | 'replica-unplanned'
  | 'foreign'
  | 'account'
  | 'state'
  | 'spec'
  | 'usage'
  | 'origin'
  | 'multi-region'
  | 'alias'
  | 'tags'
  | 'rotation'
  | 'rotation-budget'
  | 'policy'
  /** An approval slot at AWS that no open request stands for. */
  | 'stale-slot';

/** `critical`: the key can be used or changed past the plan, or not be used at all. */
export type Severity = 'critical' | 'warning' | 'notice';

/** The action whose request would remove the difference. Absent where none can: such a key must be replaced. */
export type RemedyAction =
  | 'key.create'
  | 'key.rotation'
  | 'key.rotation-off'
  | 'key.policy'
  | 'key.alias-create'
  | 'key.alias-move'
  | 'key.replicate'
  | 'key.promote'
  | 'key.enable'
  | 'key.cancel-deletion'
  | 'key.tag'
  | 'key.untag';

export interface Difference {
  readonly key: string;
  readonly region: string;
  readonly kind: DifferenceKind;
  readonly expected: string;
  readonly found: string;
  readonly severity: Severity;
  readonly remedyAction?: RemedyAction;
}
