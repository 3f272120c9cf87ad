import type { Digest } from '../base/bytes.js';
import { type Instant, isLaterBy } from '../base/time.js';
import { type OpenRecord, ofKind } from '../record/envelope.js';
import type { RecordKind } from '../record/statement.js';
import type { Identity } from '../roster/roster.js';
import { demandOf, inOrderOfTime } from './count.js';
import {
  type Basis,
  CLOCK_TOLERANCE_SECONDS,
  type Evidence,
  type Ignored,
  type Judged,
  type Rules,
} from './evidence.js';

type Kind = 'approval' | 'rejection' | 'withdrawal';

export interface JudgedRecords {
  readonly approvals: readonly Judged<'approval'>[];
  readonly rejections: readonly Judged<'rejection'>[];
  readonly withdrawals: readonly Judged<'withdrawal'>[];
}

/**
 * Says of each approval, rejection and withdrawal whether it counts, and if not why.
 * @param visible the files that a valid intent saw; null while there is none
 */
export function judgeRecords(basis: Basis, now: Instant, visible: ReadonlySet<Digest> | null): JudgedRecords {
  const { evidence, rules, requester, signerOf } = basis;
  const context: Context = { evidence, rules, requester, signerOf, now, visible };
  const withdrawals = allOf(evidence, 'withdrawal').map((record) => judged(record, context, withdrawalFault));
  const withdrawn = new Map<string, string>();
  for (const { record, signer, counted } of withdrawals) {
    if (counted && signer) withdrawn.set(record.statement.predicate.withdraws, signer.person);
  }
  const approvals = allOf(evidence, 'approval').map((record) =>
    judged(record, context, (_, signer) => approvalFault(record, signer, context, withdrawn)),
  );
  const rejections = allOf(evidence, 'rejection').map((record) => judged(record, context, rejectionFault));
  return { approvals: countPeopleOnce(approvals), rejections, withdrawals };
}

interface Context extends Basis {
  readonly now: Instant;
  readonly visible: ReadonlySet<Digest> | null;
}

type FaultOf<K extends Kind> = (record: OpenRecord<K>, signer: Identity, context: Context) => Ignored | null;

/** Every record of a kind, in an order that depends on nothing but the records. */
export function allOf<K extends RecordKind>({ records }: Evidence, kind: K): readonly OpenRecord<K>[] {
  const found = records.map((record) => ofKind(record, kind)).filter((record) => record !== null);
  // Two files can hold one payload (ECDSA signatures are malleable): the order must not depend on their names.
  return found.sort((a, b) =>
    a.digest < b.digest ? -1 : a.digest > b.digest ? 1 : a.fileDigest < b.fileDigest ? -1 : 1,
  );
}

function judged<K extends Kind>(record: OpenRecord<K>, context: Context, faultOf: FaultOf<K>): Judged<K> {
  const { signerOf, visible } = context;
  const signer = signerOf(record);
  if (typeof signer === 'string') {
    return {
      record,
      signer: null,
      counted: false,
      ignoredBecause: signer === 'unknown' ? 'signer-unknown' : 'signature-invalid',
    };
  }
  const late = visible !== null && !visible.has(record.fileDigest) ? 'after-the-intent' : null;
  const ignoredBecause =
    commonFault(record as unknown as OpenRecord<Kind>, signer, context) ?? late ?? faultOf(record, signer, context);
  return { record, signer, counted: ignoredBecause === null, ignoredBecause };
}

function commonFault(record: OpenRecord<Kind>, signer: Identity, { evidence, rules }: Context): Ignored | null {
  const said = record.statement.predicate;
  if (said.by !== signer.id) return 'signer-is-not-the-author';
  if (said.repository !== rules.repository) return 'other-repository';
  const same = said.request === evidence.request.digest && isAbout(record, said.request);
  return same ? null : 'other-request';
}

