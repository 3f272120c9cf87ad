import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { type Challenge, closedBecause } from '../../../src/lib/drill/challenges.js';
import { DRILL_IDS, type DrillId } from '../../../src/lib/drill/drills.js';
import type { Scene } from '../../../src/lib/drill/ports.js';
import { htmlReport } from '../../../src/lib/drill/report-html.js';
import { junitReport } from '../../../src/lib/drill/report-junit.js';
import { markdownReport } from '../../../src/lib/drill/report-markdown.js';
import type { Drill } from '../../../src/lib/drill/run.js';
import { judgeDrill } from '../../../src/lib/drill/verdict.js';
import type { KeyReader } from '../../../src/lib/key/key.js';
import { createDrillStage, type Stage } from '../../support/drill-stage.js';
import { PRIMARY, REPLICA } from '../../support/people.js';

/** Drills over an office that the sandbox models, in good order and with one loss at a time. */

let stage: Stage;
let first: Drill;
let second: Drill;
let asked: Challenge;

beforeAll(async () => {
  stage = await createDrillStage();
  await stage.beat('architect', 'privacy', 'deputy');
  await stage.backUp();
  stage.office.clock.advance(3600);
  first = await stage.drill();
  stage.office.clock.advance(3600);
  asked = (await stage.challenge()).challenge;
  for (const who of ['architect', 'privacy', 'deputy'] as const) await stage.answer(who, asked);
  await stage.cycle('architect', 'privacy');
  second = await stage.drill();
}, 180_000);
afterAll(() => stage?.office.close());

const failedOf = ({ said }: Drill) => judgeDrill(said.checks, said.keys).failed;
const openOf = ({ said }: Drill) => said.checks.filter(({ status }) => status === 'skip').map(({ id }) => id);

/** A drill with another reader of keys. */
function reading(change: (reader: KeyReader) => Partial<KeyReader>, only: readonly DrillId[] = DRILL_IDS) {
  const scene = (one: Scene): Scene => {
    const { reader } = one.aws;
    return { ...one, aws: { ...one.aws, reader: { ...reader, ...change(reader) } } };
  };
  return stage.drill({ scene, only });
}

const OTHER_POLICY = (account: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' },
    ],
  });

describe('a drill in good order', () => {
  it('is not verified before canaries of an earlier one came back', () => {
    expect(failedOf(first)).toEqual([]);
    expect(openOf(first)).toEqual([
      `regions.root.${REPLICA}.failover`,
      'data.case-data',
      'data.root',
      'rewrap.root',
      'cycle.executed',
      'cycle.judged',
      'cycle.kms',
      ...['challenge', 'review'].flatMap((id) => ['architect', 'privacy', 'deputy'].map((who) => `${id}.${who}`)),
    ]);
    expect(first.said.verdict).toBe('not-verified');
    expect(first.said.canaries.map(({ key }) => key).sort()).toEqual(['case-data', 'root']);
  });

  it('is verified then, with evidence that names what it rests on', () => {
    expect([failedOf(second), openOf(second)]).toEqual([[], []]);
    expect(second.said).toMatchObject({
      verdict: 'verified',
      number: 2,
      previous: first.digest,
      rosterDigest: stage.office.team.rosterDigest,
      backup: { sequence: 1 },
    });
    expect(second.said.canaries).toEqual([]);
    expect(second.digest).toBe(digestOf(second.bytes));
  });

  it('is rid of each scratch key that it made, and made no other', async () => {
    const made = second.said.scratch;
    // Three policies are tried, both executors on one each, and people have gone through an exercise.
    const of = ['case-data', 'case-data', 'case-data', 'drill-cycle', 'root', 'root'];
    expect(made.map((one) => one.of).sort()).toEqual(of);
    expect(made.every(({ deletionAt }) => deletionAt !== null)).toBe(true);
    const { reader } = (await stage.scene()).role;
    // One of the stories beside this one may have moved the clock past the window: then it is gone.
    for (const { arn } of made) {
      const found = await reader.describe(arn.split(':')[3] ?? '', arn);
      expect(found?.state ?? 'PendingDeletion').toBe('PendingDeletion');
    }
  });

  it('keeps the values of canaries out of evidence and reports', () => {
    const reports = [
      markdownReport(second, [first, second]),
      htmlReport(second, [first, second]),
      junitReport(second.said),
    ];
    for (const { ciphertext, digest } of first.said.canaries) {
      for (const report of reports) {
        expect(report).not.toContain(ciphertext);
        expect(report).not.toContain(digest);
      }
    }
    expect(reports[0]).toContain('A.8.13');
    expect(reports[1]).toContain('<svg');
    expect(reports[2]).toContain('failures="0"');
  });
});

