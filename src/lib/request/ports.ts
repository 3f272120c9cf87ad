import type { ToolIdentity } from '../base/readers.js';
import type { Signer } from '../base/signature.js';
import type { Clock } from '../base/time.js';
import type { CallerIdentity, KeyAuthority, KeyReader } from '../key/key.js';
import type { SlotKeeper } from '../key/slots.js';
import type { CarryingLedger } from '../ledger/carried.js';
import type { Plan } from '../plan/plan.js';
import type { MachineMemory } from '../record/memory.js';
import type { RecordStore } from '../record/store.js';
import type { Identity } from '../roster/roster.js';

/** What every flow over the repository needs. */
export interface Ports {
  readonly store: RecordStore;
  readonly memory: MachineMemory;
  readonly clock: Clock;
  /** Cryptographically strong random bytes. */
  readonly random: (length: number) => Uint8Array;
  readonly tool: ToolIdentity;
  readonly progress: (text: string) => void;
  /** The audit ledger of a plan that has one beside the repository's chain. */
  readonly audit: (plan: Plan) => Promise<CarryingLedger>;
}

/** Who acts: a listed identity and the signer that speaks for it. */
export interface Actor {
  readonly identity: Identity;
  readonly signer: Signer;
}

/** The AWS account behind the repository. */
export interface Aws {
  readonly reader: KeyReader;
  readonly authority: KeyAuthority;
  readonly slots: SlotKeeper;
  readonly whoAmI: () => Promise<CallerIdentity>;
  /** The host that answers, for screens (T60). */
  readonly host: string;
}
