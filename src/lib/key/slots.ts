import type { ExecutorSession } from './key.js';

/**
 * PORT: the approval slots, which are tags of an executor role (`custody:<custodian>:<key name>`). What they mean is for
 * policy/slot to say.
 */
export interface SlotKeeper {
  /** Every tag of the role; none for a role that does not exist. */
  list(roleArn: string): Promise<ReadonlyMap<string, string>>;
  /** Sets a slot with the caller's own credentials. @throws CustodyError DENIED for one that is not the caller's */
  set(roleArn: string, tagKey: string, value: string): Promise<void>;
  /** Takes slots away with the caller's own credentials. @throws CustodyError DENIED for those of another seat */
  clear(roleArn: string, tagKeys: readonly string[]): Promise<void>;
  /** Takes slots away, whoever set them, in a session of the executor. */
  sweep(session: SweepSession, tagKeys: readonly string[]): Promise<void>;
}

export type SweepSession = Pick<ExecutorSession, 'roleArn' | 'sourceIdentity' | 'sessionName'>;
