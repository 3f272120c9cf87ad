import { describe, expect, it } from 'vitest';
import { lockoutOf } from '../../../src/lib/policy/lockout.js';
import { plannedInterlock, plannedKeyPolicy } from '../../../src/lib/policy/planned.js';
import { type RenderedPolicy, renderAccount, renderKey } from '../../../src/lib/policy/render.js';
import { formatSlot, formatSlotName } from '../../../src/lib/policy/slot.js';
import { terraformOf } from '../../../src/lib/policy/terraform.js';
import { validateKeyPolicy } from '../../../src/lib/policy/validate.js';
import { createTeam, PRIMARY, REPLICA } from '../../support/people.js';
import { KEY_ID } from './interlock-cases.js';

const team = createTeam();
const { plan } = team.plan;
const account = `arn:aws:iam::${plan.account}`;
const OIDC = { type: 'oidc', providerArn: `${account}:oidc-provider/idp.example.com`, audience: 'custody' } as const;
const NOWHERE = { entrances: {}, organizationId: null, breakGlassRoleArns: [] };

const key = (name: string, region = PRIMARY) => renderKey(plan, team.roster, name, region, { keyId: KEY_ID });
const everything: readonly RenderedPolicy[] = [
  key('root'),
  key('root', REPLICA),
  ...renderAccount(plan, team.roster, {
    entrances: {
      architect: { ...OIDC, subject: 'Jane %{if}' },
      auditor: { ...OIDC, subject: 'auditor' },
      ci: { ...OIDC, subject: 'repo:acme/keys:environment:custody' },
    },
    organizationId: 'o-a1b2c3d4e5',
    breakGlassRoleArns: [],
  }),
];

describe('the policies of the template', () => {
  it.each(Object.keys(plan.keys))('%s fits, in its plain form, and KMS takes it', async (name) => {
    const { policy, form, classes } = key(name);
    expect([form, classes.length]).toEqual(['plain', plan.keys[name]?.multiRegion ? 17 : 16]);
    expect(validateKeyPolicy(policy)).toEqual([]);
    await expect(`${policy}\n`).toMatchFileSnapshot(`../../golden/policies/interlock/${name}.json`);
  });

  it('are another text without the interlock', () => {
    expect(plannedKeyPolicy(plan, team.roster, 'root', PRIMARY)).toContain('"Sid":"Change"');
    expect(key('root').policy).not.toContain('"Sid":"Change"');
  });

  it('are each Region’s own', () => {
    expect(key('root', REPLICA).policy).toContain(`rotate/${REPLICA}/${KEY_ID}/`);
    expect(key('root', REPLICA).policy).not.toContain(`rotate/${PRIMARY}/`);
  });

  it('T50 can be put again by a quorum, and by nobody else', () => {
    const question = {
      account: plan.account,
      region: PRIMARY,
      keyArn: `arn:aws:kms:${PRIMARY}:${plan.account}:key/${KEY_ID}`,
      executorRoleArn: team.roster.executorRoleArn,
      sourceIdentities: ['ci'],
    };
    const digestHex = 'a'.repeat(64);
    const slotsOf = (custodians: readonly string[]) => (executor: string) =>
      Object.fromEntries(
        custodians.map((custodian) => [
          `aws:PrincipalTag/${formatSlotName({ custodian, keyName: 'root' })}`,
          formatSlot({ class: 'policy', region: PRIMARY, keyId: KEY_ID, digestHex, executor }),
        ]),
      );
    const { policy } = key('root');
    expect(lockoutOf(policy, { ...question, slots: slotsOf(['architect', 'privacy']) })).toBeNull();
    expect(lockoutOf(policy, { ...question, slots: slotsOf(['privacy']) })).not.toBeNull();
    expect(lockoutOf(policy, question)).not.toBeNull();
  });

  it('are refused for what the plan does not have', () => {
    const refused = (name: string, region: string) => () =>
      plannedInterlock(plan, team.roster, name, region, { keyId: KEY_ID });
    expect(refused('nothing', PRIMARY)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
    expect(refused('case-data', 'ap-southeast-1')).toThrow(expect.objectContaining({ code: 'PLAN_INVALID' }));
  });
});

describe('the policies of the account', () => {
  it('leave out how people come in where nobody said', () => {
    const names = renderAccount(plan, team.roster, NOWHERE).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('trust-'))).toEqual(['trust-executor', 'trust-cold']);
    expect(names).toContain('role-architect');
    expect(new Set(names).size).toBe(names.length);
  });
});

/** What Terraform would read out of a heredoc. */
function heredocsOf(hcl: string): readonly string[] {
  return [...hcl.matchAll(/chomp\(<<POLICY\n(.*?)\nPOLICY\n/gs)].map(([, text = '']) =>
    text.replaceAll('$${', '${').replaceAll('%%{', '%{'),
  );
}

describe('Terraform', () => {
  const hcl = terraformOf(everything);

  it('is the golden text', async () => {
    await expect(hcl).toMatchFileSnapshot('../../golden/policies/custody.tf');
  });

  it('holds each policy, byte for byte', () => {
    expect([...heredocsOf(hcl)].sort()).toEqual(everything.map(({ policy }) => policy).sort());
  });

  it('has nothing that Terraform would fill in', () => {
    expect(hcl.replaceAll('$${', '').replaceAll('%%{', '')).not.toMatch(/[$%]\{/);
  });

  it('leaves the tags of the executors alone, which are approvals', () => {
    const blocks = hcl.split('\n\n').filter((block) => block.startsWith('resource "aws_iam_role" '));
    const kept = blocks.filter((block) => /ignore_changes += \[tags, tags_all\]/.test(block));
    expect(kept.map((block) => /"(custody_\w+)" \{/.exec(block)?.[1])).toEqual([
      'custody_role_executor',
      'custody_role_cold',
    ]);
  });

  it('manages no role of which it does not know who may enter', () => {
    expect(hcl.includes('resource "aws_iam_role" "custody_role_privacy"')).toBe(false);
    expect(hcl.includes('role = "privacy"')).toBe(true);
  });
});
