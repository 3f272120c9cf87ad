import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callDirectly } from '../../../src/lib/aws/direct.js';
import { createKeyReader } from '../../../src/lib/aws/kms-reader.js';
import { createKeyReEncryptor } from '../../../src/lib/aws/kms-reencryptor.js';
import { rewrap } from '../../../src/lib/ciphertext/rewrap.js';
import { openReEncryption, type RecordsAtHand } from '../../../src/lib/cli/re-encryption.js';
import { replaceJson, replaceText } from '../../../src/lib/cli/replace-screen.js';
import { reviewScreen } from '../../../src/lib/cli/request-screen.js';
import { inRegion, type KeyArn, partsOf } from '../../../src/lib/key/key.js';
import { canonicalPolicy } from '../../../src/lib/plan/diff-policy.js';
import { plannedKeyPolicy } from '../../../src/lib/policy/planned.js';
import { reviewRequest } from '../../../src/lib/request/approve.js';
import { decidedBy } from '../../../src/lib/request/decided.js';
import { casesOf, lookUp } from '../../../src/lib/request/desk.js';
import { observeEstate } from '../../../src/lib/request/estate.js';
import { execute } from '../../../src/lib/request/execute.js';
import { knownKeys } from '../../../src/lib/request/known-keys.js';
import { openRequest } from '../../../src/lib/request/open.js';
import { remediesOf } from '../../../src/lib/request/remedies.js';
import { lookAtReplacement, type MovedBy, replaceProposal } from '../../../src/lib/request/replace.js';
import { assertReplaces, successionsOf } from '../../../src/lib/request/successors.js';
import { createTeam, PRIMARY, REPLICA } from '../../support/people.js';
import { createKey, createSandboxOffice, type SandboxOffice } from '../../support/sandbox-office.js';

const code = (expected: string) => expect.objectContaining({ code: expected });
const CONTEXT = { 'custody:purpose': 'case-data' };
const SEATS = ['architect', 'privacy', 'deputy'] as const;
type Seat = (typeof SEATS)[number];

const team = createTeam({
  environment: 'sandbox',
  plan: (plan) => {
    const caseData = plan.keys['case-data'];
    if (!caseData) throw new Error('the template has case-data');
    // The cool-off of deletions is another story: here it would only make every machine's view of the repository stale.
    const classes = { ...plan.quorum.classes, delete: { distinctRoles: 2 } };
    return {
      ...plan,
      quorum: { ...plan.quorum, classes },
      keys: { ...plan.keys, 'case-data': { ...caseData, multiRegion: true, replicas: [REPLICA] } },
    };
  },
});

let office: SandboxOffice & { close(): void };
let old: KeyArn;
let stranger: KeyArn;
const stored: Uint8Array[] = [];

beforeAll(async () => {
  office = await createSandboxOffice({ team });
  old = (await createKey(office, 'case-data')).arn as KeyArn;
  const { KeyMetadata: made } = await office.aws.past('admin', 'CreateKey', { Policy: open() });
  stranger = (made as { readonly Arn: KeyArn }).Arn;
  for (let at = 0; at < 3; at++) stored.push(await seal(old));
});
afterAll(() => office.close());

/** A key of somebody who lets everyone in. */
function open(): string {
  const all = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' };
  return JSON.stringify({ Version: '2012-10-17', Statement: [all] });
}

const app = () => office.aws.line('service');

async function seal(key: KeyArn): Promise<Uint8Array> {
  const parameters = { KeyId: key, KeySpec: 'AES_256', EncryptionContext: CONTEXT };
  const { CiphertextBlob } = await callDirectly(
    app(),
    partsOf(key).region,
    'GenerateDataKeyWithoutPlaintext',
    parameters,
  );
  return CiphertextBlob as Uint8Array;
}

async function decrypt(ciphertext: Uint8Array, key: KeyArn): Promise<string> {
  const parameters = { KeyId: key, CiphertextBlob: ciphertext, EncryptionContext: CONTEXT };
  const { Plaintext } = await callDirectly(app(), partsOf(key).region, 'Decrypt', parameters);
  return Buffer.from(Plaintext as Uint8Array).toString('hex');
}

