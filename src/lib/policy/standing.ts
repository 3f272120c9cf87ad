import { CustodyError } from '../base/errors.js';
import { canonicalPolicy } from '../plan/diff-policy.js';
import type { Plan } from '../plan/plan.js';
import type { Roster } from '../roster/roster.js';
import { moversOf, rolesOf } from './move.js';
import { type PolicyFor, plannedKeyPolicy } from './planned.js';
import type { ProofUser } from './proof/subject.js';
import { SLOT_CLASSES, SLOTS, type SlotClass } from './slot.js';

/** What the policy of a key is for, which decides what it has to be proven against. */
export type KeyStanding =
  | { readonly kind: 'plain' }
  /** Lets classes through for a time that do not stand in a policy for good. */
  | { readonly kind: 'opened'; readonly opens: readonly SlotClass[] }
  /** Ciphertexts may leave the key, to the one that replaces it. */
  | { readonly kind: 'replaced' }
  /** Ciphertexts may come to the key, from the one that it replaces. */
  | { readonly kind: 'replacing' };

export const PLAIN: KeyStanding = { kind: 'plain' };

/** A key in one Region with its live policy, JSON text. */
export interface StandingKey {
  readonly name: string;
  readonly region: string;
  readonly keyId: string;
  readonly policy: string;
}

/**
 * What a live policy is for: only the very text that plan and roster give for that counts. Anything else is plain, and breaks
 * the claims that it breaks.
 */
export function standingOf(plan: Plan, roster: Roster, key: StandingKey): KeyStanding {
  const { name, region, keyId, policy } = key;
  const live = canonicalOrNull(policy);
  const is = (of: PolicyFor) => live !== null && live === plannedOrNull(plan, roster, name, region, of);
  if (is({ keyId })) return PLAIN;
  if (is({ keyId, move: 'out' }) || is({ move: 'out' })) return { kind: 'replaced' };
  if (is({ keyId, move: 'in' }) || is({ move: 'in' })) return { kind: 'replacing' };
  const plain = plannedOrNull(plan, roster, name, region, { keyId }) ?? '';
  const opens = SLOT_CLASSES.filter(
    (one) => SLOTS[one].stands !== 'standing' && policy.includes(`"${one}/`) && !plain.includes(`"${one}/`),
  );
  return opens.length > 0 && is({ keyId, opens }) ? { kind: 'opened', opens } : PLAIN;
}

function canonicalOrNull(policy: string): string | null {
  try {
    return canonicalPolicy(policy);
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}

/** What has no room in a policy cannot be what stands there. */
function plannedOrNull(plan: Plan, roster: Roster, name: string, region: string, of: PolicyFor): string | null {
  try {
    return plannedKeyPolicy(plan, roster, name, region, of);
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}

/** What roles may do with the key for the time of a replacement, beside what the plan lets them. */
export function moverUses(plan: Plan, name: string, { kind }: KeyStanding): readonly ProofUser[] {
  if (kind !== 'replaced' && kind !== 'replacing') return [];
  const users = (plan.keys[name]?.users ?? []).map(({ roleArn, may, encryptionContext, viaService }) => ({
    roleArn,
    operations: may,
    encryptionContext,
    viaService,
  }));
  const movers = moversOf(users);
  const operations = kind === 'replaced' ? ['ReEncryptFrom'] : ['ReEncryptFrom', 'ReEncryptTo'];
  const moving = movers.map((mover) => ({ ...mover, operations, viaService: null }));
  const looking = rolesOf(movers).map((roleArn) => ({
    roleArn,
    operations: ['DescribeKey'],
    encryptionContext: {},
    viaService: null,
  }));
  return kind === 'replaced' ? moving : [...moving, ...looking];
}

/** The same in words, where it is not plain. */
export function standingText(standing: KeyStanding): string | null {
  switch (standing.kind) {
    case 'plain':
      return null;
    case 'opened':
      return `open for ${standing.opens.join(', ')} until another policy closes it`;
    case 'replaced':
      return 'being replaced: ciphertexts may leave it';
    case 'replacing':
      return 'replacing another key: ciphertexts may come to it';
  }
}
