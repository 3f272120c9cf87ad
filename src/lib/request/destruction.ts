import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError, nullIfDenied } from '../base/errors.js';
import { addSeconds, type Instant } from '../base/time.js';
import { isKeyArn, type KeyReader, partsOf } from '../key/key.js';
import { DELETION_DAYS } from '../record/action-state.js';
import { requestIdOf } from '../record/envelope.js';
import type { KeyRef, RequestPredicate } from '../record/statement.js';
import type { Case } from './case.js';

const DAY = 86_400;

/** A deletion that a quorum decided and that was carried out, with when it ends. */
export interface Deletion {
  readonly case: Case;
  readonly key: KeyRef;
  readonly region: string;
  /** When the call had been made, by the receipt. */
  readonly at: Instant;
  /** The end of the window, counted from then; KMS's own end is never later, but where it waits for replicas. */
  readonly endsAt: Instant;
}

/** A certificate that a key is destroyed: the executed request that says so. */
export interface Certificate {
  readonly case: Case;
  readonly deletion: Deletion;
  readonly at: Instant;
}

type Named = { readonly arn: string } | { readonly name: string; readonly region: string };

/** The deletion of a key that stands: executed, and not taken back by a veto since. The latest one, if there are several. */
export function deletionOf(cases: readonly Case[], key: Named): Deletion | null {
  const own = executed(cases, 'key.delete').filter((item) => isAbout(item, key));
  const deletions = own.map(deletionIn).sort((a, b) => (a.at < b.at ? 1 : -1));
  const cancelled = (deletion: Deletion) =>
    executed(cases, 'key.cancel-deletion').some(
      (item) => saidOf(item).key?.arn === deletion.key.arn && receiptOf(item).finishedAt >= deletion.at,
    );
  return deletions.find((deletion) => !cancelled(deletion)) ?? null;
}

/** ARNs of all keys whose deletion stands. */
export function decidedDeletions(cases: readonly Case[]): ReadonlySet<string> {
  const arns = executed(cases, 'key.delete').map((item) => saidOf(item).key?.arn ?? '');
  return new Set(arns.filter((arn) => deletionOf(cases, { arn }) !== null));
}

/** Every certificate about keys of this name, the newest first. */
export function certificatesOf(cases: readonly Case[], name: string): readonly Certificate[] {
  return executed(cases, 'key.confirm-destroyed')
    .filter((item) => saidOf(item).key?.name === name)
    .flatMap((item) => {
      const deletion = executed(cases, 'key.delete').find(
        ({ request }) => request.digest === saidOf(item).parameters.deletion,
      );
      return deletion ? [{ case: item, deletion: deletionIn(deletion), at: receiptOf(item).finishedAt }] : [];
    })
    .sort((a, b) => (a.at < b.at ? 1 : -1));
}

/**
 * What a certificate of destruction rests on: the named request was executed and stands, its window is over, and KMS
 * does not know the key. Anything else throws, so that no certificate can say less.
 * @throws CustodyError REFUSED
 */
export async function destroyedState(
  reader: KeyReader,
  cases: readonly Case[],
  { region, key, parameters }: Pick<RequestPredicate, 'region' | 'key' | 'parameters'>,
  now: Instant,
): Promise<JsonObject> {
  const deletion = deletionOf(cases, { arn: key?.arn ?? '' });
  if (deletion === null || deletion.region !== region || deletion.case.request.digest !== parameters.deletion) {
    throw new CustodyError('REFUSED', `no executed request that still stands deleted ${key?.arn}`, {
      details: { arn: key?.arn ?? null, deletion: parameters.deletion ?? null },
    });
  }
  if (now < deletion.endsAt) {
    throw new CustodyError('REFUSED', `the key ${key?.name} is not destroyed before ${deletion.endsAt}`, {
      details: { endsAt: deletion.endsAt },
      suggestions: [`Until then any custodian can stop it: custody keys cancel-deletion ${key?.name}`],
    });
  }
  await assertUnknown(reader, region, deletion.key.arn ?? '');
  return { arn: deletion.key.arn, knownToKms: false, deletion: factsOf(deletion) };
}

/** Asked in two ways: for a key that is gone, KMS says AccessDenied to those whom only a key policy let in. */
async function assertUnknown(reader: KeyReader, region: string, arn: string): Promise<void> {
  const [listed, description] = await Promise.all([
    reader.keyIds(region),
    reader.describe(region, arn).catch(nullIfDenied),
  ]);
  const known = isKeyArn(arn) && listed.includes(partsOf(arn).keyId);
  if (!known && description === null) return;
  throw new CustodyError('REFUSED', `KMS still knows ${arn}: it is ${description?.state ?? 'listed'}`, {
    details: { state: description?.state ?? null, deletionAt: description?.deletionAt ?? null },
    suggestions: ['A key with replicas waits until the last of them is gone; its own window begins then.'],
  });
}

/** Facts that every machine derives alike from the records. */
function factsOf({ case: { request }, at, endsAt }: Deletion): JsonObject {
  return { request: requestIdOf(request.digest), digest: request.digest, at, endsAt };
}

function executed(cases: readonly Case[], action: RequestPredicate['action']): readonly Case[] {
  return cases.filter((item) => item.verdict.state === 'executed' && saidOf(item).action === action);
}

function isAbout(item: Case, key: Named): boolean {
  const said = saidOf(item);
  return 'arn' in key ? said.key?.arn === key.arn : said.key?.name === key.name && said.region === key.region;
}

function deletionIn(item: Case): Deletion {
  const { key, region } = saidOf(item);
  if (key === null) throw new CustodyError('BUG', 'a deletion of no key');
  const at = receiptOf(item).finishedAt;
  return { case: item, key, region, at, endsAt: addSeconds(at, DELETION_DAYS * DAY) };
}

function saidOf({ request }: Case): RequestPredicate {
  return request.statement.predicate;
}

function receiptOf({ verdict }: Case) {
  if (verdict.receipt) return verdict.receipt.statement.predicate;
  throw new CustodyError('BUG', 'an executed request without its receipt');
}
