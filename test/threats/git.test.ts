import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseJson } from '../../src/lib/base/canonical-json.js';
import { MAX_BLOB_BYTES } from '../../src/lib/git/tree.js';
import { judge } from '../../src/lib/quorum/judge.js';
import { MAX_RECORD_BYTES, open, seal } from '../../src/lib/record/envelope.js';
import { intentPath, receiptPath, recordPath, requestFolder } from '../../src/lib/record/paths.js';
import type { CommitId, RecordStore } from '../../src/lib/record/store.js';
import { execute } from '../../src/lib/request/execute.js';
import { beat } from '../../src/lib/request/heartbeat.js';
import { reject } from '../../src/lib/request/veto.js';
import { type AttackChange, createGitWorld, type GitWorld } from '../support/git-world.js';
import { createOffice } from '../support/office.js';
import {
  approval,
  createTeam,
  evidenceOf,
  intent,
  later,
  lost,
  NOON,
  receipt,
  request,
  rulesOf,
} from '../support/people.js';

const code = (expected: string) => expect.objectContaining({ code: expected });
const A = 'records/r-aaaaaaaaaa';
const add = (path: string, text: string) => async () => ({
  message: 'test',
  files: new Map([[path, Buffer.from(text)]]),
});

/** Whoever holds the server, or a custodian who pushes past custody with plain Git. */
describe('the shared repository', () => {
  let world: GitWorld;
  let store: RecordStore;
  let dir: string;
  let first: CommitId;
  let head: CommitId;

  beforeAll(async () => {
    world = await createGitWorld();
    dir = await world.cloneDir();
    store = await world.open(dir, { limits: { retries: 0 } });
    ({ commit: first } = await store.publish(add('plan/1.json', '{}')));
    ({ commit: head } = await store.publish(add(`${A}/a.json`, 'one')));
  });
  afterAll(() => world.close());

  async function refused(attack: AttackChange, expected: string): Promise<void> {
    world.attack(attack);
    await expect(store.sync()).rejects.toEqual(code(expected));
    expect((await store.local()).head).toBe(head);
    world.git(['update-ref', 'refs/heads/main', head]);
    expect((await store.sync()).head).toBe(head);
  }

  test('T30 a force push is refused', () =>
    refused({ parents: [first], files: { 'records/r-bbbbbbbbbb/a.json': 'x' } }, 'HISTORY_REWRITTEN'));

  test('T33 a replaced object changes nothing that is read, an odd path is refused', async () => {
    const blob = world.git(['rev-parse', `${head}:${A}/a.json`]).trim();
    const gitDir = join(dir, '.git');
    const fake = world.git(['--git-dir', gitDir, 'hash-object', '-w', '--stdin'], 'forged').trim();
    world.git(['--git-dir', gitDir, 'update-ref', `refs/replace/${blob}`, fake]);
    const files = await (await store.local()).read([`${A}/a.json`]);
    expect(Buffer.from(files.get(`${A}/a.json`) ?? []).toString()).toBe('one');
    for (const path of ['Plan/1.json', 'plan/01.json', `${A}/A.json`, `${A}/x\u202e.json`]) {
      await refused({ parents: [head], files: { [path]: 'x' } }, 'TREE_MALFORMED');
    }
  });

  test('T34 hooks do not run, and what was fetched is not checked out', async () => {
    const mark = join(world.root, 'ran');
    for (const place of [world.origin, join(dir, '.git')]) {
      mkdirSync(join(place, 'hooks'), { recursive: true });
      for (const hook of [
        'pre-receive',
        'update',
        'post-update',
        'pre-push',
        'post-checkout',
        'reference-transaction',
      ]) {
        writeFileSync(join(place, 'hooks', hook), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
      }
    }
    ({ commit: head } = await store.publish(add(`${A}/b.json`, 'b')));
    expect([existsSync(mark), existsSync(join(dir, 'plan')), existsSync(join(dir, '.git', 'index'))]).toEqual([
      false,
      false,
      false,
    ]);
    await refused({ parents: [head], files: { '.gitattributes': '* filter=x' } }, 'TREE_MALFORMED');
  });

  test('T35 a symbolic link, a submodule and a huge file are refused', async () => {
    const path = 'records/r-bbbbbbbbbb/a.json';
    for (const mode of ['120000', '160000', '100755']) {
      await refused({ parents: [head], files: { [path]: '/etc/passwd' }, modes: { [path]: mode } }, 'TREE_MALFORMED');
    }
    await refused({ parents: [head], files: { [path]: Buffer.alloc(MAX_BLOB_BYTES + 1) } }, 'TREE_MALFORMED');
  });

  test('T36 a record edited, deleted or lost in a merge is noticed', async () => {
    await refused({ parents: [head], files: { [`${A}/a.json`]: 'two' } }, 'HISTORY_REWRITTEN');
    await refused({ parents: [head], remove: [`${A}/a.json`] }, 'HISTORY_REWRITTEN');
    const side = world.attack({ parents: [first], files: { 'records/r-bbbbbbbbbb/a.json': 'x' }, move: false });
    await refused({ parents: [head, side] }, 'HISTORY_REWRITTEN');
  });
});

test('T35 a record that is too large or too deep is refused before it is parsed', () => {
  expect(() => open(Buffer.alloc(MAX_RECORD_BYTES + 1, 0x7b))).toThrow(code('RECORD_MALFORMED'));
  expect(() => parseJson(Buffer.from(`${'['.repeat(33)}${']'.repeat(33)}`), 'it')).toThrow(code('RECORD_MALFORMED'));
});

describe('T31 an old consistent state is served', () => {
  const patient = () =>
    createTeam({ plan: (plan) => ({ ...plan, quorum: { ...plan.quorum, freshnessSeconds: 3600 } }) });

  test('T31 without a young signature of somebody else nothing is executed', async () => {
    const office = await createOffice(NOON, patient());
    const id = await office.approved();
    office.clock.advance(3601);
    await expect(office.execute('architect', id)).rejects.toEqual(code('STALE'));
    const own = office.desk('architect');
    await beat(own.ports, own.actor);
    // ci answers to the architect: the same person twice is not somebody else.
    const ci = office.desk('ci');
    await beat(ci.ports, ci.actor);
    await expect(office.execute('architect', id)).rejects.toEqual(code('STALE'));
    expect(office.aws.done).toEqual([]);
    const other = office.desk('privacy');
    await beat(other.ports, other.actor);
    expect((await office.execute('architect', id)).receipt.outcome).toBe('executed');
  });
});

describe('T32 two people are shown two histories', () => {
  const team = createTeam();

  test('T32 an approval or intent given on a head that is not in this one does not count', async () => {
    const asked = await request(team);
    const [privacy, deputy] = [await approval(team, asked, 'privacy'), await approval(team, asked, 'deputy')];
    const split = judge(evidenceOf(asked, privacy, lost(deputy)), rulesOf(team), later(600));
    expect(split.state).toBe('pending');
    expect(split.approvals.map(({ ignoredBecause }) => ignoredBecause)).toContain('head-unknown');
    const begun = await intent(team, asked, 'architect', [privacy, deputy]);
    const after = judge(evidenceOf(asked, privacy, deputy, lost(begun)), rulesOf(team), later(600));
    expect(after).toMatchObject({ state: 'failed', intent: null });
  });

  test('T32 in the repository, where the other line hid a rejection', async () => {
    const office = await createOffice();
    const id = await office.approved();
    const shown = office.remote.head();
    const deputy = office.desk('deputy');
    await reject(deputy.ports, deputy.actor, id, 'no');
    // The executor is shown another line, in which the rejection never was.
    office.remote.force(office.remote.files(shown ?? undefined), shown);
    const { ports, actor } = deputy;
    await expect(beat(ports, actor)).rejects.toEqual(code('HISTORY_REWRITTEN'));
  });
});

describe('T37 a forged outcome', () => {
  test('T37 a file that says approved is no record, and intent and receipt of a stranger spend the request', async () => {
    const office = await createOffice();
    const opened = (await office.open('architect')).case;
    const { id } = opened;
    const files = new Map(office.remote.files());
    files.set(`${requestFolder(id)}/status.json`, Buffer.from('{"state":"approved"}'));
    office.remote.force(files);
    await expect(office.execute('architect', id)).rejects.toEqual(code('PENDING'));
    const begun = await intent(office.team, opened.request, 'outsider', []);
    const done = await receipt(office.team, opened.request, begun, 'outsider');
    files.set(intentPath(id), await seal(begun.statement, office.team.signers.outsider));
    files.set(receiptPath(id), await seal(done.statement, office.team.signers.outsider));
    office.remote.force(files);
    const state = expect.objectContaining({ code: 'REQUEST_ENDED', details: { state: 'failed' } });
    await expect(office.execute('architect', id)).rejects.toEqual(state);
    expect(office.aws.done).toEqual([]);
  });

  test('T37 an approval under another name than its digest is none', async () => {
    const office = await createOffice();
    const { id, request: asked } = (await office.open('architect')).case;
    const files = new Map(office.remote.files());
    for (const who of ['privacy', 'deputy'] as const) {
      const { statement } = await approval(office.team, asked, who);
      files.set(
        recordPath(requestFolder(id), asked.digest).replace(
          /.{8}\.json$/,
          `${who === 'deputy' ? 'aaaaaaaa' : 'bbbbbbbb'}.json`,
        ),
        await seal(statement, office.team.signers[who]),
      );
    }
    office.remote.force(files);
    await expect(office.execute('architect', id)).rejects.toEqual(code('PENDING'));
  });
});

test('T29 a copy of the request under a stranger’s signature does not hinder it', async () => {
  const office = await createOffice();
  const id = await office.approved();
  const { ports } = office.desk('architect');
  const [, bytes = new Uint8Array()] =
    [...office.remote.files()].find(
      ([path, file]) => path.startsWith(requestFolder(id)) && open(file).statement.kind === 'request',
    ) ?? [];
  const files = new Map(office.remote.files());
  const { statement, fileDigest } = open(bytes);
  // Signed until its name sorts before the true one.
  for (;;) {
    const copy = await seal(statement, office.team.signers.outsider);
    if (open(copy).fileDigest > fileDigest) continue;
    files.set(recordPath(requestFolder(id), open(copy).fileDigest), copy);
    break;
  }
  office.remote.force(files);
  await ports.store.sync();
  const { ports: fresh, actor, aws } = office.machine('architect');
  expect((await execute(fresh, actor, aws, id)).receipt.outcome).toBe('executed');
});
