import { describe, expect, it } from 'vitest';
import { policyChangeScreen } from '../../../src/lib/cli/policy-screen.js';
import { plannedKeyPolicy } from '../../../src/lib/policy/planned.js';
import { policyChangeOf } from '../../../src/lib/request/policy-change.js';
import { ACCOUNT, createTeam, PRIMARY } from '../../support/people.js';

const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const interlock = { coldExecutorRoleArn: role('custody-cold'), auditorRoleArn: role('custody-auditor') };
const team = createTeam({ plan: (plan) => ({ ...plan, interlock }) });
const { roster } = team;
const { plan } = team.plan;
const keyId = '0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f';
const without = plannedKeyPolicy(plan, roster, 'case-data', PRIMARY);
const planned = plannedKeyPolicy(plan, roster, 'case-data', PRIMARY, { keyId });

function screen(before: string, after: string, whole = false): string {
  const change = policyChangeOf(
    { plan, roster },
    {
      action: 'key.policy',
      account: ACCOUNT,
      region: PRIMARY,
      key: {
        name: 'case-data',
        alias: 'alias/cmk/case-data',
        keyId,
        arn: `arn:aws:kms:${PRIMARY}:${ACCOUNT}:key/${keyId}`,
      },
      parameters: { policy: after },
      preState: { policy: before },
    },
  );
  if (change === null) throw new Error('no change of a policy');
  return policyChangeScreen(change, ACCOUNT, whole);
}

const section = (text: string) => text.slice(text.indexOf('Statements ('));

describe('the screen of another key policy', () => {
  it("tells the plan's interlock at once: who, which calls, how many slots", () => {
    const text = section(screen(without, planned));
    expect(text).toMatch(/ {2}\+ the approval interlock, \d+ statements in the plan's own words/);
    expect(text.replaceAll(/\s+/g, ' ')).toContain('custody-executor may with equal slots of 2 custodians: Rotate');
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      'custody-executor, custody-cold may with equal slots of 2 custodians of 2 duties: PutKeyPolicy',
    );
    expect(text).not.toContain('PrincipalTag');
    expect(text.split('\n').length).toBeLessThan(45);
  });

  it('or each statement', () => {
    const text = section(screen(without, planned, true));
    expect(text).not.toContain('the approval interlock');
    expect(text.match(/PrincipalTag\/custody:/g)?.length).toBeGreaterThan(40);
  });

  it('shows what is not word for word the plan’s', () => {
    const loose = JSON.parse(planned);
    for (const one of loose.Statement) if (one.Action === 'kms:RotateKeyOnDemand') delete one.Condition.StringEquals;
    const text = section(screen(planned, JSON.stringify(loose)));
    expect(text).toMatch(/\+ custody-executor may: RotateKeyOnDemand, if\s+aws:PrincipalTag\/custody:/);
    expect(text).toMatch(/- custody-executor may: RotateKeyOnDemand, if\s+aws:PrincipalTag\/custody:/);
    expect(text).toMatch(/ {4}the approval interlock/);
    expect(text).not.toMatch(/of 2 custodians: [^\n]*RotateKeyOnDemand/);
  });

  it('a statement that stays is told whole', () => {
    const lines = section(screen(planned, planned)).split('\n');
    expect(lines).toContainEqual(expect.stringMatching(/^ {4}everyone may never: PutKeyPolicy/));
    for (const line of lines.slice(1)) expect(line).toMatch(/^ {2,}\S/);
  });
});
