import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { verifyChain } from '../../../src/lib/ledger/chain.js';
import { parsePlan } from '../../../src/lib/plan/format.js';
import { REPOSITORY_TAG, REQUEST_TAG } from '../../../src/lib/record/action-create.js';
import { approve, reviewRequest } from '../../../src/lib/request/approve.js';
import { createProposal } from '../../../src/lib/request/estate.js';
import { execute } from '../../../src/lib/request/execute.js';
import { beat } from '../../../src/lib/request/heartbeat.js';
import { planProposal } from '../../../src/lib/request/open.js';
import { reject, withdraw } from '../../../src/lib/request/veto.js';
import { answerLost } from '../../support/fake-aws.js';
import { refused } from '../../support/fake-aws-access.js';
import { createOffice, type Office } from '../../support/office.js';
import { CASE_DATA_KEY, caseDataKey, PRIMARY, REPLICA } from '../../support/people.js';

const code = (expected: string) => expect.objectContaining({ code: expected });
const newKey = (office: Office, name: string) =>
  createProposal(office.team.plan.plan, office.team.roster, name, 'the plan has it', null);

/** Every record has its entry, and the entries hold together. */
function ledgerOf(office: Office): readonly string[] {
  const stored = [...office.remote.files()].filter(([path]) => path.startsWith('ledger/')).sort();
  expect(verifyChain(stored.map(([, bytes]) => bytes))).toMatchObject({ verdict: 'verified', faults: [] });
  return stored.map(([, bytes]) => JSON.parse(Buffer.from(bytes).toString('utf8')).kind);
}

