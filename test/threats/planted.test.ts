import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/lib/base/canonical-json.js';
import { REPLACES_TAG } from '../../src/lib/record/action-succeed.js';
import type { SignedCall } from '../../src/lib/record/statement.js';
import { notAsAsked } from '../../src/lib/request/as-asked.js';
import { caseOf, lookUp } from '../../src/lib/request/desk.js';
import { createProposal } from '../../src/lib/request/estate.js';
import { execute } from '../../src/lib/request/execute.js';
import { createFaulty, type Faulty, faultyStore, Killed } from '../support/faulty.js';
import { createMemory } from '../support/office.js';
import { NOON, PRIMARY, REPLICA } from '../support/people.js';
import { createSandboxOffice, type SandboxOffice } from '../support/sandbox-office.js';

/**
 * T49 T51: a creation that was cut off finds its key again by a tag that is no secret. Whoever may make keys plants one that has
 * it, lets himself in, makes it look as it was signed, and waits for the run to be taken up.
 */

const ALIAS = 'alias/cmk/root';
const GRANTEE = { Operations: ['Decrypt'] };
let office: SandboxOffice & { close(): void };
/** A request that failed leaves nothing behind for the next one, so the tests of a block share an office. */
const inOneOffice = () => {
  beforeAll(async () => {
    office = await createSandboxOffice();
  });
  afterAll(() => office.close());
};

interface Cut {
  readonly id: string;
  readonly store: ReturnType<SandboxOffice['remote']['client']>;
  readonly create: SignedCall;
  readonly replicate: SignedCall;
}

function run({ store, id }: Pick<Cut, 'store' | 'id'>, faulty: Faulty = createFaulty()) {
  const { ports, actor, aws } = office.machine('deputy', {
    intercept: faulty.intercept,
    store: faultyStore(store, office.remote, faulty),
    memory: createMemory(),
  });
  return execute(ports, actor, aws, id);
}

function killedAt(operation: string): Faulty {
  const whole = createFaulty();
  const intercept: Faulty['intercept'] = (step, act, broken) =>
    step === `kms ${operation}` ? Promise.reject(new Killed(step)) : whole.intercept(step, act, broken);
  return { ...whole, intercept };
}

/** A request that two have approved, and whose run ended before its first call. */
async function cutOff(): Promise<Cut> {
  const { plan, roster } = office.team;
  const proposal = createProposal(plan.plan, roster, 'root', 'the plan has it', null);
  const id = await office.approved(proposal);
  const { ports } = office.desk('architect');
  const { request } = await caseOf(ports, await lookUp(ports, 'remote'), id);
  const { calls } = request.statement.predicate;
  const call = (operation: string) => {
    const found = calls.find((one) => one.operation === operation);
    if (!found) throw new Error(`the request makes no ${operation}`);
    return found;
  };
  const store = office.remote.client();
  await expect(run({ store, id }, killedAt('CreateKey'))).rejects.toBeInstanceOf(Killed);
  return { id, store, create: call('CreateKey'), replicate: call('ReplicateKey') };
}

/** As whoever holds the executor role can make one without the tool. */
async function plant({ create }: Cut, change: JsonObject = {}): Promise<string> {
  const { KeyMetadata } = await office.aws.past('executor', 'CreateKey', { ...create.parameters, ...change });
  return String((KeyMetadata as JsonObject).KeyId);
}

const account = () => office.team.plan.plan.account;
const open = (...also: readonly string[]) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: [executor(), ...also] }, Action: 'kms:*', Resource: '*' }],
});
const executor = () => office.team.roster.executorRoleArn;
const deputy = () => `arn:aws:iam::${account()}:role/deputy`;
const outsider = () => `arn:aws:iam::${account()}:role/outsider`;

async function givesAway({ create }: Cut, keyId: string, region = PRIMARY): Promise<void> {
  const grant = { KeyId: keyId, GranteePrincipal: outsider(), ...GRANTEE };
  await office.aws.past('executor', 'CreateGrant', grant, region);
  await office.aws.past('executor', 'PutKeyPolicy', { KeyId: keyId, Policy: create.parameters.Policy ?? '' }, region);
}

async function expectForeign(cut: Cut, odd: RegExp): Promise<void> {
  await expect(run(cut)).rejects.toMatchObject({
    code: 'REFUSED',
    message: expect.stringMatching(odd),
    suggestions: [expect.stringContaining('aws cloudtrail lookup-events'), expect.stringMatching(/another/i)],
    details: { receipt: { outcome: 'failed', error: { code: 'FOREIGN_KEY' } } },
  });
}

const reader = () => office.desk('architect').aws.reader;
const named = async () => (await reader().aliases(PRIMARY)).filter(({ name }) => name === ALIAS);

