import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { addSeconds } from '../../../src/lib/base/time.js';
import type { Scene } from '../../../src/lib/drill/ports.js';
import type { Drill } from '../../../src/lib/drill/run.js';
import { judgeDrill } from '../../../src/lib/drill/verdict.js';
import { assertAccount } from '../../../src/lib/request/aws-check.js';
import type { FaultRule } from '../../../src/lib/sandbox/faults.js';
import { createDrillStage, type Stage } from '../../support/drill-stage.js';
import { PRIMARY } from '../../support/people.js';

/** More losses, one at a time, beside those of story.test.ts: each is named, and no other. */

let stage: Stage;

beforeAll(async () => {
  stage = await createDrillStage();
  await stage.beat('architect', 'privacy', 'deputy');
  await stage.backUp();
  stage.office.clock.advance(3600);
  await stage.drill();
}, 180_000);
afterAll(() => stage?.office.close());

const failedOf = ({ said }: Drill) => judgeDrill(said.checks, said.keys).failed;
const openOf = ({ said }: Drill) => said.checks.filter(({ status }) => status === 'skip').map(({ id }) => id);
const evidence = () => [...stage.office.remote.files().keys()].filter((path) => path.startsWith('drills/'));

async function under<T>(rules: readonly FaultRule[], work: () => Promise<T>): Promise<T> {
  const { faults } = stage.office.aws.sandbox;
  for (const rule of rules) faults.add(rule);
  try {
    return await work();
  } finally {
    faults.clear();
  }
}

describe('a loss is named, and no other', () => {
  it('imported material has expired', async () => {
    const scene = (one: Scene): Scene => {
      const { reader } = one.aws;
      const describe: typeof reader.describe = async (region, key) => {
        const found = await reader.describe(region, key);
        return found && !found.multiRegion ? { ...found, state: 'PendingImport' } : found;
      };
      return { ...one, aws: { ...one.aws, reader: { ...reader, describe } } };
    };
    const drill = await stage.drill({ scene });
    expect(failedOf(drill)).toEqual(['data.case-data']);
    expect(drill.said.checks.find(({ id }) => id === 'data.case-data')?.detail).toContain('PendingImport');
  });

  it('the primary Region is down: what was not read because of it is unproven, not lost', async () => {
    stage.office.aws.sandbox.setRegion(PRIMARY, false);
    try {
      const drill = await stage.drill();
      expect(failedOf(drill)).toEqual([`regions.${PRIMARY}`]);
      expect(openOf(drill)).toEqual(expect.arrayContaining(['data.case-data', 'data.root']));
      expect(drill.said.verdict).toBe('not-verified');
    } finally {
      stage.office.aws.sandbox.setRegion(PRIMARY, true);
    }
  });

  it.each([
    ['is gone', null],
    ['was deleted and made again (T58)', 'AROASOMEBODYELSE00000'],
  ])('a role that policies name %s', async (_, id) => {
    const scene = (one: Scene): Scene => {
      const { authority } = one.aws;
      const roleId = async (arn: string) => (arn.endsWith('role/app') ? id : authority.roleId(arn));
      return { ...one, aws: { ...one.aws, authority: { ...authority, roleId } } };
    };
    expect(failedOf(await stage.drill({ scene }))).toEqual(['policies.principals']);
  });

  it('KMS does not take a backed-up policy', async () => {
    const refusal: FaultRule = {
      kind: 'before',
      operation: 'CreateKey',
      code: 'MalformedPolicyDocumentException',
      status: 400,
    };
    const drill = await under([refusal], () => stage.drill());
    expect(failedOf(drill)).toHaveLength(1);
    expect(failedOf(drill)[0]).toMatch(/^policies\..*\.accepted$/);
  });
});

describe('throttled throughout', () => {
  const OPERATIONS = [
    'DescribeKey',
    'GetKeyPolicy',
    'ListAliases',
    'ListKeys',
    'ListGrants',
    'Encrypt',
    'Decrypt',
    'ReEncrypt',
  ];
  const MORE = ['CreateKey', 'ScheduleKeyDeletion', 'ListResourceTags', 'LookupEvents', 'GetRole'];

  it('a drill takes longer, and is verified', async () => {
    // Again and again, never twice in a row.
    const rules = [...OPERATIONS, ...MORE].flatMap((operation) =>
      [0, 2, 4].map((skip): FaultRule => ({ kind: 'throttle', operation, skip })),
    );
    const drill = await under(rules, async () => {
      const made = await stage.drill();
      const struck = stage.office.aws.sandbox.faults.list().filter((one) => one.struck > 0);
      expect(struck.length).toBeGreaterThan(OPERATIONS.length);
      return made;
    });
    // Nobody has answered this drill's challenge.
    const open = openOf(drill).filter((id) => !/^(?:challenge|review)\./.test(id));
    expect([failedOf(drill), open, drill.said.verdict]).toEqual([[], [], 'verified']);
  });

  it('what never gets through is unproven, never lost, and never verified', async () => {
    const rules = ['Decrypt', 'ReEncrypt'].map(
      (operation): FaultRule => ({ kind: 'throttle', operation, times: null }),
    );
    const drill = await under(rules, () => stage.drill());
    expect(failedOf(drill)).toEqual([]);
    expect(openOf(drill)).toEqual(expect.arrayContaining(['data.case-data', 'data.root']));
    expect(drill.said.verdict).toBe('not-verified');
  });
});

describe('a clock that is off by an hour', () => {
  it.each([3600, -3600])('is found out before anything is looked at: %s s', async (seconds) => {
    const { aws, state, ports } = await stage.scene();
    const now = addSeconds(ports.clock.now(), seconds);
    await expect(assertAccount(aws, state.plan.plan, now)).rejects.toMatchObject({ code: 'CLOCK_SKEW' });
    await expect(assertAccount(aws, state.plan.plan, ports.clock.now())).resolves.toBeDefined();
  });

  it('ends a drill that it is found out in, which signs nothing', async () => {
    const before = evidence();
    const scene = (one: Scene): Scene => ({
      ...one,
      role: {
        ...one.role,
        canaries: {
          ...one.role.canaries,
          open: async () => {
            throw new CustodyError('CLOCK_SKEW', 'this clock and AWS are 3600 seconds apart');
          },
        },
      },
    });
    await expect(stage.drill({ scene })).rejects.toMatchObject({ code: 'CLOCK_SKEW' });
    expect(evidence()).toEqual(before);
  });
});

describe('what gets old', { shuffle: false }, () => {
  it('a backup that nobody has made for longer than the plan allows', async () => {
    stage.office.clock.advance(25 * 3600);
    try {
      expect(failedOf(await stage.drill())).toEqual(['backup.age', 'backup.rpo']);
    } finally {
      await stage.backUp();
    }
  });
});
