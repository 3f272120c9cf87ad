import { ServiceError } from './service.js';
import type { DurableStore } from './state.js';

/** Sandbox time: wall time plus an offset that only grows and survives a restart. */
export interface SandboxClock {
  nowMillis(): number;
  wallMillis(): number;
  offsetSeconds(): number;
  /** @throws ServiceError ValidationException for anything but 1 second to 10 years. */
  advance(seconds: number): void;
}

const TABLE = 'sandbox';
const ID = 'clock';
const MAX_SECONDS = 10 * 366 * 86_400;

/** Sandbox time: wall time and an offset that survives a restart. */
export function createClock(store: DurableStore, wallMillis: () => number): SandboxClock {
  const offsetSeconds = (): number => {
    const stored = store.get(TABLE, ID)?.offsetSeconds;
    return typeof stored === 'number' ? stored : 0;
  };
  return {
    wallMillis,
    offsetSeconds,
    nowMillis: () => wallMillis() + offsetSeconds() * 1000,
    advance: (seconds) => {
      if (!Number.isSafeInteger(seconds) || seconds < 1 || offsetSeconds() + seconds > MAX_SECONDS) {
        throw new ServiceError('ValidationException', 'seconds: a whole number from 1, at most 10 years in all');
      }
      store.put(TABLE, ID, { offsetSeconds: offsetSeconds() + seconds });
    },
  };
}