describe('key.rotate', () => {
  it('is opened, approved by two and executed once', async () => {
    const office = await createOffice();
    const opened = await office.open('architect');
    expect(opened).toMatchObject({ created: true, case: { verdict: { state: 'pending' } } });
    const { id } = opened.case;
    expect((await office.approve('privacy', id)).verdict.state).toBe('pending');
    expect((await office.approve('deputy', id)).verdict.state).toBe('approved');
    const { receipt, case: after } = await office.execute('architect', id);
    expect(after.verdict.state).toBe('executed');
    expect(receipt).toMatchObject({ outcome: 'executed', awsRequestIds: ['aws-request-1'], error: null });
    expect(office.aws.key(CASE_DATA_KEY).rotations).toHaveLength(1);
    expect(office.aws.done).toEqual(after.request.statement.predicate.calls);
  });

  it('writes one ledger entry a record', async () => {
    const office = await createOffice();
    await office.execute('ci', await office.approved());
    expect(ledgerOf(office)).toEqual([
      'genesis',
      'ceremony',
      'genesis',
      'genesis',
      'request',
      'approval',
      'approval',
      'intent',
      'receipt',
    ]);
  });

  it('asks AWS for a session of the executor that can do this one thing', async () => {
    const office = await createOffice();
    const id = await office.approved();
    await office.execute('ci', id);
    expect(office.aws.sessions).toEqual([
      {
        roleArn: office.team.roster.executorRoleArn,
        sourceIdentity: 'ci',
        sessionName: id,
        actions: ['kms:RotateKeyOnDemand'],
        resources: [caseDataKey(office.team).arn],
      },
    ]);
  });

  it('changes nothing with one approval, and says that it is pending', async () => {
    const office = await createOffice();
    const { id } = (await office.open('architect')).case;
    await office.approve('privacy', id);
    await expect(office.execute('architect', id)).rejects.toEqual(code('PENDING'));
    expect(office.aws.done).toEqual([]);
    expect(office.aws.sessions).toEqual([]);
    expect([...office.remote.files().keys()].some((path) => path.endsWith('intent.json'))).toBe(false);
  });

  it('waits for AWS to finish', async () => {
    const office = await createOffice();
    office.aws.rotationSeconds = 90;
    const { receipt } = await office.execute('architect', await office.approved());
    expect(receipt.outcome).toBe('executed');
    expect(office.aws.key(CASE_DATA_KEY).rotations).toHaveLength(1);
  });

  it('finds a rotation whose answer was lost', async () => {
    const office = await createOffice();
    const id = await office.approved();
    const { ports, actor, aws } = office.machine('architect', {
      intercept: async (step, act) => {
        const answer = await act();
        if (step === 'kms RotateKeyOnDemand') throw answerLost(step);
        return answer;
      },
    });
    expect((await execute(ports, actor, aws, id)).receipt).toMatchObject({ outcome: 'executed', awsRequestIds: [] });
    expect(office.aws.done).toHaveLength(1);
  });

  it('sends a call again only when AWS certainly did not look at it', async () => {
    const office = await createOffice();
    office.aws.refuseNext = new CustodyError('THROTTLED', 'slow down', { details: { maybeDone: false } });
    await office.execute('architect', await office.approved());
    expect(office.aws.done).toHaveLength(1);
    const second = await createOffice();
    second.aws.refuseNext = new CustodyError('THROTTLED', 'slow down', { details: { maybeDone: true } });
    const id = await second.approved();
    await expect(second.execute('architect', id)).rejects.toEqual(code('THROTTLED'));
    expect(second.aws.done).toHaveLength(0);
  });

  it('throttled without end: five tries with jittered, growing pauses, told, then 5; the next run finishes', async () => {
    const waits: number[][] = [];
    for (const fraction of [0x00, 0x80, 0xff]) {
      const office = await createOffice();
      const id = await office.approved();
      let tries = 0;
      const { ports, actor, aws, said } = office.machine('ci', {
        intercept: async (step, act) => {
          if (step !== 'kms RotateKeyOnDemand') return act();
          tries++;
          throw new CustodyError('THROTTLED', 'slow down', { details: { maybeDone: false } });
        },
      });
      const pauses: number[] = [];
      const clock = { now: ports.clock.now, sleep: async (millis: number) => void pauses.push(millis) };
      const random = (length: number) => Buffer.alloc(length, fraction);
      const failure = await execute({ ...ports, clock, random }, actor, aws, id).catch((cause: unknown) => cause);
      expect(failure).toMatchObject({ code: 'THROTTLED', exit: 5 });
      expect([tries, said.filter((text) => text.includes('throttling')).length]).toEqual([5, 4]);
      waits.push(pauses);
      expect((await office.execute('architect', id)).receipt.outcome).toBe('executed');
      expect(office.aws.done).toHaveLength(1);
    }
    const [least = [], middle = [], most = []] = waits;
    expect([least.length, middle.length, most.length]).toEqual([4, 4, 4]);
    for (const at of [0, 1, 2, 3]) {
      expect(middle[at]).toBeGreaterThan(least[at] ?? Number.NaN);
      expect(most[at]).toBeGreaterThan(middle[at] ?? Number.NaN);
      expect(most[at]).toBeLessThanOrEqual(500 * 2 ** at);
    }
  });

  it("is spent by AWS's no, which is written down", async () => {
    const office = await createOffice();
    const id = await office.approved();
    office.aws.refuseNext = refused('LimitExceededException');
    await expect(office.execute('architect', id)).rejects.toEqual(code('REFUSED'));
    await expect(office.execute('architect', id)).rejects.toEqual(code('REQUEST_ENDED'));
    expect(office.aws.done).toEqual([]);
    expect(ledgerOf(office).at(-1)).toBe('receipt');
  });

  it('returns the open request instead of a second one', async () => {
    const office = await createOffice();
    const first = await office.open('architect');
    const second = await office.open('privacy');
    expect(second).toMatchObject({ created: false, case: { id: first.case.id } });
  });

  it('is not asked for twice by two who ask at once: the later one is given the earlier one’s', async () => {
    const office = await createOffice();
    office.remote.beforePush = async () => {
      office.remote.beforePush = null;
      await office.open('privacy');
    };
    const again = await office.open('architect');
    expect(again).toMatchObject({ created: false, case: { verdict: { requester: { id: 'privacy' } } } });
    expect(ledgerOf(office).filter((kind) => kind === 'request')).toHaveLength(1);
  });

  it('is asked for beside another request that comes in meanwhile', async () => {
    const office = await createOffice();
    office.remote.beforePush = async () => {
      office.remote.beforePush = null;
      await office.open('privacy', { action: 'key.rotation', parameters: { periodDays: 90 } });
    };
    expect(await office.open('architect')).toMatchObject({ created: true });
    expect(ledgerOf(office).filter((kind) => kind === 'request')).toHaveLength(2);
  });

  it('can be asked for again once it is done', async () => {
    const office = await createOffice();
    await office.execute('architect', await office.approved());
    await office.execute('deputy', await office.approved());
    expect(office.aws.key(CASE_DATA_KEY).rotations).toHaveLength(2);
  });
});

