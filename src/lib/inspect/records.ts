import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { signerOf } from '../quorum/signer.js';
import { assertByTable } from '../record/action.js';
import { type OpenRecord, ofKind, open, requestIdOf } from '../record/envelope.js';
import { digestOfJson } from '../record/statement.js';
import type { Identity, Roster } from '../roster/roster.js';
import { type Check, type CheckReport, check, verdictOf } from './check.js';

/** A file as it was handed over. */
export interface GivenFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface RecordFacts {
  readonly path: string;
  readonly kind: string;
  readonly digest: string;
  readonly signer: string | null;
  readonly requestId: string | null;
}

export interface RecordsReport extends CheckReport {
  readonly records: readonly RecordFacts[];
}

/**
 * Verifies record files with nothing but a roster that the outsider trusts: form, signature, author, subject; and where
 * a request is among them, that the approvals beside it are for it and how many people they are of. What only the
 * repository's history can say (order, withdrawals left out) is not claimed.
 */
export function verifyRecords(files: readonly GivenFile[], roster: Roster): RecordsReport {
  const opened = files.map((file) => ({ file, ...openOrFault(file) }));
  const records = opened.flatMap(({ file, record }) =>
    record ? [{ file, record, signer: signerOf(record, roster) }] : [],
  );
  const checks = [
    ...opened.flatMap(({ file, fault }) => (fault === null ? [] : [check(`${file.path} form`, false, fault)])),
    ...records.flatMap(({ file, record, signer }) => recordChecks(file.path, record, signer, roster)),
    ...quorumChecks(
      records.map(({ record, signer }) => ({ record, signer })),
      roster,
    ),
  ];
  return {
    verdict: verdictOf(checks),
    checks,
    records: records.map(({ file, record, signer }) => factsOf(file.path, record, signer)),
  };
}

function openOrFault(file: GivenFile): { readonly record: OpenRecord | null; readonly fault: string | null } {
  try {
    return { record: open(file.bytes, file.path), fault: null };
  } catch (cause) {
    if (cause instanceof CustodyError) return { record: null, fault: cause.message };
    throw cause;
  }
}

type Signer = Identity | 'unknown' | 'invalid';

function recordChecks(path: string, record: OpenRecord, signer: Signer, roster: Roster): readonly Check[] {
  const { statement } = record;
  const said = statement.predicate;
  const signed = typeof signer !== 'string';
  const who = signed
    ? `signed by ${signer.id}${signer.duty ? ` (${signer.duty})` : ''}`
    : signer === 'unknown'
      ? 'by no key of the roster'
      : 'the signature does not verify';
  const author = !('by' in said) || (signed && said.by === signer.id);
  return [
    check(`${path} signature`, signed, `${statement.kind}, ${who}`),
    check(`${path} author`, author, author ? 'the author is the signer' : 'it names another author than its signer'),
    check(`${path} repository`, said.repository === roster.repository, `repository ${said.repository}`),
    check(
      `${path} content`,
      contentHolds(record),
      contentHolds(record)
        ? 'subject and calls are what the statement says'
        : 'subject or calls are not what the statement says',
    ),
  ];
}

function contentHolds(record: OpenRecord): boolean {
  const { statement } = record;
  const [subject, ...rest] = statement.subjects;
  if (statement.kind === 'request') {
    return (
      rest.length === 0 &&
      subject?.digest === digestOfJson(statement.predicate.calls) &&
      holds(() => assertByTable(statement.predicate))
    );
  }
  if (statement.kind === 'receipt') return rest.length === 0 && subject?.digest === statement.predicate.intent;
  if ('request' in statement.predicate) return rest.length === 0 && subject?.digest === statement.predicate.request;
  return true;
}

function holds(assertion: () => void): boolean {
  try {
    assertion();
    return true;
  } catch (cause) {
    if (cause instanceof CustodyError) return false;
    throw cause;
  }
}

function quorumChecks(
  records: readonly { readonly record: OpenRecord; readonly signer: Signer }[],
  roster: Roster,
): readonly Check[] {
  return records.flatMap(({ record }): readonly Check[] => {
    const request = ofKind(record, 'request');
    if (!request) return [];
    const people = new Set<string>();
    for (const { record: other, signer } of records) {
      const approval = ofKind(other, 'approval');
      const counts =
        typeof signer !== 'string' && signer.kind === 'custodian' && signer.id === approval?.statement.predicate.by;
      if (counts && approval?.statement.predicate.request === request.digest) people.add(signer.person);
    }
    const said = request.statement.predicate;
    const certifies = said.action === 'key.confirm-destroyed';
    const id = `${requestIdOf(request.digest)} quorum`;
    const detail = `${people.size} of ${roster.threshold} custodians approve it in these files: ${[...people].join(', ') || 'nobody'}`;
    const quorum =
      people.size >= roster.threshold ? check(id, true, detail) : ({ id, status: 'skip', detail } as const);
    return [quorum, ...(certifies ? [certificateCheck(request, records, quorum.status === 'pass')] : [])];
  });
}

/** A certificate is the request with its approvals and the receipt that it was executed; less of it is unproven. */
function certificateCheck(
  request: OpenRecord<'request'>,
  records: readonly { readonly record: OpenRecord; readonly signer: Signer }[],
  quorum: boolean,
): Check {
  const id = `${requestIdOf(request.digest)} certificate`;
  const receipt = records
    .filter(({ signer }) => typeof signer !== 'string')
    .map(({ record }) => ofKind(record, 'receipt')?.statement.predicate)
    .find((said) => said?.request === request.digest && said.outcome === 'executed');
  const { key, preState } = request.statement.predicate;
  if (!quorum || !receipt) return { id, status: 'skip', detail: 'the quorum or the receipt is not among these files' };
  const deletion = isObject(preState.deletion) ? preState.deletion : {};
  const detail = `${key?.arn} is destroyed: deleted by ${deletion.request} on ${deletion.at}, unknown to KMS on ${receipt.finishedAt}`;
  return check(id, preState.knownToKms === false, detail);
}

function factsOf(path: string, { statement, digest }: OpenRecord, signer: Signer): RecordFacts {
  const request =
    statement.kind === 'request' ? digest : 'request' in statement.predicate ? statement.predicate.request : null;
  return {
    path,
    kind: statement.kind,
    digest,
    signer: typeof signer === 'string' ? null : signer.id,
    requestId: request === null ? null : requestIdOf(request),
  };
}
