import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { parseDraft } from '../../../src/lib/plan/draft.js';
import { formatPlan } from '../../../src/lib/plan/format.js';
import { planSchema } from '../../../src/lib/plan/schema.js';
import { planTemplate } from '../../../src/lib/plan/template.js';
import { draft, OPTIONS, refusal, TEMPLATE } from './fixture.js';

describe('planTemplate', () => {
  it('writes the text that was reviewed', async () => {
    await expect(TEMPLATE).toMatchFileSnapshot('../../golden/plan/custody.yaml');
  });

  it('becomes the plan that was reviewed', async () => {
    const plan = formatPlan({ version: 1, previous: null, plan: draft().plan });
    await expect(Buffer.from(plan).toString()).toMatchFileSnapshot('../../golden/plan/plan-1.json');
    expect(digestOf(plan)).toMatch(/^sha256:/);
  });

  it('holds the hierarchy of the key management plan', () => {
    const { keys, recovery, quorum } = draft().plan;
    const facts = Object.entries(keys).map(([name, { parent, rotation, multiRegion, dualControl }]) => [
      name,
      parent,
      rotation.periodDays,
      multiRegion,
      dualControl,
    ]);
    expect(facts).toEqual([
      ['root', null, 365, true, 'grants'],
      ['case-data', 'root', 365, false, 'none'],
      ['audit-ledger', 'root', 180, false, 'none'],
      ['telemetry-short', 'root', 90, false, 'none'],
      ['webauthn', 'root', 365, false, 'none'],
    ]);
    expect(keys['audit-ledger']?.users.map(({ writeOnly, may }) => [writeOnly, may.includes('decrypt')])).toEqual([
      [true, false],
      [undefined, true], // the drill role, under its own context
    ]);
    expect(keys.webauthn?.users[0]?.viaService).toBe('dynamodb');
    expect(recovery.drillPeriodDays).toBe(92);
    expect([quorum.approvalWindowSeconds, quorum.executionWindowSeconds, quorum.freshnessSeconds]).toEqual([
      604_800, 86_400, 86_400,
    ]);
  });

  it('gives back the roster of its options', () => {
    expect(draft().roster).toEqual(OPTIONS.roster);
  });

  it('writes a sandbox plan, and one without replicas', () => {
    const text = planTemplate({
      ...OPTIONS,
      environment: 'sandbox',
      regions: { primary: 'eu-central-1', replicas: [] },
    }).replaceAll('111122223333', '000000000000');
    expect(parseDraft(text).plan).toMatchObject({ environment: 'sandbox', account: '000000000000' });
  });

  it('cannot be made to say more than its options', () => {
    const hostile = 'eu-west-1"\nenvironment: sandbox\nx: "';
    const text = planTemplate({ ...OPTIONS, regions: { primary: hostile, replicas: [hostile] } });
    const paths = refusal(() => parseDraft(text)).details?.faults as readonly { path: string }[];
    expect(paths.map(({ path }) => path)).toEqual(['regions.primary', 'regions.replicas[0]', 'keys.root.replicas[0]']);
  });
});

describe('planSchema', () => {
  it('is the file that editors read', async () => {
    await expect(`${JSON.stringify(planSchema(), null, 2)}\n`).toMatchFileSnapshot('../../../schemas/plan.schema.json');
  });
});