describe('key.rotation', () => {
  it('sets the period', async () => {
    const office = await createOffice();
    const id = await office.approved({ action: 'key.rotation', parameters: { periodDays: 180 } });
    const { receipt } = await office.execute('privacy', id);
    expect(receipt.outcome).toBe('executed');
    expect(office.aws.key(CASE_DATA_KEY)).toMatchObject({ enabled: true, periodDays: 180 });
  });
});

describe('key.create', () => {
  it('makes the key, its alias, rotation and replicas, with the policies that were signed', async () => {
    const office = await createOffice();
    const id = await office.approved(newKey(office, 'root'));
    const { receipt, case: after } = await office.execute('ci', id);
    expect(receipt.outcome).toBe('executed');
    const said = after.request.statement.predicate;
    const keyId = receipt.key?.keyId ?? '';
    for (const region of [PRIMARY, REPLICA]) {
      expect(office.aws.aliases[region]?.['alias/cmk/root']).toBe(keyId);
      expect(office.aws.key(keyId, region).tags).toMatchObject({
        [REPOSITORY_TAG]: office.team.roster.repository,
        [REQUEST_TAG]: said.nonce,
      });
    }
    expect(office.aws.key(keyId)).toMatchObject({ enabled: true, periodDays: 365, policy: said.parameters.policy });
    expect(receipt.awsRequestIds).toHaveLength(said.calls.length);
  });

  it('refuses an alias that has come to belong to another key', async () => {
    const office = await createOffice();
    const id = await office.approved(newKey(office, 'webauthn'));
    office.aws.seed('webauthn', 'alias/cmk/webauthn', 'another', '99999999-12ab-34cd-56ef-1234567890ab');
    await expect(office.execute('ci', id)).rejects.toEqual(code('PRE_STATE_CHANGED'));
    expect(office.aws.done).toEqual([]);
  });

  it('does not take a key whose policy is not the one that was signed', async () => {
    const office = await createOffice();
    const id = await office.approved(newKey(office, 'webauthn'));
    const { ports, actor, aws } = office.machine('ci', {
      intercept: async (step, act) => {
        const answer = await act();
        if (step === 'kms CreateAlias') for (const key of office.aws.keys) key.policy = '{"Statement":[]}';
        return answer;
      },
    });
    await expect(execute(ports, actor, aws, id)).rejects.toEqual(code('REFUSED'));
  });
});

