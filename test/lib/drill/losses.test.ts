import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { addSeconds } from '../../../src/lib/base/time.js';
import type { Scene } from '../../../src/lib/drill/ports.js';
import type { Drill } from '../../../src/lib/drill/run.js';
import { judgeDrill } from '../../../src/lib/drill/verdict.js';
import { assertAccount } from '../../../src/lib/request/aws-check.js';
import type { FaultRule } from '../../../src/lib/sandbox/faults.js';
import { createDrillStage, type Stage } from '../../support/drill-stage.js';
import { PRIMARY, REPLICA } from '../../support/people.js';

/** More losses, one at a time, beside those of story.test.ts and material.test.ts: each is named, and no other. */

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
  it('the primary Region is down: what was not read because of it is unproven, not lost', async () => {
    stage.office.aws.sandbox.setRegion(PRIMARY, false);
    try {
      const drill = await stage.drill();
      expect(failedOf(drill)).toEqual([`regions.${PRIMARY}`]);
      expect(openOf(drill)).toEqual(expect.arrayContaining(['data.case-data', 'data.root']));
      // What a failover would rest on is tried all the same: the replica alone opens what the primary wrote.
      const failover = drill.said.checks.find(({ id }) => id === `regions.root.${REPLICA}.failover`);
      expect(failover).toMatchObject({ status: 'pass', provesData: true });
      expect(drill.said.verdict).toBe('not-verified');
    } finally {
      stage.office.aws.sandbox.setRegion(PRIMARY, true);
    }
  });

  it('a role that policies name was deleted and made again (T58)', async () => {
    const scene = (one: Scene): Scene => {
      const { authority } = one.aws;
      const roleId = async (arn: string) =>
        arn.endsWith('role/app') ? 'AROASOMEBODYELSE00000' : authority.roleId(arn);
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

describe('a backup of the whole account', { shuffle: false }, () => {
  const OPEN = ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:PutKeyPolicy'];
  const own = (sid: string) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Sid: sid, Effect: 'Allow', Principal: { AWS: '*' }, Action: OPEN, Resource: '*' },
        {
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::000000000000:role/app' },
          Action: 'kms:Encrypt',
          Resource: '*',
        },
      ],
    });
  const make = async (sid: string) => {
    const { KeyMetadata } = await stage.office.aws.past('admin', 'CreateKey', { Policy: own(sid) });
    return String((KeyMetadata as { KeyId: string }).KeyId);
  };
  const of = ({ said }: Drill, id: string) => said.checks.find((one) => one.id === `policies.${id}`);

  it('holds keys of no plan: each policy is judged, and tried where there is room', async () => {
    const [first] = [await make('One'), await make('Two'), await make('Two')];
    await stage.backUp('all');
    const drill = await stage.drill();
    expect([failedOf(drill), of(drill, 'others')?.status]).toEqual([[], 'pass']);
    expect(of(drill, 'others.accepted')).toMatchObject({
      status: 'pass',
      detail: 'KMS takes 2 of 2 different policies of 3 keys outside of the plan',
    });
    expect(drill.said.scratch.filter(({ of: key }) => key === null)).toHaveLength(2);
    // What drills made is no key that came, and its end none that went.
    expect(failedOf(await stage.drill())).toEqual([]);
    await stage.office.aws.past('admin', 'PutKeyPolicy', {
      KeyId: first ?? '',
      PolicyName: 'default',
      Policy: own('One').replace('kms:Encrypt', 'kms:Decrypt'),
    });
    const drifted = await stage.drill();
    expect(failedOf(drifted)).toEqual(['policies.others']);
    expect(of(drifted, 'others')?.detail).toContain(`${first} in ${PRIMARY} has drifted from its backup`);
    await stage.backUp();
  });

  it('what is not compared is unproven', async () => {
    await stage.backUp('all');
    const drill = await stage.drill({ only: ['policies'] });
    expect(of(drill, 'others')?.status).toBe('skip');
    await stage.backUp();
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
    await stage.cycle('architect', 'privacy');
    // CloudTrail shows a call up to a quarter of an hour later, and a story before this one may have ended with a verified drill.
    stage.office.clock.advance(3600);
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
