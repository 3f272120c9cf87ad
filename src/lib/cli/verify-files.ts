import { openBundle } from '../base/bundle.js';
import { digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { isAnswerStatement } from '../drill/answer.js';
import { openAnswer } from '../drill/answers.js';
import { isDrillStatement } from '../drill/evidence.js';
import { openEvidence } from '../drill/history.js';
import { type Check, check, verdictOf } from '../inspect/check.js';
import { isEntryProof, verifyEntryProof } from '../inspect/entry-proof.js';
import { type GivenFile, type RecordFacts, type RecordsReport, verifyRecords } from '../inspect/records.js';
import type { Roster } from '../roster/roster.js';
import { MAX_STATEMENT_BUNDLE_BYTES } from '../signing/key-statement.js';
import { keysVerifierOf } from './backup-place.js';

/**
 * Verifies files that an outsider was handed, each as what it says that it is: a record, the evidence of a drill, a custodian's
 * answer to it, or the proof of an entry of a ledger.
 */
export async function verifyFiles(files: readonly GivenFile[], roster: Roster): Promise<RecordsReport> {
  const evidence = files.filter((file) => isOf(file, isDrillStatement));
  const answers = files.filter((file) => isOf(file, isAnswerStatement));
  const proofs = files.filter(isEntryProof);
  const others = files.filter((file) => ![evidence, answers, proofs].some((known) => known.includes(file)));
  const records = others.length > 0 ? verifyRecords(others, roster) : { checks: [], records: [] };
  const drills = await Promise.all(evidence.map((file) => verifyEvidence(file, roster)));
  const answered = await Promise.all(answers.map((file) => verifyAnswer(file, roster)));
  const one = [records, ...drills, ...answered, ...proofs.map((file) => verifyEntryProof(file, roster))];
  const checks = one.flatMap((judged) => judged.checks);
  return { verdict: verdictOf(checks), checks, records: one.flatMap((judged) => judged.records) };
}

function isOf({ path, bytes }: GivenFile, is: (payload: Uint8Array) => boolean): boolean {
  try {
    return is(openBundle(bytes, path, MAX_STATEMENT_BUNDLE_BYTES).payload);
  } catch (cause) {
    if (cause instanceof CustodyError) return false;
    throw cause;
  }
}

/** The answer is whole, and signed by a key of the very seat that it names; which drill it answers stands in it. */
async function verifyAnswer({ path, bytes }: GivenFile, roster: Roster) {
  const id = `${path} answer`;
  try {
    const { said, evidence } = await openAnswer(bytes, path, keysVerifierOf({ rosters: [roster] }), { roster });
    const detail = `${said.by} answered ${evidence} (${said.challenge}) on ${said.at}, with ${said.access.length} lines of who has access`;
    const facts: RecordFacts = { path, kind: 'answer', digest: digestOf(bytes), signer: said.by, requestId: null };
    return { checks: [check(id, true, detail)], records: [facts] };
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    return { checks: [check(id, false, cause.message)], records: [] };
  }
}

/** The evidence is whole, signed by one of that roster; that its drill was not verified is no fault of the evidence. */
async function verifyEvidence({ path, bytes }: GivenFile, roster: Roster) {
  const id = `${path} evidence`;
  try {
    const rules = { roster, rosters: [roster] };
    const { said, by } = await openEvidence(bytes, path, keysVerifierOf(rules), rules);
    const checks: Check[] = [
      check(
        id,
        true,
        `drill ${said.quarter}-${said.number}: ${said.verdict}, signed by ${by}, ${said.checks.length} checks`,
      ),
    ];
    const facts: RecordFacts = { path, kind: 'drill', digest: digestOf(bytes), signer: by, requestId: null };
    return { checks, records: [facts] };
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    return { checks: [check(id, false, cause.message)], records: [] };
  }
}
