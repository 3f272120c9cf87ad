import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { enterExecutor } from '../../../src/lib/aws/executor.js';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import type { CustodyError } from '../../../src/lib/base/errors.js';
import { policyProposal } from '../../../src/lib/request/access.js';
import { arm, disarm } from '../../../src/lib/request/arm.js';
import { sweepSlots } from '../../../src/lib/request/armed.js';
import { caseOf, casesOf, lookUp } from '../../../src/lib/request/desk.js';
import { createProposal } from '../../../src/lib/request/estate.js';
import { execute } from '../../../src/lib/request/execute.js';
import { importProposal, rotateImportedProposal } from '../../../src/lib/request/import.js';
import { isOpen } from '../../../src/lib/request/open.js';
import { replicateProposal } from '../../../src/lib/request/regions.js';
import { staleSlotsOf } from '../../../src/lib/request/stale-slots.js';
import { reject } from '../../../src/lib/request/veto.js';
import { requestLine } from '../../../src/lib/status/tasks.js';
import { anyWriter } from '../../support/any-writer.js';
import { PRIMARY, REPLICA, type Who } from '../../support/people.js';
import { carryOut, externalOffice, newMaterial, placeOf, type TestMaterial } from '../../support/regions.js';
import type { SandboxOffice } from '../../support/sandbox-office.js';

/** key.rotate-imported under the interlock: a quorum's slots for each step, by policies that the sandbox really evaluates. */

const code = (expected: string) => expect.objectContaining({ code: expected });
const role = (name: string) => `arn:aws:iam::000000000000:role/${name}`;
const EXECUTOR = role('custody-executor');
const HOW = { reason: 'a story', executor: 'deputy' };

let office: SandboxOffice & { close(): void };
let key: { readonly arn: string; readonly keyId: string };

beforeAll(async () => {
  const interlock = { coldExecutorRoleArn: role('custody-cold'), auditorRoleArn: role('custody-auditor') };
  office = await externalOffice((plan) => ({ ...plan, interlock }));
  const { plan, roster } = office.team;
  const { receipt } = await carryOut(office, createProposal(plan.plan, roster, 'root', 'the plan has it', null));
  key = { arn: receipt.key?.arn ?? '', keyId: receipt.key?.keyId ?? '' };
  const first = newMaterial();
  const which = { region: null, materialId: null };
  const bringing = await importProposal(await placeOf(office), 'root', which, first.bringing, HOW);
  await carryOut(office, bringing, first);
  await carryOut(office, await replicateProposal(await placeOf(office), 'root', REPLICA, HOW));
  for (const region of [PRIMARY, REPLICA]) {
    await carryOut(office, await policyProposal(await placeOf(office), { key: 'root', region }, null, HOW));
  }
});
afterAll(() => office.close());

/** No test leaves a request or a slot to the next one, whichever that is. */
afterEach(async () => {
  const { ports, actor, aws } = office.desk('privacy');
  const { cases } = await casesOf(ports, await lookUp(ports, 'remote'));
  for (const found of cases.filter((one) => isOpen(one) && one.verdict.state !== 'executing'))
    await reject(ports, actor, found.id, 'the story is over');
  const sweep = { roleArn: EXECUTOR, sourceIdentity: 'privacy', sessionName: 'sweep' };
  await aws.slots.sweep(sweep, [...(await slots()).keys()]);
});

const slots = () => office.desk('architect').aws.slots.list(EXECUTOR);
const values = async () =>
  [...new Set((await slots()).values())].map((value) => value.split('/').slice(0, 2).join(' ')).sort();

async function armed(id: string, ...who: Who[]) {
  for (const one of who) {
    const { ports, actor, aws } = office.desk(one);
    await arm(ports, actor, aws, id);
  }
}

const run = (id: string, material: TestMaterial | null) => {
  const { ports, actor, aws } = office.desk('deputy');
  return execute(ports, actor, aws, id, material?.open() ?? null);
};

/** The executor's session past the tool, as the AWS CLI would use it. */
async function pastTheTool(operation: string, region: string, parameters: JsonObject = {}) {
  const session = {
    roleArn: EXECUTOR,
    sourceIdentity: 'deputy',
    sessionName: 'cli',
    actions: ['kms:*'],
    resources: ['*'],
  };
  const writer = anyWriter(await enterExecutor(office.aws.line('deputy'), session));
  return writer.call({ service: 'kms', region, operation, parameters: { KeyId: key.keyId, ...parameters } });
}

const WRAPPING = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' };

/** Which of the three steps' calls KMS lets through right now. */
async function through(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const region of [PRIMARY, REPLICA]) {
    const code = await pastTheTool('GetParametersForImport', region, WRAPPING).then(
      () => null,
      (cause: CustodyError) => cause.code,
    );
    if (code !== 'DENIED') found.push(`import ${region}`);
  }
  return found;
}

async function opened() {
  const material = newMaterial();
  const proposal = await rotateImportedProposal(await placeOf(office), 'root', material.bringing, HOW);
  return { material, id: await office.approved(proposal) };
}

/** What `status` tells the deputy. */
async function saysOf(id: string) {
  const { ports, actor } = office.desk('deputy');
  const state = await lookUp(ports, 'remote');
  const found = await caseOf(ports, state, id);
  const [tags, { plan }] = [await slots(), state.plan];
  const line = requestLine(found, { plan, identity: actor.identity, tags });
  const stale = staleSlotsOf(EXECUTOR, tags, { plan, roster: state.roster }, [found]).map(({ because }) => because);
  return { state: line.state, waitsFor: line.waitsFor, mine: line.mine, stale };
}

