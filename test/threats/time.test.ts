import { describe, expect, it } from 'vitest';
import type { Evidence } from '../../src/lib/quorum/evidence.js';
import { judge } from '../../src/lib/quorum/judge.js';
import { HEARTBEAT_FOLDER, intentPath, recordPath, requestFolder } from '../../src/lib/record/paths.js';
import { execute } from '../../src/lib/request/execute.js';
import { beat } from '../../src/lib/request/heartbeat.js';
import { draft, publishRecords } from '../../src/lib/request/publish.js';
import { reject, withdraw } from '../../src/lib/request/veto.js';
import { refused } from '../support/fake-aws-access.js';
import { malleated } from '../support/malleated.js';
import { createOffice, type Office } from '../support/office.js';
import {
  approval,
  CASE_DATA_KEY,
  createTeam,
  evidenceOf,
  intent,
  later,
  receipt,
  rejection,
  request,
  rulesOf,
  seeing,
  withdrawal,
} from '../support/people.js';

const DAY = 86_400;
const team = createTeam();
const asked = await request(team);
const code = (expected: string) => expect.objectContaining({ code: expected });
const judged = (evidence: Evidence, now = later(600)) => judge(evidence, rulesOf(team), now);
const two = async () => [await approval(team, asked, 'privacy'), await approval(team, asked, 'deputy')] as const;
const rotations = (office: Office) => office.aws.key(CASE_DATA_KEY).rotations.length;

describe('T10 an executed approval is replayed', () => {
  it('the request is spent', async () => {
    const office = await createOffice();
    const id = await office.approved();
    await office.execute('architect', id);
    for (const who of ['architect', 'deputy', 'ci'] as const) {
      await expect(office.execute(who, id)).rejects.toEqual(code('REQUEST_ENDED'));
    }
    await expect(office.approve('architect', id)).rejects.toEqual(code('REQUEST_ENDED'));
    expect(rotations(office)).toBe(1);
  });

  it('a failed call spends it as well', async () => {
    const office = await createOffice();
    const id = await office.approved();
    office.aws.refuseNext = refused('KMSInvalidStateException');
    await expect(office.execute('ci', id)).rejects.toEqual(code('REFUSED'));
    await expect(office.execute('ci', id)).rejects.toEqual(code('REQUEST_ENDED'));
    expect(office.aws.done).toEqual([]);
  });

  it('its records in the folder of another request count for nothing', async () => {
    const office = await createOffice();
    const first = await office.approved();
    await office.execute('architect', first);
    const { id } = (await office.open('deputy')).case;
    const files = new Map(office.remote.files());
    for (const [path, bytes] of office.remote.files()) {
      if (path.startsWith(`${requestFolder(first)}/`)) files.set(path.replace(first, id), bytes);
    }
    files.delete(intentPath(id));
    office.remote.force(files);
    await expect(office.execute('architect', id)).rejects.toEqual(code('PENDING'));
    files.set(intentPath(id), office.remote.files().get(intentPath(first)) ?? new Uint8Array());
    office.remote.force(files);
    await expect(office.execute('architect', id)).rejects.toEqual(code('REQUEST_ENDED'));
    expect(rotations(office)).toBe(1);
  });

  it('a receipt of another request does not end or finish this one', async () => {
    const begun = await intent(team, asked, 'architect', await two());
    const other = await request(team);
    const theirs = await receipt(team, other, begun, 'architect');
    expect(judged(evidenceOf(asked, ...(await two()), theirs)).state).toBe('approved');
  });
});

describe('T11 a stale approval', () => {
  it('has two windows, both asked at execution', async () => {
    const office = await createOffice();
    const { id } = (await office.open('architect')).case;
    await office.approve('privacy', id);
    office.clock.advance(7 * DAY - 1);
    await office.approve('deputy', id);
    office.clock.advance(DAY);
    await beat(office.desk('deputy').ports, office.desk('deputy').actor);
    office.clock.advance(1);
    await expect(office.execute('architect', id)).rejects.toEqual(code('REQUEST_ENDED'));
    expect(office.aws.done).toEqual([]);
  });

  it('cannot be given after the approval window', async () => {
    const office = await createOffice();
    const { id } = (await office.open('architect')).case;
    office.clock.advance(7 * DAY + 1);
    await expect(office.approve('privacy', id)).rejects.toEqual(code('REQUEST_ENDED'));
  });

  it('a request cannot have wider windows than the plan', async () => {
    for (const change of [
      { approveBy: later(7 * DAY + 1) },
      { executeWithinSeconds: DAY + 1 },
      { approveBy: later(0) },
    ]) {
      const wide = await request(team, 'architect', change);
      expect(() => judged(evidenceOf(wide))).toThrow(code('REFUSED'));
    }
  });
});

