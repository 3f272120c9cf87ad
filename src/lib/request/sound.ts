import type { JsonObject, JsonValue } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isObject, readFields } from '../base/fields.js';
import type { KeyUser, Plan } from '../plan/plan.js';
import { lockoutOf } from '../policy/lockout.js';
import { formatSlot, formatSlotName } from '../policy/slot.js';
import { readKeyPolicy } from '../policy/validate.js';
import { grantParameters } from '../record/action-access.js';
import type { ActionName } from '../record/action-names.js';
import type { RequestPredicate } from '../record/statement.js';
import type { Roster } from '../roster/roster.js';
import { assertCycle } from './cycle.js';
import type { InForce } from './in-force.js';
import { isAccessAction, shows } from './shows.js';

/** What is asked for, with the state that it is asked on. */
export type Said = Pick<RequestPredicate, 'action' | 'region' | 'key' | 'parameters' | 'preState'>;

type Sound = (state: InForce, said: Said) => void;

/** THE column of the action table for what no quorum may let through, judged by the plan, the roster and the signed state. */
const SOUND: Readonly<Partial<Record<ActionName, Sound>>> = {
  'key.policy': assertPolicy,
  'key.alias-create': assertAliasFree,
  'key.alias-move': assertAliasMove,
  'key.alias-delete': assertAliasDelete,
  'key.grant': assertGrant,
  'drill.cycle': assertCycle,
};

/**
 * Judged when a request is opened, again on each approver's machine, and again before it is executed: a request may have
 * been made by another tool.
 * @throws CustodyError REFUSED · FOREIGN_KEY (T61) · POLICY_MALFORMED
 */
export function assertSound(state: InForce, said: Said): void {
  SOUND[said.action]?.(state, said);
}

/** @throws CustodyError REFUSED for a request that would change nothing */
export function assertChanges(said: Said): void {
  const { action, key, parameters, preState } = said;
  if (!isAccessAction(action) || !shows(action, preState, { action, key, parameters, nonce: null })) return;
  const gone = action === 'key.revoke' || action === 'key.retire';
  if (gone) throw new CustodyError('NOT_FOUND', `${nameOf(said)} has no grant ${String(parameters.grantId)}`);
  throw new CustodyError('REFUSED', `${action} would change nothing: ${nameOf(said)} is already so`);
}

function nameOf({ key }: Said): string {
  return key?.name ?? 'it';
}

function refused(said: Said, because: string, details: JsonObject = {}): CustodyError {
  return new CustodyError('REFUSED', `${said.action} of ${nameOf(said)}: ${because}`, { details });
}

/** What KMS would not take, and what nobody could take back (T50). */
function assertPolicy({ plan, roster }: InForce, said: Said): void {
  const policy = String(said.parameters.policy);
  readKeyPolicy(policy, nameOf(said));
  const lockout = lockoutOf(policy, {
    account: plan.plan.account,
    region: said.region,
    keyArn: said.key?.arn ?? '',
    executorRoleArn: roster.executorRoleArn,
    sourceIdentities: [...roster.custodians, ...roster.automation].map(({ id }) => id),
    ...slotsIn(plan.plan, roster, said),
  });
  if (lockout !== null) throw refused(said, lockout, { executorRoleArn: roster.executorRoleArn });
}

/** With the interlock the executor puts no policy alone: it must be able to with everyone's approval. */
function slotsIn({ interlock }: Plan, roster: Roster, { key, region }: Said) {
  const { name: keyName, keyId } = key ?? {};
  if (!interlock || !keyName || !keyId) return {};
  return {
    slots: (executor: string) => {
      const value = formatSlot({ class: 'policy', region, keyId, digestHex: '0'.repeat(64), executor });
      return Object.fromEntries(
        roster.custodians.map(({ id }) => [`aws:PrincipalTag/${formatSlotName({ custodian: id, keyName })}`, value]),
      );
    },
  };
}

function assertAliasFree(_: InForce, said: Said): void {
  assertNoNameDecides(said, said.preState);
  const { target } = said.preState;
  if (target !== null && target !== said.key?.keyId)
    throw refused(said, `${String(said.parameters.alias)} stands for another key`, { target: target ?? null });
}

function assertAliasDelete(state: InForce, said: Said): void {
  assertAliasHere(state, said);
  assertNoNameDecides(said, said.preState);
}

/**
 * Under a key policy that asks for names of its key (kms:RequestAlias), moving a name lets somebody in or shuts somebody out
 * without a word in the request: the policy has to say it first, under its own request, where a lock-out is looked for.
 */