/** A drill of policies that ends before it is rid of its scratch key. @returns the id of its run */
async function killedDrill(): Promise<string> {
  let id = '';
  const killed = stage.drill({
    only: ['policies'],
    scene: (scene) => {
      id = scene.runId;
      const { writer } = scene.role;
      const call: typeof writer.call = async (one) => {
        if (one.operation === 'ScheduleKeyDeletion') throw new CustodyError('INTERRUPTED', 'killed');
        return writer.call(one);
      };
      return { ...scene, role: { ...scene.role, writer: { call } } };
    },
  });
  await expect(killed).rejects.toMatchObject({ code: 'INTERRUPTED' });
  return id;
}

describe('a drill touches nothing but what it made', () => {
  it('changes no key of the plan', async () => {
    const calls: { operation: string; key: unknown; tags: unknown }[] = [];
    const drill = await stage.drill({
      only: ['policies'],
      scene: (scene) => {
        const { writer } = scene.role;
        const call: typeof writer.call = async (one) => {
          calls.push({ operation: one.operation, key: one.parameters.KeyId, tags: one.parameters.Tags });
          return writer.call(one);
        };
        return { ...scene, role: { ...scene.role, writer: { call } } };
      },
    });
    const made = drill.said.scratch.map(({ arn }) => arn);
    expect(made).toHaveLength(3);
    expect(calls.map(({ operation }) => operation)).toEqual(made.flatMap(() => ['CreateKey', 'ScheduleKeyDeletion']));
    expect(calls.filter(({ operation }) => operation !== 'CreateKey').map(({ key }) => key)).toEqual(made);
    for (const { tags } of calls.filter(({ operation }) => operation === 'CreateKey'))
      expect(tags).toEqual([{ TagKey: 'custody:drill', TagValue: expect.stringMatching(/^[0-9a-f]{16}$/) }]);
  });

  it('after one that was killed, waits, then cleans up and says so', async () => {
    await killedDrill();
    await expect(stage.drill({ only: ['policies'] })).rejects.toMatchObject({ code: 'LOCKED', exit: 6 });
    stage.office.clock.advance(16 * 60);
    const { said } = await stage.drill({ only: ['policies'] });
    expect(said.checks.find(({ id }) => id === 'policies.leftovers')).toMatchObject({ status: 'pass' });
    expect(said.scratch.filter(({ of }) => of === null)).toHaveLength(1);
    expect((await stage.drill({ only: ['policies'] })).said.checks.map(({ id }) => id)).not.toContain(
      'policies.leftovers',
    );
  });

  it('after one that was killed on this very machine cleans up at once', async () => {
    const runId = await killedDrill();
    const knowing = (...runs: readonly string[]) =>
      stage.drill({ only: ['policies'], scene: (scene) => ({ ...scene, pastRuns: new Set(runs) }) });
    await expect(knowing('0'.repeat(16))).rejects.toMatchObject({ code: 'LOCKED' });
    const { said } = await knowing(runId);
    expect(said.checks.find(({ id }) => id === 'policies.leftovers')).toMatchObject({ status: 'pass' });
  });

  it('cannot use the drill role for anything but canaries and scratch keys', async () => {
    const { said } = second;
    const [canary] = first.said.canaries.filter(({ key }) => key === 'case-data');
    const { role } = await stage.scene();
    const other = { 'custody:purpose': 'case-data' };
    await expect(role.canaries.make((canary?.arn ?? '') as never, other)).rejects.toMatchObject({ code: 'DENIED' });
    for (const operation of ['ScheduleKeyDeletion', 'DisableKey', 'PutKeyPolicy']) {
      const parameters = { KeyId: canary?.arn ?? '', ...(operation === 'PutKeyPolicy' ? { Policy: '{}' } : {}) };
      const call = role.writer.call({ service: 'kms', region: PRIMARY, operation, parameters });
      await expect(call, operation).rejects.toMatchObject({ code: expect.stringMatching(/^(?:DENIED|REFUSED)$/) });
    }
    const untagged = role.writer.call({ service: 'kms', region: PRIMARY, operation: 'CreateKey', parameters: {} });
    // The guard says no before KMS is asked.
    await expect(untagged).rejects.toMatchObject({ code: expect.stringMatching(/^(?:DENIED|REFUSED)$/) });
    expect(said.verdict).toBe('verified');
  });
});

