import { CustodyError } from '../base/errors.js';
import type { AccountReader } from '../key/account.js';
import type { KeyReader } from '../key/key.js';
import { type Plan, regionsOf } from '../plan/plan.js';
import { parsePolicy } from '../policy/document.js';
import type { ProofFinding } from '../policy/proof/docket.js';
import { findingText, sentenceOf } from '../policy/proof/docket.js';
import { type FoundKey, interlockOfRoster, proofKeyOf } from '../policy/proof/roster.js';
import type { AccountPrincipal, ProofSubject } from '../policy/proof/subject.js';
import { expectedClaims, prove } from '../policy/prove.js';
import { observeEstate } from '../request/estate.js';
import type { Roster } from '../roster/roster.js';
import { NOBODY_READ, readAccount, rolesNamed } from './account.js';
import { type Check, type CheckReport, verdictOf } from './check.js';

/** What a proof says, for a person or a machine. */
export interface ProofReport extends CheckReport {
  /** Broken claims and what could not be told, each with who, what, where and by which statement. */
  readonly findings: readonly ProofFinding[];
  readonly evaluations: number;
}

/** The organization's policies as files gave them. */
export interface Organization {
  readonly serviceControlPolicies: ProofSubject['serviceControlPolicies'];
  readonly resourceControlPolicies: ProofSubject['resourceControlPolicies'];
}

/** What plan and roster in force say, and which keys it is about. */
export interface ProofQuestion {
  readonly plan: Plan;
  readonly roster: Roster;
  /** Names of keys of the plan. */
  readonly names: readonly string[];
  readonly organization: Organization;
}

/** Keys and roles as they were found, and what could not be read. */
export interface ProofEvidence {
  readonly keys: readonly FoundKey[];
  /** Policies as KMS gave them, by name and Region. */
  readonly texts: ReadonlyMap<string, string>;
  readonly principals: readonly AccountPrincipal[] | null;
  /** Only some of the account's roles could be read. */
  readonly othersUnread?: boolean;
  readonly unread: readonly string[];
}

/**
 * Reads the live policies and grants of keys in each Region, and everyone of the account. Changes nothing.
 * @param ports `account` null: roles and users are not asked for
 */
export async function gatherLive(
  { reader, account }: { readonly reader: KeyReader; readonly account: AccountReader | null },
  { plan, roster, names }: ProofQuestion,
  tell: (text: string) => void,
  known: ReadonlyMap<string, string>,
): Promise<ProofEvidence> {
  const estate = await observeEstate(reader, plan, tell, { names, known });
  const keys: FoundKey[] = [];
  const unread: string[] = [];
  const texts = new Map<string, string>();
  for (const name of names) {
    const planned = plan.keys[name];
    for (const region of planned ? regionsOf(plan, planned) : []) {
      const found = estate[region]?.[name];
      if (!found?.policy)
        unread.push(`${name} in ${region}: ${found === null ? 'there is no such key' : 'not readable'}`);
      else {
        const { keyId } = found.description;
        const grants = await orNull(() => reader.grants(region, keyId));
        const policy = parsePolicy(found.policy, `the policy of ${name} in ${region}`);
        texts.set(`${name} ${region}`, found.policy);
        keys.push({ name, region, keyId, policy, grants: grants ?? 'unread' });
      }
    }
  }
  const policies = keys.map(({ policy }) => policy);
  const found = account === null ? NOBODY_READ : await readAccount(account, rolesNamed(plan, roster, policies));
  const { principals, othersUnread } = found;
  return { keys, texts, unread: [...unread, ...found.unread], principals, othersUnread };
}

/** What these credentials may not read is left open; anything else is a failure. */
async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'DENIED') return null;
    throw cause;
  }
}

/** The proof over evidence: verified only when every claim was asked about and held. */
export function proveEvidence({ plan, roster, organization }: ProofQuestion, evidence: ProofEvidence): ProofReport {
  const keys = evidence.keys.map((found) => proofKeyOf(plan, roster, found));
  const { account } = plan;
  const subject = {
    account,
    keys,
    interlock: interlockOfRoster(roster, plan.interlock),
    principals: evidence.principals,
    othersUnread: evidence.othersUnread ?? false,
    ...organization,
  };
  const unread = evidence.unread.map((detail): Check => ({ id: 'evidence', status: 'skip', detail }));
  return proofReport(subject, unread);
}

/** A proof as checks: one a claim, and one for whatever should have been asked and was not. */
export function proofReport(subject: ProofSubject, unread: readonly Check[] = []): ProofReport {
  const { claims, evaluations } = prove(subject);
  const status = { held: 'pass', broken: 'fail', unproven: 'skip' } as const;
  const asked = claims.map(({ id, status: found, tried, findings }): Check => {
    const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : '';
    const [first] = findings;
    const where = first?.key ? ` [${first.key} in ${first.region}]` : '';
    const detail = first ? `${findingText(first)}${where}${more}` : `${sentenceOf(id)} (${tried} questions)`;
    return { id, status: status[found], detail };
  });
  const open = expectedClaims(subject).filter((id) => !claims.some((claim) => claim.id === id));
  const skipped = open.map((id): Check => ({ id, status: 'skip', detail: `not asked: ${sentenceOf(id)}` }));
  const checks = [...unread, ...asked, ...skipped];
  const findings = claims.flatMap((claim) => claim.findings.map((one) => ({ ...one, sentence: findingText(one) })));
  return { verdict: verdictOf(checks), checks, findings, evaluations };
}
