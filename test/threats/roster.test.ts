import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/lib/base/canonical-json.js';
import { formatPlan, planDigest } from '../../src/lib/plan/format.js';
import type { Rules } from '../../src/lib/quorum/evidence.js';
import { judge } from '../../src/lib/quorum/judge.js';
import type { OpenRecord } from '../../src/lib/record/envelope.js';
import { rulesOf as rulesByDocuments } from '../../src/lib/request/case.js';
import { lookUp } from '../../src/lib/request/desk.js';
import { memoryOf } from '../../src/lib/request/in-force.js';
import { openRequest, planProposal } from '../../src/lib/request/open.js';
import { assertFollows, formatRoster, rosterDigest } from '../../src/lib/roster/format.js';
import type { Roster } from '../../src/lib/roster/roster.js';
import { wordsOf } from '../../src/lib/roster/words.js';
import { assertGenesisSaid } from '../../src/lib/setup/join.js';
import { createMemory, createOffice, rotation } from '../support/office.js';
import {
  approval,
  createSigner,
  createTeam,
  evidenceOf,
  keyOf,
  later,
  rejection,
  request,
  rulesOf,
  type TestSigner,
  withdrawal,
} from '../support/people.js';

const code = (expected: string) => expect.objectContaining({ code: expected });
const team = createTeam();

type Seat = Roster['custodians'][number];
/** The roster that would follow, with a seat edited. */
function nextRoster(at: number, edit: (seat: Seat) => Seat): Roster {
  const custodians = team.roster.custodians.map((seat, index) => (index === at ? edit(seat) : seat));
  return { ...team.roster, version: 2, previous: rosterDigest(team.roster), custodians };
}

/** A request for the next roster, and the rules that it is judged by. */
async function change(next: Roster, by: 'architect' | 'deputy' = 'deputy'): Promise<[OpenRecord<'request'>, Rules]> {
  const parameters = { version: 2, digest: rosterDigest(next), document: next as unknown as JsonObject };
  const asked = await request(team, by, { action: 'roster.update', key: null, parameters });
  return [asked, rulesOf(team, { next: { plan: team.plan.plan, roster: next } })];
}

const stateOf = (asked: OpenRecord<'request'>, rules: Rules, ...records: Parameters<typeof evidenceOf>[1][]) =>
  judge(evidenceOf(asked, ...records), rules, later(600));

const [ARCHITECT, PRIVACY, DEPUTY] = [0, 1, 2];
const newcomer: TestSigner = createSigner();

describe('T24 roll-back', () => {
  it('a roster that does not directly follow is refused', () => {
    const good = nextRoster(DEPUTY, (seat) => ({ ...seat, name: 'Barbara L.' }));
    expect(() => assertFollows(good, team.roster)).not.toThrow();
    for (const edit of [{ version: 3 }, { version: 1 }, { previous: null }, { repository: 'fedcba9876543210' }]) {
      expect(() => assertFollows({ ...good, ...edit }, team.roster)).toThrow(code('ROSTER_INVALID'));
    }
    expect(() => assertFollows({ ...good, previous: rosterDigest(good) }, team.roster)).toThrow(code('ROSTER_INVALID'));
  });

  it('an older plan than this machine has seen is refused', async () => {
    const office = await createOffice();
    const before = office.remote.head();
    const proposal = planProposal(
      office.team.plan,
      { ...office.team.plan.plan, ledger: { store: 'git', retentionDays: 3000 } },
      '',
      null,
    );
    await office.execute('architect', await office.approved(proposal));
    const state = await lookUp(office.desk('architect').ports, 'remote');
    expect(state.plan.version).toBe(2);
    office.remote.rewind(before);
    const memory = createMemory(memoryOf(state, later(0)));
    await expect(lookUp(office.machine('architect', { memory }).ports, 'remote')).rejects.toEqual(code('ROLLBACK'));
  });

  it('an equal version with other bytes is refused', async () => {
    const office = await createOffice();
    const state = await lookUp(office.machine('privacy').ports, 'remote');
    for (const change of [{ rosterDigest: state.planDigest }, { planDigest: state.rosterDigest }]) {
      const memory = createMemory({ ...memoryOf(state, later(0)), ...change });
      await expect(lookUp(office.machine('privacy', { memory }).ports, 'remote')).rejects.toEqual(code('ROLLBACK'));
    }
  });

  it('a head that is older than the one remembered is refused', async () => {
    const office = await createOffice();
    const older = office.remote.head();
    await office.open('architect');
    const memory = createMemory();
    await lookUp(office.machine('privacy', { memory }).ports, 'remote');
    office.remote.rewind(older);
    await expect(lookUp(office.machine('privacy', { memory }).ports, 'remote')).rejects.toEqual(code('ROLLBACK'));
  });

  it('what is remembered never moves back', async () => {
    const office = await createOffice();
    const memory = createMemory();
    await lookUp(office.machine('privacy', { memory }).ports, 'remote');
    const first = memory.held()?.head;
    await office.open('architect');
    await lookUp(office.machine('privacy', { memory }).ports, 'remote');
    expect(memory.held()?.head).toBe(office.remote.head());
    expect(memory.held()?.head).not.toBe(first);
  });
});

