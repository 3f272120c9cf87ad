import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { enterExecutor } from '../../../src/lib/aws/executor.js';
import { createSlotKeeper } from '../../../src/lib/aws/role-slots.js';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { CustodyError, ERROR_EXIT } from '../../../src/lib/base/errors.js';
import { enforcementOf } from '../../../src/lib/policy/enforcement.js';
import { plannedKeyPolicy } from '../../../src/lib/policy/planned.js';
import { policyProposal } from '../../../src/lib/request/access.js';
import { approve, reviewRequest } from '../../../src/lib/request/approve.js';
import { approveEach } from '../../../src/lib/request/approve-each.js';
import { arm, disarm } from '../../../src/lib/request/arm.js';
import { caseOf, casesOf, lookUp } from '../../../src/lib/request/desk.js';
import { createProposal } from '../../../src/lib/request/estate.js';
import { isOpen, type Proposal } from '../../../src/lib/request/open.js';
import { stateProposal } from '../../../src/lib/request/state-change.js';
import { reject } from '../../../src/lib/request/veto.js';
import { anyWriter } from '../../support/any-writer.js';
import { createTeam, PRIMARY, type Who } from '../../support/people.js';
import { createKey, createSandboxOffice, type SandboxOffice } from '../../support/sandbox-office.js';

/** The approval interlock in the flows, against policies that the sandbox really evaluates. */

const code = (expected: string) => expect.objectContaining({ code: expected });
const ACCOUNT = '000000000000';
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const EXECUTOR = role('custody-executor');
const EXIT_OF_LIMIT = ERROR_EXIT.LIMIT_EXCEEDED;

let office: SandboxOffice & { close(): void };
let key: { readonly arn: string; readonly keyId: string };

beforeAll(async () => {
  const interlock = {
    coldExecutorRoleArn: role('custody-cold'),
    auditorRoleArn: role('custody-auditor'),
  };
  office = await createSandboxOffice({
    team: createTeam({ environment: 'sandbox', plan: (plan) => ({ ...plan, interlock }) }),
  });
  key = await createKey(office, 'case-data');
  await executed(await policyProposal(await place(), { key: 'case-data', region: null }, null, how('deputy')));
});
afterAll(() => office.close());

/** No test leaves a request or a slot to the next one, whichever that is. */
afterEach(async () => {
  const { ports, actor, aws } = office.desk('privacy');
  const { cases } = await casesOf(ports, await lookUp(ports, 'remote'));
  for (const { id } of cases.filter(isOpen)) await reject(ports, actor, id, 'the story is over');
  const sweep = { roleArn: EXECUTOR, sourceIdentity: 'privacy', sessionName: 'sweep' };
  await aws.slots.sweep(sweep, [...(await slots()).keys()]);
});

const how = (executor: string | null) => ({ reason: 'a story', executor });

async function place() {
  const { aws, ports } = office.desk('architect');
  const state = await lookUp(ports, 'local');
  return { aws, ports, state, plan: state.plan.plan };
}

function rotation(executor: string | null = 'deputy'): Partial<Proposal> {
  const alias = office.team.plan.plan.keys['case-data']?.alias ?? '';
  return { action: 'key.rotate', region: PRIMARY, key: { name: 'case-data', alias, ...key }, executor };
}

async function executed(proposal: Partial<Proposal>): Promise<string> {
  const id = await office.approved(proposal);
  await office.execute('deputy', id);
  return id;
}

const slots = () => office.desk('architect').aws.slots.list(EXECUTOR);

/** The executor's session past the tool: the call alone, as the AWS CLI would make it. */
async function pastTheTool(who: Who, operation: string, parameters: JsonObject = {}) {
  const session = { roleArn: EXECUTOR, sourceIdentity: who, sessionName: 'cli', actions: ['kms:*'], resources: ['*'] };
  const writer = anyWriter(await enterExecutor(office.aws.line(who), session));
  return writer.call({ service: 'kms', region: PRIMARY, operation, parameters: { KeyId: key.arn, ...parameters } });
}

