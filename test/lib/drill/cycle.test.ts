import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatCanonical, type JsonObject } from '../../../src/lib/base/canonical-json.js';
import { CYCLE_KEY } from '../../../src/lib/base/cycle.js';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { answerPath } from '../../../src/lib/drill/answer.js';
import { openCycle } from '../../../src/lib/drill/open-cycle.js';
import type { Scene } from '../../../src/lib/drill/ports.js';
import type { Drill } from '../../../src/lib/drill/run.js';
import { signerOf } from '../../../src/lib/quorum/signer.js';
import { open as openRecord } from '../../../src/lib/record/envelope.js';
import { recordPath, requestFolder } from '../../../src/lib/record/paths.js';
import type { KeyRef, RequestPredicate } from '../../../src/lib/record/statement.js';
import { caseOf, lookUp } from '../../../src/lib/request/desk.js';
import { observe } from '../../../src/lib/request/observe.js';
import { openRequest } from '../../../src/lib/request/open.js';
import { scopeOf } from '../../../src/lib/request/scope.js';
import { withdraw } from '../../../src/lib/request/veto.js';
import { warrantOf } from '../../../src/lib/request/warrant.js';
import { warrantFor } from '../../support/any-writer.js';
import { createDrillStage, type Stage } from '../../support/drill-stage.js';
import { PRIMARY } from '../../support/people.js';
import { forge, forgeApproval } from '../../support/regions.js';

/** Exercises over an office that the sandbox models: each story ends with no key of an exercise left. */

let stage: Stage;

beforeAll(async () => {
  stage = await createDrillStage();
  await stage.beat('architect', 'privacy', 'deputy');
}, 180_000);
afterAll(() => stage?.office.close());

const CALL = { service: 'kms', region: PRIMARY, operation: 'EnableKeyRotation' } as const;
const drill = (scene?: (one: Scene) => Scene, who: 'architect' | 'privacy' = 'architect') =>
  stage.drill({ only: ['cycle'], desk: stage.office.desk(who), ...(scene ? { scene } : {}) });
/** Stories beside this one may have executed exercises of their own. */
const noneExecuted = (one: Scene): Scene => ({
  ...one,
  cases: one.cases.filter(({ verdict }) => verdict.state !== 'executed'),
});
const checksOf = ({ said }: Drill) =>
  said.checks.filter((one) => one.drill === 'cycle').map(({ id, status }) => `${id.slice(6)} ${status}`);
const detailOf = ({ said }: Drill, id: string) => said.checks.find((one) => one.id === `cycle.${id}`)?.detail;
const stateOf = async (arn: string | null | undefined) =>
  (await (await stage.scene()).role.reader.describe(PRIMARY, arn ?? ''))?.state;
const slots = async () => {
  const { aws } = stage.office.desk('architect');
  const tags = await aws.slots.list(stage.office.team.roster.executorRoleArn);
  return [...tags.keys()].filter((key) => key.endsWith(`:${CYCLE_KEY}`));
};

