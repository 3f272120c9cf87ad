import type { CustodyError } from '../base/errors.js';
import { isSlotTaken } from './arm.js';

/** What came of approving several requests, one after the other. */
export interface ApprovedEach<T> {
  readonly approved: readonly T[];
  /** Those that have to wait: the approver's slot for their key holds another open request. */
  readonly waiting: readonly { readonly id: string; readonly cause: CustodyError }[];
}

/**
 * Approves one request after the other. One that has to wait for an approval slot must not keep the person from the others;
 * anything else ends it.
 * @throws whatever else `approveOne` throws
 */
export async function approveEach<T>(
  ids: readonly string[],
  approveOne: (id: string, at: number) => Promise<T>,
): Promise<ApprovedEach<T>> {
  const approved: T[] = [];
  const waiting: ApprovedEach<T>['waiting'][number][] = [];
  for (const [at, id] of ids.entries()) {
    try {
      approved.push(await approveOne(id, at));
    } catch (cause) {
      if (!isSlotTaken(cause)) throw cause;
      waiting.push({ id, cause });
    }
  }
  return { approved, waiting };
}
