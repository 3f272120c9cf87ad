import { counted } from '../base/counted.js';
import { nullIfDenied } from '../base/errors.js';
import type { AccountReader } from '../key/account.js';
import { inRegion, type KeyReader, partsOf } from '../key/key.js';
import { type Plan, regionsOf } from '../plan/plan.js';
import { parsePolicy } from '../policy/document.js';
import type { ProofFinding } from '../policy/proof/docket.js';
import { findingText, sentenceOf } from '../policy/proof/docket.js';
import { type FoundKey, interlockOfRoster, proofKeyOf } from '../policy/proof/roster.js';
import type { AccountPrincipal, ProofSubject } from '../policy/proof/subject.js';
import { expectedClaims, prove } from '../policy/prove.js';
import { PLAIN, standingOf, standingText } from '../policy/standing.js';
import { observeEstate } from '../request/estate.js';
import type { Succession } from '../request/successors.js';
import type { Roster } from '../roster/roster.js';
import { NOBODY_READ, readAccount, rolesNamed } from './account.js';
import { type Check, type CheckReport, verdictOf } from './check.js';
import {
  judgeOutside,
  NOTHING_OUTSIDE,
  type OutsideKey,
  type OutsideSeen,
  outsideChecks,
  readOutside,
} from './outside.js';

/** What a proof says, for a person or a machine. */
export interface ProofReport extends CheckReport {
  /** Broken claims and what could not be told, each with who, what, where and by which statement. */
  readonly findings: readonly ProofFinding[];
  /** Keys of the account that are none of the plan's; empty where one key was asked about. */
  readonly outside: readonly OutsideKey[];
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
  readonly outside?: OutsideSeen;
  readonly unread: readonly string[];
}

/** What to look at beside the plan's names, as the records say. */
export interface ProofScope {
  /** Key ids by name of the plan. */
  readonly known: ReadonlyMap<string, string>;
  /** Keys that were made in place of others: both are proven as long as they are there. */
  readonly successions?: readonly Succession[];
  /** Also keys that the plan does not name. */
  readonly outside?: boolean;
}

/**
 * Reads the live policies and grants of keys in each Region, and everyone of the account. Changes nothing.
 * @param ports `account` null: roles and users are not asked for
 */
export async function gatherLive(
  { reader, account }: { readonly reader: KeyReader; readonly account: AccountReader | null },
  question: ProofQuestion,
  tell: (text: string) => void,
  { known, successions = [], outside = false }: ProofScope,
): Promise<ProofEvidence> {
  const { plan, roster, names } = question;
  const estate = await observeEstate(reader, plan, tell, { names, known });
  const unread: string[] = [];
  const found: LiveKey[] = [];
  for (const name of names) {
    const planned = plan.keys[name];
    for (const region of planned ? regionsOf(plan, planned) : []) {
      const key = estate[region]?.[name];
      if (key?.policy) found.push({ name, region, keyId: key.description.keyId, policy: key.policy });
      else unread.push(`${name} in ${region}: ${key === null ? 'there is no such key' : 'not readable'}`);
    }
  }
  found.push(...(await replacedKeys(reader, question, found, successions, unread)));
  const keys: FoundKey[] = [];
  for (const live of found) keys.push(await foundKey(reader, question, live));
  const policies = keys.map(({ policy }) => policy);
  const people = account === null ? NOBODY_READ : await readAccount(account, rolesNamed(plan, roster, policies));
  const seen = outside ? await readOutside(reader, plan, roster.repository, idsByRegion(found)) : NOTHING_OUTSIDE;
  const texts = new Map(
    found.flatMap(({ name, region, label, policy }) => (label ? [] : [[`${name} ${region}`, policy]])),
  );
  const { principals, othersUnread } = people;
  return { keys, texts, unread: [...unread, ...people.unread], principals, othersUnread, outside: seen };
}

interface LiveKey {
  readonly name: string;
  readonly region: string;
  readonly keyId: string;
  readonly policy: string;
  readonly label?: string;
}

