import { describe, expect, it } from 'vitest';
import type { Case } from '../../../src/lib/request/case.js';
import { caseOf, lookUp } from '../../../src/lib/request/desk.js';
import { neededSlot, slotNameOf } from '../../../src/lib/request/slots.js';
import { slotDifferences, staleSlotsOf } from '../../../src/lib/request/stale-slots.js';
import { copyOffice, createOffice } from '../../support/office.js';
import { createTeam, NOON, PRIMARY } from '../../support/people.js';

/** T55, T57: what may stand in a tag of the executor, and what of it somebody waits for. */

const account = '111122223333';
const role = (name: string) => `arn:aws:iam::${account}:role/${name}`;
const interlock = { coldExecutorRoleArn: role('custody-cold'), auditorRoleArn: role('custody-auditor') };
const team = createTeam({ plan: (plan) => ({ ...plan, interlock }) });
const { roster } = team;
const EXECUTOR = roster.executorRoleArn;

async function world() {
  const office = copyOffice(await createOffice(NOON, team));
  const { id } = (await office.open('architect', { executor: 'deputy' })).case;
  const found = async (): Promise<Case> => {
    const { ports } = office.desk('architect');
    return caseOf(ports, await lookUp(ports, 'remote'), id);
  };
  const opened = await found();
  const needed = neededSlot(team.plan.plan, opened.request.statement.predicate, opened.request.digest);
  if (needed === null) throw new Error('the request needs no slot');
  return { office, id, found, needed, tag: slotNameOf('privacy', needed) };
}

const stale = (tags: Readonly<Record<string, string>>, cases: readonly Case[], plan = team.plan.plan) =>
  staleSlotsOf(EXECUTOR, new Map(Object.entries(tags)), { plan, roster }, cases).map(
    ({ tagKey, because }) => `${tagKey}: ${because}`,
  );

describe('an approval slot', () => {
  it('is one that somebody waits for where its seat has approved what it says', async () => {
    const { office, id, found, needed, tag } = await world();
    expect(stale({ [tag]: needed.value }, [await found()])).toEqual([`${tag}: privacy has not approved request ${id}`]);
    await office.approve('privacy', id);
    expect(stale({ [tag]: needed.value, 'custody:repository': roster.repository, team: 'x' }, [await found()])).toEqual(
      [],
    );
  });

  it('is stale in every other case', async () => {
    const { office, id, found, needed, tag } = await world();
    await office.approve('privacy', id);
    const cases = [await found()];
    const say = (change: (value: string) => string, at = tag) => stale({ [at]: change(needed.value) }, cases)[0];
    expect(say((value) => value, 'custody:stranger:case-data')).toContain('the roster has no seat stranger');
    expect(say((value) => value, 'custody:privacy:root')).toContain(`request ${id} needs another one`);
    expect(say((value) => value, 'CUSTODY:privacy:case-data')).toContain('no slot that custody sets');
    expect(say((value) => value, 'custody:privacy:case-data:x')).toContain('no slot that custody sets');
    expect(say(() => 'anything')).toContain('no slot that custody sets');
    expect(say((value) => value.replace('rotate/', 'delete/'))).toContain('needs another one');
    expect(say((value) => value.replace(PRIMARY, 'eu-west-1'))).toContain('needs another one');
    expect(say((value) => value.replace(/deputy$/, 'privacy'))).toContain('needs another one');
    expect(say((value) => value.replace(/[0-9a-f]{64}/, 'a'.repeat(64)))).toContain('no request has its digest');
    expect(stale({ [tag]: needed.value }, [])).toEqual([`${tag}: no request has its digest`]);
  });

  it('is stale once its request is over, and before its cool-off has ended', async () => {
    const { office, id, found, needed, tag } = await world();
    await office.approve('privacy', id);
    const open = await found();
    const cooling = { ...open, verdict: { ...open.verdict, state: 'cooling' as const } };
    const withCoolOff = {
      ...team.plan.plan,
      quorum: {
        ...team.plan.plan.quorum,
        classes: { [open.request.statement.predicate.class]: { coolOffSeconds: 3600 } },
      },
    };
    expect(stale({ [tag]: needed.value }, [cooling], withCoolOff)).toEqual([
      `${tag}: the cool-off of request ${id} has not ended`,
    ]);
    const ready = { ...open, verdict: { ...open.verdict, state: 'approved' as const } };
    expect(stale({ [tag]: needed.value }, [ready], withCoolOff)).toEqual([]);
    office.clock.advance(30 * 86_400);
    expect(stale({ [tag]: needed.value }, [await found()])).toEqual([`${tag}: request ${id} is expired`]);
  });

  it('is a critical finding of its key, in its Region; of none where the plan has no such key', async () => {
    const { needed, tag } = await world();
    const tags = new Map([
      [tag, needed.value],
      ['custody:privacy:nothing', needed.value],
    ]);
    const found = slotDifferences(team.plan.plan, staleSlotsOf(EXECUTOR, tags, { plan: team.plan.plan, roster }, []));
    expect(found).toEqual([
      {
        key: 'case-data',
        region: PRIMARY,
        kind: 'stale-slot',
        expected: 'slots of open requests only',
        found: `${tag}: no request has its digest`,
        severity: 'critical',
      },
    ]);
  });
});
