import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CustodyError } from '../../src/lib/base/errors.js';
import { MAX_BLOB_BYTES } from '../../src/lib/git/tree.js';
import { assertLedger } from '../../src/lib/inspect/ledger.js';
import { link } from '../../src/lib/ledger/chain.js';
import type { LedgerEvent } from '../../src/lib/ledger/entry.js';
import { ledgerPath } from '../../src/lib/ledger/paths.js';
import { readLedgerHead } from '../../src/lib/ledger/view.js';
import { formatPlan, planDigest } from '../../src/lib/plan/format.js';
import { open, seal } from '../../src/lib/record/envelope.js';
import { HEARTBEAT_FOLDER, recordPath } from '../../src/lib/record/paths.js';
import type { CommitId, View } from '../../src/lib/record/store.js';
import { acceptable } from '../../src/lib/request/acceptable.js';
import { lookUp } from '../../src/lib/request/desk.js';
import { eventOf } from '../../src/lib/request/events.js';
import { beat } from '../../src/lib/request/heartbeat.js';
import { type AttackChange, createGitWorld, type GitWorld } from '../support/git-world.js';
import { createMemory, createOffice, type Desk, type Office } from '../support/office.js';
import { later, TOOL, type Who } from '../support/people.js';

/** One who may push, without any custodian's key, pushes what stops everybody; the host takes it back. */

const code = (expected: string) => expect.objectContaining({ code: expected });
const NAME = 'a'.repeat(64);
const BEAT = `${HEARTBEAT_FOLDER}/${NAME}.json`;

let world: GitWorld;
let office: Office;
let founded: CommitId;
let view: View;
/** A clone that was there before, and whose machine remembers. */
let victim: Desk;
const memory = createMemory();

beforeAll(async () => {
  [world, office] = [await createGitWorld(), await createOffice()];
  office.clock.advance(600);
  founded = world.attack({ parents: [], files: Object.fromEntries(office.remote.files()) });
  victim = await clone('privacy', memory);
  view = (await lookUp(victim.ports, 'remote')).view;
});
afterAll(() => world.close());
beforeEach(() => world.git(['update-ref', 'refs/heads/main', founded]));

async function clone(who: Who, remembered = createMemory()): Promise<Desk> {
  const store = await world.client({ limits: { retries: 0 }, accept: acceptable(office.clock) });
  return office.machine(who, { store, memory: remembered });
}

const push = (change: Omit<AttackChange, 'parents'>, parent: CommitId = founded) =>
  world.attack({ parents: [parent], ...change });

const refusalOf = ({ ports }: Desk) =>
  lookUp(ports, 'remote').then(
    () => expect.unreachable('it was accepted'),
    (cause: CustodyError) => cause,
  );

/** Entries that are linked as they should be, over what was founded. */
async function entries(...events: readonly LedgerEvent[]): Promise<Record<string, Uint8Array>> {
  const head = await readLedgerHead(view);
  const linked = link(events, head).entries;
  return Object.fromEntries(linked.map((bytes, at) => [ledgerPath(head.size + at), bytes]));
}

/** A heartbeat of the deputy, as the deputy signs it. */
async function heartbeat() {
  const { roster, signers } = office.team;
  const seen = { head: founded, expiresAt: later(86_400) };
  const predicate = { tool: TOOL, repository: roster.repository, by: 'deputy', at: later(60), seen };
  const [genesis = ''] = await view.pathsUnder('records/genesis/');
  const { digest } = open((await view.read([genesis])).get(genesis) ?? new Uint8Array());
  const bytes = await seal({ kind: 'heartbeat', subjects: [{ name: 'genesis', digest }], predicate }, signers.deputy);
  const record = open(bytes);
  return { record, bytes, path: recordPath(HEARTBEAT_FOLDER, record.fileDigest) };
}

type Garbage = Omit<AttackChange, 'parents'>;
const next = async () => ledgerPath((await readLedgerHead(view)).size);
const lies = (event: LedgerEvent): LedgerEvent => ({ ...event, by: 'privacy' });