describe('T12 wrong clocks', () => {
  it.each([-301, 301])('a clock that differs from AWS’s by %s seconds signs and executes nothing', async (seconds) => {
    const office = await createOffice();
    const { id } = (await office.open('architect')).case;
    office.aws.skewSeconds = seconds;
    await expect(office.approve('privacy', id)).rejects.toEqual(code('CLOCK_SKEW'));
    office.aws.skewSeconds = 0;
    for (const who of ['privacy', 'deputy'] as const) await office.approve(who, id);
    office.aws.skewSeconds = seconds;
    await expect(office.execute('architect', id)).rejects.toEqual(code('CLOCK_SKEW'));
    expect(office.aws.done).toEqual([]);
    office.aws.skewSeconds = seconds > 0 ? 300 : -300;
    expect((await office.execute('architect', id)).receipt.outcome).toBe('executed');
  });

  it('an AWS that tells no time is not believed', async () => {
    const office = await createOffice();
    const id = await office.approved();
    const { ports, actor, aws } = office.desk('ci');
    const silent = { ...aws, whoAmI: async () => ({ ...(await aws.whoAmI()), serverTime: null }) };
    await expect(execute(ports, actor, silent, id)).rejects.toEqual(code('CLOCK_SKEW'));
  });

  it('an approval from before the request or from the future does not count', async () => {
    const [privacy] = await two();
    for (const at of [later(-301), later(901)]) {
      expect(judged(evidenceOf(asked, privacy, await approval(team, asked, 'deputy', { at }))).state).toBe('pending');
    }
  });

  it('a request from the future is none yet', async () => {
    const early = await request(team, 'architect', { at: later(901) });
    expect(() => judged(evidenceOf(early))).toThrow(code('REFUSED'));
    expect(judged(evidenceOf(early), later(601)).state).toBe('pending');
  });

  it('a veto with a wrong clock is not lost', async () => {
    for (const at of [later(-10 * DAY), later(10 * DAY)]) {
      expect(judged(evidenceOf(asked, ...(await two()), await rejection(team, asked, 'architect', { at }))).state).toBe(
        'rejected',
      );
    }
  });
});

describe('T13 the state changed since', () => {
  it('between approval and run', async () => {
    const office = await createOffice();
    const id = await office.approved();
    office.aws.key(CASE_DATA_KEY).rotations.push({ type: 'AUTOMATIC', at: office.clock.now(), keyMaterialId: null });
    await expect(office.execute('architect', id)).rejects.toEqual(code('PRE_STATE_CHANGED'));
    expect(office.aws.done).toEqual([]);
    expect(office.remote.files().has(intentPath(id))).toBe(false);
  });

  it('between intent and call: written down as failed, nothing called', async () => {
    const office = await createOffice();
    const id = await office.approved();
    office.remote.beforePush = () => {
      office.remote.beforePush = null;
      office.aws.key(CASE_DATA_KEY).state = 'Disabled';
    };
    await expect(office.execute('architect', id)).rejects.toEqual(code('REFUSED'));
    expect(office.aws.done).toEqual([]);
    await expect(office.execute('architect', id)).rejects.toEqual(code('REQUEST_ENDED'));
  });
});

