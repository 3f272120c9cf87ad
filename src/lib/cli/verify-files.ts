import { openBundle } from '../base/bundle.js';
import { digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { isCopyStatement } from '../copy/copy.js';
import { openCopy } from '../copy/kept.js';
import { isAnswerStatement } from '../drill/answer.js';
import { openAnswer } from '../drill/answers.js';
import { isChallengeStatement } from '../drill/challenge.js';
import { openChallenge } from '../drill/challenges.js';
import { isDrillStatement } from '../drill/evidence.js';
import { openEvidence } from '../drill/history.js';
import { check, verdictOf } from '../inspect/check.js';
import { isEntryProof, verifyEntryProof } from '../inspect/entry-proof.js';
import { type GivenFile, type RecordFacts, type RecordsReport, verifyRecords } from '../inspect/records.js';
import type { Roster } from '../roster/roster.js';
import { MAX_STATEMENT_BUNDLE_BYTES } from '../signing/key-statement.js';
import { keysVerifierOf } from './backup-place.js';

/** What a statement says, in a sentence, and who signed it. */
interface Said {
  readonly kind: 'drill' | 'challenge' | 'answer' | 'copy';
  readonly by: string;
  readonly detail: string;
}

type Read = (bytes: Uint8Array, path: string, roster: Roster) => Promise<Said>;

/** What an outsider may be handed beside records, each told by its predicate type. */
const STATEMENTS: readonly (readonly [is: (payload: Uint8Array) => boolean, what: string, read: Read])[] = [
  [isDrillStatement, 'evidence', readEvidence],
  [isChallengeStatement, 'challenge', readChallenge],
  [isAnswerStatement, 'answer', readAnswer],
  [isCopyStatement, 'copy', readCopy],
];

/**
 * Verifies files that an outsider was handed, each as what it says that it is: a record, the evidence of a drill, a challenge, a
 * custodian's answer to it, a copy of imported material, or the proof of an entry of a ledger.
 */
export async function verifyFiles(files: readonly GivenFile[], roster: Roster): Promise<RecordsReport> {
  const statements = files.map((file) => [file, STATEMENTS.find(([is]) => isOf(file, is))] as const);
  const proofs = files.filter(isEntryProof);
  const others = statements.filter(([file, kind]) => !kind && !proofs.includes(file)).map(([file]) => file);
  const records = others.length > 0 ? verifyRecords(others, roster) : { checks: [], records: [] };
  const judged = await Promise.all(
    statements.flatMap(([file, kind]) => (kind ? [verifyStatement(file, roster, kind[1], kind[2])] : [])),
  );
  const one = [records, ...judged, ...proofs.map((file) => verifyEntryProof(file, roster))];
  const checks = one.flatMap((each) => each.checks);
  return { verdict: verdictOf(checks), checks, records: one.flatMap((each) => each.records) };
}

function isOf({ path, bytes }: GivenFile, is: (payload: Uint8Array) => boolean): boolean {
  try {
    return is(openBundle(bytes, path, MAX_STATEMENT_BUNDLE_BYTES).payload);
  } catch (cause) {
    if (cause instanceof CustodyError) return false;
    throw cause;
  }
}

async function verifyStatement({ path, bytes }: GivenFile, roster: Roster, what: string, read: Read) {
  const id = `${path} ${what}`;
  try {
    const { kind, by, detail } = await read(bytes, path, roster);
    const facts: RecordFacts = { path, kind, digest: digestOf(bytes), signer: by, requestId: null };
    return { checks: [check(id, true, detail)], records: [facts] };
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    return { checks: [check(id, false, cause.message)], records: [] };
  }
}

/** The evidence is whole, signed by one of that roster; that its drill was not verified is no fault of the evidence. */
async function readEvidence(bytes: Uint8Array, path: string, roster: Roster): Promise<Said> {
  const rules = { roster, rosters: [roster], plans: null };
  const { said, by } = await openEvidence(bytes, path, keysVerifierOf(rules), rules);
  const { quarter, number, verdict, checks } = said;
  return {
    kind: 'drill',
    by,
    detail: `drill ${quarter}-${number}: ${verdict}, signed by ${by}, ${checks.length} checks`,
  };
}

/** The challenge is whole, and signed by whom it names, of that roster; who has answered it, the answers say. */
async function readChallenge(bytes: Uint8Array, path: string, roster: Roster): Promise<Said> {
  const rules = { roster, rosters: [roster] };
  const { id, said } = await openChallenge(bytes, path, keysVerifierOf(rules), rules);
  const { by, at, expiresAt, nonce } = said;
  const detail = `${by} asked ${id} (nonce ${nonce}) on ${at}, of the custodians of this roster, until ${expiresAt}`;
  return { kind: 'challenge', by, detail };
}

/** The answer is whole, and signed by a key of the very seat that it names; which challenge it answers stands in it. */
async function readAnswer(bytes: Uint8Array, path: string, roster: Roster): Promise<Said> {
  const rules = { roster, rosters: [roster] };
  const { said, challengeId } = await openAnswer(bytes, path, keysVerifierOf(rules), rules);
  const { by, challenge, at, access } = said;
  const detail = `${by} answered ${challengeId} (${challenge}) on ${at}, with ${access.length} lines of who has access`;
  return { kind: 'answer', by, detail };
}

/** The copy is whole, and signed by whom it names; what is in it, and whether KMS can open it, only KMS can say. */
async function readCopy(bytes: Uint8Array, path: string, roster: Roster): Promise<Said> {
  const rules = { roster, rosters: [roster] };
  const { by, key, commitment, root, request, at } = await openCopy(bytes, path, keysVerifierOf(rules), rules);
  const detail = `the material of ${key} (${commitment}) under ${root}, kept by ${by} on ${at} for ${request}`;
  return { kind: 'copy', by, detail };
}
