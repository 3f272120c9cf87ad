import { afterAll, describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/lib/ledger/chain.js';
import { diffPlan } from '../../../src/lib/plan/diff.js';
import { plannedKeyPolicy } from '../../../src/lib/policy/planned.js';
import { changesOf, sentenceOf, undoOf } from '../../../src/lib/record/action.js';
import { REPOSITORY_TAG, REQUEST_TAG } from '../../../src/lib/record/action-create.js';
import { reviewRequest } from '../../../src/lib/request/approve.js';
import { NOTHING_DECIDED } from '../../../src/lib/request/decided.js';
import { expectationsOf, observeEstate } from '../../../src/lib/request/estate.js';
import { promoteProposal, replicateProposal } from '../../../src/lib/request/regions.js';
import { remediesOf } from '../../../src/lib/request/remedies.js';
import { rotateProposal, rotationProposal } from '../../../src/lib/request/rotate.js';
import { PRIMARY, REPLICA } from '../../support/people.js';
import { carryOut, createRootAlone, forge, forgeApproval, HOW, placeOf } from '../../support/regions.js';
import { createKey, createSandboxOffice, type SandboxOffice } from '../../support/sandbox-office.js';

const code = (expected: string) => expect.objectContaining({ code: expected });

const DEFAULT_POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'kms:*', Resource: '*' },
  ],
});

type Office = SandboxOffice & { close(): void };
const offices: Office[] = [];
afterAll(() => {
  for (const office of offices) office.close();
});

async function openOffice(): Promise<Office> {
  const office = await createSandboxOffice();
  offices.push(office);
  return office;
}

/** What keys apply would do about the root alone. */
async function remedies(office: Office) {
  const { aws, plan, state } = await placeOf(office);
  const only = { ...plan, keys: { root: plan.keys.root as never } };
  return remediesOf(only, state.roster, await observeEstate(aws.reader, only, () => undefined), NOTHING_DECIDED, HOW);
}

const plannedPolicy = (office: Office, name: string, region: string) =>
  plannedKeyPolicy(office.team.plan.plan, office.team.roster, name, region);