describe('T25 a roster is changed by the old quorum, the new quorum and every new key', () => {
  it('is approved by two of the old who stay', async () => {
    const [asked, rules] = await change(nextRoster(DEPUTY, (seat) => ({ ...seat, name: 'Barbara L.' })));
    const two = [await approval(team, asked, 'architect'), await approval(team, asked, 'privacy')];
    expect(stateOf(asked, rules, ...two).state).toBe('approved');
  });

  it('wants the signature of every new key', async () => {
    const [asked, rules] = await change(
      nextRoster(DEPUTY, (seat) => ({ ...seat, keys: [...seat.keys, keyOf(newcomer)] })),
    );
    const two = [await approval(team, asked, 'architect'), await approval(team, asked, 'privacy')];
    expect(stateOf(asked, rules, ...two)).toMatchObject({ state: 'pending', missing: { newKeys: 1 } });
    expect(stateOf(asked, rules, ...two).because).toBe('a new key has not signed yet');
    const proof = await approval(team, asked, 'deputy', { with: newcomer });
    expect(stateOf(asked, rules, ...two, proof)).toMatchObject({ state: 'approved', missing: { newKeys: 0 } });
    // An approval that does not count proves nothing either: not one taken back, not one of another repository.
    const foreign = await approval(team, asked, 'deputy', { with: newcomer, repository: 'fedcba9876543210' });
    const back = await withdrawal(team, asked, 'deputy', proof, { with: newcomer });
    for (const none of [[foreign], [proof, back]]) {
      expect(stateOf(asked, rules, ...two, ...none)).toMatchObject({ state: 'pending', missing: { newKeys: 1 } });
    }
  });

  it('a new key of one who has signed already counts as its proof, not as a person', async () => {
    const [asked, rules] = await change(
      nextRoster(DEPUTY, (seat) => ({ ...seat, keys: [...seat.keys, keyOf(newcomer)] })),
    );
    const both = [await approval(team, asked, 'deputy'), await approval(team, asked, 'deputy', { with: newcomer })];
    expect(stateOf(asked, rules, ...both)).toMatchObject({ state: 'pending', missing: { signatures: 1, newKeys: 0 } });
    expect(stateOf(asked, rules, ...both, await approval(team, asked, 'privacy')).state).toBe('approved');
  });

  it('one custodian cannot put a key of his own on another’s seat and be two', async () => {
    for (const at of [ARCHITECT, PRIVACY]) {
      const who = at === ARCHITECT ? 'architect' : 'privacy';
      const [asked, rules] = await change(nextRoster(at, (seat) => ({ ...seat, keys: [keyOf(newcomer)] })));
      const forged = await approval(team, asked, who, { with: newcomer });
      const own = await approval(team, asked, 'deputy');
      for (const records of [
        [own, forged],
        [forged, own],
        [own, await approval(team, asked, 'deputy', { with: team.spare }), forged],
      ]) {
        expect(stateOf(asked, rules, ...records).state).toBe('pending');
      }
    }
  });

  it('nor hide the true signature behind an earlier one of the new key', async () => {
    const [asked, rules] = await change(
      nextRoster(ARCHITECT, (seat) => ({ ...seat, keys: [...seat.keys, keyOf(newcomer)] })),
    );
    const early = await approval(team, asked, 'architect', { with: newcomer, at: later(10) });
    const records = [early, await approval(team, asked, 'architect'), await approval(team, asked, 'privacy')];
    expect(stateOf(asked, rules, ...records).state).toBe('approved');
  });

  it('the new quorum is asked too', async () => {
    const wider = nextRoster(DEPUTY, (seat) => seat);
    const fourth: Seat = {
      id: 'fourth' as never,
      name: 'Joan',
      duty: 'PrivacyEngineer',
      roleArn: 'arn:aws:iam::111122223333:role/fourth',
      keys: [keyOf(newcomer)],
    };
    const next = { ...wider, threshold: 3, custodians: [...wider.custodians, fourth] };
    const [asked, rules] = await change(next);
    const proof = await approval(team, asked, 'deputy', { by: 'fourth', with: newcomer });
    const one = await approval(team, asked, 'architect');
    expect(stateOf(asked, rules, one, proof)).toMatchObject({ state: 'pending', threshold: 3 });
    const two = await approval(team, asked, 'privacy');
    expect(stateOf(asked, rules, one, two)).toMatchObject({ state: 'pending', missing: { newKeys: 1 } });
    expect(stateOf(asked, rules, one, two, proof).state).toBe('approved');
  });

  it('one who leaves counts for the old quorum only', async () => {
    const next = nextRoster(DEPUTY, (seat) => ({
      ...seat,
      id: 'joan' as never,
      name: 'Joan',
      keys: [keyOf(newcomer)],
    }));
    const [asked, rules] = await change(next);
    const old = [await approval(team, asked, 'deputy'), await approval(team, asked, 'privacy')];
    expect(stateOf(asked, rules, ...old).state).toBe('pending');
    const joan = await approval(team, asked, 'deputy', { by: 'joan', with: newcomer });
    expect(stateOf(asked, rules, ...old, joan).state).toBe('approved');
    expect(stateOf(asked, rules, await approval(team, asked, 'privacy'), joan).state).toBe('pending');
  });

  it.each([
    [DEPUTY, 'deputy', 'privacy'],
    [PRIVACY, 'privacy', 'deputy'],
  ] as const)(
    'nobody blocks the own removal, under the same id neither, with one key or two: %#',
    async (at, who, other) => {
      for (const edit of [{ id: 'joan' as never }, {}]) {
        const next = nextRoster(at, (seat) => ({ ...seat, ...edit, keys: [keyOf(newcomer)] }));
        const [asked, rules] = await change(next, 'architect');
        const no = await rejection(team, asked, who);
        const verdict = stateOf(asked, rules, no);
        expect(verdict.state).toBe('pending');
        expect(verdict.rejections[0]?.ignoredBecause).toBe('own-removal');
        expect(stateOf(asked, rules, await rejection(team, asked, other)).state).toBe('rejected');
      }
    },
  );

  it('who comes, and who loses one key of two, may reject', async () => {
    const [coming, byBoth] = await change(
      nextRoster(DEPUTY, (seat) => ({ ...seat, id: 'joan' as never, keys: [keyOf(newcomer)] })),
    );
    const no = await rejection(team, coming, 'deputy', { with: newcomer, by: 'joan' as never });
    expect(stateOf(coming, byBoth, no).state).toBe('rejected');
    const [asked, rules] = await change(
      nextRoster(DEPUTY, (seat) => ({ ...seat, keys: seat.keys.slice(0, 1) })),
      'architect',
    );
    expect(stateOf(asked, rules, await rejection(team, asked, 'deputy')).state).toBe('rejected');
  });

  it('a request is judged by the roster that it names, and void once another is in force', async () => {
    const asked = await request(team);
    const two = [await approval(team, asked, 'architect'), await approval(team, asked, 'privacy')];
    const next = nextRoster(DEPUTY, (seat) => ({ ...seat, name: 'B.' }));
    const inForce = { planDigest: team.planDigest, rosterDigest: rosterDigest(next) };
    const rules = rulesByDocuments(asked, { plans: [team.plan], rosters: [team.roster, next], inForce });
    expect(rules.rosterDigest).toBe(team.rosterDigest);
    expect(stateOf(asked, rules, ...two).state).toBe('expired');
  });
});

