import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../src/lib/policy/document.js';
import { plannedKeyPolicy } from '../../../src/lib/policy/planned.js';
import { plannedSlots, sayingOf } from '../../../src/lib/policy/planned-slots.js';
import { SLOTS } from '../../../src/lib/policy/slot.js';
import { createTeam, PRIMARY } from '../../support/people.js';

const role = (name: string) => `arn:aws:iam::111122223333:role/${name}`;
const interlock = { coldExecutorRoleArn: role('custody-cold'), auditorRoleArn: role('custody-auditor') };
const team = createTeam({ plan: (plan) => ({ ...plan, interlock }) });
const keyId = '0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f';
const planned = plannedKeyPolicy(team.plan.plan, team.roster, 'case-data', PRIMARY, { keyId });

type Statement = Record<string, unknown> & { Sid?: string; Action: string | string[] };
const statements = (text: string) => parsePolicy(text, 'policy').statements;

/** The planned policy with its statements changed. */
function changed(change: (all: readonly Statement[]) => readonly Statement[]): string {
  const document = JSON.parse(planned);
  return JSON.stringify({ ...document, Statement: change(document.Statement) });
}

const classesIn = (text: string) => [...new Set(plannedSlots(statements(text), statements(planned)).values())].sort();
const all = classesIn(planned);
const isOf = (operation: string) => (one: Statement) =>
  JSON.stringify(one).includes('PrincipalTag') && [one.Action].flat().includes(`kms:${operation}`);

describe('the interlock in the words of the plan', () => {
  it('is each of its statements, and no other one', () => {
    const slots = plannedSlots(statements(planned), statements(planned));
    for (const statement of statements(planned)) {
      const name = slots.get(sayingOf(statement));
      const asks = statement.conditions.some(({ key }) => key.startsWith('aws:PrincipalTag/custody:'));
      expect(name !== undefined).toBe(asks);
      if (name) expect(SLOTS[name].operations.map((one) => `kms:${one}`)).toEqual(statement.action.patterns);
    }
    expect(all).toEqual(expect.arrayContaining(['rotate', 'policy', 'disable', 'delete', 'grant']));
  });

  it('a statement by another name, in another place, says the same', () => {
    const renamed = changed((list) => list.map((one) => ({ ...one, Sid: `x${one.Sid}` })).reverse());
    expect(classesIn(renamed)).toEqual(all);
  });

  it.each<[string, (list: readonly Statement[]) => readonly Statement[]]>([
    ['one way to a quorum is gone', (list) => list.filter((one) => one !== list.find(isOf('RotateKeyOnDemand')))],
    ['a condition is gone', (list) => list.map((one) => (isOf('RotateKeyOnDemand')(one) ? weakened(one) : one))],
    [
      'one more way is there',
      (list) => [...list, ...list.filter(isOf('RotateKeyOnDemand')).map((one) => ({ ...one, Principal: '*' }))],
    ],
    [
      'another role may as well',
      (list) =>
        list.map((one) => (isOf('RotateKeyOnDemand')(one) ? { ...one, Principal: { AWS: role('outsider') } } : one)),
    ],
    [
      'it lets another call through too',
      (list) =>
        list.map((one) =>
          isOf('RotateKeyOnDemand')(one) ? { ...one, Action: ['kms:RotateKeyOnDemand', 'kms:DisableKey'] } : one,
        ),
    ],
  ])('its class is not the plan’s when %s', (_, change) => {
    const left = classesIn(changed(change));
    expect(left).not.toContain('rotate');
    expect(left).toEqual(all.filter((name) => name !== 'rotate'));
  });

  it('nothing is where the plan has none', () => {
    expect(plannedSlots(statements(planned), []).size).toBe(0);
  });
});

/** Without the condition that a second seat holds the slot. */
function weakened(one: Statement): Statement {
  const { StringLike } = one.Condition as Record<string, unknown>;
  return { ...one, Condition: { StringLike } };
}
