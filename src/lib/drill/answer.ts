import { parseCanonical } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { list, object, type Reader, readFields, text } from '../base/fields.js';
import { formatInToto, isOfType, readInToto, soleSubject } from '../base/in-toto.js';
import { commitId, digest, instant, repositoryId } from '../base/readers.js';

/** What an answer to a drill's challenge is: a predicate type of its own, looked at first, so that it passes for nothing else (T64). */
export const ANSWER_TYPE = 'urn:custody:drill-answer:v1';
/** Where answers lie. The names are part of the format (docs/drills.md). */
export const ANSWER_FOLDER = 'answers';
const LIMITS = { maxBytes: 512 * 1024, maxDepth: 6 };

const predicate = object({
  repository: repositoryId,
  by: text({ max: 31, pattern: /^[a-z][a-z0-9-]{1,30}$/, expected: 'the id of a custodian' }),
  at: instant,
  /** The head that the signer saw. */
  head: commitId,
  /** SHA-256 of the evidence that is answered: nobody knew it before that drill had ended. */
  challenge: digest,
  /** Who has access, line by line, as the signer found it. */
  access: list(text({ max: 400 }), { min: 1, max: 2000 }),
});

export type AnswerPredicate = typeof predicate extends Reader<infer T> ? T : never;

/** Where the answer of a custodian to the evidence at a path lies: `answers/2026-q4-1/architect.json`. */
export function answerPath(evidencePath: string, custodian: string): string {
  return `${ANSWER_FOLDER}/${nameOf(evidencePath).replace(/\.json$/, '')}/${custodian}.json`;
}

function nameOf(evidencePath: string): string {
  return evidencePath.split('/').at(-1) ?? '';
}

/** The DSSE payload; its subject is the file of evidence. */
export function formatAnswer(said: AnswerPredicate, evidencePath: string): Uint8Array {
  return formatInToto({
    subjects: [{ name: evidencePath, digest: said.challenge }],
    predicateType: ANSWER_TYPE,
    predicate: { ...said, access: [...said.access] },
  });
}

/** Is this payload an answer's, by its predicate type? It says nothing about its signature or its shape. */
export function isAnswerStatement(payload: Uint8Array): boolean {
  return isOfType(payload, ANSWER_TYPE, LIMITS);
}

/** @throws CustodyError RECORD_MALFORMED, also for a statement of any other predicate type */
export function parseAnswer(payload: Uint8Array, what: string): AnswerPredicate & { readonly evidence: string } {
  const outer = readInToto(parseCanonical(payload, what, LIMITS), what);
  if (outer.predicateType !== ANSWER_TYPE)
    throw new CustodyError('RECORD_MALFORMED', `${what}: not the predicate type of answers`);
  const said = readFields(predicate, outer.predicate, what, 'RECORD_MALFORMED');
  const { digest: answered, name: evidence } = soleSubject(outer, what);
  if (answered !== said.challenge)
    throw new CustodyError('RECORD_MALFORMED', `${what}: its subject is not the evidence that it answers`);
  return { ...said, evidence };
}
