import { once } from '../../base/once.js';
import { CLAIM_IDS, CLAIMS, type ClaimId } from '../claims.js';
import type { Context } from '../keys.js';
import type { Answer } from './court.js';
import { type Person, SOMEONE } from './people.js';

export type ClaimStatus = 'held' | 'broken' | 'unproven';

/** The statement that decided. */
export interface DecidingStatement {
  /** `key policy`, `trust policy`, or the name of a role's own policy. */
  readonly policy: string;
  /** Counts from 1, as people do. */
  readonly statement: number;
  readonly sid: string | null;
}

/** Why a claim is not held: a counterexample, or what could not be told. */
export interface ProofFinding {
  readonly claim: ClaimId;
  readonly status: 'broken' | 'unproven';
  /** Null where it is about the account. */
  readonly key: string | null;
  readonly region: string | null;
  /** Null where it is about nobody in particular. */
  readonly principal: string | null;
  readonly operations: readonly string[];
  readonly sentence: string;
  readonly statements: readonly DecidingStatement[];
  /** What the asker has to choose for it, by condition key. */
  readonly context: Context;
}

export interface ClaimResult {
  readonly id: ClaimId;
  readonly status: ClaimStatus;
  /** How many questions were asked; a claim without one is not in the proof. */
  readonly tried: number;
  readonly findings: readonly ProofFinding[];
}

/** Where a question is asked. */
export interface Place {
  readonly key: string | null;
  readonly region: string | null;
  /** The resource's own account. */
  readonly account: string;
  /** The name of the resource's policy, for people: `key policy`. */
  readonly policy: string;
}

/** Gathers what came of the questions. */
export interface Docket {
  /** So many questions were answered as the claim says. */
  held(claim: ClaimId, count?: number): void;
  add(finding: ProofFinding): void;
  results(): readonly ClaimResult[];
}

/** An empty docket. What one person can do by one statement becomes one finding. */
export function createDocket(): Docket {
  const tried = new Map<ClaimId, number>();
  const findings = new Map<ClaimId, Map<string, ProofFinding>>();
  const count = (claim: ClaimId, more = 1) => {
    tried.set(claim, (tried.get(claim) ?? 0) + more);
  };
  return {
    held: count,
    add: (finding) => {
      count(finding.claim);
      const before = once(findings, finding.claim, () => new Map<string, ProofFinding>());
      const what = whatIs(finding);
      const known = before.get(what);
      before.set(what, known === undefined ? finding : joined(known, finding));
    },
    results: () =>
      CLAIM_IDS.filter((id) => tried.has(id)).map((id) => {
        const found = [...(findings.get(id)?.values() ?? [])];
        return { id, status: statusOf(found), tried: tried.get(id) ?? 0, findings: found.sort(plainestFirst) };
      }),
  };
}

function statusOf(findings: readonly ProofFinding[]): ClaimStatus {
  if (findings.some(({ status }) => status === 'broken')) return 'broken';
  return findings.length > 0 ? 'unproven' : 'held';
}

/** What is broken before what is open, and roles and users before those who stand for many. */
function plainestFirst(one: ProofFinding, other: ProofFinding): number {
  const rank = ({ status, principal }: ProofFinding) =>
    (status === 'broken' ? 0 : 2) + (/^(?:role|user)\//.test(principal ?? '') ? 0 : 1);
  return rank(one) - rank(other);
}

/** One person who may do twenty things by one statement is one finding. */
function whatIs({ status, key, region, principal, sentence, statements }: ProofFinding): string {
  return JSON.stringify([status, key, region, principal, sentence, statements]);
}

function joined(one: ProofFinding, other: ProofFinding): ProofFinding {
  return { ...one, operations: [...new Set([...one.operations, ...other.operations])] };
}

/** What a claim says must not be, and is. */
export interface Question {
  readonly claim: ClaimId;
  readonly place: Place;
  readonly person: Person;
  readonly operation: string;
  /** Beside who asks: "although only architect has approved". */
  readonly although: string;
}

/** Enters the answer to something that must not be possible. */
export function expectNo(docket: Docket, question: Question, answer: Answer, fixed: Context): void {
  if (answer.may === 'no') {
    docket.held(question.claim);
    return;
  }
  const { claim, place, person, operation, although } = question;
  const who = answer.may === 'yes' && isAssumed(answer.decision, person, place) ? SOMEONE : person.words;
  const common = { claim, key: place.key, region: place.region, principal: who, operations: [operation] };
  if (answer.may === 'unknown') {
    const sentence = `whether ${person.words} can %s${although} is not told: ${answer.because}`;
    docket.add({ ...common, status: 'unproven', sentence, statements: [], context: {} });
    return;
  }
  const { decision, context } = answer;
  const statements = decidingStatements(decision, person, place);
  const chosen = Object.fromEntries(Object.entries(context).filter(([name]) => !Object.hasOwn(fixed, name)));
  const sentence = `${who} can %s${although}, because ${reason(decision, person, place)}${given(chosen)}`;
  docket.add({ ...common, status: 'broken', sentence, statements, context: chosen });
}

type Decision = Extract<Answer, { may: 'yes' }>['decision'];

/** One who can only what his own policies let him, and these are not known, is like everyone else of the account. */
function isAssumed({ delegatedBy }: Decision, { identityNames, principal }: Person, { account }: Place): boolean {
  if (principal.account !== account) return false;
  return delegatedBy !== undefined && identityNames === null && principal.kind !== 'root';
}

function decidingStatements({ by, delegatedBy }: Decision, person: Person, place: Place): readonly DecidingStatement[] {
  const refs = [delegatedBy, by].filter((ref) => ref !== undefined);
  return refs
    .filter(({ policy }) => policy === 'resource' || person.identityNames !== null)
    .map(({ policy, document, index, sid }) => ({
      policy: policy === 'resource' ? place.policy : (person.identityNames?.[document] ?? policy),
      statement: index + 1,
      sid: sid ?? null,
    }));
}

function reason(decision: Decision, person: Person, place: Place): string {
  const [first, second] = decidingStatements(decision, person, place).map(statementWords);
  // In another account its own policies must let them as well, which that account can see to.
  const direct = decision.delegatedBy === undefined || person.principal.account !== place.account;
  if (direct) return `${first ?? 'nothing denies it'} allows it`;
  if (person.principal.kind === 'root') return `${first} lets the account decide, and its root user needs no more`;
  return second === undefined
    ? `${first} lets the account decide, and its own policies may allow it`
    : `${first} lets the account decide, and ${second} allows it`;
}

export function statementWords({ policy, statement, sid }: DecidingStatement): string {
  return `statement ${statement}${sid === null || sid === '' ? '' : ` "${sid}"`} of the ${policy}`;
}

function given(context: Context): string {
  const pairs = Object.entries(context).map(([name, value]) => `${name} is ${JSON.stringify(value)}`);
  return pairs.length === 0 ? '' : ` when ${pairs.join(' and ')}`;
}

/** The sentence with its operations: more than three are counted. */
export function findingText({ sentence, operations }: ProofFinding): string {
  const [shown, more] = [operations.slice(0, 3), operations.length - 3];
  const list = more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ').replace(/, ([^,]*)$/, ' and $1');
  return sentence.replace('%s', list);
}

export function sentenceOf(id: ClaimId): string {
  return CLAIMS[id].sentence;
}