describe('a loss is named, and no other', () => {
  it('a canary comes back as something else', async () => {
    const scene = (one: Scene): Scene => {
      const open = async () => ({ digest: digestOf('another value'), materialId: null });
      return { ...one, role: { ...one.role, canaries: { ...one.role.canaries, open } } };
    };
    const drill = await stage.drill({ only: ['data'], scene });
    expect(failedOf(drill)).toEqual(['data.case-data']);
    const [canary] = first.said.canaries.filter(({ key }) => key === 'case-data');
    const { detail } = drill.said.checks.find(({ id }) => id === 'data.case-data') ?? {};
    expect(detail).toBe(`the canary of ${canary?.madeAt} came back as another value than was encrypted`);
  });

  it('a drill that may not open canaries has proven nothing', async () => {
    const scene = (one: Scene): Scene => {
      const open = async () => {
        throw new CustodyError('DENIED', 'not allowed');
      };
      return { ...one, role: { ...one.role, canaries: { ...one.role.canaries, open } } };
    };
    const { said } = await stage.drill({ only: ['data'], scene });
    expect(said.checks.find(({ id }) => id === 'data.case-data')).toMatchObject({ status: 'skip', provesData: false });
    expect(said.verdict).toBe('not-verified');
  });

  it('a Region is down', async () => {
    stage.office.aws.sandbox.setRegion(REPLICA, false);
    try {
      expect(failedOf(await stage.drill())).toEqual([`regions.${REPLICA}`]);
    } finally {
      stage.office.aws.sandbox.setRegion(REPLICA, true);
    }
  });

  it('a replica has another policy', async () => {
    const drill = await reading((reader) => ({
      policy: async (region, key) => (region === REPLICA ? OTHER_POLICY('000000000000') : reader.policy(region, key)),
    }));
    expect(failedOf(drill)).toEqual([`regions.root.${REPLICA}`]);
    // It is not the backed-up one either, which is no second loss; where nobody looks at Regions it is told of by the backup.
    const beside = drill.said.checks.find(({ id }) => id === `policies.root.${REPLICA}`);
    expect(beside).toMatchObject({ status: 'skip', detail: expect.stringContaining(`regions.root.${REPLICA}`) });
    const alone = await reading(
      (reader) => ({
        policy: async (region, key) => (region === REPLICA ? OTHER_POLICY('000000000000') : reader.policy(region, key)),
      }),
      ['policies'],
    );
    expect(failedOf(alone)).toEqual([`policies.root.${REPLICA}`]);
  });

  it('a key waits for its deletion', async () => {
    const drill = await reading((reader) => ({
      describe: async (region, key) => {
        const found = await reader.describe(region, key);
        return found && !found.multiRegion ? { ...found, state: 'PendingDeletion' } : found;
      },
    }));
    expect(failedOf(drill)).toEqual(['data.case-data']);
  });

  it('a policy has drifted from its backup', async () => {
    const drill = await reading((reader) => ({
      policy: async (region, key) => (key.includes('mrk-') ? reader.policy(region, key) : OTHER_POLICY('000000000000')),
    }));
    expect(failedOf(drill)).toEqual([`policies.case-data.${PRIMARY}`]);
  });

  it('a mirror was rolled back', async () => {
    const { remote } = stage.office;
    const view = await stage.office.desk('architect').ports.store.local();
    const { store } = stage.office.desk('architect').ports;
    await store.sync();
    const line = await store.history(view.head ?? ('' as never));
    const mirror = remote.copy();
    mirror.rewind(
      line.find((commit) => ![...remote.files(commit).keys()].some((path) => path.startsWith('backups/'))) ?? null,
    );
    stage.mirror = mirror;
    try {
      expect(failedOf(await stage.drill())).toEqual(['backup.copy-2']);
    } finally {
      stage.mirror = remote;
    }
  });

  it('an entry of the ledger is cut off', async () => {
    // One of the stories beside this one may have ended with a push of another desk: the last entry is to tell of a drill.
    await stage.drill({ only: ['people'] });
    const cut = stage.office.remote.copy();
    const files = new Map(cut.files());
    const last =
      [...files.keys()]
        .filter((path) => path.startsWith('ledger/'))
        .sort()
        .at(-1) ?? '';
    files.delete(last);
    const { store } = stage.office.desk('architect').ports;
    const line = await store.history(cut.head() ?? ('' as never));
    cut.force(files, line.at(-2) ?? null);
    const desk = stage.office.machine('architect', { store: cut.client() });
    expect(failedOf(await stage.drill({ desk }))).toEqual(['ledger.drills']);
  });

  it('an entry in the middle of the ledger is gone', async () => {
    const scene = (one: Scene): Scene => {
      const { view } = one.state;
      const gap = (path: string) => path === 'ledger/000000/000000007.json';
      const without = {
        ...view,
        paths: async () => (await view.paths()).filter((path) => !gap(path)),
        pathsUnder: async (folder: string) => (await view.pathsUnder(folder)).filter((path) => !gap(path)),
        read: (paths: readonly string[]) => view.read(paths.filter((path) => !gap(path))),
      };
      return { ...one, state: { ...one.state, view: without } };
    };
    const drill = await stage.drill({ scene });
    expect(failedOf(drill)).toEqual(['ledger.chain']);
    expect(drill.said.ledger).toEqual({ entries: 0, head: null });
  });

  it('an executor role may put a policy that nobody has approved', async () => {
    const call = async () => ({ requestId: 'r', serverTime: null, answer: {} });
    const scene = (one: Scene): Scene => {
      const assumeExecutor: Scene['aws']['authority']['assumeExecutor'] = async (session, warrant) =>
        session.roleArn.endsWith('custody-cold') ? { call } : one.aws.authority.assumeExecutor(session, warrant);
      return { ...one, aws: { ...one.aws, authority: { ...one.aws.authority, assumeExecutor } } };
    };
    expect(failedOf(await stage.drill({ only: ['cold'], scene }))).toEqual(['cold.cold']);
  });

  it('a seat that may not enter the executor has proven nothing of it, and has lost nothing', async () => {
    const scene = (one: Scene): Scene => {
      const assumeExecutor = () => Promise.reject(new CustodyError('DENIED', 'not allowed'));
      return { ...one, aws: { ...one.aws, authority: { ...one.aws.authority, assumeExecutor } } };
    };
    const { said } = await stage.drill({ scene });
    const open = said.checks.filter(({ drill, status }) => drill === 'cold' && status === 'skip');
    expect([open.length, judgeDrill(said.checks, said.keys).failed]).toEqual([2, []]);
  });

  it("a custodian's key is gone", async () => {
    stage.office.clock.advance(8 * 86_400);
    await stage.beat('architect', 'privacy');
    await stage.backUp();
    try {
      expect(failedOf(await stage.drill())).toEqual(['quorum.life.deputy']);
    } finally {
      await stage.beat('deputy');
    }
  });
});