const KINDS: readonly (readonly [what: string, code: string, make: () => Promise<Garbage>])[] = [
  ['an odd path', 'TREE_MALFORMED', async () => ({ files: { 'Evil.txt': 'x' } })],
  ['a symbolic link', 'TREE_MALFORMED', async () => ({ files: { [BEAT]: 'x' }, modes: { [BEAT]: '120000' } })],
  ['a huge file', 'TREE_MALFORMED', async () => ({ files: { [BEAT]: Buffer.alloc(MAX_BLOB_BYTES + 1) } })],
  ['an edited plan', 'HISTORY_REWRITTEN', async () => ({ files: { 'plan/1.json': '{}' } })],
  ['a roster that is gone', 'HISTORY_REWRITTEN', async () => ({ remove: ['roster/1.json'] })],
  ['a plan that is none', 'RECORD_MALFORMED', async () => ({ files: { 'plan/2.json': '{}' } })],
  ['a plan that nobody approved', 'REFUSED', async () => ({ files: { 'plan/2.json': formatPlan(second()) } })],
  ['a plan out of line', 'RECORD_MALFORMED', async () => ({ files: { 'plan/9.json': '{}' } })],
  ['a roster that is none', 'RECORD_MALFORMED', async () => ({ files: { 'roster/2.json': 'x' } })],
  ['a genesis that is none', 'RECORD_MALFORMED', async () => ({ files: { [`records/genesis/${NAME}.json`]: 'x' } })],
  ['a ledger with a gap', 'LEDGER_BROKEN', async () => ({ files: { [ledgerPath(999)]: 'x' } })],
  ['an entry that is none', 'LEDGER_BROKEN', async () => ({ files: { [await next()]: 'x' } })],
  [
    'an entry of a record that is not there',
    'LEDGER_BROKEN',
    async () => ({ files: await entries(eventOf((await heartbeat()).record, 'deputy')) }),
  ],
  [
    'a record that no entry tells of',
    'LEDGER_BROKEN',
    async () => {
      const { bytes, path } = await heartbeat();
      return { files: { [path]: bytes } };
    },
  ],
  [
    'an entry that names another signer',
    'LEDGER_BROKEN',
    async () => {
      const { record, bytes, path } = await heartbeat();
      return { files: { [path]: bytes, ...(await entries(lies(eventOf(record, 'deputy')))) } };
    },
  ],
  [
    'a second entry of a record, over a copy of it',
    'LEDGER_BROKEN',
    async () => {
      const { record, bytes, path } = await heartbeat();
      const event = eventOf(record, 'deputy');
      const copy = `records/r-aaaaaaaaaa/${NAME}.json`;
      return { files: { [path]: bytes, [copy]: bytes, ...(await entries(event, event)) } };
    },
  ],
];

function second() {
  const { plan } = office.team;
  return { ...plan, version: 2, previous: planDigest(plan) };
}

describe.each(KINDS)('T29 T33 T35 somebody pushes %s', (_, expected, make) => {
  it('no clone moves to it, each says whose it is, and all go on once the host has put main back', async () => {
    const bad = await push(await make());
    const fresh = await clone('architect');
    for (const desk of [victim, fresh]) {
      const refusal = await refusalOf(desk);
      const follows = founded;
      expect(refusal).toMatchObject({ code: expected, exit: 3, details: { commit: bad, follows, head: bad } });
      expect(refusal.details?.author).toContain('mallory <m@localhost>');
      expect(refusal.suggestions.join(' ')).toContain(`--force-with-lease=main:${bad} REMOTE ${founded}:refs/`);
    }
    expect([(await victim.ports.store.local()).head, memory.held()?.head]).toEqual([founded, founded]);
    expect((await fresh.ports.store.local()).head).toBe(founded);
    world.git(['update-ref', 'refs/heads/main', founded]);
    for (const desk of [victim, fresh]) expect((await lookUp(desk.ports, 'remote')).head).toBe(founded);
  });
});

describe('T36 a commit that takes the garbage out again', () => {
  it.each([
    ['an odd path', { 'Evil.txt': 'x' }, 'TREE_MALFORMED'],
    ['a plan', { 'plan/2.json': '{}' }, 'RECORD_MALFORMED'],
  ] as const)('is no way back from %s: what is gone might have counted', async (_, files, expected) => {
    const bad = await push({ files });
    await push({ remove: Object.keys(files) }, bad);
    for (const desk of [victim, await clone('architect')]) {
      expect(await refusalOf(desk)).toMatchObject({ code: expected });
    }
  });

  it('nor from a record that was edited and put back', async () => {
    const bad = await push({ files: { 'plan/1.json': '{}' } });
    await push({ files: { 'plan/1.json': office.remote.files().get('plan/1.json') ?? '' } }, bad);
    expect(await refusalOf(victim)).toMatchObject({ code: 'HISTORY_REWRITTEN', details: { commit: bad } });
  });
});