const move = (from: KeyArn, to: KeyArn, ciphertext: Uint8Array, context: Record<string, string> = CONTEXT) =>
  createKeyReEncryptor(app()).reEncrypt({ from, to }, ciphertext, context);

/** A fresh machine each time: whoever goes on knows only AWS and the repository. */
async function look(who: Seat, given = 'case-data', moved: MovedBy | null = null) {
  const { ports, aws, actor } = office.machine(who);
  const state = await lookUp(ports, 'remote');
  const place = { ports, aws, state, plan: state.plan.plan };
  return { found: await lookAtReplacement(place, given, moved), ports, aws, actor };
}

/** Opens the next step as one custodian, again as another, who is answered the same request. */
async function begin(who: Seat, moved: MovedBy | null = null): Promise<string> {
  const { found, ports, aws, actor } = await look(who, 'case-data', moved);
  const proposal = replaceProposal(found, moved, { reason: 'stolen backups', executor: null });
  const first = await openRequest(ports, actor, aws, proposal);
  expect(first.created).toBe(true);
  const next = SEATS[(SEATS.indexOf(who) + 1) % SEATS.length] ?? 'deputy';
  const again = await look(next);
  const same = await openRequest(again.ports, again.actor, again.aws, {
    ...replaceProposal(again.found, null, { reason: '', executor: null }),
  });
  expect(same).toMatchObject({ created: false, case: { id: first.case.id } });
  expect(again.found.steps.find(({ status }) => status === 'open')).toMatchObject({ requestId: first.case.id });
  return first.case.id;
}

/** One who begins to carry it out and is killed at a call; the key is there already. */
async function cutOffAt(step: string, id: string): Promise<void> {
  const memory = office.desk('deputy').ports.memory;
  const { ports, actor, aws } = office.machine('deputy', {
    memory,
    intercept: (name, act) => (name === step ? Promise.reject(new Error('killed')) : act()),
  });
  await expect(execute(ports, actor, aws, id)).rejects.toThrow('killed');
}

/** One approval is not enough; two let it through once (T10). */
async function carryOut(id: string, opener: Seat): Promise<void> {
  const [first = 'privacy', second = 'deputy'] = SEATS.filter((seat) => seat !== opener);
  await office.approve(first, id);
  await expect(office.execute(second, id)).rejects.toThrow(code('PENDING'));
  await office.approve(second, id);
  expect((await office.execute(second, id)).receipt).toMatchObject({ outcome: 'executed' });
  await expect(office.execute(second, id)).rejects.toThrow(code('REQUEST_ENDED'));
}

const standing = async (who: Seat = 'architect') => {
  const { found } = await look(who);
  return found.steps.map(({ name, region, status }) => [name, ...(region === null ? [] : [region]), status].join(' '));
};

/** What a clone at hand says, to one who uses keys. */
async function successions(who: Seat = 'architect') {
  const { ports } = office.machine(who);
  return successionsOf((await casesOf(ports, await lookUp(ports, 'remote'))).cases);
}

/** What `keys apply` makes of case-data now: which key it looks at, what it would ask for, and what it only tells. */
async function applied() {
  const { ports, aws } = office.machine('privacy');
  const state = await lookUp(ports, 'remote');
  const { plan } = state.plan;
  const { cases } = await casesOf(ports, state);
  const known = knownKeys(plan, cases);
  const observed = await observeEstate(aws.reader, plan, ports.progress, { names: ['case-data'], known });
  const only = { ...plan, keys: { 'case-data': plan.keys['case-data'] ?? never() } };
  const how = { reason: '', executor: null };
  const { proposals, remaining } = remediesOf(only, state.roster, observed, decidedBy(plan, state.roster, cases), how);
  const told = remaining.map(({ kind, region, severity }) => `${kind} ${region} ${severity}`);
  return { keyId: known.get('case-data'), proposals, told };
}

function never(): never {
  throw new Error('the plan has case-data');
}

const none: RecordsAtHand = {
  needed: () => Promise.reject(new Error('there is no repository')),
  ifAny: async () => null,
};

