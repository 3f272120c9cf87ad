import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/lib/base/canonical-json.js';
import type { Signer } from '../../src/lib/base/signature.js';
import { readLedgerHead } from '../../src/lib/ledger/view.js';
import { formatPlan } from '../../src/lib/plan/format.js';
import { type OpenRecord, open as opened, requestIdOf, seal } from '../../src/lib/record/envelope.js';
import { intentPath, receiptPath, recordPath, requestFolder } from '../../src/lib/record/paths.js';
import type { Statement } from '../../src/lib/record/statement.js';
import type { CommitId } from '../../src/lib/record/store.js';
import { acceptable } from '../../src/lib/request/acceptable.js';
import { lookUp } from '../../src/lib/request/desk.js';
import { memoryOf } from '../../src/lib/request/in-force.js';
import { formatRoster, rosterDigest } from '../../src/lib/roster/format.js';
import type { Roster } from '../../src/lib/roster/roster.js';
import { wordsOf } from '../../src/lib/roster/words.js';
import { assertGenesisSaid } from '../../src/lib/setup/join.js';
import { createGitWorld, type GitWorld } from '../support/git-world.js';
import { createMemory, createOffice, type Office } from '../support/office.js';
import {
  approval,
  createSigner,
  intent,
  keyOf,
  later,
  receipt,
  requestPredicate,
  requestStatement,
  type Who,
} from '../support/people.js';
import { entryAbout } from '../support/told.js';

/** The tool left out: rosters and genesis as an attacker pushes them with plain git, and what clones make of it. */

const code = (expected: string) => expect.objectContaining({ code: expected });

let world: GitWorld;
let office: Office;
let founded: CommitId;
beforeEach(async () => {
  [world, office] = [await createGitWorld(), await createOffice()];
  office.clock.advance(600);
  founded = world.attack({ parents: [], files: filesOf(office) });
});
afterEach(() => world.close());

const filesOf = ({ remote }: Office) => Object.fromEntries(remote.files());

/** A person's clone of what lies on the server; with a memory it is a second clone on a machine that has seen more. */
async function clone(who: Who, memory = createMemory()) {
  const store = await world.client({ limits: { retries: 0 }, accept: acceptable(office.clock) });
  return office.machine(who, { store, memory });
}

/** One record after another, each on the head before, as one who may push does. */
async function pushed(parent: CommitId, path: (file: OpenRecord) => string, statement: Statement, signer: Signer) {
  const bytes = await seal(statement, signer);
  const record = opened(bytes);
  return { record, head: await put(parent, record, { [path(record)]: bytes }) };
}

/** With its entry in the ledger, as custody writes it: what is refused is not a slip. */
async function put(parent: CommitId, record: OpenRecord, files: Readonly<Record<string, string | Uint8Array>>) {
  const head = await readLedgerHead(await (await world.client()).sync());
  return world.attack({ parents: [parent], files: { ...files, ...entryAbout(record, head) } });
}

const seen = (head: string) => ({ head, expiresAt: later(86_400) });

/** The next roster with everything that is said to have put it in force, by one custodian and a key of his own. */
async function takeOver(next: Roster, secret: Signer): Promise<CommitId> {
  const { team } = office;
  const parameters = { version: 2, digest: rosterDigest(next), document: next as unknown as JsonObject };
  const said = requestPredicate(team, { by: 'deputy', action: 'roster.update', key: null, parameters });
  const statement = requestStatement({ ...said, seen: seen(founded) });
  const asked = (await seal(statement, team.signers.deputy)) as Uint8Array;
  const request = opened(asked) as OpenRecord<'request'>;
  const folder = requestFolder(requestIdOf(request.digest));
  let head = await put(founded, request, { [recordPath(folder, request.fileDigest)]: asked });
  const inFolder = ({ fileDigest }: OpenRecord) => recordPath(folder, fileDigest);
  const approvals: OpenRecord<'approval'>[] = [];
  for (const [who, signer] of [
    ['deputy', team.signers.deputy],
    ['privacy', secret],
  ] as const) {
    const { statement: yes } = await approval(team, request, who, { seen: seen(head), with: signer });
    const one = await pushed(head, inFolder, yes, signer);
    approvals.push(one.record as OpenRecord<'approval'>);
    head = one.head;
  }
  const id = requestIdOf(request.digest);
  const { statement: begin } = await intent(team, request, 'deputy', approvals, { seen: seen(head) });
  const begun = await pushed(head, () => intentPath(id), begin, team.signers.deputy);
  const done = { seen: seen(begun.head) };
  const { statement: end } = await receipt(team, request, begun.record as OpenRecord<'intent'>, 'deputy', done);
  const bytes = await seal(end, team.signers.deputy);
  return put(begun.head, opened(bytes), { [receiptPath(id)]: bytes, 'roster/2.json': formatRoster(next) });
}

const nextRoster = (edit: (seats: Roster['custodians']) => Roster['custodians']): Roster => {
  const { roster } = office.team;
  return { ...roster, version: 2, previous: rosterDigest(roster), custodians: edit(roster.custodians) };
};