describe('T30 the commit to go back to', () => {
  it('is the last one that was in order, whatever came before and after it', async () => {
    let good = founded;
    for (const name of ['b', 'c', 'd']) good = push({ files: { [BEAT.replaceAll('a', name)]: 'x' } }, good);
    const bad = push({ files: { 'roster/2.json': 'x' } }, good);
    const more = push({ files: { [BEAT]: 'x' } }, bad);
    const last = push({ files: { 'Evil.txt': 'x' } }, more);
    const desk = await clone('architect');
    const details = { commit: bad, follows: good, head: last };
    expect(await refusalOf(desk)).toMatchObject({ code: 'RECORD_MALFORMED', details });
    world.git(['update-ref', 'refs/heads/main', good]);
    expect((await lookUp(desk.ports, 'remote')).head).toBe(good);
  });

  it('is none where nothing is in order', async () => {
    world.attack({ parents: [], files: { 'plan/1.json': '{}' } });
    const refusal = await refusalOf(await clone('architect'));
    expect(refusal).toMatchObject({ code: 'RECORD_MALFORMED', details: { follows: null } });
    expect(refusal.suggestions.join(' ')).not.toContain('git push');
  });

  it('is not before what a clone has accepted: taking that back is refused', async () => {
    const desk = await clone('deputy');
    await lookUp(desk.ports, 'remote');
    await beat(desk.ports, desk.actor);
    push({ files: { 'plan/2.json': '{}' } }, world.head() ?? founded);
    expect(await refusalOf(desk)).toMatchObject({ code: 'RECORD_MALFORMED' });
    world.git(['update-ref', 'refs/heads/main', founded]);
    expect(await refusalOf(desk)).toMatchObject({ code: 'HISTORY_REWRITTEN' });
  });

  it('a publication that finds garbage in its way is refused, and lands once that is gone', async () => {
    const desk = await clone('deputy');
    await desk.ports.store.sync();
    const bad = push({ files: { 'plan/2.json': '{}' } });
    const { path, bytes } = await heartbeat();
    const put = () => desk.ports.store.publish(async () => ({ message: 'x', files: new Map([[path, bytes]]) }));
    await expect(put()).rejects.toMatchObject({ code: 'RECORD_MALFORMED', details: { commit: bad } });
    world.git(['update-ref', 'refs/heads/main', founded]);
    expect((await put()).pushed).toBe(true);
  });

  it('keeps what a custodian published before the garbage: that cannot be taken back along with it', async () => {
    const [before, after] = [await clone('privacy'), await clone('architect')];
    for (const { ports } of [before, after]) await lookUp(ports, 'remote');
    await beat(after.ports, after.actor);
    const good = world.head();
    push({ files: { 'plan/2.json': '{}' } }, good ?? founded);
    expect(await refusalOf(before)).toMatchObject({ code: 'RECORD_MALFORMED', details: { follows: good } });
    world.git(['update-ref', 'refs/heads/main', founded]);
    expect(await refusalOf(before)).toMatchObject({ code: 'HISTORY_REWRITTEN' });
  });
});

describe('T29 a file among records that is none', () => {
  const verified = async (files: AttackChange['files'] = {}) => {
    const remote = office.remote.copy();
    const added = Object.entries(files).map(([path, data]) => [path, Buffer.from(data)] as const);
    // A line of its own, as for somebody who has seen nothing.
    remote.force(new Map([...remote.files(), ...added]), null);
    await assertLedger(await remote.client().sync());
  };

  it('needs no entry in the ledger: nobody is kept from joining', async () => {
    await verified({ [BEAT]: 'x', 'records/r-aaaaaaaaaa/intent.json': '{}' });
    const { record } = await heartbeat();
    const stranger = await seal(record.statement, office.team.signers.outsider);
    await verified({ [BEAT]: stranger });
  });

  it('but one that a custodian signed does', async () => {
    const { bytes, path } = await heartbeat();
    await expect(verified({ [path]: bytes })).rejects.toEqual(code('LEDGER_BROKEN'));
  });

  it('and what cannot be read is named where a record is gone', async () => {
    const [path = ''] = await view.pathsUnder('records/genesis/');
    await expect(verified({ [path]: 'x' })).rejects.toMatchObject({
      code: 'LEDGER_BROKEN',
      message: expect.stringContaining(path),
    });
  });
});