const PLANTED: readonly (readonly [string, RegExp, (cut: Cut) => Promise<unknown>])[] = [
  [
    'with a grant in it, under the signed policy by now',
    /the grant [0-9a-f]{64} to \S+role\/outsider/,
    async (cut) => givesAway(cut, await plant(cut, { Policy: JSON.stringify(open()) })),
  ],
  ['under another policy', /its key policy/, (cut) => plant(cut, { Policy: JSON.stringify(open(deputy())) })],
  [
    'for signing',
    /its spec is "ECC_NIST_P256", not "SYMMETRIC_DEFAULT"; its usage is "SIGN_VERIFY"/,
    (cut) => plant(cut, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
  ],
  ['for material of another’s', /its origin is "EXTERNAL", not "AWS_KMS"/, (cut) => plant(cut, { Origin: 'EXTERNAL' })],
  ['in one Region', /its primary Region is null/, (cut) => plant(cut, { MultiRegion: false })],
  ['under another description', /its description is "mine"/, (cut) => plant(cut, { Description: 'mine' })],
  [
    'with one tag more',
    /its tags/,
    (cut) =>
      plant(cut, { Tags: [...(cut.create.parameters.Tags as JsonObject[]), { TagKey: REPLACES_TAG, TagValue: 'x' }] }),
  ],
  [
    'with a replica that nobody signed',
    /its replica in us-east-1/,
    async (cut) => {
      const keyId = await plant(cut);
      const { Policy = '' } = cut.replicate.parameters;
      await office.aws.past('executor', 'ReplicateKey', { KeyId: keyId, ReplicaRegion: 'us-east-1', Policy });
    },
  ],
  [
    'twice, each as it was signed',
    /has it, too/,
    async (cut) => {
      await plant(cut);
      await plant(cut);
    },
  ],
];

describe('T49 T51 a planted key is not taken over', () => {
  inOneOffice();

  it.each(PLANTED)('%s', async (_, odd, act) => {
    const cut = await cutOff();
    await act(cut);
    await expectForeign(cut, odd);
    expect(await named()).toEqual([]);
  });

  it('that was made before the execution began', async () => {
    const cut = await cutOff();
    const keyId = await plant(cut);
    const found = await reader().describe(PRIMARY, keyId);
    const early = { ...(found ?? {}), createdAt: '2026-01-01T00:00:00.000Z' };
    const { ports, actor, aws } = office.machine('deputy', { store: cut.store, memory: createMemory() });
    const describeEarly = { ...aws.reader, describe: async () => early as never };
    await expect(execute(ports, actor, { ...aws, reader: describeEarly }, cut.id)).rejects.toMatchObject({
      message: expect.stringContaining('it was made at 2026-01-01T00:00:00.000Z'),
    });
  });
});

describe('T49 T51 what is ours goes on', () => {
  inOneOffice();

  it('beside a planted key that nobody but its maker may look at, but not with a planted replica', async () => {
    const cut = await cutOff();
    const hidden = await plant(cut, { Policy: JSON.stringify(open()) });
    await expect(run(cut, killedAt('ReplicateKey'))).rejects.toBeInstanceOf(Killed);
    const [{ keyId } = { keyId: '' }] = await named();
    expect(keyId).not.toBe(hidden);
    const planted = { ...cut.replicate.parameters, KeyId: keyId, Policy: JSON.stringify(open()) };
    await office.aws.past('executor', 'ReplicateKey', planted);
    office.clock.advance(60);
    await givesAway({ ...cut, create: cut.replicate }, keyId, REPLICA);
    await expectForeign(cut, /eu-west-1 has the tag .*the grant [0-9a-f]{64} to \S+role\/outsider/);
    expect((await reader().aliases(REPLICA)).filter(({ name }) => name === ALIAS)).toEqual([]);
  });
});

it('T49 nor one with material of another’s, gone or not', async () => {
  const standing = { region: PRIMARY, keyId: 'key' };
  const found = { arn: 'arn', state: 'PendingImport', origin: 'EXTERNAL', multiRegion: null, createdAt: NOON };
  const reading = (materials: readonly unknown[]) => ({
    request: { calls: [] },
    intentAt: NOON,
    reader: {
      describe: async () => found,
      tags: async () => ({}),
      policy: async () => '{}',
      grants: async () => [],
      materials: async () => materials,
    },
  });
  const parameters = { Origin: 'EXTERNAL', MultiRegion: false, Policy: '{ }', Tags: [] };
  const odd = (materials: readonly unknown[]) =>
    notAsAsked(reading(materials) as never, { parameters } as never, standing);
  expect(await odd([])).toEqual([]);
  expect(await odd([{ importState: 'PENDING_IMPORT' }])).toEqual(['its material']);
});