describe('T13 the state is read again after the call', () => {
  it('another rotation past the tool makes it a failure that is written down', async () => {
    const office = await createOffice();
    const id = await office.approved();
    const { ports, actor, aws } = office.machine('ci', {
      intercept: async (step, act) => {
        const answer = await act();
        if (step === 'kms RotateKeyOnDemand') {
          const { rotations } = office.aws.key(CASE_DATA_KEY);
          rotations.push({ type: 'ON_DEMAND', at: office.clock.now(), keyMaterialId: null });
        }
        return answer;
      },
    });
    const failure = await execute(ports, actor, aws, id).catch((cause: unknown) => cause);
    expect(failure).toMatchObject({
      code: 'REFUSED',
      details: { receipt: { outcome: 'failed', postStateDigest: null, error: { code: 'POST_STATE_UNEXPECTED' } } },
    });
    await expect(office.execute('architect', id)).rejects.toEqual(code('REQUEST_ENDED'));
    expect(office.aws.done).toHaveLength(1);
  });
});

describe('T14 approve and reject race', () => {
  it('a rejection beats the approvals beside it', async () => {
    const [privacy, deputy] = await two();
    const no = await rejection(team, asked, 'architect');
    expect(judged(evidenceOf(asked, seeing(no), seeing(privacy), seeing(deputy))).state).toBe('rejected');
  });

  it('terminal states stay: no approval comes after', async () => {
    const office = await createOffice();
    const id = await office.approved();
    const { ports, actor } = office.desk('deputy');
    await reject(ports, actor, id, 'no');
    await expect(office.approve('architect', id)).rejects.toEqual(code('REQUEST_ENDED'));
    await expect(office.execute('architect', id)).rejects.toEqual(code('REQUEST_ENDED'));
  });

  it('a rejection that lands while the intent is on its way wins', async () => {
    const office = await createOffice();
    const id = await office.approved();
    const { ports, actor } = office.desk('deputy');
    office.remote.beforePush = async () => {
      office.remote.beforePush = null;
      await reject(ports, actor, id, 'stop');
    };
    await expect(office.execute('architect', id)).rejects.toEqual(code('CONFLICT'));
    expect(office.aws.done).toEqual([]);
    expect(office.remote.files().has(intentPath(id))).toBe(false);
  });

  it('an intent that saw the rejection authorises nothing', async () => {
    const approvals = await two();
    const no = await rejection(team, asked, 'architect');
    const begun = await intent(team, asked, 'deputy', [...approvals, no]);
    expect(judged(evidenceOf(asked, ...approvals, no, begun)).state).toBe('failed');
  });
});

describe('T15 a withdrawn approval is restored', () => {
  it('its file may come back, its withdrawal names it', async () => {
    const office = await createOffice();
    const id = await office.approved();
    const before = new Map(office.remote.files());
    const { ports, actor } = office.desk('deputy');
    const { case: after } = await withdraw(ports, actor, id, 'approval', 'changed my mind');
    expect(after.verdict.state).toBe('pending');
    const own = after.verdict.approvals.find(({ signer }) => signer?.id === 'deputy')?.record;
    const path = recordPath(requestFolder(id), own?.fileDigest ?? 'sha256:');
    const files = new Map(office.remote.files());
    files.set(path, before.get(path) ?? new Uint8Array());
    office.remote.force(files);
    await expect(office.execute('architect', id)).rejects.toEqual(code('PENDING'));
  });

  it('a copy of it under another signature neither', async () => {
    const [privacy, deputy] = await two();
    const back = await withdrawal(team, asked, 'deputy', deputy);
    expect(judged(evidenceOf(asked, privacy, deputy, back, malleated(deputy))).state).toBe('pending');
  });
});

/** A heartbeat of the privacy engineer that wants to count for a year. */
async function longBeat(office: Office): Promise<void> {
  const { ports, actor } = office.desk('privacy');
  const { head } = await ports.store.sync();
  const at = ports.clock.now();
  const repository = office.team.roster.repository;
  const predicate = {
    tool: ports.tool,
    repository,
    by: 'privacy',
    at,
    seen: { head, expiresAt: later(365 * DAY, at) },
  };
  const subjects = [{ name: 'genesis', digest: office.team.planDigest }];
  const signed = await draft(actor, { kind: 'heartbeat', subjects, predicate }, HEARTBEAT_FOLDER);
  await publishRecords(ports, [signed], { message: 'heartbeat' });
}