/** Whether the one subject of a statement, which outsiders verify, is what its predicate is about (T21). */
export function isAbout({ statement }: OpenRecord<Kind | 'intent' | 'receipt'>, digest: Digest): boolean {
  const [subject, ...rest] = statement.subjects;
  return subject?.digest === digest && rest.length === 0;
}

/** Asked of approvals only: a veto with a wrong clock or from another view must not be lost, for it removes power. */
function placeFault({ statement, fileDigest }: OpenRecord<'approval'>, { evidence, now }: Context): Ignored | null {
  const { at } = statement.predicate;
  const { at: requestedAt, approveBy } = evidence.request.statement.predicate;
  if ((evidence.sees.get(fileDigest) ?? null) === null) return 'head-unknown';
  // Not after now and not before the request, but for the clocks.
  if (isLaterBy(CLOCK_TOLERANCE_SECONDS, now, at)) return 'from-the-future';
  if (isLaterBy(CLOCK_TOLERANCE_SECONDS, at, requestedAt)) return 'before-the-request';
  return at > approveBy ? 'after-the-window' : null;
}

function approvalFault(
  record: OpenRecord<'approval'>,
  signer: Identity,
  context: Context,
  withdrawn: ReadonlyMap<string, string>,
): Ignored | null {
  const { evidence, rules, requester } = context;
  const said = evidence.request.statement.predicate;
  if (signer.kind !== 'custodian') return 'automation-cannot-approve';
  if (rules.frozen.has(signer.id)) return 'frozen';
  const misplaced = placeFault(record, context);
  if (misplaced !== null) return misplaced;
  if (withdrawn.get(record.digest) === signer.person) return 'withdrawn';
  const sets = [{ plan: rules.plan, roster: rules.roster }, ...(rules.next ? [rules.next] : [])];
  const selfApproval = sets.every(({ plan, roster }) => demandOf(plan, roster, said).selfApproval);
  // By person: an automation identity's request is its owner's request (T22).
  return !selfApproval && signer.person === requester.person ? 'self-approval' : null;
}

function rejectionFault(_: OpenRecord<'rejection'>, signer: Identity, { rules }: Context): Ignored | null {
  if (signer.kind !== 'custodian') return 'automation-cannot-approve';
  if (rules.frozen.has(signer.id)) return 'frozen';
  return isRemoved(signer, rules) ? 'own-removal' : null;
}

/** One rogue seat must not be able to block its own removal; nor by leaving its id to another's key. */
function isRemoved({ id }: Identity, { roster, next }: Rules): boolean {
  const own = roster.custodians.find((seat) => seat.id === id)?.keys ?? [];
  if (!next || own.length === 0) return false;
  const kept = new Set(next.roster.custodians.flatMap(({ keys }) => keys.map(({ keyId }) => keyId)));
  return !own.some(({ keyId }) => kept.has(keyId));
}

/** A request is withdrawn by its requester's person, an approval by the one who gave it. */
function withdrawalFault(
  record: OpenRecord<'withdrawal'>,
  signer: Identity,
  { evidence, requester }: Context,
): Ignored | null {
  const { withdraws } = record.statement.predicate;
  if (withdraws === evidence.request.digest) return signer.person === requester.person ? null : 'not-the-requester';
  const approval = evidence.records.find(({ digest }) => digest === withdraws);
  return approval?.statement.kind === 'approval' && approval.statement.predicate.by === signer.id
    ? null
    : 'other-request';
}

/** Of one person's valid approvals the earliest counts; the others are the same person again (T17). */
function countPeopleOnce(approvals: readonly Judged<'approval'>[]): readonly Judged<'approval'>[] {
  const first = new Map<string, Judged<'approval'>>();
  for (const item of inOrderOfTime(approvals)) {
    if (item.counted && item.signer && !first.has(item.signer.person)) first.set(item.signer.person, item);
  }
  return approvals.map((item) =>
    item.counted && item.signer && first.get(item.signer.person) !== item
      ? { ...item, counted: false, ignoredBecause: 'same-person' }
      : item,
  );
}
