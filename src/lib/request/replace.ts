import { CustodyError } from '../base/errors.js';
import { inRegion, isKeyArn, type KeyArn, type KeyReader, partsOf } from '../key/key.js';
import { canonicalPolicy } from '../plan/diff-policy.js';
import { type Plan, type PlannedKey, regionsOf } from '../plan/plan.js';
import { moversOf, readsCanaries } from '../policy/move.js';
import { plannedKeyPolicy } from '../policy/planned.js';
import { REPOSITORY_TAG } from '../record/action-create.js';
import { REPLACES_TAG } from '../record/action-succeed.js';
import type { Case } from './case.js';
import { casesOf } from './desk.js';
import { createProposal } from './estate.js';
import type { InForce } from './in-force.js';
import { aliasTarget } from './observe-key.js';
import { isOpen, type Proposal } from './open.js';
import type { Aws, Ports } from './ports.js';
import { type Ask, type Progress, type RegionPolicies, type ReplaceStep, stepsOf } from './replace-steps.js';
import type { How } from './rotate.js';
import { plannedSubject, resolveKey } from './subject.js';
import { type Succession, successionsOf } from './successors.js';

interface Place {
  readonly ports: Ports;
  readonly aws: Pick<Aws, 'reader'>;
  readonly state: InForce;
  readonly plan: Plan;
}

/** A key that is being replaced: how far it is, and what comes next. */
export interface Replacement {
  readonly name: string;
  readonly old: KeyArn;
  readonly successor: KeyArn | null;
  readonly steps: readonly ReplaceStep[];
  /** What the next step asks of the quorum; null when it is people's turn, or all is done. */
  readonly ask: Ask | null;
}

/** One who says that every ciphertext was moved: custody has no list of them and cannot know. */
export interface MovedBy {
  readonly by: string;
}

/**
 * Looks at AWS and at the records how far the replacement of a key is. Nothing is stored about it, so any custodian goes on
 * where another one stopped.
 * @param given a name of the plan: its last replacement, or a new one when there was none; a key id or ARN: of this key
 * @param moved that everything was moved, as this run's caller says; null: as the records say
 * @throws CustodyError NOT_FOUND · FOREIGN_KEY (T61) · REFUSED for imported material, or for `moved` before there is a way
 */
export async function lookAtReplacement(place: Place, given: string, moved: MovedBy | null): Promise<Replacement> {
  const { cases } = await casesOf(place.ports, place.state);
  const { name, old, successor } = await pairOf(place, given, cases);
  const progress = await progressOf(place, cases, { name, old, successor, moved });
  const { steps, ask } = stepsOf(progress, cases);
  const early = steps.find(({ status }) => status !== 'done' && status !== 'not-needed');
  if (moved && (early?.name === 'new-key' || early?.name === 'let-out')) {
    throw new CustodyError('REFUSED', `nothing of ${name} can have been moved yet: the step ${early.name} is not done`);
  }
  return { name, old, successor, steps, ask };
}

/**
 * The request of the next step.
 * @throws CustodyError BUG when there is none
 */
export function replaceProposal({ ask, name }: Replacement, moved: MovedBy | null, how: How): Proposal {
  if (ask === null) throw new CustodyError('BUG', `the replacement of ${name} asks for nothing now`);
  const said =
    moved && ask.action === 'key.alias-move' ? `${moved.by} says that everything was moved to the new key.` : '';
  const reason = [said, how.reason]
    .filter((part) => part !== '')
    .join(' ')
    .slice(0, MAX_REASON);
  return { ...ask, ...how, reason };
}

const MAX_REASON = 1000;

interface Pair {
  readonly name: string;
  readonly old: KeyArn;
  readonly successor: KeyArn | null;
}

async function pairOf({ aws, state, plan }: Place, given: string, cases: readonly Case[]): Promise<Pair> {
  const made = successionsOf(cases);
  const subject = plannedSubject(plan, given);
  const id = isKeyArn(given) ? partsOf(given).keyId : given;
  const known = subject
    ? made.filter(({ name }) => name === subject.name).at(-1)
    : made.filter(({ old }) => partsOf(old).keyId === id).at(-1);
  if (known && (subject === null || (await stands(aws.reader, plan, known)))) {
    await assertPair(aws.reader, known, state.roster.repository);
    return known;
  }
  const { name, arn } = await resolveKey(aws.reader, plan, state.roster.repository, given);
  return { name, old: arn, successor: null };
}

/** A name means its last replacement as long as it stands for one of the two keys. */
async function stands(reader: KeyReader, plan: Plan, { name, old, successor }: Succession): Promise<boolean> {
  const target = await aliasTarget(reader, partsOf(old).region, plan.keys[name]?.alias ?? '');
  return [old, successor].some((arn) => partsOf(arn).keyId === target);
}

