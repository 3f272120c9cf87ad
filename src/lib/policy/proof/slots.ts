import { formatSlotName } from '../slot.js';
import type { ProofKey, ProofSeat } from './subject.js';

/** What an approval says, rightly or not. */
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
export function slotName(custodian: string, keyName: string): string {
  return formatSlotName({ custodian, keyName });
}

/** The condition key that shows a seat's tag on the executor role. */
export function slotKey({ id }: ProofSeat, { name }: ProofKey): string {
  return `aws:PrincipalTag/${slotName(id, name)}`;
}

/** Unlike `formatSlot` it also writes what no approval of this tool says: that is what must not get through. */
export function slotValue({ class: name, region, keyId, digest, executor }: Approval): string {
  return `${name}/${region}/${keyId}/${digest}/${executor}`;
}