describe('T26 another genesis', () => {
  it('on a machine that has pinned one is refused', async () => {
    const office = await createOffice();
    const memory = createMemory();
    await lookUp(office.machine('privacy', { memory }).ports, 'remote');
    const evil = await createOffice();
    await expect(lookUp(evil.machine('privacy', { memory }).ports, 'remote')).rejects.toEqual(code('GENESIS_MISMATCH'));
  });

  it('on a first clone differs in its words', async () => {
    const [ours, evil] = [await createOffice(), await createOffice()];
    const genesisOf = async (office: typeof ours) =>
      (await lookUp(office.machine('privacy').ports, 'remote')).genesis.digest;
    const said = wordsOf(await genesisOf(ours)).join(' ');
    expect(said.split(' ')).toHaveLength(12);
    const found = await genesisOf(evil);
    expect(() => assertGenesisSaid(found, said)).toThrow(code('GENESIS_MISMATCH'));
    expect(() => assertGenesisSaid(found, '')).toThrow(code('GENESIS_MISMATCH'));
    expect(() => assertGenesisSaid(found, wordsOf(found).slice(0, 11).join(' '))).toThrow(code('GENESIS_MISMATCH'));
    expect(() => assertGenesisSaid(found, wordsOf(found).join('  ').toUpperCase())).not.toThrow();
  });

  it('does not open requests before every custodian has signed it', async () => {
    const office = await createOffice();
    const first = [...office.remote.files()].filter(([path]) => path.startsWith('records/genesis/'));
    const fewer = new Map(office.remote.files());
    fewer.delete(first[0]?.[0] ?? '');
    office.remote.force(fewer, null);
    const { ports, actor, aws } = office.machine('architect');
    await expect(openRequest(ports, actor, aws, rotation(office.team))).rejects.toEqual(code('PENDING'));
  });
});