describe('plan.update', () => {
  const longer = (office: Office) => {
    const { plan } = office.team.plan;
    const changed = { ...plan, quorum: { ...plan.quorum, approvalWindowSeconds: 3 * 86_400 } };
    return planProposal(office.team.plan, changed, 'shorter window', null);
  };

  it('puts the plan in force with its receipt, and ends what the old one opened', async () => {
    const office = await createOffice();
    const other = await office.approved();
    const id = await office.approved(longer(office));
    await office.execute('architect', id);
    const bytes = office.remote.files().get('plan/2.json');
    expect(parsePlan(bytes ?? new Uint8Array()).plan.quorum.approvalWindowSeconds).toBe(3 * 86_400);
    await expect(office.execute('architect', other)).rejects.toEqual(code('REQUEST_ENDED'));
    expect(office.aws.done).toEqual([]);
    const { request } = (await office.open('privacy')).case;
    expect(request.statement.predicate.plan.version).toBe(2);
  });

  it('wants both duties', async () => {
    const office = await createOffice();
    const { id } = (await office.open('ci', longer(office))).case;
    await office.approve('architect', id);
    expect((await office.approve('deputy', id)).verdict).toMatchObject({ state: 'pending', missing: { duties: 1 } });
    await expect(office.execute('architect', id)).rejects.toEqual(code('PENDING'));
    expect((await office.approve('privacy', id)).verdict.state).toBe('approved');
  });
});

describe('vetoes', () => {
  it('rejects offline and publishes with the next contact', async () => {
    const office = await createOffice();
    const id = await office.approved();
    const deputy = office.desk('deputy');
    await deputy.ports.store.sync();
    office.remote.unreachable = true;
    expect(await reject(deputy.ports, deputy.actor, id, 'no')).toMatchObject({ pushed: false });
    office.remote.unreachable = false;
    await beat(deputy.ports, deputy.actor);
    await expect(office.execute('architect', id)).rejects.toEqual(code('REQUEST_ENDED'));
  });

  it('withdraws the own request as a whole, another’s approval alone', async () => {
    const office = await createOffice();
    const id = await office.approved();
    const deputy = office.desk('deputy');
    expect((await withdraw(deputy.ports, deputy.actor, id, null, 'no')).case.verdict.state).toBe('pending');
    const architect = office.desk('architect');
    expect((await withdraw(architect.ports, architect.actor, id, null, 'no')).case.verdict.state).toBe('withdrawn');
    await expect(withdraw(deputy.ports, deputy.actor, id, 'request', 'no')).rejects.toEqual(code('REQUEST_ENDED'));
  });

  it('lets only the requester withdraw the request, only custodians reject', async () => {
    const office = await createOffice();
    const id = await office.approved();
    const { ports, actor } = office.desk('deputy');
    await expect(withdraw(ports, actor, id, 'request', 'no')).rejects.toEqual(code('REFUSED'));
    const ci = office.desk('ci');
    await expect(reject(ci.ports, ci.actor, id, 'no')).rejects.toEqual(code('REFUSED'));
  });

  it('comes too late after the intent', async () => {
    const office = await createOffice();
    const id = await office.approved();
    await office.execute('architect', id);
    const { ports, actor } = office.desk('deputy');
    await expect(reject(ports, actor, id, 'no')).rejects.toEqual(code('REQUEST_ENDED'));
  });
});

describe('approve', () => {
  it('signs only the digest that was reviewed', async () => {
    const office = await createOffice();
    const { id } = (await office.open('architect')).case;
    const { ports, actor, aws } = office.desk('privacy');
    const review = await reviewRequest(ports, actor, aws, id);
    const other = `sha256:${'0'.repeat(64)}` as const;
    await expect(approve(ports, actor, aws, review, other)).rejects.toEqual(code('REVIEW_MISMATCH'));
  });

  it('refuses a second time, automation and strangers', async () => {
    const office = await createOffice();
    const { id } = (await office.open('architect')).case;
    await office.approve('privacy', id);
    await expect(office.approve('privacy', id)).rejects.toEqual(code('REFUSED'));
    await expect(office.approve('ci', id)).rejects.toEqual(code('REFUSED'));
    await expect(office.approve('outsider', id)).rejects.toEqual(code('SIGNER_UNKNOWN'));
  });

  it('does not wait offline: what it signs for it must have seen', async () => {
    const office = await createOffice();
    const { id } = (await office.open('architect')).case;
    office.remote.unreachable = true;
    await expect(office.approve('privacy', id)).rejects.toEqual(code('REMOTE_UNREACHABLE'));
  });
});
