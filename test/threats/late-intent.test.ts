import { describe, expect, it } from 'vitest';
import type { Instant } from '../../src/lib/base/time.js';
import { link } from '../../src/lib/ledger/chain.js';
import type { LedgerEvent } from '../../src/lib/ledger/entry.js';
import { ledgerFiles, readLedgerHead } from '../../src/lib/ledger/view.js';
import { open, seal } from '../../src/lib/record/envelope.js';
import { HEARTBEAT_FOLDER, recordPath } from '../../src/lib/record/paths.js';
import type { CommitId } from '../../src/lib/record/store.js';
import { caseOf, lookUp } from '../../src/lib/request/desk.js';
import { eventOf } from '../../src/lib/request/events.js';
import { beat } from '../../src/lib/request/heartbeat.js';
import { planProposal } from '../../src/lib/request/open.js';
import { draftFor, publishRecords } from '../../src/lib/request/publish.js';
import { reject, withdraw } from '../../src/lib/request/veto.js';
import { createOffice, type Office } from '../support/office.js';
import { createTeam, intent, later, TOOL, type Who } from '../support/people.js';

/** One custodian publishes an intent past the tool, and waits for the automation to take it up as one that was cut off. */

const code = (expected: string) => expect.objectContaining({ code: expected });

/** Signed by the architect, over what `head` held of the request. */
async function smuggle(office: Office, id: string, head: CommitId | null): Promise<void> {
  const { ports, actor } = office.machine('architect');
  const view = await ports.store.sync();
  const { request, evidence } = await caseOf(ports, await lookUp(ports, 'remote'), id);
  const [held = null] = await ports.store.foldersAt([{ commit: head ?? ('' as CommitId), folder: `records/${id}` }]);
  const listed = evidence.records.filter(({ fileDigest }) => held?.has(`${fileDigest.slice('sha256:'.length)}.json`));
  const seen = { head, expiresAt: later(86_400) };
  const forged = await intent(office.team, request, 'architect', listed as never, { seen });
  const draft = await draftFor(actor, { ...forged.statement }, id);
  await publishRecords(ports, [draft], { message: 'intent', onlyOn: view.head as CommitId });
}

const headOf = async ({ desk }: Office) => (await desk('ci').ports.store.sync()).head;

async function isSpent(office: Office, id: string, because: string): Promise<void> {
  await expect(office.execute('ci', id)).rejects.toMatchObject({ code: 'REQUEST_ENDED' });
  const { ports } = office.desk('ci');
  const { verdict } = await caseOf(ports, await lookUp(ports, 'remote'), id);
  expect(verdict).toMatchObject({ state: 'failed', intent: null });
  expect(verdict.because).toContain(because);
  expect(office.aws.done).toEqual([]);
}

describe('T14 an intent names an older head than the one it is published on', () => {
  it('on the head that it names, one that is taken up is carried out', async () => {
    const office = await createOffice();
    const id = await office.approved();
    await smuggle(office, id, await headOf(office));
    expect((await office.execute('ci', id)).receipt.outcome).toBe('executed');
  });

  it.each([
    [
      'a rejection',
      (office: Office, id: string) => reject(office.desk('deputy').ports, office.desk('deputy').actor, id, 'no'),
    ],
    [
      'a withdrawn approval',
      (office: Office, id: string) =>
        withdraw(office.desk('deputy').ports, office.desk('deputy').actor, id, 'approval', 'no'),
    ],
  ] as const)('to leave out %s: it authorises nothing', async (_, veto) => {
    const office = await createOffice();
    const id = await office.approved();
    const before = await headOf(office);
    await veto(office, id);
    await smuggle(office, id, before);
    await isSpent(office, id, 'not published on the head that it names');
  });
});

describe('T11 an intent is dated back to before the end of its request', () => {
  const DAY = 86_400;

  async function expired(): Promise<{ office: Office; id: string }> {
    const office = await createOffice();
    const id = await office.approved();
    office.clock.advance(3 * DAY);
    await beat(office.desk('privacy').ports, office.desk('privacy').actor);
    await expect(office.execute('ci', id)).rejects.toEqual(code('REQUEST_ENDED'));
    return { office, id };
  }

  it('nobody else takes it up: what lies under it was written after the end', async () => {
    const { office, id } = await expired();
    await smuggle(office, id, await headOf(office));
    for (const who of ['ci', 'deputy'] as const) {
      await expect(office.execute(who, id)).rejects.toMatchObject({ code: 'REFUSED', details: { by: 'architect' } });
    }
    expect(office.aws.done).toEqual([]);
  });

  it('one that was cut off in time is finished long after', async () => {
    const office = await createOffice();
    const id = await office.approved();
    await smuggle(office, id, await headOf(office));
    office.clock.advance(30 * DAY);
    expect((await office.execute('ci', id)).receipt.outcome).toBe('executed');
  });
});