/** @throws CustodyError FOREIGN_KEY when one of the two is of another repository, or the new one for another key */
async function assertPair(reader: KeyReader, { old, successor }: Succession, repository: string): Promise<void> {
  const expected: readonly (readonly [KeyArn, string, string])[] = [
    [old, REPOSITORY_TAG, repository],
    [successor, REPOSITORY_TAG, repository],
    [successor, REPLACES_TAG, partsOf(old).keyId],
  ];
  for (const [arn, tag, value] of expected) {
    const tags = await reader.tags(partsOf(arn).region, arn);
    // Its window may be over: then there is no key to be anyone's.
    if (tags === null && arn === old) continue;
    if (tags?.[tag] === value) continue;
    throw new CustodyError('FOREIGN_KEY', `${arn} is not tagged ${tag}=${value}`, {
      details: { expected: value, found: tags?.[tag] ?? null },
    });
  }
}

async function progressOf(
  { aws: { reader }, state, plan }: Place,
  cases: readonly Case[],
  { name, old, successor, moved }: Pair & { readonly moved: MovedBy | null },
): Promise<Progress> {
  const planned = plan.keys[name];
  if (!planned) throw new CustodyError('NOT_FOUND', `the plan in force has no key ${name}`);
  const { region } = partsOf(old);
  const description = await reader.describe(region, old);
  const oldRegions = description === null ? [] : [...(description.multiRegion?.replicaRegions ?? []), region];
  const aliasRegions = regionsOf(plan, planned);
  const policies = async (where: string): Promise<RegionPolicies> => {
    const policyOf = (arn: KeyArn | null, move?: 'out') =>
      plannedKeyPolicy(plan, state.roster, name, where, {
        keyId: arn && partsOf(arn).keyId,
        ...(move ? { move } : {}),
      });
    const read = async (arn: KeyArn | null) => arn && canonical(await reader.policy(where, inRegion(arn, where)));
    const [was, is] = await Promise.all([read(oldRegions.includes(where) ? old : null), read(successor)]);
    return { old: was, successor: is, out: policyOf(old, 'out'), planned: policyOf(successor) };
  };
  return {
    name,
    alias: planned.alias,
    old,
    successor,
    oldRegions,
    aliasRegions,
    aliasTargets: await each(aliasRegions, (where) => aliasTarget(reader, where, planned.alias)),
    oldStates: await each(
      oldRegions,
      async (where) => (await reader.describe(where, inRegion(old, where)))?.state ?? null,
    ),
    policies: await each([...new Set([...oldRegions, ...aliasRegions])], policies),
    letOutNeedless: letOutNeedless(planned),
    create: createAsk(plan, state, name, old),
    moved: moved !== null || wasMoved(cases, old, successor),
  };
}

/** Nobody has to be let out of a key that no role decrypts with calls of its own. */
function letOutNeedless({ users }: PlannedKey): string | null {
  const uses = users.map(({ may, ...user }) => ({ ...user, operations: may }));
  if (moversOf(uses).length > 0) return null;
  const storing = users.filter((user) => !readsCanaries(user));
  const services = [...new Set(storing.map(({ viaService }) => viaService))].sort();
  const only = storing.length > 0 && services.every((service) => service !== null);
  return only ? `used only through ${services.join(' and ')}` : 'no role decrypts with calls of its own';
}

function canonical(text: string | null): string | null {
  return text === null ? null : (canonicalPolicy(text) ?? text);
}

async function each<T>(regions: readonly string[], look: (region: string) => Promise<T>): Promise<Record<string, T>> {
  return Object.fromEntries(await Promise.all(regions.map(async (region) => [region, await look(region)] as const)));
}

/** The new key is as the plan wants it, but ciphertexts may come to it from the old one. */
function createAsk(plan: Plan, { roster }: InForce, name: string, old: KeyArn): Ask {
  const planned = plan.keys[name];
  if (planned?.origin !== 'AWS_KMS') {
    throw new CustodyError('REFUSED', `the material of ${name} is imported: it can be deleted alone`, {
      suggestions: [`custody keys material-off ${name}, then custody keys import ${name} for new material.`],
    });
  }
  const { action: _, parameters, key, region } = createProposal(plan, roster, name, '', null);
  const policyIn = (where: string) => plannedKeyPolicy(plan, roster, name, where, { move: 'in' });
  const replicas = planned.replicas.map((where) => ({ region: where, policy: policyIn(where) }));
  const ref = { name, alias: key?.alias ?? planned.alias, arn: old, keyId: partsOf(old).keyId };
  return { action: 'key.succeed', region, key: ref, parameters: { ...parameters, policy: policyIn(region), replicas } };
}

/** Someone has said so in a request that moves the name: one that was refused or ran out says it no more. */
function wasMoved(cases: readonly Case[], old: KeyArn, successor: KeyArn | null): boolean {
  if (successor === null) return false;
  const ids = [old, successor].map((arn) => partsOf(arn).keyId);
  return cases.some((item) => {
    const { action, key, parameters } = item.request.statement.predicate;
    const { to } = parameters;
    const same = action === 'key.alias-move' && key?.keyId === ids[0] && isKeyArn(to) && partsOf(to).keyId === ids[1];
    return same && (isOpen(item) || item.verdict.state === 'executed');
  });
}
