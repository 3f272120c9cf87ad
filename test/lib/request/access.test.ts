import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { createKeyReader } from '../../../src/lib/aws/kms-reader.js';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { formatCanonical } from '../../../src/lib/base/canonical-json.js';
import { reviewScreen } from '../../../src/lib/cli/request-screen.js';
import { verifyChain } from '../../../src/lib/ledger/chain.js';
import { plannedKeyPolicy } from '../../../src/lib/policy/planned.js';
import type { ActionName } from '../../../src/lib/record/action-names.js';
import { requestIdOf } from '../../../src/lib/record/envelope.js';
import { recordPath, requestFolder } from '../../../src/lib/record/paths.js';
import * as access from '../../../src/lib/request/access.js';
import { reviewRequest } from '../../../src/lib/request/approve.js';
import { NOTHING_DECIDED } from '../../../src/lib/request/decided.js';
import { casesOf, lookUp } from '../../../src/lib/request/desk.js';
import { observeEstate } from '../../../src/lib/request/estate.js';
import { knownKeys } from '../../../src/lib/request/known-keys.js';
import { observe } from '../../../src/lib/request/observe.js';
import { openRequest, type Proposal } from '../../../src/lib/request/open.js';
import { policyChangeOf } from '../../../src/lib/request/policy-change.js';
import { draft, publishRecords, seenNow } from '../../../src/lib/request/publish.js';
import { remediesOf } from '../../../src/lib/request/remedies.js';
import { PRIMARY, requestPredicate, requestStatement } from '../../support/people.js';
import { createKey, createSandboxOffice, type SandboxOffice } from '../../support/sandbox-office.js';

const code = (expected: string) => expect.objectContaining({ code: expected });
const HOW = { reason: 'a story', executor: null };
const WHERE = { key: 'case-data', region: null };

let office: SandboxOffice & { close(): void };
let arn: string;
let keyId: string;
let other: { readonly arn: string; readonly keyId: string };
let app: string;
let planned: string;

beforeAll(async () => {
  office = await createSandboxOffice();
  ({ arn, keyId } = await createKey(office, 'case-data'));
  other = await createKey(office, 'webauthn');
  app = `arn:aws:iam::${office.team.plan.plan.account}:role/app`;
  planned = plannedKeyPolicy(office.team.plan.plan, office.team.roster, 'case-data', PRIMARY);
});
afterAll(() => office.close());

async function place() {
  const { aws, ports } = office.desk('architect');
  const state = await lookUp(ports, 'local');
  return { aws, ports, state, plan: state.plan.plan };
}

async function opened(proposal: Proposal): Promise<string> {
  const { ports, actor, aws } = office.desk('architect');
  const { case: found, created } = await openRequest(ports, actor, aws, proposal);
  expect(created).toBe(true);
  return found.id;
}

/** One approval is refused, two let it through once, a replay is refused, the ledger tells of it (T10). */
async function played(proposal: Proposal, check: () => Promise<void>): Promise<string> {
  const id = await opened(proposal);
  await office.approve('privacy', id);
  await expect(office.execute('deputy', id)).rejects.toThrow(code('PENDING'));
  await office.approve('deputy', id);
  const { receipt } = await office.execute('deputy', id);
  expect(receipt).toMatchObject({ outcome: 'executed', error: null });
  expect(receipt.awsRequestIds).toHaveLength(1);
  await check();
  await expect(office.execute('deputy', id)).rejects.toThrow(code('REQUEST_ENDED'));
  const ledger = [...office.remote.files()].filter(([path]) => path.startsWith('ledger/')).sort();
  expect(verifyChain(ledger.map(([, bytes]) => bytes))).toMatchObject({ verdict: 'verified' });
  expect(Buffer.from(ledger.at(-1)?.[1] ?? []).toString('utf8')).toContain(id);
  return id;
}