describe('T24 a roster is rolled back by a push', () => {
  /** A true second roster: the deputy's name changes, by two of those who stay. */
  async function renamed(): Promise<CommitId> {
    const next = nextRoster((seats) => seats.map((seat) => (seat.id === 'deputy' ? { ...seat, name: 'B. L.' } : seat)));
    return takeOver(next, office.team.signers.privacy);
  }

  it('with force or by a commit that takes it out: no clone that has it, and no machine that knows it', async () => {
    const head = await renamed();
    const memory = createMemory();
    const privacy = await clone('privacy', memory);
    const state = await lookUp(privacy.ports, 'remote');
    expect([state.roster.version, state.roster.custodians.at(-1)?.name]).toEqual([2, 'B. L.']);
    const remove = world.git(['diff', '--name-only', founded, head]).split('\n').filter(Boolean);
    for (const [back, expected] of [
      [() => world.git(['update-ref', 'refs/heads/main', founded]), 'ROLLBACK'],
      [() => world.attack({ parents: [head], remove }), 'HISTORY_REWRITTEN'],
    ] as const) {
      back();
      await expect(lookUp(privacy.ports, 'remote')).rejects.toEqual(code('HISTORY_REWRITTEN'));
      const second = await clone('privacy', createMemory(memoryOf(state, later(0))));
      await expect(lookUp(second.ports, 'remote')).rejects.toEqual(code(expected));
      world.git(['update-ref', 'refs/heads/main', head]);
    }
    expect((await lookUp(privacy.ports, 'remote')).roster.version).toBe(2);
  });

  it('of equal version with other bytes: neither', async () => {
    const head = await renamed();
    const memory = createMemory();
    const privacy = await clone('privacy', memory);
    await lookUp(privacy.ports, 'remote');
    const other = nextRoster((seats) => seats.map((seat) => ({ ...seat, name: `${seat.name} II` })));
    world.attack({ parents: [head], files: { 'roster/2.json': formatRoster(other) } });
    await expect(lookUp(privacy.ports, 'remote')).rejects.toEqual(code('HISTORY_REWRITTEN'));
    // A first clone reads the history, too.
    await expect(lookUp((await clone('architect')).ports, 'remote')).rejects.toEqual(code('HISTORY_REWRITTEN'));
  });
});

describe('T25 a roster is changed inside the request that uses it', () => {
  it('one custodian seats a key of his own, signs as both, and pushes intent, receipt and roster: nobody takes it', async () => {
    const secret = createSigner();
    const deputy = await clone('deputy');
    await lookUp(deputy.ports, 'remote');
    const next = nextRoster((seats) =>
      seats.map((seat) => (seat.id === 'privacy' ? { ...seat, keys: [keyOf(secret)] } : seat)),
    );
    await takeOver(next, secret);
    for (const { ports } of [deputy, await clone('architect')]) {
      await expect(lookUp(ports, 'remote')).rejects.toMatchObject({
        code: 'REFUSED',
        message: 'roster 2 stands in the repository, but no quorum put it in force',
      });
    }
    world.git(['update-ref', 'refs/heads/main', founded]);
    expect((await lookUp((await clone('architect')).ports, 'remote')).roster.version).toBe(1);
  });

  it('the same with the true signature of privacy is in force: what is refused is the key, not the push', async () => {
    const next = nextRoster((seats) => seats.map((seat) => ({ ...seat, name: seat.name.toUpperCase() })));
    await takeOver(next, office.team.signers.privacy);
    expect((await lookUp((await clone('architect')).ports, 'remote')).roster.version).toBe(2);
  });
});

describe("T26 an attacker's genesis is pushed", () => {
  it('in place of ours: not to a clone, not to a machine that has pinned ours, not to one that heard its words', async () => {
    const memory = createMemory();
    const privacy = await clone('privacy', memory);
    const ours = (await lookUp(privacy.ports, 'remote')).genesis.digest;
    const evil = await createOffice();
    world.attack({ parents: [], files: filesOf(evil) });
    await expect(lookUp(privacy.ports, 'remote')).rejects.toEqual(code('HISTORY_REWRITTEN'));
    await expect(lookUp((await clone('privacy', memory)).ports, 'remote')).rejects.toEqual(code('GENESIS_MISMATCH'));
    const theirs = (await lookUp((await clone('architect')).ports, 'remote')).genesis.digest;
    expect(() => assertGenesisSaid(theirs, wordsOf(ours).join(' '))).toThrow(code('GENESIS_MISMATCH'));
  });

  it('beside ours, or under ours with a roster of his: no repository at all', async () => {
    const evil = await createOffice();
    const theirs = Object.entries(filesOf(evil)).filter(([path]) => path.startsWith('records/genesis/'));
    const { plan } = office.team;
    const lax = { ...plan, plan: { ...plan.plan, quorum: { ...plan.plan.quorum, selfApproval: true, classes: {} } } };
    for (const files of [
      Object.fromEntries(theirs.slice(0, 1)),
      { 'roster/1.json': formatRoster(evil.team.roster) },
      { 'plan/1.json': formatPlan(lax) },
    ]) {
      // As a new history, since a commit that edits a file is refused by every clone that reads it.
      world.attack({ parents: [], files: { ...filesOf(office), ...files } });
      await expect(lookUp((await clone('architect')).ports, 'remote')).rejects.toEqual(code('RECORD_MALFORMED'));
      world.git(['update-ref', 'refs/heads/main', founded]);
    }
  });
});
