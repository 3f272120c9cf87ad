import { expect, test } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import type { AwsCall } from '../../../src/lib/key/key.js';
import { observeEstate } from '../../../src/lib/request/estate.js';
import { checkExecutable, execute } from '../../../src/lib/request/execute.js';
import { createOffice } from '../../support/office.js';
import { createTeam, NOON } from '../../support/people.js';

const NO = [
  new CustodyError('REFUSED', 'the guard does not let kms RotateKeyOnDemand through: call-not-signed'),
  new CustodyError('GUARD_BROKEN', 'the guard’s policy is another one than this program was built with'),
];

test.each(NO.map((cause) => [cause.code, cause] as const))(
  'what the guard refuses (%s) consumes no request, is not told of, and calls nothing',
  async (_, cause) => {
    const team = createTeam();
    const ledger = { store: 'directory', retentionDays: 2555, directory: '/ledger' } as const;
    const office = await createOffice(NOON, { ...team, plan: { ...team.plan, plan: { ...team.plan.plan, ledger } } });
    const id = await office.approved();
    const { ports, actor, aws } = office.machine('architect');
    const asked: AwsCall[] = [];
    const entered = office.aws.sessions.length;
    const refusing = {
      ...aws,
      authority: {
        ...aws.authority,
        assertAllowable: async (calls: readonly AwsCall[]) => {
          asked.push(...calls);
          throw cause;
        },
      },
    };
    for (const act of [execute, checkExecutable]) {
      await expect(act(ports, actor, refusing, id)).rejects.toBe(cause);
    }
    expect(asked.map(({ operation }) => operation)).toEqual(['RotateKeyOnDemand', 'RotateKeyOnDemand']);
    expect(office.remote.files().has(`records/${id}/intent.json`)).toBe(false);
    expect(office.aws.done).toEqual([]);
    expect(office.aws.sessions).toHaveLength(entered);
    // With the cause mended it runs.
    await execute(ports, actor, aws, id);
    expect(office.aws.done.map(({ operation }) => operation)).toEqual(['RotateKeyOnDemand']);
  },
);

test('keys are no unread ones where the guard does not run at all', async () => {
  const office = await createOffice();
  const { aws } = office.machine('architect');
  const { plan } = office.team.plan;
  const told: string[] = [];
  const reader = (cause: CustodyError) => ({ ...aws.reader, aliases: () => Promise.reject(cause) });
  const [, broken] = NO;
  if (broken === undefined) throw new Error('there is one');
  await expect(observeEstate(reader(broken), plan, (text) => told.push(text))).rejects.toBe(broken);
  await observeEstate(reader(new CustodyError('UNAVAILABLE', 'no answer')), plan, (text) => told.push(text));
  expect(told.length).toBeGreaterThan(0);
});
