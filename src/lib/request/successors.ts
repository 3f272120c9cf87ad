import { CustodyError } from '../base/errors.js';
import { type KeyArn, type KeyReader, partsOf } from '../key/key.js';
import { REPLACES_TAG } from '../record/action-succeed.js';
import { arnOf, type Subject } from './observe-key.js';

/**
 * Ids of the keys that say of themselves that they replace this one, sorted. Two requests that make a successor cannot both
 * be carried out: the second one finds another state than was signed.
 */
export async function successorsOf(reader: KeyReader, subject: Subject): Promise<readonly string[]> {
  const { keyId } = partsOf(arnOf(subject));
  const found: string[] = [];
  for (const candidate of await reader.keyIds(subject.region)) {
    const tags = await reader.tags(subject.region, candidate).catch(ignoreDenied);
    if (tags?.[REPLACES_TAG] === keyId) found.push(candidate);
  }
  return found.sort();
}

/** Keys of others, which custodians may not look at, cannot be ours. */
function ignoreDenied(cause: unknown): null {
  if (cause instanceof CustodyError && cause.code === 'DENIED') return null;
  throw cause;
}

/**
 * Ciphertexts go to the key that replaces theirs, and to no other (T56).
 * @throws CustodyError REFUSED
 */
export async function assertReplaces(reader: KeyReader, to: KeyArn, from: KeyArn): Promise<void> {
  const [source, destination] = [partsOf(from), partsOf(to)];
  const place = ({ partition, account, region }: typeof source) => [partition, account, region].join();
  if (from !== to && place(source) === place(destination)) {
    const tags = await reader.tags(destination.region, to);
    if (tags?.[REPLACES_TAG] === source.keyId) return;
  }
  throw new CustodyError('REFUSED', `${to} is not tagged as the key that replaces ${from}`, {
    details: { tag: REPLACES_TAG, expected: source.keyId },
    suggestions: ['custody keys replace KEY shows the ARNs of both keys; give the new one as KEY.'],
  });
}