describe('key.rotate-imported under the interlock', () => {
  it('is carried out step by step, each with slots of its own, and nothing else gets through in between', async () => {
    const { material, id } = await opened();
    expect(await values()).toEqual([`import ${PRIMARY}`]);
    expect(await through()).toEqual([`import ${PRIMARY}`]);
    await expect(pastTheTool('RotateKeyOnDemand', PRIMARY)).rejects.toEqual(code('DENIED'));
    // A slot of a later step, before anything has begun, is nobody's approval.
    const [own = ''] = [...(await slots()).values()];
    await office.desk('deputy').aws.slots.set(EXECUTOR, 'custody:deputy:root', own.replace('import/', 'rotate/'));
    expect((await saysOf(id)).stale).toEqual([`request ${id} needs another one`]);
    await office.desk('deputy').aws.slots.set(EXECUTOR, 'custody:deputy:root', own);
    expect(await saysOf(id)).toMatchObject({ state: 'approved', mine: { kind: 'execute' }, stale: [] });

    const paused = await run(id, material).catch((cause: CustodyError) => cause);
    expect(paused).toMatchObject({
      code: 'PENDING',
      message: expect.stringContaining(`at step 2 of 3 (GetParametersForImport in ${REPLICA})`),
      details: { state: 'executing', missing: expect.arrayContaining(['privacy', 'deputy']) },
    });
    // Nothing of the first step outlives it.
    expect(await slots()).toEqual(new Map());
    expect(await through()).toEqual([]);

    // Again without new slots: no step further, and no receipt that says it failed.
    await expect(run(id, material)).rejects.toEqual(code('PENDING'));
    await armed(id, 'privacy');
    await expect(run(id, material)).rejects.toMatchObject({ code: 'PENDING', details: { missing: ['deputy'] } });
    expect(await saysOf(id)).toEqual({
      state: 'executing',
      waitsFor: 'the slot of deputy',
      mine: { kind: 'arm', command: `custody keys arm ${id}` },
      stale: [],
    });
    await armed(id, 'privacy', 'deputy');
    expect(await values()).toEqual([`import ${REPLICA}`]);
    expect(await through()).toEqual([`import ${REPLICA}`]);
    await expect(run(id, material)).rejects.toMatchObject({
      code: 'PENDING',
      message: expect.stringContaining(`at step 3 of 3 (RotateKeyOnDemand in ${PRIMARY})`),
    });
    expect(await slots()).toEqual(new Map());

    await armed(id, 'privacy', 'deputy');
    expect(await values()).toEqual([`rotate ${PRIMARY}`]);
    expect(await through()).toEqual([]);
    // The last step needs no material any more.
    const { receipt } = await run(id, null);
    expect(receipt).toMatchObject({ outcome: 'executed', enforcement: { level: 'enforced' } });
    expect(await slots()).toEqual(new Map());
    await expect(pastTheTool('RotateKeyOnDemand', PRIMARY)).rejects.toEqual(code('DENIED'));
    await expect(armed(id, 'privacy')).rejects.toEqual(code('REQUEST_ENDED'));
    const { reader } = office.desk('architect').aws;
    for (const region of [PRIMARY, REPLICA]) {
      const listed = (await reader.materials(region, key.keyId)) ?? [];
      expect(listed.find(({ state }) => state === 'CURRENT')?.importState).toBe('IMPORTED');
    }
  });

  it('takes the slots of a step that a killed run had done away, and the slot of the next one is armed in its place', async () => {
    const { material, id } = await opened();
    // Killed right after the first import: its slots stand.
    let calls = 0;
    const killed = office.machine('deputy', {
      intercept: async (step, act) => {
        const answer = await act();
        if (step === 'kms ImportKeyMaterial' && ++calls === 1) throw new Error('killed');
        return answer;
      },
    });
    await expect(execute(killed.ports, killed.actor, killed.aws, id, material.open())).rejects.toThrow('killed');
    expect(await values()).toEqual([`import ${PRIMARY}`]);
    // An execution of anything else, or this, sweeps what is done.
    const { ports, aws } = office.desk('deputy');
    await lookUp(ports, 'remote');
    await armed(id, 'privacy');
    expect(await values()).toEqual([`import ${PRIMARY}`, `import ${REPLICA}`]);
    expect(await sweepSlots(ports, aws, 'deputy')).toEqual(['custody:deputy:root']);
    expect(await values()).toEqual([`import ${REPLICA}`]);
    await armed(id, 'deputy');
    await expect(run(id, material)).rejects.toEqual(code('PENDING'));
    await armed(id, 'privacy', 'deputy');
    expect((await run(id, null)).receipt.outcome).toBe('executed');
  });

  it('takes the own slot of whichever step away with a veto, and none of another seat', async () => {
    const { id } = await opened();
    const { ports, aws } = office.desk('privacy');
    const found = await caseOf(ports, await lookUp(ports, 'remote'), id);
    expect(await disarm(ports, aws, found, 'privacy')).toBe(true);
    expect([...(await slots()).keys()]).toEqual(['custody:deputy:root']);
    await expect(run(id, newMaterial())).rejects.toEqual(code('REFUSED'));
  });
});
