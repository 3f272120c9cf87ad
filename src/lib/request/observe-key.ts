import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isKeyArn, type KeyAlias, type KeyArn, type KeyDescription, type KeyReader, partsOf } from '../key/key.js';
import type { RequestPredicate } from '../record/statement.js';

/** What an action's state depends on. */
export type Subject = Pick<RequestPredicate, 'action' | 'region' | 'key' | 'parameters'>;

/** One row of the column that looks at AWS. */
export type Observe = (reader: KeyReader, subject: Subject) => Promise<JsonObject>;

/** What every action on a key depends on: which key it is, its state, and what its alias in the plan stands for. */
export async function commonState(reader: KeyReader, subject: Subject): Promise<JsonObject> {
  const description = await describeKey(reader, subject);
  return {
    arn: description.arn,
    state: description.state,
    aliasTarget: await aliasTarget(reader, subject.region, subject.key?.alias ?? ''),
  };
}

/** @throws CustodyError NOT_FOUND */
export async function describeKey(reader: KeyReader, subject: Subject): Promise<KeyDescription> {
  const description = await reader.describe(subject.region, arnOf(subject));
  if (!description) throw new CustodyError('NOT_FOUND', `there is no key ${arnOf(subject)}`);
  return description;
}

/** Which key an alias stands for now: it may have been moved since (T5). */
export async function aliasTarget(reader: KeyReader, region: string, alias: string): Promise<string | null> {
  return targetIn(await reader.aliases(region), alias);
}

/** Which key a name of a listing stands for. */
export function targetIn(aliases: readonly KeyAlias[], alias: string): string | null {
  return aliases.find(({ name }) => name === alias)?.keyId ?? null;
}

/** The ARN of the key that the request names. @throws CustodyError RECORD_MALFORMED */
export function arnOf({ key }: Subject): KeyArn {
  if (key?.arn && isKeyArn(key.arn) && partsOf(key.arn).keyId === key.keyId) return key.arn;
  throw new CustodyError('RECORD_MALFORMED', 'the request names no key');
}
