import { parseCanonical } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { list, object, type Reader, readFields, text } from '../base/fields.js';
import { formatInToto, isOfType, readInToto, soleSubject } from '../base/in-toto.js';
import { commitId, digest, instant, repositoryId } from '../base/readers.js';
import { challengeIdOf, challengePath, parseChallengePath } from './challenge.js';

/** What an answer to a challenge is: a predicate type of its own, looked at first, so that it passes for nothing else (T64). */
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
  /** SHA-256 of the file of the challenge that is answered: nobody knew it before it was asked. */
  challenge: digest,
  /** Who has access, line by line, as the signer found it. */
  access: list(text({ max: 400 }), { min: 1, max: 2000 }),
});

export type AnswerPredicate = typeof predicate extends Reader<infer T> ? T : never;

/** Where the answers to a challenge lie: `answers/c-…/`. */
export function answersTo(challengeId: string): string {
  return `${ANSWER_FOLDER}/${challengeId}/`;
}

/** Where the one of a custodian lies: `answers/c-…/architect.json`. */
export function answerPath(challengeId: string, custodian: string): string {
  return `${answersTo(challengeId)}${custodian}.json`;
}

/** The DSSE payload; its subject is the file of the challenge. */
export function formatAnswer(said: AnswerPredicate, challengeId: string): Uint8Array {
  return formatInToto({
    subjects: [{ name: challengePath(challengeId), digest: said.challenge }],
    predicateType: ANSWER_TYPE,
    predicate: { ...said, access: [...said.access] },
  });
}

/** Is this payload an answer's, by its predicate type? It says nothing about its signature or its shape. */
export function isAnswerStatement(payload: Uint8Array): boolean {
  return isOfType(payload, ANSWER_TYPE, LIMITS);
}

/** @throws CustodyError RECORD_MALFORMED, also for a statement of any other predicate type */
export function parseAnswer(payload: Uint8Array, what: string): AnswerPredicate & { readonly challengeId: string } {
  const outer = readInToto(parseCanonical(payload, what, LIMITS), what);
  if (outer.predicateType !== ANSWER_TYPE)
    throw new CustodyError('RECORD_MALFORMED', `${what}: not the predicate type of answers`);
  const said = readFields(predicate, outer.predicate, what, 'RECORD_MALFORMED');
  const { digest: answered, name } = soleSubject(outer, what);
  const challengeId = parseChallengePath(name);
  if (answered !== said.challenge || challengeId !== challengeIdOf(said.challenge))
    throw new CustodyError('RECORD_MALFORMED', `${what}: its subject is not the challenge that it answers`);
  return { ...said, challengeId };
}