describe('key.replicate', () => {
  it('is proposed by keys apply, opened, refused once, approved, executed, verified, and not replayed', async () => {
    const office = await openOffice();
    const root = await createRootAlone(office);
    const { proposals, remaining } = await remedies(office);
    expect(remaining).toEqual([]);
    expect(proposals).toEqual([await replicateProposal(await placeOf(office), 'root', REPLICA, HOW)]);

    const { id } = (await office.open('architect', proposals[0])).case;
    await office.approve('privacy', id);
    await expect(office.approve('privacy', id)).rejects.toEqual(code('REFUSED'));
    await expect(office.execute('deputy', id)).rejects.toEqual(code('PENDING'));
    await office.approve('deputy', id);
    const { receipt, case: after } = await office.execute('deputy', id);
    expect(receipt).toMatchObject({ outcome: 'executed', key: root, error: null });
    expect(receipt.awsRequestIds).toHaveLength(2);

    const { reader } = (await placeOf(office)).aws;
    expect(await reader.describe(REPLICA, root.keyId)).toMatchObject({
      state: 'Enabled',
      multiRegion: { type: 'REPLICA', primaryRegion: PRIMARY },
    });
    const live = (await reader.policy(REPLICA, root.keyId)) ?? '';
    expect(JSON.parse(live)).toEqual(JSON.parse(plannedPolicy(office, 'root', REPLICA)));
    expect(await reader.tags(REPLICA, root.keyId)).toMatchObject({
      [REPOSITORY_TAG]: office.team.roster.repository,
      [REQUEST_TAG]: after.request.statement.predicate.nonce,
    });
    expect(await reader.aliases(REPLICA)).toContainEqual({ name: root.alias, keyId: root.keyId });
    await expect(office.execute('deputy', id)).rejects.toEqual(code('REQUEST_ENDED'));
    await expect(replicateProposal(await placeOf(office), 'root', REPLICA, HOW)).rejects.toEqual(code('REFUSED'));
    expect(await remedies(office)).toEqual({ proposals: [], remaining: [] });
    const ledger = [...office.remote.files()].filter(([path]) => path.startsWith('ledger/')).sort();
    expect(verifyChain(ledger.map(([, bytes]) => bytes))).toMatchObject({ verdict: 'verified' });
  });

  it('T49 under another policy than the plan’s it is opened, approved and executed by nobody', async () => {
    const office = await openOffice();
    const root = await createRootAlone(office);
    const planned = await replicateProposal(await placeOf(office), 'root', REPLICA, HOW);
    for (const policy of [
      DEFAULT_POLICY,
      plannedPolicy(office, 'case-data', REPLICA),
      `${planned.parameters.policy} `,
    ]) {
      const other = { ...planned, parameters: { ...planned.parameters, policy } };
      await expect(office.open('architect', other)).rejects.toEqual(code('REFUSED'));
    }
    const { preState } = (await office.open('architect', planned)).case.request.statement.predicate;
    const parameters = { ...planned.parameters, policy: DEFAULT_POLICY };
    const id = await forge(office, 'architect', { ...planned, parameters, preState });
    const { ports, actor, aws } = office.desk('privacy');
    const refusal = { code: 'REFUSED', message: expect.stringContaining('not the one that plan and roster give') };
    await expect(reviewRequest(ports, actor, aws, id)).rejects.toMatchObject(refusal);
    for (const who of ['privacy', 'deputy'] as const) await forgeApproval(office, who, id);
    await expect(office.execute('deputy', id)).rejects.toMatchObject(refusal);
    expect(await aws.reader.describe(REPLICA, root.keyId)).toBeNull();
  });

  it('T54 in a Region that nobody planned it is refused', async () => {
    const office = await openOffice();
    await createRootAlone(office);
    const place = await placeOf(office);
    const planned = await replicateProposal(place, 'root', REPLICA, HOW);
    for (const to of ['us-east-1', PRIMARY]) {
      const elsewhere = { ...planned, parameters: { ...planned.parameters, to } };
      await expect(office.open('architect', elsewhere)).rejects.toEqual(code('REFUSED'));
      const opened = replicateProposal(place, 'root', to, HOW).then((proposal) => office.open('architect', proposal));
      await expect(opened).rejects.toEqual(code('REFUSED'));
    }
  });

  it('T13 T49 a replica that somebody made meanwhile is neither taken for ours nor given our alias', async () => {
    const office = await openOffice();
    const root = await createRootAlone(office);
    const id = await office.approved(await replicateProposal(await placeOf(office), 'root', REPLICA, HOW));
    const stolen = { KeyId: root.keyId, ReplicaRegion: REPLICA, Policy: plannedPolicy(office, 'root', REPLICA) };
    await office.aws.past('executor', 'ReplicateKey', stolen);
    await expect(office.execute('deputy', id)).rejects.toEqual(code('PRE_STATE_CHANGED'));
    const { reader } = (await placeOf(office)).aws;
    expect(await reader.aliases(REPLICA)).toEqual([]);
    // It is seen without an alias, and as nobody's.
    const { remaining, proposals } = await remedies(office);
    expect(proposals).toEqual([]);
    expect(remaining.map(({ kind, region, severity }) => [kind, region, severity])).toEqual([
      ['foreign', REPLICA, 'critical'],
    ]);
  });

  it('T49 a replica’s policy is compared with the plan’s, also where its alias is gone', async () => {
    const office = await openOffice();
    const { keyId } = await createKey(office, 'root');
    await office.aws.past('executor', 'DeleteAlias', { AliasName: 'alias/cmk/root' }, REPLICA);
    const { Statement, ...rest } = JSON.parse(plannedPolicy(office, 'root', REPLICA)) as { Statement: object[] };
    const more = {
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::000000000000:role/outsider' },
      Action: 'kms:Decrypt',
      Resource: '*',
    };
    const Policy = JSON.stringify({ ...rest, Statement: [...Statement, more] });
    await office.aws.past('executor', 'PutKeyPolicy', { KeyId: keyId, Policy, PolicyName: 'default' }, REPLICA);
    const { aws, plan, state } = await placeOf(office);
    const only = { ...plan, keys: { root: plan.keys.root as never } };
    const estate = await observeEstate(aws.reader, only, () => undefined);
    const differences = diffPlan(only, estate, expectationsOf(only, state.roster, NOTHING_DECIDED.moves));
    expect(differences.map(({ kind, region, severity }) => [kind, region, severity])).toEqual([
      ['alias', REPLICA, 'warning'],
      ['policy', REPLICA, 'critical'],
    ]);
    const { proposals } = await remedies(office);
    expect(proposals.map(({ action }) => action)).not.toContain('key.replicate');
  });
});