describe('an exercise', () => {
  it('goes its whole way, is tried with one approval alone, and leaves no key', async () => {
    const nothing = await drill(noneExecuted);
    expect(checksOf(nothing)).toEqual(['executed skip', 'judged skip', 'kms skip']);
    expect(detailOf(nothing, 'executed')).toContain('custody dr cycle');
    const opened = await stage.openCycle('architect');
    const { id, request } = opened.case;
    const said = request.statement.predicate;
    expect([opened.madeKey, said.class, said.key?.name, said.executor]).toEqual([
      true,
      'rotation',
      CYCLE_KEY,
      'architect',
    ]);
    // Another one is not opened beside it, whoever asks.
    expect(await stage.openCycle('privacy')).toMatchObject({ case: { id }, created: false, madeKey: false });
    const waiting = await drill(noneExecuted);
    expect(checksOf(waiting)).toEqual(['executed skip', 'judged skip', 'kms skip']);
    expect(detailOf(waiting, 'executed')).toMatch(/lacks 2 more signatures: .*\(architect, privacy, deputy have not\)/);
    await stage.office.approve('architect', id);
    await expect(stage.office.execute('architect', id)).rejects.toMatchObject({ code: 'PENDING' });
    await stage.office.approve('privacy', id);
    expect(await slots()).toHaveLength(2);
    const { receipt } = await stage.office.execute('architect', id);
    expect(receipt).toMatchObject({ outcome: 'executed', enforcement: { level: 'enforced' } });
    const done = await drill();
    expect(checksOf(done)).toEqual(['executed pass', 'judged pass', 'kms pass', 'deleted pass']);
    expect(detailOf(done, 'executed')).toContain('approved by architect and privacy, executed by architect');
    expect(detailOf(done, 'kms')).toContain('the approval slot of architect alone');
    expect(done.said.scratch.map(({ arn, of }) => [arn, of])).toEqual([[said.key?.arn, CYCLE_KEY]]);
    expect([await stateOf(said.key?.arn), await slots()]).toEqual(['PendingDeletion', []]);
    // Its key is gone: the next drill rests on the signed word of this one.
    const next = await drill();
    expect(checksOf(next)).toEqual(['executed pass', 'judged pass', 'kms pass']);
    expect(detailOf(next, 'kms')).toMatch(/^drill \d{4}-q[1-4]-\d+ tried it/);
  });

  it('is in order for CloudTrail, and tried at KMS by nobody but who approved and executed it', async () => {
    const reconciled = async () => {
      // CloudTrail shows nothing of the last quarter of an hour.
      stage.office.clock.advance(1200);
      return (await stage.scene()).inspections.reconcile(stage.foundedAt);
    };
    const { counts: before } = await reconciled();
    await stage.cycle('architect', 'deputy');
    const { said } = await drill(undefined, 'privacy');
    const kms = said.checks.find(({ id }) => id === 'cycle.kms');
    expect(kms).toMatchObject({ status: 'skip', detail: expect.stringContaining('privacy has not') });
    const { findings, counts } = await reconciled();
    // What the drill does with its key is no change past the quorum; the call of the exercise is looked for.
    expect(findings.filter(({ what }) => what.endsWith(CYCLE_KEY))).toEqual([]);
    expect(counts.receipts).toBe(before.receipts + 1);
  });

  it('of which KMS let one approval through is a loss; it counts since the last verified drill', async () => {
    await stage.cycle('architect', 'privacy');
    const call = async () => ({ requestId: 'r', serverTime: null, answer: {} });
    const done = await drill((one) => {
      const assumeExecutor = async () => ({ call });
      return { ...one, aws: { ...one.aws, authority: { ...one.aws.authority, assumeExecutor } } };
    });
    expect(checksOf(done)).toEqual(['executed pass', 'judged pass', 'kms fail', 'deleted pass']);
    expect([done.said.verdict, await slots()]).toEqual(['not-verified', []]);
    const later = await drill((one) => ({
      ...one,
      history: [{ ...done, said: { ...done.said, verdict: 'verified', startedAt: one.startedAt } }],
    }));
    expect(checksOf(later)).toEqual(['executed skip', 'judged skip', 'kms skip']);
  });
});