describe('T11 T29 a time that nobody on the roster signed lies under an intent', () => {
  const DAY = 86_400;

  /** A run that was cut off, over files that somebody pushed. */
  async function cutOffOver(plant: (office: Office) => Promise<LedgerEvent | null>) {
    const office = await createOffice();
    const id = await office.approved();
    const event = await plant(office);
    const { ports } = office.desk('ci');
    const head = await readLedgerHead(await ports.store.sync());
    const { entries } = link(event === null ? [] : [event], head);
    office.remote.force(new Map([...office.remote.files(), ...ledgerFiles(head, entries)]));
    await smuggle(office, id, (await ports.store.sync()).head);
    office.clock.advance(30 * DAY);
    return { office, id };
  }

  it.each([
    ['an entry of no record', () => ({ kind: 'challenge', record: null }) as const],
    [
      'an entry of a record that is not there',
      () => ({ kind: 'heartbeat', record: `sha256:${'0'.repeat(64)}` }) as const,
    ],
  ])('%s keeps nobody from finishing', async (_, what) => {
    const { office, id } = await cutOffOver(async () => ({
      ...what(),
      at: later(9 * DAY),
      by: 'privacy',
      requestId: null,
      facts: {},
    }));
    expect((await office.execute('ci', id)).receipt.outcome).toBe('executed');
  });

  it.each([
    ['a stranger', 'outsider', true],
    ['who made the intent, by the automation', 'ci', true],
    ['another custodian', 'privacy', false],
  ] as const)('a heartbeat of %s', async (_, who, finishes) => {
    const { office, id } = await cutOffOver(async (office) => {
      const { record, bytes, path } = await heartbeat(office, who, later(9 * DAY));
      office.remote.force(new Map([...office.remote.files(), [path, bytes]]));
      return eventOf(record, who === 'ci' ? 'ci' : 'privacy');
    });
    if (finishes) expect((await office.execute('ci', id)).receipt.outcome).toBe('executed');
    else
      await expect(office.execute('ci', id)).rejects.toMatchObject({
        code: 'REFUSED',
        details: { signedBy: 'privacy' },
      });
  });

  it('the rogue can still date ahead: who made the intent finishes it all the same', async () => {
    const { office, id } = await cutOffOver(async (office) => {
      const { record, bytes, path } = await heartbeat(office, 'deputy', later(9 * DAY));
      office.remote.force(new Map([...office.remote.files(), [path, bytes]]));
      return eventOf(record, 'deputy');
    });
    expect((await office.execute('architect', id)).receipt.outcome).toBe('executed');
  });

  async function heartbeat({ team, remote }: Office, who: Who, at: Instant) {
    const seen = { head: remote.head(), expiresAt: later(10 * DAY) };
    const predicate = { tool: TOOL, repository: team.roster.repository, by: who, at, seen };
    const [genesis = new Uint8Array()] = [...remote.files()].flatMap(([path, bytes]) =>
      path.startsWith('records/genesis/') ? [bytes] : [],
    );
    const subjects = [{ name: 'genesis', digest: open(genesis).digest }];
    const bytes = await seal({ kind: 'heartbeat', subjects, predicate }, team.signers[who]);
    const record = open(bytes);
    return { record, bytes, path: recordPath(HEARTBEAT_FOLDER, record.fileDigest) };
  }
});

describe('T25 a request is revived that a change of rules had ended', () => {
  async function changed(): Promise<{ office: Office; id: string; before: CommitId | null }> {
    const office = await createOffice();
    const id = await office.approved();
    const before = await headOf(office);
    const plan = { ...office.team.plan.plan, ledger: { store: 'git' as const, retentionDays: 3000 } };
    await office.execute('architect', await office.approved(planProposal(office.team.plan, plan, '', null)));
    await expect(office.execute('ci', id)).rejects.toEqual(code('REQUEST_ENDED'));
    return { office, id, before };
  }

  it('by an intent on the newest head', async () => {
    const { office, id } = await changed();
    await smuggle(office, id, await headOf(office));
    await isSpent(office, id, 'changed before it');
  });

  it('by an intent that names a head from before', async () => {
    const { office, id, before } = await changed();
    await smuggle(office, id, before);
    await isSpent(office, id, 'not published on the head that it names');
  });
});

describe('T29 what is no record lies among the heartbeats', () => {
  it('and keeps nobody from executing', async () => {
    const strict = createTeam({
      plan: (plan) => ({ ...plan, quorum: { ...plan.quorum, executionWindowSeconds: 3 * 86_400 } }),
    });
    const office = await createOffice(undefined, strict);
    const id = await office.approved();
    office.clock.advance(2 * 86_400);
    await beat(office.desk('privacy').ports, office.desk('privacy').actor);
    const files = new Map(office.remote.files());
    files.set(`${HEARTBEAT_FOLDER}/${'0'.repeat(64)}.json`, Buffer.from('no record'));
    office.remote.force(files);
    expect((await office.execute('architect', id)).receipt.outcome).toBe('executed');
  });
});