/** `keys rewrap` as an application opens it, with a clone at hand or without. */
async function reEncryption(given: string, from: string, clone = true) {
  const line = async () => app();
  const records = async () => ({ plan: team.plan.plan, successions: await successions() });
  const atHand = clone ? { needed: records, ifAny: records } : none;
  return openReEncryption({ connection: line, bareConnection: line }, given, atHand, from);
}

const policyOf = async (key: KeyArn) =>
  canonicalPolicy((await office.desk('architect').aws.reader.policy(partsOf(key).region, key)) ?? '');

describe('keys replace: a compromised key, from the first request to the end', { shuffle: false }, () => {
  let successor: KeyArn;
  let plaintexts: readonly string[];
  const moved: Uint8Array[] = [];

  it('T56 before the move KMS lets nothing out, not even to roles that decrypt', async () => {
    plaintexts = await Promise.all(stored.map((one) => decrypt(one, old)));
    expect(new Set(plaintexts).size).toBe(3);
    await expect(move(old, stranger, stored[0] ?? new Uint8Array())).rejects.toThrow(code('DENIED'));
  });

  it('shows what there is to do, and nobody can say that it was moved yet', async () => {
    expect(await standing()).toEqual([
      `new-key ${PRIMARY} next`,
      `let-out ${PRIMARY} later`,
      `let-out ${REPLICA} later`,
      'move later',
      `alias ${PRIMARY} later`,
      `alias ${REPLICA} later`,
      `disable ${REPLICA} later`,
      `disable ${PRIMARY} later`,
      `delete ${REPLICA} later`,
      `delete ${PRIMARY} later`,
      `policy ${PRIMARY} later`,
      `policy ${REPLICA} later`,
    ]);
    await expect(look('architect', 'case-data', { by: 'architect' })).rejects.toThrow(code('REFUSED'));
  });

  it('makes the new key, tagged as what it replaces, without a name of its own', async () => {
    const planted = [
      { TagKey: 'custody:replaces', TagValue: partsOf(old).keyId },
      { TagKey: 'custody:repository', TagValue: team.roster.repository },
    ];
    await office.aws.past('admin', 'TagResource', { KeyId: stranger, Tags: planted });
    expect((await look('architect')).found.successor).toBeNull();
    const id = await begin('architect');
    const { ports, actor, aws } = office.desk('privacy');
    const screen = reviewScreen(await reviewRequest(ports, actor, aws, id), ports.clock.now());
    expect(screen).toContain('Create a key that is to replace case-data');
    expect(screen).toContain(partsOf(stranger).keyId);
    await office.approve('privacy', id);
    await expect(office.execute('deputy', id)).rejects.toThrow(code('PENDING'));
    await office.approve('deputy', id);
    await cutOffAt('kms EnableKeyRotation', id);
    expect((await office.execute('deputy', id)).receipt).toMatchObject({ outcome: 'executed' });
    const { found } = await look('privacy');
    const made = (await aws.reader.keyIds(PRIMARY)).length;
    expect(made).toBe(3);
    successor = found.successor ?? old;
    expect(successor).not.toBe(old);
    const { reader } = aws;
    for (const region of [PRIMARY, REPLICA]) {
      expect(await reader.tags(region, inRegion(successor, region))).toMatchObject({
        'custody:replaces': partsOf(old).keyId,
        'custody:repository': team.roster.repository,
      });
      const names = (await reader.aliases(region)).filter(({ keyId }) => keyId === partsOf(successor).keyId);
      expect(names).toEqual([]);
    }
    await expect(move(old, successor, stored[0] ?? new Uint8Array())).rejects.toThrow(code('DENIED'));
    expect(await applied()).toEqual({ keyId: partsOf(old).keyId, proposals: [], told: [] });
  });

  it('lets ciphertexts out in every Region, under the same context only; KMS moves them, twice the same', async () => {
    await carryOut(await begin('deputy'), 'deputy');
    expect(await standing()).toContain(`let-out ${REPLICA} next`);
    const elsewhere = await seal(inRegion(old, REPLICA));
    const away = await reEncryption('case-data', inRegion(old, REPLICA));
    expect(away.key).toMatchObject({ arn: inRegion(successor, REPLICA), region: REPLICA });
    await expect(rewrap({ ciphertext: elsewhere, context: CONTEXT }, away.to)).rejects.toThrow(code('DENIED'));
    await carryOut(await begin('architect'), 'architect');
    const there = await rewrap({ ciphertext: elsewhere, context: CONTEXT }, away.to);
    expect(there).toMatchObject({ outcome: 'moved' });
    if (there.outcome === 'moved') await decrypt(there.ciphertext, inRegion(successor, REPLICA));

    // Its own policy put back now would cut the move off: `keys apply` tells of it and asks for nothing.
    const told = [PRIMARY, REPLICA].map((region) => `policy ${region} notice`);
    expect(await applied()).toEqual({ keyId: partsOf(old).keyId, proposals: [], told });
    // By its name, though that still stands for the old key.
    const { key, to } = await reEncryption('case-data', old);
    expect(key).toEqual({ name: 'case-data', arn: successor, region: PRIMARY });
    expect((await reEncryption(successor, old)).to).toMatchObject({ arn: successor, from: old });
    expect((await reEncryption(successor, old, false)).to).toMatchObject({ arn: successor, from: old });
    for (const ciphertext of stored) {
      const done = await rewrap({ ciphertext, context: CONTEXT }, to);
      if (done.outcome !== 'moved') throw new Error(`it is ${done.outcome}`);
      moved.push(done.ciphertext);
      expect(await rewrap({ ciphertext: done.ciphertext, context: CONTEXT }, to)).toMatchObject({ outcome: 'current' });
    }
    expect(await Promise.all(moved.map((one) => decrypt(one, successor)))).toEqual(plaintexts);
    const other = await rewrap(
      { ciphertext: stored[0] ?? new Uint8Array(), context: { 'custody:purpose': 'x' } },
      to,
    ).catch((cause: unknown) => cause);
    expect(other).toEqual(code('DENIED'));
    const outsider = createKeyReEncryptor(office.aws.line('outsider'));
    const [first = new Uint8Array()] = stored;
    await expect(outsider.reEncrypt({ from: old, to: successor }, first, CONTEXT)).rejects.toThrow(code('DENIED'));
  });

  it('T56, T61 rewrap goes to the key that replaces this one, whatever else a person gives', async () => {
    const reader = createKeyReader(office.aws.line('architect'));
    // It says of itself that it replaces the old key: without a repository nobody could know better.
    await assertReplaces(reader, stranger, old, null);
    await expect(reEncryption(stranger, old)).rejects.toThrow(
      /no executed request of this repository made .* in place/,
    );
    const TagKeys = ['custody:replaces', 'custody:repository'];
    await office.aws.past('admin', 'UntagResource', { KeyId: stranger, TagKeys });
    for (const known of [null, await successions()]) {
      await expect(assertReplaces(reader, stranger, old, known)).rejects.toThrow(code('REFUSED'));
      await expect(assertReplaces(reader, old, old, known)).rejects.toThrow(code('REFUSED'));
      await expect(assertReplaces(reader, successor, stranger, known)).rejects.toThrow(code('REFUSED'));
      await expect(assertReplaces(reader, inRegion(successor, REPLICA), old, known)).rejects.toThrow(code('REFUSED'));
    }
    await expect(reEncryption('root', old)).rejects.toThrow(code('REFUSED'));
    await expect(reEncryption('case-data', stranger)).rejects.toThrow(code('REFUSED'));
    await expect(reEncryption('case-data', partsOf(old).keyId)).rejects.toThrow(code('USAGE'));
    await expect(reEncryption('no-such-key', old)).rejects.toThrow(code('NOT_FOUND'));
    // The records say so, but the key does not: somebody took the tag away, so that nobody is let in by it either.
    const lying = [{ name: 'case-data', old, successor: stranger }];
    await expect(assertReplaces(reader, stranger, old, lying)).rejects.toThrow(code('REFUSED'));
  });

  it('waits for people, and moves the name in every Region once one of them says so', async () => {
    expect(await standing('deputy')).toContain('move waits');
    const { found } = await look('deputy');
    expect(found.ask).toBeNull();
    const text = replaceText(replaceJson(found, null));
    expect(text).toContain('custody keys rewrap case-data');
    expect(text).toContain(successor);
    expect(text).toContain(`--from ${old}`);

    const id = await begin('deputy', { by: 'deputy' });
    const { ports, actor, aws } = office.desk('architect');
    const { reason } = (await reviewRequest(ports, actor, aws, id)).case.request.statement.predicate;
    expect(reason).toBe('deputy says that everything was moved to the new key. stolen backups');
    await office.approve('architect', id);
    await expect(office.execute('privacy', id)).rejects.toThrow(code('PENDING'));
    await office.approve('privacy', id);
    await office.execute('privacy', id);
    expect(await standing('privacy')).toContain(`alias ${REPLICA} next`);
    // The name stands for the new key from now on; `keys apply` asks for the same as the next step.
    const between = await applied();
    expect(between.keyId).toBe(partsOf(successor).keyId);
    expect(between.told).toEqual([PRIMARY, REPLICA].map((region) => `policy ${region} notice`));
    const { ask } = (await look('privacy')).found;
    expect(between.proposals).toEqual([{ ...ask, reason: '', executor: null }]);
    await carryOut(await begin('privacy'), 'privacy');
    for (const region of [PRIMARY, REPLICA]) {
      const named = new Map(
        (await office.desk('deputy').aws.reader.aliases(region)).map(({ name, keyId }) => [name, keyId]),
      );
      expect(named.get('alias/cmk/case-data')).toBe(partsOf(successor).keyId);
    }
  });

  it('disables and deletes the old key in every Region, replicas first', async () => {
    const { reader } = office.desk('architect').aws;
    const stateIn = async (region: string) => (await reader.describe(region, inRegion(old, region)))?.state;
    for (const opener of ['architect', 'deputy'] as const) await carryOut(await begin(opener), opener);
    expect(await Promise.all([PRIMARY, REPLICA].map(stateIn))).toEqual(['Disabled', 'Disabled']);
    for (const opener of ['deputy', 'architect'] as const) await carryOut(await begin(opener), opener);
    expect(await stateIn(REPLICA)).toBe('PendingDeletion');
    expect(await stateIn(PRIMARY)).toMatch(/^Pending(?:Replica)?Deletion$/);
  });

  it('T56 puts the plan’s own policy back: then KMS lets nothing out of the new key either', async () => {
    await carryOut(await begin('architect'), 'architect');
    expect((await applied()).told).toEqual([`policy ${REPLICA} notice`]);
    await carryOut(await begin('deputy'), 'deputy');
    for (const region of [PRIMARY, REPLICA]) {
      const planned = plannedKeyPolicy(team.plan.plan, team.roster, 'case-data', region);
      expect(await policyOf(inRegion(successor, region))).toBe(planned);
    }
    expect(await applied()).toEqual({ keyId: partsOf(successor).keyId, proposals: [], told: [] });
    const [first = new Uint8Array()] = moved;
    await expect(move(successor, stranger, first)).rejects.toThrow(code('DENIED'));
    await expect(move(successor, successor, first)).rejects.toThrow(code('DENIED'));
    expect(await Promise.all(moved.map((one) => decrypt(one, successor)))).toEqual(plaintexts);
  });

  it('is done, by its name and by the id of the old key; the new one can be replaced by its own id', async () => {
    const { found } = await look('deputy');
    expect(new Set(found.steps.map(({ status }) => status))).toEqual(new Set(['done']));
    expect(found.ask).toBeNull();
    expect(replaceText(replaceJson(found, null))).toContain('case-data is replaced.');
    expect((await look('deputy', partsOf(old).keyId)).found.successor).toBe(successor);
    const anew = await look('deputy', partsOf(successor).keyId);
    expect(anew.found).toMatchObject({ old: successor, successor: null });
    expect(anew.found.ask?.action).toBe('key.succeed');
  });
});
