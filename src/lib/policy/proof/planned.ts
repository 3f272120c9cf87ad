import { GRANT_OPERATIONS } from '../../base/grant-operations.js';
import type { ConditionElement } from '../document.js';
import type { Interlock } from '../interlock.js';
import { applicableClasses, SLOTS, type SlotClass } from '../slot.js';
import type { ProofClass, QuorumRule } from './subject.js';

/** Where a key's policy is to hold. */
interface Where {
  readonly account: string;
  readonly partition: string;
  readonly region: string;
}

/**
 * What a quorum may do with a key, and the limits that not even a quorum oversteps: from the plan and the table of slot
 * classes, never from the policy that is to be proven.
 */
export function provenClasses(interlock: Interlock, where: Where): readonly ProofClass[] {
  return applicableClasses(interlock)
    .filter((name) => SLOTS[name].stands !== 'opened' || interlock.opens?.includes(name))
    .flatMap((name) => variants(name, interlock, where).map((one) => ({ ...rowOf(name, interlock), ...one })));
}

function rowOf(name: SlotClass, { rules, threshold }: Interlock): Omit<ProofClass, 'pins'> {
  const { operations, rule, stands } = SLOTS[name];
  const own = rules[rule];
  const quorum: QuorumRule = { threshold: Math.max(threshold, own?.threshold ?? 0), duties: own?.distinctRoles ?? 1 };
  return { id: name, operations, quorum, ...(stands === 'standing' ? {} : { optional: true }) };
}

function pin(operator: string, key: string, ...values: readonly string[]): ConditionElement {
  return { operator, key, values };
}

type Variant = Pick<ProofClass, 'pins' | 'region'>;

function variants(name: SlotClass, interlock: Interlock, where: Where): readonly Variant[] {
  switch (name) {
    case 'rotation':
      return [
        { pins: [pin('NumericLessThanEquals', 'kms:RotationPeriodInDays', String(interlock.rotationPeriodDays))] },
      ];
    case 'delete':
      return [{ pins: [pin('NumericGreaterThanEquals', 'kms:ScheduleKeyDeletionPendingWindowInDays', '30')] }];
    case 'grant':
      return [{ pins: grantPins(interlock, where) }];
    case 'promote':
      return interlock.regions.map((region) => ({ region, pins: [pin('StringEquals', 'kms:PrimaryRegion', region)] }));
    case 'replicate':
      return [
        {
          pins: [pin('StringEquals', 'kms:ReplicaRegion', ...interlock.regions.filter((one) => one !== where.region))],
        },
      ];
    case 'tag':
    case 'untag':
      return [{ pins: [pin('ForAllValues:StringNotLike', 'aws:TagKeys', 'custody:*')] }];
    default:
      return [{ pins: [] }];
  }
}

/** To a role or user of the account that is no executor, and never the power to grant. */
function grantPins({ coldExecutorRoleArn }: Interlock, { account, partition }: Where): readonly ConditionElement[] {
  const own = `arn:${partition}:iam::${account}`;
  return [
    pin('StringLike', 'kms:GranteePrincipal', `${own}:role/*`, `${own}:user/*`),
    pin('StringNotEquals', 'kms:GranteePrincipal', coldExecutorRoleArn),
    pin('ForAllValues:StringEquals', 'kms:GrantOperations', ...GRANT_OPERATIONS),
    pin('Null', 'kms:GrantOperations', 'false'),
  ];
}
