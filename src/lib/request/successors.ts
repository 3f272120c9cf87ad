import { CustodyError, nullIfDenied } from '../base/errors.js';
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
    // Keys of others, which custodians may not look at, cannot be ours.
    const tags = await reader.tags(subject.region, candidate).catch(nullIfDenied);
    if (tags?.[REPLACES_TAG] === keyId) found.push(candidate);
  }
  return found.sort();
}

/**
 * Keys of one Region, each replaced by the next; `from` is the first, and to the last one its ciphertexts move: a key that was
 * replaced in its turn takes none.
 */
function chainFrom(successions: readonly Succession[], from: KeyArn): readonly KeyArn[] {
  const { region } = partsOf(from);
  const chain = [from];
  for (let at: KeyArn | null = from; at !== null; ) {
    const made = successions.filter(({ old }) => inRegion(old, region) === at).at(-1);
    const next = made ? inRegion(made.successor, region) : null;
    at = next === null || chain.includes(next) ? null : next;
    if (at !== null) chain.push(at);
  }
  return chain;
}

/**
 * The key to which ciphertexts of `from` move, in the Region of `from`, as the records say: the last one where that, too, was replaced.
 * @param name of the plan
 * @throws CustodyError REFUSED when no executed request made one
 */
export function successorOf(successions: readonly Succession[], name: string, from: KeyArn): KeyArn {
  const chain = chainFrom(
    successions.filter((one) => one.name === name),
    from,
  );
  const last = chain.at(-1);
  if (last !== undefined && last !== from) return last;
  throw new CustodyError('REFUSED', `no executed request made a key in place of ${from} for ${name}`, {
    details: { key: name, from },
    suggestions: [`custody keys replace ${name} shows how far its replacement is.`],
  });
}

/**
 * Ciphertexts go to the key that replaces theirs, at last, and to no other (T56). Anyone who may tag a key can write the tag,
 * so that the records decide wherever they are at hand.
 * @param successions what executed requests made; null without a repository, then the key's own tag is all there is
 * @returns the keys between the two: what an earlier run has moved may be under them
 * @throws CustodyError REFUSED
 */
export async function assertReplaces(
  reader: KeyReader,
  to: KeyArn,
  from: KeyArn,
  successions: readonly Succession[] | null,
): Promise<readonly KeyArn[]> {
  const chain = successions === null ? [from, to] : chainTo(chainFrom(successions, from), to, from);
  const [source, destination] = [partsOf(from), partsOf(to)];
  const place = ({ partition, account, region }: typeof source) => [partition, account, region].join();
  if (from === to || place(source) !== place(destination)) throw untagged(to, from, source.keyId);
  for (const [index, key] of chain.slice(1).entries()) {
    await assertTagged(reader, key, chain[index] ?? from, key !== to, successions === null);
  }
  return chain.slice(1, -1);
}

/** @throws CustodyError REFUSED unless `to` is the end of the chain */
function chainTo(chain: readonly KeyArn[], to: KeyArn, from: KeyArn): readonly KeyArn[] {
  const last = chain.at(-1);
  if (last === to && to !== from) return chain;
  if (chain.includes(to) && to !== from) {
    throw new CustodyError('REFUSED', `${to} was replaced in its turn: what is moved now goes to ${last}`, {
      details: { from, replacedBy: last ?? null },
      suggestions: [`Give ${last} as KEY, or the name of the plan: ciphertexts of both older keys go there.`],
    });
  }
  throw new CustodyError('REFUSED', `no executed request of this repository made ${to} in place of ${from}`, {
    suggestions: ['custody keys replace KEY shows the ARNs of both keys; the name of the plan stands for the new one.'],
  });
}

/** A key between may be gone, or closed to those who only use keys: for it the records are enough. */
async function assertTagged(
  reader: KeyReader,
  key: KeyArn,
  replaced: KeyArn,
  between: boolean,
  alone: boolean,
): Promise<void> {
  const { region, keyId } = partsOf(key);
  const tags = await (between ? reader.tags(region, keyId).catch(nullIfDenied) : reader.tags(region, key));
  if (between && tags === null) return;
  if (tags?.[REPLACES_TAG] !== partsOf(replaced).keyId) throw untagged(key, replaced, partsOf(replaced).keyId, alone);
}

function untagged(key: KeyArn, replaced: KeyArn, expected: string, alone = false): CustodyError {
  return new CustodyError('REFUSED', `${key} is not tagged as the key that replaces ${replaced}`, {
    details: { tag: REPLACES_TAG, expected },
    suggestions: [
      'custody keys replace KEY shows the ARNs of both keys; give the new one as KEY.',
      ...(alone ? ['Where a key was replaced twice, only the records tell: run this in a clone.'] : []),
    ],
  });
}
