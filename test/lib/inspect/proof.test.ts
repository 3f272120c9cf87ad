import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAccountReader } from '../../../src/lib/aws/iam-account.js';
import { createKeyReader } from '../../../src/lib/aws/kms-reader.js';
import { gatherLive, type ProofQuestion, type ProofReport, proveEvidence } from '../../../src/lib/inspect/proof.js';
import { createKey, createSandboxOffice, type SandboxOffice } from '../../support/sandbox-office.js';

const NOTHING_ABOVE = { serviceControlPolicies: null, resourceControlPolicies: null };

describe('a proof over live keys', () => {
  let office: SandboxOffice & { close(): void };

  beforeAll(async () => {
    office = await createSandboxOffice();
    await createKey(office, 'case-data');
  }, 60_000);
  afterAll(() => office.close());

  async function proofAs(profile: string): Promise<ProofReport> {
    const line = office.aws.line(profile);
    const { plan, roster } = office.team;
    const question: ProofQuestion = { plan: plan.plan, roster, names: ['case-data'], organization: NOTHING_ABOVE };
    const ports = { reader: createKeyReader(line), account: createAccountReader(line) };
    const evidence = await gatherLive(ports, question, () => undefined, { known: new Map(), outside: true });
    return proveEvidence(question, evidence);
  }

  it('refuses an executor that needs no approvals, names it, and leaves open what a seat may not read', async () => {
    const { verdict, checks, findings } = await proofAs('architect');
    expect(verdict).toBe('refused');
    expect(findings.find(({ claim }) => claim === 'below-threshold-denied')).toMatchObject({
      status: 'broken',
      key: 'case-data',
      principal: 'role/custody-executor',
      statements: [{ policy: 'key policy', sid: 'Change' }],
    });
    expect(checks).toContainEqual({ id: 'veto-with-one', status: 'pass', detail: expect.any(String) });
    expect(checks).toContainEqual({ id: 'no-direct-change', status: 'pass', detail: expect.any(String) });
    const open = checks.filter(({ status }) => status === 'skip').map(({ id }) => id);
    const unread = ['evidence', 'own-slots-only', 'executor-approves-nothing', 'roles-frozen'];
    expect(open).toEqual(expect.arrayContaining(unread));
    // A seat may look at each role (iam:GetRole), so who enters it is told.
    expect(checks).toContainEqual({ id: 'one-subject-one-seat', status: 'pass', detail: expect.any(String) });
    expect(open).not.toContain('executor-trust');
    const evidence = checks.filter(({ id }) => id === 'evidence').map(({ detail }) => detail);
    expect(evidence).toContainEqual(
      expect.stringMatching(/\brole\/architect\b.*: policies not readable with these credentials$/),
    );
    expect(evidence.at(-1)).toContain('everyone else of the account: not listed for these credentials');
  });

  it('reads everyone of the account, with what their policies say', async () => {
    const identities = await createAccountReader(office.aws.line('admin')).identities();
    const admin = identities.find(({ arn }) => arn.endsWith(':role/Admin'));
    expect(admin?.policies?.map(({ name, document }) => [name, document])).toEqual([
      ['admin', expect.stringContaining('"Action":["*"]')],
    ]);
    expect(admin?.trust).toContain('NoSessionTags');
    expect(identities.map(({ arn }) => arn.split('/').at(-1)).sort()).toEqual(
      [
        'Admin',
        'app',
        'architect',
        'custody-auditor',
        'custody-cold',
        'custody-drill',
        'custody-executor',
        'custody-installer',
        'deputy',
        'outsider',
        'privacy',
      ].sort(),
    );
  });
});