describe('the approval interlock', () => {
  it('is installed by the first policy request, and is what plan and roster give the key from then on', async () => {
    const { plan, roster } = office.team;
    const live = await office.desk('architect').aws.reader.policy(PRIMARY, key.arn);
    const planned = plannedKeyPolicy(plan.plan, roster, 'case-data', PRIMARY, { keyId: key.keyId });
    expect(JSON.parse(live ?? '')).toEqual(JSON.parse(planned));
    expect(planned).toContain('custody:architect:case-data');
    expect(await slots()).toEqual(new Map());
  });

  it('is called enforced for the live policy, and advisory for the one that a key is made with', async () => {
    const { plan, roster } = office.team;
    const { keyId } = key;
    const policy = await office.desk('architect').aws.reader.policy(PRIMARY, key.arn);
    const live = { region: PRIMARY, keyId, policy };
    expect(enforcementOf(plan.plan, roster, 'case-data', [live], null).level).toBe('enforced');
    const first = { ...live, policy: plannedKeyPolicy(plan.plan, roster, 'case-data', PRIMARY) };
    const found = enforcementOf(plan.plan, roster, 'case-data', [live, { ...first, region: 'eu-west-1' }], null);
    expect(found).toEqual({ level: 'advisory', because: 'its policy in eu-west-1 asks for no approval slots' });
    const weak = { ...live, policy: policy?.replaceAll(/\$\{aws:SourceIdentity\}/g, '*') ?? null };
    expect(enforcementOf(plan.plan, roster, 'case-data', [weak], null)).toMatchObject({
      level: 'advisory',
      because: expect.stringContaining(':'),
    });
    expect(enforcementOf(plan.plan, roster, 'case-data', [{ ...live, policy: null }], null).level).toBe('advisory');
  });

  it('lets the executor change nothing while nobody has approved', async () => {
    for (const operation of ['RotateKeyOnDemand', 'DisableKey', 'EnableKeyRotation', 'DisableKeyRotation']) {
      await expect(pastTheTool('deputy', operation), operation).rejects.toEqual(code('DENIED'));
    }
  });

  it('lets exactly the approved call through, for the named executor, and clears the slots', async () => {
    const { case: found } = await office.open('architect', rotation());
    expect(found.request.statement.predicate.executor).toBe('deputy');
    await office.approve('privacy', found.id);
    expect([...(await slots()).keys()]).toEqual(['custody:privacy:case-data']);
    await expect(pastTheTool('deputy', 'RotateKeyOnDemand')).rejects.toEqual(code('DENIED'));
    await office.approve('architect', found.id);
    expect(new Set((await slots()).values()).size).toBe(1);
    // Another seat than the one that is named, and another call than the one that is approved.
    await expect(pastTheTool('privacy', 'RotateKeyOnDemand')).rejects.toEqual(code('DENIED'));
    await expect(pastTheTool('deputy', 'DisableKey')).rejects.toEqual(code('DENIED'));
    const { receipt } = await office.execute('deputy', found.id);
    expect(receipt.enforcement).toEqual({
      level: 'enforced',
      because: 'KMS asked for the approval slots of 2 custodians',
    });
    expect(await slots()).toEqual(new Map());
    await expect(pastTheTool('deputy', 'RotateKeyOnDemand')).rejects.toEqual(code('DENIED'));
  });

  it('names the opener as executor where nobody else is named', async () => {
    const { case: found } = await office.open('architect', rotation(null));
    expect(found.request.statement.predicate.executor).toBe('architect');
  });

  it('gives a seat no slot but its own', async () => {
    const { aws } = office.desk('architect');
    const value = `rotate/${PRIMARY}/${key.keyId}/${'0'.repeat(64)}/architect`;
    await expect(aws.slots.set(EXECUTOR, 'custody:privacy:case-data', value)).rejects.toEqual(code('DENIED'));
    await expect(aws.slots.clear(EXECUTOR, ['custody:privacy:case-data'])).rejects.toEqual(code('DENIED'));
    await expect(aws.slots.set(EXECUTOR, 'other', value)).rejects.toEqual(code('DENIED'));
    expect(await slots()).toEqual(new Map());
  });

  it('is not executed while a slot of those who approved is missing, and says whose', async () => {
    const id = await office.approved(rotation());
    const { aws, ports, actor } = office.desk('privacy');
    await aws.slots.clear(EXECUTOR, ['custody:privacy:case-data']);
    const refusal = await office.execute('deputy', id).catch((cause: CustodyError) => cause);
    expect(refusal).toMatchObject({ code: 'PENDING', suggestions: [`privacy: custody keys arm ${id}`] });
    expect((await arm(ports, actor, aws, id)).slot?.tagKey).toBe('custody:privacy:case-data');
    await arm(ports, actor, aws, id);
    expect((await office.execute('deputy', id)).receipt.outcome).toBe('executed');
  });

  it('keeps an approval whose slot could not be set, and says how to set it', async () => {
    const { case: found } = await office.open('architect', rotation());
    const { ports, actor, aws } = office.desk('privacy');
    const review = await reviewRequest(ports, actor, aws, found.id);
    const slots = { ...aws.slots, set: () => Promise.reject(new CustodyError('UNAVAILABLE', 'no answer')) };
    await expect(approve(ports, actor, { slots }, review, found.request.digest)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      suggestions: [`custody keys arm ${found.id}`],
    });
    expect((await arm(ports, actor, aws, found.id)).case.verdict.approvals).toHaveLength(1);
  });

  it('does not let one slot stand for two open requests', async () => {
    const id = await office.approved(rotation());
    const second = await office.open('architect', {
      ...rotation(),
      ...(await stateProposal(await place(), 'key.disable', 'case-data', undefined, how('deputy'))),
    });
    await expect(office.approve('privacy', second.case.id)).rejects.toMatchObject({
      code: 'REFUSED',
      details: { reason: 'slot-taken', id },
    });
  });

  describe('where the executor role has all the tags that IAM takes', () => {
    const foreign = Array.from({ length: 50 }, (_, at) => `team-${String(at).padStart(2, '0')}`);
    /** Other tags, until there are so many. */
    const fill = async (upTo = 50) => {
      const admin = createSlotKeeper(office.aws.line('admin'));
      const { size } = await slots();
      for (const tagKey of foreign.slice(0, upTo - size)) await admin.set(EXECUTOR, tagKey, 'x');
      expect((await slots()).size).toBe(upTo);
    };
    const freed = async (tagKeys: readonly string[] = foreign) =>
      createSlotKeeper(office.aws.line('admin')).clear(EXECUTOR, tagKeys);
    afterEach(() => freed());
    const refusal = (others: number) =>
      expect.objectContaining({
        code: 'LIMIT_EXCEEDED',
        exit: EXIT_OF_LIMIT,
        message: expect.stringContaining('50 tags of 50, IAM takes no more: no room for custody:privacy:case-data'),
        details: expect.objectContaining({ tags: 50, limit: 50, slots: 50 - others }),
        suggestions: expect.arrayContaining([
          expect.stringContaining('custody keys execute --ready'),
          expect.stringContaining('custody keys withdraw ID --approval'),
          expect.stringMatching(/^Or take tags away .*--role-name custody-executor --tag-keys team-00 team-01 /),
        ]),
      });

    it('nothing is signed, nothing is published, and nothing is set; the error says how to make room', async () => {
      const { case: found } = await office.open('architect', rotation());
      await fill();
      const before = [office.remote.head(), await slots()];
      await expect(office.approve('privacy', found.id)).rejects.toEqual(refusal(50));
      expect([office.remote.head(), await slots()]).toEqual(before);
      await freed(['team-07']);
      await office.approve('privacy', found.id);
      expect((await slots()).get('custody:privacy:case-data')).toBeDefined();
    });

    it('neither, where they were taken while a person looked', async () => {
      const { case: found } = await office.open('architect', rotation());
      const { ports, actor, aws } = office.desk('privacy');
      const review = await reviewRequest(ports, actor, aws, found.id);
      await fill();
      const before = office.remote.head();
      const signed: number[] = [];
      const sign = async (data: Uint8Array) => {
        signed.push(data.length);
        return actor.signer.sign(data);
      };
      const signer = { ...actor.signer, sign };
      await expect(approve(ports, { ...actor, signer }, aws, review, found.request.digest)).rejects.toEqual(
        refusal(50),
      );
      expect([office.remote.head(), signed]).toEqual([before, []]);
    });

    it('and where IAM itself says no after all, the approval stands, and arming it later is all that is left', async () => {
      const { case: found } = await office.open('architect', rotation());
      const { ports, actor, aws } = office.desk('privacy');
      const review = await reviewRequest(ports, actor, aws, found.id);
      const set: typeof aws.slots.set = async (...words) => {
        await fill();
        await aws.slots.set(...words);
      };
      const raced = { slots: { ...aws.slots, set } };
      await expect(approve(ports, actor, raced, review, found.request.digest)).rejects.toMatchObject({
        code: 'LIMIT_EXCEEDED',
        message: expect.stringMatching(/is approved, but your slot .* 50 tags of 50, IAM takes no more/),
        suggestions: expect.arrayContaining([expect.stringContaining('--tag-keys'), `custody keys arm ${found.id}`]),
      });
      await expect(arm(ports, actor, aws, found.id)).rejects.toEqual(refusal(50));
      await freed(['team-07']);
      expect((await arm(ports, actor, aws, found.id)).case.verdict.approvals).toHaveLength(1);
    });

    it('an own slot that is there already takes no room', async () => {
      const { case: found } = await office.open('architect', rotation());
      const { aws } = office.desk('privacy');
      await aws.slots.set(EXECUTOR, 'custody:privacy:case-data', 'left by a request that is over');
      await fill();
      await office.approve('privacy', found.id);
      expect((await slots()).size).toBe(50);
    });
  });

  it('goes on past a request that has to wait for the slot, and past nothing else', async () => {
    const { plan, roster } = office.team;
    const first = await office.open('architect', rotation());
    const disable = await stateProposal(await place(), 'key.disable', 'case-data', undefined, how('deputy'));
    const second = await office.open('architect', disable);
    const third = await office.open('architect', createProposal(plan.plan, roster, 'webauthn', 'a story', null));
    const ids = [first, second, third].map((one) => one.case.id);
    const signed: string[] = [];
    const approveOne = async (id: string) => {
      await office.approve('privacy', id);
      signed.push(id);
      return id;
    };
    const { approved, waiting } = await approveEach(ids, approveOne);
    expect(approved).toEqual([ids[0], ids[2]]);
    expect(waiting).toEqual([{ id: ids[1], cause: code('REFUSED') }]);
    // What is refused for another reason ends it: nothing after it is signed for.
    await expect(approveEach(['r-aaaaaaaaaa', ...ids], approveOne)).rejects.toEqual(code('NOT_FOUND'));
    expect(signed).toEqual([ids[0], ids[2]]);
  });

  it('takes the own slot away with a veto, and the rest with the next execution', async () => {
    const { case: found } = await office.open('architect', rotation());
    await office.approve('privacy', found.id);
    await office.approve('deputy', found.id);
    const { ports, actor, aws } = office.desk('privacy');
    const { case: after } = await reject(ports, actor, found.id, 'no');
    expect(await disarm(ports, aws, after, 'privacy')).toBe(true);
    expect(await disarm(ports, aws, after, 'privacy')).toBe(false);
    expect([...(await slots()).keys()]).toEqual(['custody:deputy:case-data']);
    await expect(pastTheTool('deputy', 'RotateKeyOnDemand')).rejects.toEqual(code('DENIED'));
    const id = await office.approved(rotation());
    await office.execute('deputy', id);
    expect(await slots()).toEqual(new Map());
  });

  it('waits with KMS for a class that cools off: the slot is set afterwards', async () => {
    const proposal = await stateProposal(await place(), 'key.delete', 'case-data', undefined, how('deputy'));
    const { case: found } = await office.open('architect', proposal);
    await office.approve('privacy', found.id);
    await office.approve('deputy', found.id);
    expect(await slots()).toEqual(new Map());
    const { ports, actor, aws } = office.desk('privacy');
    await expect(arm(ports, actor, aws, found.id)).rejects.toEqual(code('PENDING'));
    const { coolUntil } = (await caseOf(ports, await lookUp(ports, 'local'), found.id)).verdict;
    office.clock.set(coolUntil ?? ('' as never));
    office.clock.advance(5);
    for (const who of ['privacy', 'deputy'] as const) {
      const desk = office.desk(who);
      await arm(desk.ports, desk.actor, desk.aws, found.id);
    }
    expect((await slots()).size).toBe(2);
  });

  it('asks again while KMS does not see the slots yet, in a new session each time', async () => {
    const id = await office.approved(rotation());
    let [sessions, denials] = [0, 2];
    const blind = office.machine('deputy', {
      intercept: async (step, act) => {
        if (step === 'sts assumeExecutor') sessions++;
        if (step === 'kms RotateKeyOnDemand' && denials-- > 0) throw new CustodyError('DENIED', 'not yet');
        return act();
      },
    });
    const { execute } = await import('../../../src/lib/request/execute.js');
    expect((await execute(blind.ports, blind.actor, blind.aws, id)).receipt.outcome).toBe('executed');
    expect(sessions).toBe(3);
    expect(blind.said.filter((text) => text.startsWith('KMS does not see'))).toHaveLength(2);
  });
});