describe('T67 rules edited by one push', () => {
  it('a plan or roster without a quorum stops everything', async () => {
    const office = await createOffice();
    const { plan, roster } = office.team;
    const lax = {
      version: 2,
      previous: planDigest(plan),
      plan: { ...plan.plan, quorum: { ...plan.plan.quorum, classes: {} } },
    };
    const evil: Roster = { ...roster, version: 2, previous: rosterDigest(roster) };
    for (const [path, bytes] of [
      ['plan/2.json', formatPlan(lax)],
      ['roster/2.json', formatRoster(evil)],
    ] as const) {
      const head = office.remote.head();
      office.remote.force(new Map([...office.remote.files(), [path, bytes]]));
      await expect(lookUp(office.machine('privacy').ports, 'remote')).rejects.toEqual(code('REFUSED'));
      office.remote.rewind(head);
    }
  });

  it('an edited plan 1 is not the one of genesis', async () => {
    const office = await createOffice();
    const { plan } = office.team;
    const lax = { ...plan, plan: { ...plan.plan, quorum: { ...plan.plan.quorum, selfApproval: true, classes: {} } } };
    office.remote.force(new Map([...office.remote.files(), ['plan/1.json', formatPlan(lax)]]), null);
    await expect(lookUp(office.machine('privacy').ports, 'remote')).rejects.toEqual(code('RECORD_MALFORMED'));
  });

  it('a request under other rules than those in force is refused', async () => {
    const lax = createTeam({ plan: (plan) => ({ ...plan, quorum: { ...plan.quorum, classes: {} } }) });
    const asked = await request({ ...team, planDigest: lax.planDigest });
    expect(() => stateOf(asked, rulesOf(team))).toThrow(code('REFUSED'));
  });

  it('a change of plan is judged by the old rules and the new', async () => {
    const { plan } = team.plan;
    const stricter = {
      ...plan,
      quorum: { ...plan.quorum, classes: { ...plan.quorum.classes, plan: { threshold: 3 } } },
    };
    const { parameters } = planProposal(team.plan, stricter, '', null);
    const asked = await request(team, 'architect', { action: 'plan.update', key: null, parameters });
    const rules = rulesOf(team, { next: { plan: stricter, roster: team.roster } });
    const two = [await approval(team, asked, 'architect'), await approval(team, asked, 'privacy')];
    expect(stateOf(asked, rules, ...two)).toMatchObject({ state: 'pending', threshold: 3 });
    expect(stateOf(asked, rules, ...two, await approval(team, asked, 'deputy')).state).toBe('approved');
    const laxer = { ...plan, quorum: { ...plan.quorum, classes: {} } };
    const back = await request(team, 'architect', {
      action: 'plan.update',
      key: null,
      parameters: planProposal(team.plan, laxer, '', null).parameters,
    });
    const same = [await approval(team, back, 'architect'), await approval(team, back, 'deputy')];
    const rulesBack = rulesOf(team, { next: { plan: laxer, roster: team.roster } });
    expect(stateOf(back, rulesBack, ...same)).toMatchObject({ state: 'pending', missing: { duties: 1 } });
  });
});
