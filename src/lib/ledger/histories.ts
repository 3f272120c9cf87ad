import { addSeconds } from '../base/time.js';
import { type ObjectHistory, type ObjectStore, readOrNone } from './objects.js';
import { BUNDLE_PREFIX, bundleName, readableSlot, SLOT_PREFIX, slotNumber } from './slot.js';

/** What the store itself says against its objects: an overwrite, a delete marker, no retention or too short a one. */
export interface HistoryFault {
  readonly name: string;
  readonly sequence: number | null;
  readonly message: string;
}

const MAX_FAULTS = 100;

/**
 * Looks at the history of each slot and bundle.
 * @param retentionDays how long each must be kept from its creation on; null where the store keeps no time
 */
export async function judgeHistories(
  objects: ObjectStore,
  retentionDays: number | null,
): Promise<readonly HistoryFault[]> {
  const faults: HistoryFault[] = [];
  for (const prefix of [SLOT_PREFIX, BUNDLE_PREFIX]) {
    for await (const history of objects.histories(prefix)) {
      const { name, versions, deleteMarkers } = history;
      const said = [
        ...(versions === 1 ? [] : [`${versions} versions`]),
        ...(deleteMarkers === 0 ? [] : ['a delete marker over it']),
        ...(retentionDays === null ? [] : retentionFault(history, retentionDays)),
      ];
      if (said.length > 0 && faults.length < MAX_FAULTS) {
        faults.push({ name, sequence: await firstOf(objects, name), message: said.join(', ') });
      }
    }
  }
  return faults;
}

/** Whoever writes counts from its own clock, and from before the write. */
const TOLERANCE_SECONDS = 86_400;

function retentionFault({ createdAt, retainedUntil }: ObjectHistory, days: number): readonly string[] {
  if (retainedUntil === null) return ['no retention'];
  if (createdAt === null) return [`retention until ${retainedUntil}, and nobody knows since when`];
  const least = addSeconds(createdAt, days * 86_400 - TOLERANCE_SECONDS);
  return retainedUntil < least ? [`retention until ${retainedUntil} only, less than ${days} days`] : [];
}

/** The first entry of a slot, or of the slot that a bundle belongs to. */
async function firstOf(objects: ObjectStore, name: string): Promise<number | null> {
  for await (const slotAt of slotNumber(name) === null ? objects.list(SLOT_PREFIX) : [name]) {
    const bytes = await readOrNone(objects, slotAt);
    const slot = bytes === null ? null : readableSlot(bytes, slotAt);
    if (slot !== null && (slotAt === name || bundleName(slot.bundle) === name)) return slot.first;
  }
  return null;
}