describe('key.promote', () => {
  it('says what it means, is executed once, and rotation follows it there and back', async () => {
    const office = await openOffice();
    const root = { name: 'root', alias: 'alias/cmk/root', ...(await createKey(office, 'root')) };
    const moved = root.arn.replace(PRIMARY, REPLICA);
    const { reader } = (await placeOf(office)).aws;
    const { id, request } = (
      await office.open('architect', await promoteProposal(await placeOf(office), 'root', REPLICA, HOW))
    ).case;
    const said = request.statement.predicate;
    expect(sentenceOf(said)).toContain(`Make ${REPLICA} the primary Region`);
    expect(JSON.stringify(changesOf(said))).toContain(`the plan's primary is ${PRIMARY}`);
    expect(undoOf(said)).toBe(`custody keys promote root --to ${PRIMARY}`);
    expect(said.preState).toMatchObject({ primaryRegion: PRIMARY, state: 'Enabled', replica: { state: 'Enabled' } });
    await expect(office.execute('deputy', id)).rejects.toEqual(code('PENDING'));
    for (const who of ['privacy', 'deputy'] as const) await office.approve(who, id);
    const { receipt } = await office.execute('deputy', id);
    expect(receipt).toMatchObject({ outcome: 'executed', key: { arn: moved } });
    expect(await reader.describe(PRIMARY, root.keyId)).toMatchObject({
      state: 'Enabled',
      multiRegion: { type: 'REPLICA' },
    });
    await expect(office.execute('deputy', id)).rejects.toEqual(code('REQUEST_ENDED'));

    const place = await placeOf(office);
    expect(await rotateProposal(place, 'root', HOW)).toMatchObject({ region: REPLICA, key: { arn: moved } });
    expect(await rotationProposal(place, root.arn, 200, HOW)).toMatchObject({ region: REPLICA, key: { arn: moved } });
    const rotated = await carryOut(office, await rotateProposal(place, 'root', HOW));
    expect(rotated.receipt.outcome).toBe('executed');

    const { proposals, remaining } = await remedies(office);
    const back = proposals.map(({ action, region, parameters }) => [action, region, parameters.to]);
    expect([back, remaining]).toEqual([[['key.promote', REPLICA, PRIMARY]], []]);
    if (proposals[0]) await carryOut(office, proposals[0]);
    expect(await reader.describe(PRIMARY, root.keyId)).toMatchObject({ multiRegion: { type: 'PRIMARY' } });
    expect(await remedies(office)).toEqual({ proposals: [], remaining: [] });
  });

  it('T13 T54 both Regions’ keys are in the approval; a rotation for the old primary is none for the new one', async () => {
    const office = await openOffice();
    const { arn, keyId } = await createKey(office, 'root');
    const key = { name: 'root', alias: 'alias/cmk/root', arn, keyId };
    const id = await office.approved(await promoteProposal(await placeOf(office), 'root', REPLICA, HOW));
    const rotation = await office.approved({ action: 'key.rotate', key });
    await office.aws.past('executor', 'DisableKey', { KeyId: keyId }, REPLICA);
    await expect(office.execute('deputy', id)).rejects.toEqual(code('PRE_STATE_CHANGED'));
    await expect(promoteProposal(await placeOf(office), 'root', REPLICA, HOW)).rejects.toEqual(code('REFUSED'));
    await office.aws.past('executor', 'EnableKey', { KeyId: keyId }, REPLICA);
    await office.execute('deputy', id);
    await expect(office.execute('deputy', rotation)).rejects.toEqual(code('REFUSED'));
    const mixed = {
      action: 'key.rotate',
      region: PRIMARY,
      key: { ...key, arn: arn.replace(PRIMARY, REPLICA) },
    } as const;
    await expect(
      office.open('architect', mixed).then((opened) => office.approve('privacy', opened.case.id)),
    ).rejects.toMatchObject({ exit: expect.toBeOneOf([2, 3]) });
  });

  it('one that hides where the plan wants the primary, or leaves the plan, is refused', async () => {
    const office = await openOffice();
    await createKey(office, 'root');
    const proposal = await promoteProposal(await placeOf(office), 'root', REPLICA, HOW);
    const changes: readonly (readonly [string, string])[] = [
      ['home', REPLICA],
      ['to', 'us-east-1'],
      ['to', PRIMARY],
    ];
    for (const [name, region] of changes) {
      const other = { ...proposal, parameters: { ...proposal.parameters, [name]: region } };
      await expect(office.open('architect', other)).rejects.toMatchObject({ exit: 3 });
    }
  });
});
