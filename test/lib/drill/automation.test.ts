import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CYCLE_KEY } from '../../../src/lib/base/cycle.js';
import type { CustodyError } from '../../../src/lib/base/errors.js';
import type { Drill } from '../../../src/lib/drill/run.js';
import { caseOf, lookUp } from '../../../src/lib/request/desk.js';
import { warrantFor } from '../../support/any-writer.js';
import { createDrillStage, type Stage } from '../../support/drill-stage.js';
import { PRIMARY } from '../../support/people.js';

/** An exercise that the automation identity of a CI job opens and executes: it may do that, and is no custodian for it. */

let stage: Stage;

beforeAll(async () => {
  stage = await createDrillStage({ automation: true });
  await stage.beat('architect', 'privacy', 'deputy');
}, 240_000);
afterAll(() => stage?.office.close());

const drill = () => stage.drill({ only: ['cycle'], desk: stage.office.desk('ci') });
const checksOf = ({ said }: Drill) => said.checks.filter((one) => one.drill === 'cycle');
const code = (expected: string, message = '') =>
  expect.objectContaining({ code: expected, message: expect.stringContaining(message) });
const slots = async () => {
  const tags = await stage.office.desk('ci').aws.slots.list(stage.office.team.roster.executorRoleArn);
  return [...tags.keys()].filter((key) => key.endsWith(`:${CYCLE_KEY}`)).sort();
};

/** Past the tool: the call of the exercise in the executor's session of the automation. */
async function past(id: string) {
  const { ports, aws } = stage.office.desk('ci');
  const found = await caseOf(ports, await lookUp(ports, 'remote'), id);
  const said = found.request.statement.predicate;
  const [call] = said.calls;
  if (call?.service !== 'kms') throw new Error('an exercise has a call at KMS');
  const session = { roleArn: stage.office.team.roster.executorRoleArn, sourceIdentity: 'ci', sessionName: 'past-it' };
  const scope = { actions: [`kms:${call.operation}`], resources: [said.key?.arn ?? ''] };
  const writer = await aws.authority.assumeExecutor({ ...session, ...scope }, warrantFor(call.operation));
  return writer.call({ ...call, service: call.service });
}

describe('automation', () => {
  it('opens an exercise, and executes it when two custodians have approved, and not before', async () => {
    const { case: opened, madeKey } = await stage.openCycle('ci');
    const { id } = opened;
    const said = opened.request.statement.predicate;
    expect([madeKey, said.by, said.executor]).toEqual([true, 'ci', 'ci']);
    // It counts for nobody: neither in the records, nor at KMS.
    await expect(stage.office.approve('ci', id)).rejects.toEqual(code('REFUSED', 'is automation'));
    await expect(stage.office.execute('ci', id)).rejects.toEqual(code('PENDING'));
    await expect(past(id)).rejects.toEqual(code('DENIED'));
    await stage.office.approve('privacy', id);
    await expect(stage.office.execute('ci', id)).rejects.toEqual(code('PENDING'));
    await expect(past(id)).rejects.toEqual(code('DENIED'));
    const waiting = checksOf(await drill());
    expect(waiting.map(({ status }) => status)).toEqual(['skip', 'skip', 'skip']);
    expect(waiting[0]?.detail).toMatch(/lacks 1 more signature.*\(architect, deputy have not\)/);
    await stage.office.approve('deputy', id);
    // An approval is for one executor: nobody else of those who may execute.
    const other = await stage.office.execute('architect', id).catch((cause: CustodyError) => cause);
    expect(other).toMatchObject({ code: 'REFUSED' });
    expect(await slots()).toEqual([`custody:deputy:${CYCLE_KEY}`, `custody:privacy:${CYCLE_KEY}`]);
    const { receipt } = await stage.office.execute('ci', id);
    expect(receipt).toMatchObject({ outcome: 'executed', by: 'ci', enforcement: { level: 'enforced' } });
    expect(await slots()).toEqual([]);
    const done = await drill();
    expect(checksOf(done).map((one) => `${one.id} ${one.status}`)).toEqual([
      'cycle.executed pass',
      'cycle.judged pass',
      'cycle.kms skip',
      'cycle.deleted pass',
    ]);
    expect(checksOf(done)[0]?.detail).toContain('asked for by ci, approved by deputy and privacy, executed by ci');
    expect(checksOf(done)[2]?.detail).toContain('only a custodian who has approved and executed the exercise can try');
    const { reader } = (await stage.scene()).role;
    expect((await reader.describe(PRIMARY, said.key?.arn ?? ''))?.state).toBe('PendingDeletion');
    // The call is the one of the receipt: CloudTrail shows nothing that nobody approved.
    stage.office.clock.advance(1200);
    const { findings } = await (await stage.scene()).inspections.reconcile(stage.foundedAt);
    expect(findings.filter(({ what }) => what.endsWith(CYCLE_KEY))).toEqual([]);
  });

  it('asks the challenge of a drill, and drills over the answers', async () => {
    const { challenge, created } = await stage.challenge('ci');
    expect([created, challenge.said.by]).toEqual([true, 'ci']);
    await stage.answer('deputy', challenge);
    const { said } = await stage.drill({ only: ['challenge'], desk: stage.office.desk('ci') });
    const own = said.checks.filter((one) => one.drill === 'challenge');
    expect(own.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'challenge.architect skip',
      'challenge.privacy skip',
      'challenge.deputy pass',
    ]);
    expect(said.challenge).toMatchObject({ id: challenge.id, by: 'ci' });
  });
});