describe('a key of an exercise', () => {
  const sweep = async () => (await drill()).said.scratch.map(({ arn }) => arn);
  const make = () =>
    stage.openCycle('architect').then(({ case: { id, request } }) => ({
      id,
      arn: request.statement.predicate.key?.arn ?? '',
    }));

  it('stays while its request is open, and trips no other drill', async () => {
    const { id, arn } = await make();
    // Young: a scratch key of another drill would end this one with LOCKED.
    expect((await stage.drill({ only: ['policies'] })).said.checks.map(({ id: one }) => one)).not.toContain(
      'policies.leftovers',
    );
    stage.office.clock.advance(86_400);
    expect([await sweep(), await stateOf(arn)]).toEqual([[], 'Enabled']);
    // And goes once its window has lapsed.
    stage.office.clock.advance(8 * 86_400);
    expect(await sweep()).toEqual([arn]);
    expect(await stateOf(arn)).toBe('PendingDeletion');
    expect((await stage.openCycle('architect')).case.id).not.toBe(id);
    stage.office.clock.advance(8 * 86_400);
    await sweep();
  });

  it('is deleted at once where no request could be opened, and by the next drill where that was killed', async () => {
    const { ports, actor, aws } = stage.office.desk('architect');
    const { role } = await stage.scene();
    const made: string[] = [];
    const opening = (stop: 'request' | 'deletion') => {
      const call: typeof role.writer.call = async (one) => {
        if (stop === 'deletion' && one.operation === 'ScheduleKeyDeletion')
          throw new CustodyError('INTERRUPTED', 'killed');
        const answered = await role.writer.call(one);
        if (one.operation === 'PutKeyPolicy') made.push(String(one.parameters.KeyId));
        return answered;
      };
      const reader = { ...aws.reader, tags: () => Promise.reject(new CustodyError('UNAVAILABLE', 'no answer')) };
      const wish = { reason: '', executor: null, runId: '0123456789abcdef' };
      return openCycle(ports, actor, { ...aws, reader }, { ...role, writer: { call } }, wish);
    };
    await expect(opening('request')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await stateOf(made[0])).toBe('PendingDeletion');
    await expect(opening('deletion')).rejects.toMatchObject({ code: 'INTERRUPTED' });
    // It may be being opened by another machine right now.
    expect([await sweep(), await stateOf(made[1])]).toEqual([[], 'Enabled']);
    stage.office.clock.advance(16 * 60);
    expect([await sweep(), await stateOf(made[1])]).toEqual([[made[1]], 'PendingDeletion']);
  });

  it('is not made where the executor role has no room for two slots more', async () => {
    const { ports, actor, aws } = stage.office.desk('architect');
    const { role } = await stage.scene();
    const tagged = (size: number, own: readonly string[]) => {
      const others = Array.from({ length: size - own.length }, (_, at) => `tag-${at}`);
      const list = async () => new Map([...own, ...others].map((tag) => [tag, '']));
      return { ...aws, slots: { ...aws.slots, list } };
    };
    const call = () => Promise.reject(new CustodyError('INTERRUPTED', 'a key was made'));
    const open = (size: number, ...own: readonly string[]) =>
      openCycle(
        ports,
        actor,
        tagged(size, own),
        { ...role, writer: { call } },
        { reason: '', executor: null, runId: '0'.repeat(16) },
      );
    await expect(open(49)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('49 tags of 50'),
    });
    // 16 keys of three seats each leave room for the two that are needed.
    await expect(open(48)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    // Slots of an exercise before this one are written over; those of another key are not.
    const slots = (key: string) => ['architect', 'privacy'].map((who) => `custody:${who}:${key}`);
    await expect(open(50, ...slots('drill-cycle'))).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await expect(open(50, ...slots('case-data'))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await expect(open(49, ...slots('drill-cycle').slice(0, 1))).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});

describe('a drill that waits', () => {
  const only = ['cycle', 'challenge'] as const;
  const WHO = ['architect', 'privacy', 'deputy'] as const;
  /** What happens while it sleeps, one after the other, and what it says. */
  const waiting = async (wait: number, ...steps: readonly (() => Promise<unknown>)[]) => {
    const said: string[] = [];
    const left = [...steps];
    const found = await stage.drill({
      only,
      wait,
      scene: (one) => {
        const clock = {
          ...one.ports.clock,
          sleep: async (millis: number) => {
            await one.ports.clock.sleep(millis);
            await left.shift()?.();
          },
        };
        return { ...noneExecuted(one), ports: { ...one.ports, clock, progress: (text) => said.push(text) } };
      },
    });
    return { found, said: said.filter((text) => text.startsWith('Waiting')) };
  };

  const challenges = async () => {
    const view = await stage.office.desk('architect').ports.store.sync();
    return (await view.pathsUnder('challenges/')).length;
  };

  it('asks a challenge, goes on when all have answered it and the exercise is done, and says for whom it waits', async () => {
    // One of the stories beside this one may have left a challenge open.
    stage.office.clock.advance(8 * 86_400);
    await stage.beat(...WHO);
    const before = await challenges();
    const { id } = (await stage.openCycle('architect')).case;
    const { store } = stage.office.desk('architect').ports;
    const { found, said } = await waiting(
      600,
      async () => {
        for (const who of ['architect', 'privacy'] as const) await stage.office.approve(who, id);
        await stage.office.execute('architect', id);
      },
      // A remote that is away for a moment ends nothing.
      async () => {
        for (const who of WHO) await stage.answer(who);
        const { sync } = store;
        const once = async () => {
          Object.assign(store, { sync });
          throw new CustodyError('REMOTE_UNREACHABLE', 'away');
        };
        Object.assign(store, { sync: once });
      },
    );
    expect(said[0]).toContain(
      `architect (custody dr answer), privacy (custody dr answer), deputy (custody dr answer), the exercise ${id} (pending)`,
    );
    expect(said[1]).not.toContain('exercise');
    expect(found.said.checks.map((one) => `${one.id} ${one.status}`)).toEqual(
      expect.arrayContaining(['cycle.executed pass', 'cycle.kms pass', 'challenge.deputy pass']),
    );
    expect([await challenges(), found.said.challenge?.by]).toEqual([before + 1, 'architect']);
    // It looked at the repository as it was before: people are no part of its line of evidence.
    expect(found.said.commit).not.toBe(await store.local().then(({ head }) => head));
  });

  it('ends when its time is over, and says who is missing', async () => {
    stage.office.clock.advance(8 * 86_400);
    const before = Date.parse(stage.office.clock.now());
    const { found } = await waiting(60);
    expect(Date.parse(stage.office.clock.now()) - before).toBeGreaterThanOrEqual(60_000);
    const open = found.said.checks.filter((one) => one.drill === 'challenge');
    expect(open.map(({ id, status }) => `${id} ${status}`)).toEqual(WHO.map((who) => `challenge.${who} skip`));
    await stage.beat(...WHO);
  });

  it('when it was killed while it waited, asks no other challenge: what was answered stays answered', async () => {
    stage.office.clock.advance(8 * 86_400);
    const before = await challenges();
    const killed = waiting(
      600,
      () => stage.answer('privacy'),
      () => Promise.reject(new CustodyError('INTERRUPTED', 'killed')),
    );
    await expect(killed).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await challenges()).toBe(before + 1);
    const { found, said } = await waiting(600, async () => {
      for (const who of ['architect', 'deputy'] as const) await stage.answer(who);
    });
    expect(said[0]).not.toContain('privacy');
    expect(await challenges()).toBe(before + 1);
    const own = found.said.checks.filter((one) => one.drill === 'challenge');
    expect(own.map(({ id, status }) => `${id} ${status}`)).toEqual(WHO.map((who) => `challenge.${who} pass`));
    await stage.beat(...WHO);
  });

  it('does not wait for one in whose place lies what is no answer: the drill says so', async () => {
    stage.office.clock.advance(8 * 86_400);
    await stage.beat(...WHO);
    const begun = Date.parse(stage.office.clock.now());
    const { found } = await waiting(3600, async () => {
      for (const who of ['architect', 'privacy'] as const) await stage.answer(who);
      const { challenge } = await stage.challenge();
      const files = new Map([[answerPath(challenge.id, 'deputy'), Buffer.from('{}')]]);
      await stage.office.desk('architect').ports.store.publish(async () => ({ message: 'x', files }));
    });
    expect(Date.parse(stage.office.clock.now()) - begun).toBeLessThan(600_000);
    const own = found.said.checks.filter((one) => one.drill === 'challenge');
    const statuses = ['architect pass', 'privacy pass', 'deputy fail'];
    expect(own.map(({ id, status }) => `${id} ${status}`)).toEqual(statuses.map((one) => `challenge.${one}`));
  });

  it.each(['planDigest', 'rosterDigest'] as const)(
    'does not go on under another %s than it began with',
    async (part) => {
      const scene = (one: Scene): Scene => ({ ...one, state: { ...one.state, [part]: `sha256:${'0'.repeat(64)}` } });
      await expect(stage.drill({ only, wait: 60, scene })).rejects.toMatchObject({ code: 'CONFLICT' });
    },
  );
});

describe('an exercise is of no use for a key of the plan', () => {
  const caseData = async () => {
    const { aws } = stage.office.desk('architect');
    const alias = (await aws.reader.aliases(PRIMARY)).find(({ name }) => name === 'alias/cmk/case-data');
    const arn = (await aws.reader.describe(PRIMARY, alias?.keyId ?? ''))?.arn ?? '';
    return { name: 'case-data', alias: 'alias/cmk/case-data', arn, keyId: alias?.keyId ?? '' };
  };
  /** As the requester of another tool would sign it. */
  const forged = (key: KeyRef, change: Partial<RequestPredicate> = {}) => {
    const calls = [{ ...CALL, parameters: { KeyId: key.arn ?? '', RotationPeriodInDays: 365 } }];
    const asked = { action: 'drill.cycle', class: 'rotation', executor: 'architect' } as const;
    return forge(stage.office, 'architect', { ...asked, key, calls, ...change });
  };
  const code = (expected: string, message = '') =>
    expect.objectContaining({ code: expected, message: expect.stringContaining(message) });

  it('T3 T49 a request that names one is refused: by its name, by what is read of it, by every machine', async () => {
    const key = await caseData();
    const { ports, actor, aws } = stage.office.desk('architect');
    const state = await lookUp(ports, 'remote');
    const masked = { ...key, name: CYCLE_KEY, alias: 'none' };
    const proposal = { action: 'drill.cycle', region: PRIMARY, parameters: {}, reason: '', executor: null } as const;
    await expect(openRequest(ports, actor, aws, { ...proposal, key: masked })).rejects.toEqual(
      code(
        'REFUSED',
        'it has no tag custody:drill of an exercise; it has the tag of a key of a repository; it has an alias',
      ),
    );
    await expect(openRequest(ports, actor, aws, { ...proposal, key })).rejects.toEqual(
      code('REFUSED', 'is no key of an exercise'),
    );
    // Its own name and alias: the judgement of every clone leaves it out.
    const named = await forged(key);
    await expect(stage.office.approve('privacy', named)).rejects.toEqual(code('REFUSED', 'the plan has no such key'));
    // The name of a scratch key over its ARN, with the state that it has: each approver's machine says no.
    const preState = await observe(aws.reader, { action: 'drill.cycle', region: PRIMARY, key: masked, parameters: {} });
    const honest = await forged(masked, { preState });
    await expect(stage.office.approve('privacy', honest)).rejects.toEqual(code('REFUSED', 'is no key of an exercise'));
    // And with the state of a scratch key: it is not what AWS shows.
    const { case: open } = await stage.openCycle('architect');
    const said = open.request.statement.predicate;
    const { arn, aliasTarget } = preState;
    const lying = await forged(masked, { preState: { ...said.preState, arn, aliasTarget } as JsonObject });
    await expect(stage.office.approve('privacy', lying)).rejects.toEqual(code('PRE_STATE_CHANGED'));
    // Two whose tools look at nothing: the executor's still does.
    for (const who of ['privacy', 'deputy'] as const) await forgeApproval(stage.office, who, honest);
    await expect(stage.office.execute('architect', honest)).rejects.toEqual(
      code('REFUSED', 'is no key of an exercise'),
    );
    // Another action under the name of a scratch key is for no key of the plan.
    const other = { action: 'key.disable', class: 'disable', key: masked } as const;
    const calls = [{ ...CALL, operation: 'DisableKey', parameters: { KeyId: key.arn } }];
    await expect(stage.office.approve('privacy', await forged(masked, { ...other, calls }))).rejects.toEqual(
      code('REFUSED', 'the plan has no such key'),
    );
    expect(state.plan.plan.keys[CYCLE_KEY]).toBeUndefined();
    await withdraw(ports, actor, open.id, 'request', '');
    for (const id of [honest, lying]) await withdraw(ports, actor, id, 'request', '');
    expect((await drill()).said.scratch.map((one) => one.arn)).toEqual([said.key?.arn]);
  });

  it('T2 one whose bytes are edited to name another key is no record', async () => {
    const { case: open } = await stage.openCycle('architect');
    const { ports, actor } = stage.office.desk('architect');
    const path = recordPath(requestFolder(open.id), open.request.fileDigest);
    const bytes = (await (await ports.store.local()).read([path])).get(path) ?? new Uint8Array();
    const bundle = JSON.parse(Buffer.from(bytes).toString('utf8'));
    const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString('utf8');
    const key = await caseData();
    const keyId = open.request.statement.predicate.key?.keyId ?? '';
    bundle.dsseEnvelope.payload = Buffer.from(payload.replaceAll(keyId, key.keyId)).toString('base64');
    const edited = openRecord(Buffer.from(formatCanonical(bundle)), 'edited');
    expect(edited.digest).not.toBe(open.request.digest);
    expect(signerOf(edited, stage.office.team.roster)).toBe('invalid');
    await withdraw(ports, actor, open.id, 'request', '');
    await drill();
  });

  it('T53 T54 T58 approvals and slots of one let nothing through on another key', async () => {
    const key = await caseData();
    const { ports, aws } = stage.office.desk('architect');
    const { case: open } = await stage.openCycle('architect');
    for (const who of ['architect', 'privacy'] as const) await stage.office.approve(who, open.id);
    // The records of its approvals, in the folder of a request for a key of the plan.
    const rotation = { action: 'key.rotation', region: PRIMARY, key, parameters: { periodDays: 180 } } as const;
    const asked = await stage.office.open('architect', { ...rotation, executor: 'architect' });
    const { evidence } = await caseOf(ports, await lookUp(ports, 'remote'), open.id);
    const view = await ports.store.local();
    const folder = (id: string) => requestFolder(id);
    const paths = evidence.records.map(({ fileDigest }) => recordPath(folder(open.id), fileDigest));
    const files = [...(await view.read(paths))];
    await ports.store.publish(async () => ({
      message: 'replayed',
      files: new Map(files.map(([path, bytes]) => [path.replace(open.id, asked.case.id), bytes])),
    }));
    const { verdict } = await caseOf(ports, await lookUp(ports, 'remote'), asked.case.id);
    expect([verdict.state, verdict.approvals.some(({ counted }) => counted)]).toEqual(['pending', false]);
    await expect(stage.office.execute('architect', asked.case.id)).rejects.toEqual(code('PENDING'));
    // Past the tool: its slots are set, and stand for its own key alone; in the slots of the other key its value says another id.
    const { executorRoleArn: roleArn } = stage.office.team.roster;
    const tags = await aws.slots.list(roleArn);
    const session = { roleArn, sourceIdentity: 'architect', sessionName: 'past-the-tool' };
    const call = async (keyArn: string) => {
      const scope = { actions: ['kms:EnableKeyRotation'], resources: [keyArn] };
      const writer = await aws.authority.assumeExecutor({ ...session, ...scope }, warrantFor('EnableKeyRotation'));
      return writer.call({ ...CALL, parameters: { KeyId: keyArn, RotationPeriodInDays: 365 } });
    };
    await expect(call(key.arn)).rejects.toEqual(code('DENIED'));
    for (const who of ['architect', 'privacy'] as const) {
      const value = tags.get(`custody:${who}:${CYCLE_KEY}`) ?? '';
      await stage.office.desk(who).aws.slots.set(roleArn, `custody:${who}:case-data`, value);
    }
    await expect(call(key.arn)).rejects.toEqual(code('DENIED'));
    const scratch = open.request.statement.predicate.key?.arn ?? '';
    // The session of the exercise reaches no other key, and the guard lets its warrant serve none.
    const warrant = warrantOf(await caseOf(ports, await lookUp(ports, 'remote'), open.id), { id: 'architect' });
    const scope = scopeOf(open.request.statement.predicate);
    expect([scope.resources, warrant.scratch]).toEqual([[scratch], scratch]);
    const writer = await aws.authority.assumeExecutor({ ...session, ...scope }, warrant);
    await expect(writer.call({ ...CALL, parameters: { KeyId: key.arn, RotationPeriodInDays: 365 } })).rejects.toEqual(
      code('REFUSED', 'not-a-scratch-key'),
    );
    expect((await aws.reader.rotationStatus(PRIMARY, key.arn))?.periodDays).toBe(365);
    // They do let the one call through that they were given for.
    await stage.office.execute('architect', open.id);
    expect((await aws.reader.rotationStatus(PRIMARY, scratch))?.enabled).toBe(true);
    await withdraw(ports, stage.office.desk('architect').actor, asked.case.id, 'request', '');
    await drill();
  });
});