describe('T16 a withdrawal is withheld from the executor', () => {
  it('an executor who hears of nobody else for longer than the plan allows stops', async () => {
    const strict = createTeam({
      plan: (plan) => ({ ...plan, quorum: { ...plan.quorum, executionWindowSeconds: 3 * DAY } }),
    });
    const office = await createOffice(undefined, strict);
    const id = await office.approved();
    office.clock.advance(DAY + 1);
    await expect(office.execute('architect', id)).rejects.toEqual(code('STALE'));
    // Neither the own heartbeat nor that of the own automation says that others see the same.
    for (const who of ['architect', 'ci'] as const) {
      await beat(office.desk(who).ports, office.desk(who).actor);
      await expect(office.execute('architect', id)).rejects.toEqual(code('STALE'));
    }
    await beat(office.desk('privacy').ports, office.desk('privacy').actor);
    expect((await office.execute('architect', id)).receipt.outcome).toBe('executed');
  });

  it('a heartbeat of a stranger, or one that lasts longer than the plan says, is none', async () => {
    const strict = createTeam({
      plan: (plan) => ({ ...plan, quorum: { ...plan.quorum, executionWindowSeconds: 7 * DAY, freshnessSeconds: DAY } }),
    });
    const office = await createOffice(undefined, strict);
    const id = await office.approved();
    office.clock.advance(2 * DAY);
    await expect(beat(office.desk('outsider').ports, office.desk('outsider').actor)).rejects.toEqual(
      code('SIGNER_UNKNOWN'),
    );
    await longBeat(office);
    office.clock.advance(DAY + 1);
    await expect(office.execute('architect', id)).rejects.toEqual(code('STALE'));
  });

  it('an approval whose head this history does not have does not count', async () => {
    const office = await createOffice();
    const { id } = (await office.open('architect')).case;
    await office.approve('privacy', id);
    const withheld = office.remote.head();
    await beat(office.desk('deputy').ports, office.desk('deputy').actor);
    await office.approve('deputy', id);
    // The remote hides the heartbeat that the deputy's approval was signed on.
    const files = new Map(office.remote.files());
    for (const path of files.keys()) if (path.startsWith('records/heartbeats/')) files.delete(path);
    office.remote.rewind(withheld);
    office.remote.force(files, withheld);
    const { ports, actor, aws } = office.machine('ci');
    await expect(execute(ports, actor, aws, id)).rejects.toEqual(code('PENDING'));
    expect(office.aws.done).toEqual([]);
  });
});

describe('T59 two executors at once', () => {
  it('one intent wins, the other learns of it before anything is called', async () => {
    const office = await createOffice();
    const id = await office.approved();
    const [deputy, ci] = [office.machine('deputy'), office.machine('ci')];
    await Promise.all([deputy.ports.store.sync(), ci.ports.store.sync()]);
    let lost: unknown;
    office.remote.beforePush = async () => {
      office.remote.beforePush = null;
      await execute(ci.ports, ci.actor, ci.aws, id);
    };
    await execute(deputy.ports, deputy.actor, deputy.aws, id).catch((cause) => {
      lost = cause;
    });
    expect(lost).toEqual(code('CONFLICT'));
    expect(rotations(office)).toBe(1);
    expect(office.aws.done).toHaveLength(1);
  });

  it('however their steps interleave, there is one rotation, one intent, one receipt', async () => {
    for (let round = 0; round < 8; round++) {
      const office = await createOffice();
      const id = await office.approved();
      office.aws.rotationSeconds = round % 2 === 0 ? 0 : 60;
      const runs = (['deputy', 'ci', 'privacy'] as const).map(async (who, index) => {
        let step = 0;
        const { ports, actor, aws } = office.machine(who, {
          intercept: async (_, act) => {
            // Each goes at its own pace, another one each round.
            for (let turn = 0; turn < (step++ * (index + 1) + round) % 5; turn++) await Promise.resolve();
            return act();
          },
        });
        return execute(ports, actor, aws, id);
      });
      await Promise.allSettled(runs);
      expect(office.aws.done).toHaveLength(1);
      const names = [...office.remote.files().keys()].filter((path) => path.startsWith(`records/${id}/`));
      expect(names.filter((path) => /(intent|receipt)\.json$/.test(path))).toHaveLength(2);
    }
  });
});