/** The other key of each replacement: the one that has not the name yet, or has it no more. */
async function replacedKeys(
  reader: KeyReader,
  { plan, names }: ProofQuestion,
  found: readonly LiveKey[],
  successions: readonly Succession[],
  unread: string[],
): Promise<readonly LiveKey[]> {
  const more: LiveKey[] = [];
  for (const { name, old, successor } of successions.filter((one) => names.includes(one.name))) {
    const planned = plan.keys[name];
    for (const [arn, words] of [
      [old, 'replaced'],
      [successor, 'replacing'],
    ] as const) {
      for (const region of planned ? regionsOf(plan, planned) : []) {
        const { keyId } = partsOf(arn);
        if ([...found, ...more].some((one) => one.keyId === keyId && one.region === region)) continue;
        const label = `${name} (${words}, ${keyId})`;
        const policy = await policyIfThere(reader, region, inRegion(arn, region));
        if (policy === 'denied') unread.push(`${label} in ${region}: not readable`);
        else if (policy !== null) more.push({ name, region, keyId, policy, label });
      }
    }
  }
  return more;
}

/** Null where there is no such key (any more). */
async function policyIfThere(reader: KeyReader, region: string, arn: string): Promise<string | 'denied' | null> {
  const described = await reader.describe(region, arn).then((key) => ({ key }), nullIfDenied);
  if (described === null) return 'denied';
  if (described.key === null) return null;
  return (await reader.policy(region, arn).catch(nullIfDenied)) ?? 'denied';
}

async function foundKey(reader: KeyReader, { plan, roster }: ProofQuestion, live: LiveKey): Promise<FoundKey> {
  const { policy: text, ...key } = live;
  const grants = await reader.grants(key.region, key.keyId).catch(nullIfDenied);
  return {
    ...key,
    policy: parsePolicy(text, `the policy of ${key.label ?? key.name} in ${key.region}`),
    grants: grants ?? 'unread',
    standing: standingOf(plan, roster, live),
  };
}

function idsByRegion(found: readonly LiveKey[]): ReadonlyMap<string, ReadonlySet<string>> {
  const ids = new Map<string, Set<string>>();
  for (const { region, keyId } of found) ids.set(region, new Set([...(ids.get(region) ?? []), keyId]));
  return ids;
}

/** The proof over evidence: verified only when every claim was asked about and held. */
export function proveEvidence({ plan, roster, organization }: ProofQuestion, evidence: ProofEvidence): ProofReport {
  const keys = evidence.keys.map((found) => proofKeyOf(plan, roster, found));
  const { account } = plan;
  const subject = {
    account,
    keys,
    interlock: interlockOfRoster(roster, plan),
    principals: evidence.principals,
    othersUnread: evidence.othersUnread ?? false,
    ...organization,
  };
  const unread = evidence.unread.map((detail): Check => ({ id: 'evidence', status: 'skip', detail }));
  const standing = evidence.keys.flatMap(({ name, label, region, standing = PLAIN }): readonly Check[] => {
    const text = standingText(standing);
    return text === null
      ? []
      : [{ id: 'standing', status: 'pass', detail: `${label ?? name} in ${region} is ${text}` }];
  });
  const seen = evidence.outside ?? NOTHING_OUTSIDE;
  const outside = judgeOutside(seen, subject);
  return { ...proofReport(subject, [...unread, ...standing, ...outsideChecks(seen, outside)]), outside };
}

/** A proof as checks: one a claim, and one for whatever should have been asked and was not. */
export function proofReport(subject: ProofSubject, unread: readonly Check[] = []): ProofReport {
  const { claims, evaluations } = prove(subject);
  const status = { held: 'pass', broken: 'fail', unproven: 'skip' } as const;
  const asked = claims.map(({ id, status: found, tried, findings }): Check => {
    const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : '';
    const [first] = findings;
    const where = first?.key ? ` [${first.key} in ${first.region}]` : '';
    const detail = first ? `${findingText(first)}${where}${more}` : `${sentenceOf(id)} (${counted(tried, 'question')})`;
    return { id, status: status[found], detail };
  });
  const open = expectedClaims(subject).filter((id) => !claims.some((claim) => claim.id === id));
  const skipped = open.map((id): Check => ({ id, status: 'skip', detail: `not asked: ${sentenceOf(id)}` }));
  const checks = [...unread, ...asked, ...skipped];
  const findings = claims.flatMap((claim) => claim.findings.map((one) => ({ ...one, sentence: findingText(one) })));
  return { verdict: verdictOf(checks), checks, findings, outside: [], evaluations };
}
