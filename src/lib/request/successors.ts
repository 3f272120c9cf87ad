import { CustodyError } from '../base/errors.js';
import { inRegion, isKeyArn, type KeyArn, type KeyReader, partsOf } from '../key/key.js';
import { REPLACES_TAG } from '../record/action-succeed.js';
import type { Case } from './case.js';
import { arnOf, type Subject } from './observe-key.js';

/** A key that an executed request made in place of another one; both as the primary Region names them. */
export interface Succession {
  /** The name in the plan, which the new key takes over once its alias is moved. */
  readonly name: string;
  readonly old: KeyArn;
  readonly successor: KeyArn;
}

/** The replacements that requests have begun, oldest first. Only the records say which key counts, never a tag alone. */
export function successionsOf(cases: readonly Case[]): readonly Succession[] {
  const made = cases.flatMap(({ request, verdict }) => {
    const { action, key } = request.statement.predicate;
    const receipt = verdict.receipt?.statement.predicate;
    if (action !== 'key.succeed' || verdict.state !== 'executed' || !receipt?.key) return [];
    const [old, successor] = [key?.arn, receipt.key.arn];
    if (!isKeyArn(old) || !isKeyArn(successor)) return [];
    return [{ at: receipt.finishedAt, name: receipt.key.name, old, successor }];
  });
  return made.sort((a, b) => (a.at < b.at ? -1 : 1)).map(({ name, old, successor }) => ({ name, old, successor }));
}

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
 * The key to which ciphertexts of `from` move, in the Region of `from`, as the records say.
 * @param name of the plan
 * @throws CustodyError REFUSED when no executed request made one
 */
export function successorOf(successions: readonly Succession[], name: string, from: KeyArn): KeyArn {
  const { region } = partsOf(from);
  const made = successions.filter((one) => one.name === name && inRegion(one.old, region) === from).at(-1);
  if (made) return inRegion(made.successor, region);
  throw new CustodyError('REFUSED', `no executed request made a key in place of ${from} for ${name}`, {
    details: { key: name, from },
    suggestions: [`custody keys replace ${name} shows how far its replacement is.`],
  });
}

/**
 * Ciphertexts go to the key that replaces theirs, and to no other (T56). Anyone who may tag a key can write the tag, so
 * that the records decide wherever they are at hand.
 * @param successions what executed requests made; null without a repository, then the key's own tag is all there is
 * @throws CustodyError REFUSED
 */
export async function assertReplaces(
  reader: KeyReader,
  to: KeyArn,
  from: KeyArn,
  successions: readonly Succession[] | null,
): Promise<void> {
  const [source, destination] = [partsOf(from), partsOf(to)];
  const place = ({ partition, account, region }: typeof source) => [partition, account, region].join();
  const made = ({ old, successor }: Succession) =>
    inRegion(old, source.region) === from && inRegion(successor, destination.region) === to;
  if (successions !== null && !successions.some(made)) {
    throw new CustodyError('REFUSED', `no executed request of this repository made ${to} in place of ${from}`, {
      suggestions: [
        'custody keys replace KEY shows the ARNs of both keys; the name of the plan stands for the new one.',
      ],
    });
  }
  if (from !== to && place(source) === place(destination)) {
    const tags = await reader.tags(destination.region, to);
    if (tags?.[REPLACES_TAG] === source.keyId) return;
  }
  throw new CustodyError('REFUSED', `${to} is not tagged as the key that replaces ${from}`, {
    details: { tag: REPLACES_TAG, expected: source.keyId },
    suggestions: ['custody keys replace KEY shows the ARNs of both keys; give the new one as KEY.'],
  });
}
