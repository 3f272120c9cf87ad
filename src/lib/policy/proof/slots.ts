import type { ProofKey, ProofSeat } from './subject.js';

/** What an approval says. */
export interface Approval {
  readonly class: string;
  readonly region: string;
  readonly keyId: string;
  /** 64 hex characters. */
  readonly digest: string;
  /** SourceIdentity of the one who executes. */
  readonly executor: string;
}

/** The tag of one seat for one key. */
export function slotName(seat: string, key: string): string {
  return `custody:${seat}:${key}`;
}

/** The condition key that shows a seat's tag on the executor role. */
export function slotKey({ id }: ProofSeat, { name }: ProofKey): string {
  return `aws:PrincipalTag/${slotName(id, name)}`;
}

export function slotValue(approval: Approval): string {
  return [approval.class, approval.region, approval.keyId, approval.digest, approval.executor].join('/');
}