function assertNoNameDecides(said: Said, { aliasConditions = [] }: JsonObject): void {
  const conditions = Array.isArray(aliasConditions) ? aliasConditions : [aliasConditions];
  if (conditions.length === 0) return;
  const keys = conditions.map((one) => String(fieldsOf(one)?.key ?? 'a condition'));
  throw new CustodyError(
    'REFUSED',
    `${said.action} of ${nameOf(said)}: the key policy asks for names of the key (${[...new Set(keys)].join(', ')}), so who may use it would change with the name`,
    {
      details: { alias: said.parameters.alias ?? null, conditions },
      suggestions: ['Put a key policy without them first: custody keys policy KEY.'],
    },
  );
}

function assertAliasHere(_: InForce, said: Said): void {
  const { target = null } = said.preState;
  if (target === said.key?.keyId) return;
  const found = target === null ? 'there is no such alias' : `it stands for ${String(target)}`;
  throw refused(said, `${String(said.parameters.alias)} does not stand for this key: ${found}`, { target });
}

/** The plan's key would be another one from then on: it must be there, and of this repository (T5, T61). */
function assertAliasMove(state: InForce, said: Said): void {
  assertAliasHere(state, said);
  const to = fieldsOf(said.preState.to);
  if (to === null) throw refused(said, `there is no key ${String(said.parameters.to)} in ${said.region}`);
  if (to.repository !== state.roster.repository) {
    throw new CustodyError('FOREIGN_KEY', `${String(to.arn)} is not tagged as a key of this repository`, {
      details: { expected: state.roster.repository, found: to.repository ?? null },
    });
  }
  if (to.arn !== said.parameters.to || to.arn === said.key?.arn)
    throw refused(said, 'the alias must move to another key', { to: to.arn ?? null });
  if (to.state !== 'Enabled')
    throw refused(said, `${String(to.arn)} is ${String(to.state)}`, { state: to.state ?? null });
  for (const key of [said.preState, to]) assertNoNameDecides(said, key);
}

function fieldsOf(value: JsonValue | undefined): JsonObject | null {
  return isObject(value) ? value : null;
}

/** Operations that carry no encryption context, so that no constraint can hold for them. */
const WITHOUT_CONTEXT: readonly string[] = ['DescribeKey', 'RetireGrant'];

/** A grant is for one of the account, and for no more than a context that is written out, unless the plan asks for none. */
function assertGrant({ plan: { plan }, roster }: InForce, said: Said): void {
  const given = readFields(grantParameters, said.parameters, 'parameters', 'RECORD_MALFORMED');
  const own = `arn:${plan.partition}:iam::${plan.account}:`;
  const outside = [given.grantee, given.retiring].find((arn) => arn !== null && !arn.startsWith(own));
  if (outside) throw refused(said, `${outside} is not of account ${plan.account}`);
  if (given.grantee === roster.executorRoleArn)
    throw refused(said, 'the executor role changes keys, it never uses them', { grantee: given.grantee });
  if (given.operations.every((operation) => WITHOUT_CONTEXT.includes(operation))) return;
  assertContext(plan, said, given.grantee, given.constraint?.pairs ?? null);
  const reads = given.operations.some((operation) => READS.includes(operation));
  if (reads && usesOf(plan, said, given.grantee).some(({ writeOnly }) => writeOnly))
    throw refused(said, `the plan promises that ${given.grantee} only writes`, { operations: given.operations });
}

/** What a role that only writes must never be given: ReEncrypt is a way to decrypt (T56). */
const READS: readonly string[] = ['Decrypt', 'ReEncryptFrom', 'ReEncryptTo'];

function usesOf(plan: Plan, { key }: Said, roleArn: string): readonly KeyUser[] {
  return (plan.keys[key?.name ?? '']?.users ?? []).filter((user) => user.roleArn === roleArn);
}

type Pairs = Readonly<Record<string, string>>;

/** A user of the key keeps the pairs that the plan asks of it; anyone else must be held to some. */
function assertContext(plan: Plan, said: Said, grantee: string, pairs: Pairs | null): void {
  const uses = usesOf(plan, said, grantee).map(({ encryptionContext }) => encryptionContext);
  const keeps = (wanted: Pairs) => Object.entries(wanted).every(([name, value]) => pairs?.[name] === value);
  if (uses.some(keeps) || (uses.length === 0 && pairs !== null)) return;
  if (uses.length === 0)
    throw refused(said, 'it needs an encryption context: the plan has no use of the key without one for this grantee');
  const wanted = uses.map((one) =>
    Object.entries(one)
      .map(([name, value]) => `${name}=${value}`)
      .join(', '),
  );
  throw refused(said, `the plan lets ${grantee} use the key only with ${wanted.join(' or ')}`);
}