const reader = () => office.desk('privacy').aws.reader;
const aliases = async () => new Map((await reader().aliases(PRIMARY)).map(({ name, keyId: of }) => [name, of]));

describe('every action, from request to replay', () => {
  it('key.policy: another policy and back to the plan’s, read back by content', async () => {
    const document = JSON.parse(planned) as { Statement: JsonObject[] };
    const backup = {
      Sid: 'Backup',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${office.team.plan.plan.account}:role/Admin` },
      Action: 'kms:Decrypt',
      Resource: '*',
    };
    const wider = Buffer.from(JSON.stringify({ ...document, Statement: [...document.Statement, backup] }, null, 2));
    const drift = await access.policyProposal(await place(), WHERE, wider, HOW);
    await played(drift, async () => expect(await reader().policy(PRIMARY, arn)).toContain('Backup'));

    const { state } = await place();
    const observed = await observeEstate(reader(), state.plan.plan, () => undefined, { names: ['case-data'] });
    const { proposals } = remediesOf(state.plan.plan, state.roster, observed, NOTHING_DECIDED, HOW);
    const remedy = proposals.find(({ action }) => action === 'key.policy');
    expect(remedy).toEqual(await access.policyProposal(await place(), WHERE, null, HOW));
    await played(remedy ?? drift, async () =>
      expect(formatCanonical(JSON.parse((await reader().policy(PRIMARY, arn)) ?? ''))).toBe(planned),
    );
  });

  it('key.alias-create, move, delete: names stand for what was approved', async () => {
    const name = 'cmk/cases';
    await played(await access.aliasProposal(await place(), WHERE, { kind: 'create', name }, HOW), async () =>
      expect((await aliases()).get('alias/cmk/cases')).toBe(keyId),
    );
    const move = { kind: 'move', name, to: other.keyId } as const;
    await played(await access.aliasProposal(await place(), WHERE, move, HOW), async () =>
      expect((await aliases()).get('alias/cmk/cases')).toBe(other.keyId),
    );
    const gone = await access.aliasProposal(
      await place(),
      { ...WHERE, key: 'webauthn' },
      { kind: 'delete', name },
      HOW,
    );
    await played(gone, async () => expect((await aliases()).has('alias/cmk/cases')).toBe(false));
  });

  it('a plan’s alias that is gone is asked for again, and the key is not made anew', async () => {
    const gone = { kind: 'delete', name: 'cmk/webauthn' } as const;
    await played(await access.aliasProposal(await place(), { ...WHERE, key: 'webauthn' }, gone, HOW), async () =>
      expect((await aliases()).has('alias/cmk/webauthn')).toBe(false),
    );
    const { state, ports } = await place();
    const looking = { names: ['webauthn'], known: knownKeys(state.plan.plan, (await casesOf(ports, state)).cases) };
    const observed = await observeEstate(reader(), state.plan.plan, () => undefined, looking);
    const { proposals } = remediesOf(state.plan.plan, state.roster, observed, NOTHING_DECIDED, HOW);
    const mine = proposals.filter(({ key }) => key?.name === 'webauthn');
    expect(mine.map(({ action }) => action)).toEqual(['key.alias-create']);
    const [again] = mine;
    if (again) await played(again, async () => expect((await aliases()).get('alias/cmk/webauthn')).toBe(other.keyId));
  });

  it('T5 a plan’s alias that somebody pointed to another key comes back; a key that nobody may read stays a finding', async () => {
    const gone = { kind: 'delete', name: 'cmk/webauthn' } as const;
    await played(await access.aliasProposal(await place(), { ...WHERE, key: 'webauthn' }, gone, HOW), async () =>
      expect((await aliases()).has('alias/cmk/webauthn')).toBe(false),
    );
    const pointTo = async (Principal: string) => {
      const Statement = [{ Effect: 'Allow', Principal: { AWS: Principal }, Action: 'kms:*', Resource: '*' }];
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
      const { KeyMetadata: made } = await office.aws.past('admin', 'CreateKey', { Policy });
      const { Arn: TargetKeyId, KeyId } = made as { readonly Arn: string; readonly KeyId: string };
      const operation = (await aliases()).has('alias/cmk/webauthn') ? 'UpdateAlias' : 'CreateAlias';
      await office.aws.past('admin', operation, { AliasName: 'alias/cmk/webauthn', TargetKeyId });
      return { arn: TargetKeyId, keyId: KeyId };
    };
    const looked = async () => {
      const { state, ports } = await place();
      const known = knownKeys(state.plan.plan, (await casesOf(ports, state)).cases);
      const observed = await observeEstate(reader(), state.plan.plan, () => undefined, { names: ['webauthn'], known });
      const { proposals } = remediesOf(state.plan.plan, state.roster, observed, NOTHING_DECIDED, HOW);
      return proposals.filter(({ key }) => key?.name === 'webauthn');
    };
    const closed = await pointTo(`arn:aws:iam::${office.team.plan.plan.account}:role/Admin`);
    const [hopeless] = await looked();
    expect(hopeless).toMatchObject({ action: 'key.alias-move', key: closed, parameters: { to: other.arn } });
    const { ports, actor, aws } = office.desk('architect');
    if (hopeless) await expect(openRequest(ports, actor, aws, hopeless)).rejects.toThrow(code('DENIED'));

    const openKey = await pointTo('*');
    const found = await looked();
    expect(found.map(({ action, key }) => [action, key?.arn])).toEqual([['key.alias-move', openKey.arn]]);
    const [back] = found;
    if (back) await played(back, async () => expect((await aliases()).get('alias/cmk/webauthn')).toBe(other.keyId));
    expect(await looked()).toEqual([]);
  });

  it('T50 a name decides nothing: no alias action on a key whose policy asks for names, on either side', async () => {
    const live = JSON.parse((await reader().policy(PRIMARY, arn)) ?? '') as { Statement: object[] };
    const byName = {
      Effect: 'Allow',
      Principal: { AWS: app },
      Action: 'kms:DescribeKey',
      Resource: '*',
      Condition: { StringEquals: { 'kms:RequestAlias': 'alias/cmk/by-name' } },
    };
    const put = (policy: object) => access.policyProposal(placed, WHERE, Buffer.from(JSON.stringify(policy)), HOW);
    const placed = await place();
    await played(await access.aliasProposal(placed, WHERE, { kind: 'create', name: 'cmk/by-name' }, HOW), async () =>
      expect((await aliases()).get('alias/cmk/by-name')).toBe(keyId),
    );
    const users = office.aws.line('service');
    const asked = async () => (await createKeyReader(users).describe(PRIMARY, 'alias/cmk/by-name'))?.arn;
    await played(await put({ ...live, Statement: [...live.Statement, byName] }), async () =>
      expect(await asked()).toBe(arn),
    );
    const from = { key: 'webauthn', region: null };
    const changes = [
      [WHERE, { kind: 'delete', name: 'cmk/by-name' }],
      [WHERE, { kind: 'move', name: 'cmk/by-name', to: other.arn }],
      [WHERE, { kind: 'create', name: 'cmk/another' }],
      [from, { kind: 'move', name: null, to: arn }],
    ] as const;
    for (const [where, change] of changes) {
      const { ports, actor, aws } = office.desk('architect');
      const proposal = await access.aliasProposal(placed, where, change, HOW);
      await expect(openRequest(ports, actor, aws, proposal), JSON.stringify(change)).rejects.toMatchObject({
        code: 'REFUSED',
        message: expect.stringContaining('asks for names of the key (kms:RequestAlias)'),
        suggestions: [expect.stringContaining('custody keys policy')],
      });
    }
    // A policy by which only a name would let the executor in is refused as every other lock-out is.
    const executor = { ...byName, Principal: { AWS: office.team.roster.executorRoleArn }, Action: 'kms:*' };
    const { ports, actor, aws } = office.desk('architect');
    const closing = await put({ Version: '2012-10-17', Statement: [executor] });
    await expect(openRequest(ports, actor, aws, closing)).rejects.toThrow(code('REFUSED'));
    await played(await put(live), async () => undefined);
    await played(await access.aliasProposal(placed, WHERE, { kind: 'delete', name: 'cmk/by-name' }, HOW), async () =>
      expect((await aliases()).has('alias/cmk/by-name')).toBe(false),
    );
  });

  it('key.tag, key.untag, key.describe', async () => {
    await played(await access.tagProposal(await place(), WHERE, new Map([['x-team', 'cases']]), HOW), async () =>
      expect(await reader().tags(PRIMARY, arn)).toMatchObject({ 'x-team': 'cases' }),
    );
    await played(await access.untagProposal(await place(), WHERE, ['x-team'], HOW), async () =>
      expect(await reader().tags(PRIMARY, arn)).not.toHaveProperty('x-team'),
    );
    await played(await access.describeProposal(await place(), WHERE, 'other words', HOW), async () =>
      expect((await reader().describe(PRIMARY, arn))?.description).toBe('other words'),
    );
  });

  it('key.grant, key.revoke, key.retire: one grant each', async () => {
    const { users } = office.team.plan.plan.keys['case-data'] ?? { users: [] };
    const pairs = new Map(
      Object.entries(users.find(({ roleArn }) => roleArn === app)?.encryptionContext ?? { app: 'x' }),
    );
    const wish = { grantee: app, operations: ['Decrypt'], context: { exact: false, pairs }, retiring: null };
    for (const end of ['key.revoke', 'key.retire'] as const) {
      const id = await played(await access.grantProposal(await place(), WHERE, wish, HOW), async () => {
        expect(await reader().grants(PRIMARY, arn)).toMatchObject([{ grantee: app, operations: ['Decrypt'] }]);
      });
      const [grant] = (await reader().grants(PRIMARY, arn)) ?? [];
      const request = [...office.remote.files()].find(([path]) => path.startsWith(`records/${id}/`));
      expect(request).toBeDefined();
      await played(await access.endGrantProposal(await place(), WHERE, end, grant?.id ?? '', HOW), async () =>
        expect(await reader().grants(PRIMARY, arn)).toEqual([]),
      );
    }
    const written = [...office.remote.files().values()].map((bytes) => Buffer.from(bytes).toString('utf8')).join('\n');
    expect(written).not.toMatch(/GrantToken/);
  });
});

describe('what no quorum may let through', () => {
  const refusedBy = async (proposal: Promise<Proposal>, expected: string) => {
    const { ports, actor, aws } = office.desk('architect');
    const attempt = async () => openRequest(ports, actor, aws, await proposal);
    await expect(attempt()).rejects.toThrow(code(expected));
  };

  test('T50 a policy that locks the executor out, or that KMS would reject', async () => {
    const account = office.team.plan.plan.account;
    const of = (statement: JsonObject) =>
      Buffer.from(
        JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { AWS: `arn:aws:iam::${account}:root` },
              Action: 'kms:*',
              Resource: '*',
              ...statement,
            },
          ],
        }),
      );
    await refusedBy(access.policyProposal(await place(), WHERE, of({}), HOW), 'REFUSED');
    await refusedBy(
      access.policyProposal(
        await place(),
        WHERE,
        of({ Condition: { StringEquals: { 'aws:ResourceTag/a': 'b' } } }),
        HOW,
      ),
      'POLICY_MALFORMED',
    );
    await refusedBy(access.policyProposal(await place(), WHERE, Buffer.from('{}'), HOW), 'POLICY_MALFORMED');
    await refusedBy(access.policyProposal(await place(), WHERE, Buffer.from('no'), HOW), 'POLICY_MALFORMED');
    await refusedBy(access.policyProposal(await place(), WHERE, null, HOW), 'REFUSED');
  });

  test('T61 an alias moves to no key of another repository, nor to one that is not there', async () => {
    const answer = await office.aws.past('admin', 'CreateKey', {
      Policy: planned,
      BypassPolicyLockoutSafetyCheck: true,
    });
    const foreign = (answer.KeyMetadata as JsonObject).Arn as string;
    const move = (to: string) => ({ kind: 'move', name: null, to }) as const;
    await refusedBy(access.aliasProposal(await place(), WHERE, move(foreign), HOW), 'FOREIGN_KEY');
    await refusedBy(
      access.aliasProposal(await place(), WHERE, move('11111111-2222-3333-4444-555555555555'), HOW),
      'REFUSED',
    );
    await refusedBy(access.aliasProposal(await place(), WHERE, move(arn), HOW), 'REFUSED');
    await refusedBy(access.aliasProposal(await place(), WHERE, move('alias/cmk/webauthn'), HOW), 'USAGE');
  });

  test('T49 aliases of others, AWS’s own names, and names that are taken', async () => {
    await refusedBy(
      access.aliasProposal(await place(), WHERE, { kind: 'delete', name: 'cmk/webauthn' }, HOW),
      'REFUSED',
    );
    await refusedBy(
      access.aliasProposal(await place(), WHERE, { kind: 'create', name: 'cmk/webauthn' }, HOW),
      'REFUSED',
    );
    await refusedBy(access.aliasProposal(await place(), WHERE, { kind: 'create', name: 'aws/s3' }, HOW), 'USAGE');
    await refusedBy(access.aliasProposal(await place(), WHERE, { kind: 'delete', name: 'no/such' }, HOW), 'REFUSED');
  });

  test('T57 T61 no request touches the tags that say whose key it is, in any case of letters', async () => {
    for (const tag of ['custody:repository', 'custody:request', 'Custody:Repository', 'aws:x']) {
      await expect(
        (async () => access.tagProposal(await place(), WHERE, new Map([[tag, 'x']]), HOW))(),
      ).rejects.toThrow(code('REFUSED'));
      await expect((async () => access.untagProposal(await place(), WHERE, [tag], HOW))()).rejects.toThrow(
        code('REFUSED'),
      );
    }
  });

  test('T49 grants for others, for the executor, beyond the plan’s context, to pass on, or none that is there', async () => {
    const { account } = office.team.plan.plan;
    const wish = {
      grantee: `arn:aws:iam::${account}:role/Admin`,
      operations: ['Decrypt'],
      context: null,
      retiring: null,
    };
    const some = { exact: true, pairs: new Map([['a', 'b']]) };
    const grant = async (change: Partial<access.GrantWish>) =>
      access.grantProposal(await place(), WHERE, { ...wish, ...change }, HOW);
    await refusedBy(grant({}), 'REFUSED');
    await refusedBy(grant({ grantee: office.team.roster.executorRoleArn, context: some }), 'REFUSED');
    await refusedBy(grant({ grantee: 'arn:aws:iam::999999999999:role/x', context: some }), 'REFUSED');
    await refusedBy(grant({ retiring: 'arn:aws:iam::999999999999:role/x', context: some }), 'REFUSED');
    await refusedBy(grant({ grantee: `arn:aws:iam::${account}:root`, context: some }), 'USAGE');
    await refusedBy(grant({ operations: ['CreateGrant'], context: some }), 'USAGE');
    await refusedBy(access.endGrantProposal(await place(), WHERE, 'key.revoke', 'f'.repeat(64), HOW), 'NOT_FOUND');
    await refusedBy(access.endGrantProposal(await place(), WHERE, 'key.revoke', 'f', HOW), 'USAGE');
  });
});

test('T50 T61 a request that another tool made is refused on the approver’s machine', async () => {
  const { ports, actor, aws } = office.desk('architect');
  const state = await lookUp(ports, 'remote');
  const key = { name: 'case-data', alias: 'alias/cmk/case-data', arn, keyId };
  const foreign = await office.aws.past('admin', 'CreateKey', {
    Policy: planned,
    BypassPolicyLockoutSafetyCheck: true,
  });
  const open = { Effect: 'Allow', Principal: { AWS: app }, Action: 'kms:*', Resource: '*' };
  const crafted: readonly (readonly [ActionName, JsonObject, string])[] = [
    ['key.policy', { policy: formatCanonical({ Version: '2012-10-17', Statement: [open] }) }, 'REFUSED'],
    ['key.policy', { policy: '{}' }, 'POLICY_MALFORMED'],
    ['key.alias-move', { alias: key.alias, to: (foreign.KeyMetadata as JsonObject).Arn ?? '' }, 'FOREIGN_KEY'],
    ['key.alias-delete', { alias: 'alias/cmk/webauthn' }, 'REFUSED'],
    ['key.grant', { grantee: app, operations: ['Decrypt'], constraint: null, retiring: null }, 'REFUSED'],
  ];
  for (const [action, parameters, expected] of crafted) {
    const preState = await observe(aws.reader, { action, key, region: PRIMARY, parameters });
    const at = ports.clock.now();
    const seen = seenNow(ports, state.head, 3600);
    const said = requestPredicate(office.team, { action, key, parameters, preState, at, seen });
    const signed = await draft(actor, requestStatement(said), 'records/r-');
    const id = requestIdOf(signed.record.digest);
    const path = recordPath(requestFolder(id), signed.record.fileDigest);
    await publishRecords(ports, [{ ...signed, path }], { message: 'crafted' });
    await expect(office.approve('privacy', id)).rejects.toThrow(code(expected));
  }
});

test('T13 what was changed since it was requested is neither approved nor executed', async () => {
  const proposal = { action: 'key.describe' as ActionName, parameters: { description: 'late' } };
  const key = { name: 'case-data', alias: 'alias/cmk/case-data', arn, keyId };
  const approved = await office.approved({ ...proposal, key });
  const open = (await office.open('architect', { ...proposal, parameters: { description: 'later' }, key })).case.id;
  await played(await access.describeProposal(await place(), WHERE, 'meanwhile', HOW), async () => undefined);
  await expect(office.execute('deputy', approved)).rejects.toThrow(code('PRE_STATE_CHANGED'));
  await expect(office.approve('privacy', open)).rejects.toThrow(code('PRE_STATE_CHANGED'));
});

test('T3 T42 the approver sees who gains and who loses, and what goes beyond the plan', async () => {
  const { account } = office.team.plan.plan;
  const document = JSON.parse(planned) as { Statement: JsonObject[] };
  const eve = {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${account}:role/outsider` },
    Action: 'kms:Decrypt',
    Resource: '*',
  };
  const text = Buffer.from(JSON.stringify({ ...document, Statement: [...document.Statement, eve] }));
  const id = await opened(await access.policyProposal(await place(), WHERE, text, HOW));
  const { ports, actor, aws } = office.desk('privacy');
  const review = await reviewRequest(ports, actor, aws, id);
  const said = review.case.request.statement.predicate;
  expect(policyChangeOf(review.case.rules, said)).toMatchObject({
    difference: [
      { principal: `arn:aws:iam::${account}:role/outsider`, gains: ['Decrypt'], loses: [], conditional: [] },
    ],
    beyondPlan: [{ gains: ['Decrypt'] }],
    unreadable: null,
  });
  const screen = reviewScreen(review, ports.clock.now());
  expect(screen).toMatch(/outsider\n\s+\+ gains Decrypt/);
  expect(screen).toContain('Weaker than the plan');
  expect(screen).toMatch(/\+ outsider may: Decrypt/);
  const long = screen.split('\n').filter((line) => line.length > 80 && /\s\S+\s/.test(line.trim()));
  expect(long).toEqual([]);
});