describe('answers of custodians', () => {
  it('each to the challenge that the evidence names; a verified drill that has seen them all ends it', async () => {
    const checks = second.said.checks.filter(({ drill }) => drill === 'challenge' || drill === 'review');
    expect(checks.map(({ status }) => status)).toEqual(Array.from({ length: 7 }, () => 'pass'));
    const { id, digest, said } = asked;
    expect(second.said.challenge).toEqual({ id, digest, by: said.by, askedAt: said.at });
    expect(first.said.challenge).toBeNull();
    await expect(stage.answer('architect', asked)).rejects.toMatchObject({ code: 'REFUSED' });
    const { state } = await stage.scene();
    const now = second.said.finishedAt;
    expect(closedBecause(asked, { state, history: [first, second], now })).toMatch(/is done: drill \S+-2 says/);
    expect(closedBecause(asked, { state, history: [first], now })).toBeNull();
  });

  it('count as life, without a heartbeat beside', async () => {
    stage.office.clock.advance(8 * 86_400);
    const life = async () => {
      const { said } = await stage.drill({ only: ['quorum'] });
      return said.checks.filter(({ id }) => id.startsWith('quorum.life.')).map(({ status }) => status);
    };
    const { challenge } = await stage.challenge();
    await stage.answer('deputy', challenge);
    try {
      expect(await life()).toEqual(['fail', 'fail', 'pass']);
    } finally {
      await stage.beat('architect', 'privacy', 'deputy');
      await stage.backUp();
    }
  });

  it('to a list that has changed since review nothing', async () => {
    const { challenge } = await stage.challenge();
    const already = (cause: { readonly code?: string }) => expect(cause.code).toBe('REFUSED');
    for (const who of ['architect', 'privacy', 'deputy'] as const) await stage.answer(who, challenge).catch(already);
    const { said } = await stage.drill({
      only: ['review'],
      scene: (one) => ({ ...one, inspections: { ...one.inspections, trust: async () => '{"Version":"2012-10-17"}' } }),
    });
    expect(said.checks.filter(({ drill }) => drill === 'review').map(({ id, status }) => `${id} ${status}`)).toEqual([
      'review.listed pass',
      ...['architect', 'privacy', 'deputy'].map((who) => `review.${who} skip`),
    ]);
    expect(said.checks.at(-1)?.detail).toContain('deputy signed another list');
  });
});
