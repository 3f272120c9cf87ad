import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { addSeconds } from '../../../src/lib/base/time.js';
import { errorJson } from '../../../src/lib/cli/failure.js';
import { requestJson } from '../../../src/lib/cli/present.js';
import type { ListedMaterial } from '../../../src/lib/key/material.js';
import { changesOf, sentenceOf } from '../../../src/lib/record/action.js';
import { reviewRequest } from '../../../src/lib/request/approve.js';
import { NOTHING_DECIDED } from '../../../src/lib/request/decided.js';
import { caseOf, lookUp } from '../../../src/lib/request/desk.js';
import { createProposal, observeEstate } from '../../../src/lib/request/estate.js';
import { execute } from '../../../src/lib/request/execute.js';
import {
  importProposal,
  materialOffProposal,
  rotateImportedProposal,
  type Which,
} from '../../../src/lib/request/import.js';
import { replicateProposal } from '../../../src/lib/request/regions.js';
import { remediesOf } from '../../../src/lib/request/remedies.js';
import { dueProposals, rotateProposal } from '../../../src/lib/request/rotate.js';
import { PRIMARY, REPLICA } from '../../support/people.js';
import {
  carryOut,
  externalOffice,
  forge,
  HOW,
  newMaterial,
  placeOf,
  type TestMaterial,
} from '../../support/regions.js';
import type { SandboxOffice } from '../../support/sandbox-office.js';

const code = (expected: string) => expect.objectContaining({ code: expected });
const ANY: Which = { region: null, materialId: null };

type Office = SandboxOffice & { close(): void };
const offices: Office[] = [];
afterAll(() => {
  for (const office of offices) office.close();
});

/** An office whose root waits for its material. */
async function openOffice() {
  const office = await externalOffice();
  offices.push(office);
  const { plan, roster } = office.team;
  const { receipt } = await carryOut(office, createProposal(plan.plan, roster, 'root', 'the plan has it', null));
  const arn = receipt.key?.arn ?? '';
  const keyId = receipt.key?.keyId ?? '';
  const { reader } = office.desk('architect').aws;
  const state = async (region = PRIMARY) => (await reader.describe(region, keyId))?.state ?? null;
  const materials = async (region = PRIMARY) => (await reader.materials(region, keyId)) ?? [];
  const imported = async (material: TestMaterial, which = ANY) =>
    carryOut(office, await importProposal(await placeOf(office), 'root', which, material.bringing, HOW), material);
  return { office, arn, keyId, state, materials, imported };
}

const summary = (listed: readonly ListedMaterial[]) =>
  listed.map(({ state, importState }) => `${state} ${importState}`).sort();

describe('key.import', () => {
  it('the first material: opened by its commitment, refused once, approved, executed, verified, not replayed', async () => {
    const { office, state, materials } = await openOffice();
    expect([await state(), await materials()]).toEqual(['PendingImport', []]);
    const material = newMaterial();
    const proposal = await importProposal(await placeOf(office), 'root', ANY, material.bringing, HOW);
    const { id, request } = (await office.open('architect', proposal)).case;
    // The same is not asked for twice; other material is another request.
    expect(await office.open('architect', proposal)).toMatchObject({ created: false, case: { id } });
    const second = await importProposal(await placeOf(office), 'root', ANY, newMaterial().bringing, HOW);
    expect(await office.open('architect', second)).toMatchObject({ created: true });
    const said = request.statement.predicate;
    expect(said.calls.map(({ operation }) => operation)).toEqual(['GetParametersForImport', 'ImportKeyMaterial']);
    expect(JSON.stringify(said.calls)).toContain(material.bringing.commitment);
    expect(sentenceOf(said)).toContain('Import key material of your own');
    expect(changesOf(said)).toContainEqual({ what: 'key state', from: 'PendingImport', to: 'Enabled' });
    await office.approve('privacy', id);
    await expect(office.approve('privacy', id)).rejects.toEqual(code('REFUSED'));
    const { ports, actor, aws } = office.desk('deputy');
    await expect(execute(ports, actor, aws, id, material.open())).rejects.toEqual(code('PENDING'));
    await office.approve('deputy', id);

    // Neither without the material nor with other material is the request consumed.
    await expect(execute(ports, actor, aws, id)).rejects.toEqual(code('INPUT_MISSING'));
    await expect(execute(ports, actor, aws, id, newMaterial().open())).rejects.toEqual(code('REFUSED'));
    expect((await caseOf(ports, await lookUp(ports, 'remote'), id)).verdict.state).toBe('approved');

    const { receipt } = await execute(ports, actor, aws, id, material.open());
    expect(receipt).toMatchObject({ outcome: 'executed', error: null });
    expect(receipt.awsRequestIds).toHaveLength(2);
    expect(await state()).toBe('Enabled');
    expect(await materials()).toMatchObject([{ state: 'CURRENT', importState: 'IMPORTED', expiresAt: null }]);
    await expect(execute(ports, actor, aws, id, material.open())).rejects.toEqual(code('REQUEST_ENDED'));
  });

  it('KMS unwraps what was wrapped either way, and takes nothing else for material that it knows', async () => {
    const { office, materials, imported } = await openOffice();
    const material = newMaterial({ wrapping: 'RSA_AES_KEY_WRAP_SHA_256' });
    await imported(material);
    const [{ id: materialId } = { id: '' }] = await materials();
    const deletion = await materialOffProposal(await placeOf(office), 'root', ANY, HOW);
    expect(deletion.parameters).toEqual({ materialId });
    await carryOut(office, deletion);
    const failed = await imported(newMaterial()).catch((cause: unknown) => cause);
    expect(failed).toMatchObject({
      code: 'REFUSED',
      details: { receipt: { error: { code: 'IncorrectKeyMaterialException' } } },
    });
    const again = { ...material, bringing: { ...material.bringing, wrapping: 'RSAES_OAEP_SHA_256' } } as const;
    expect((await imported(again)).case.request.statement.predicate.parameters).toMatchObject({ materialId });
    expect(await materials()).toMatchObject([{ id: materialId, importState: 'IMPORTED' }]);
  });

  it('material that expires goes at its time, and comes back with another', async () => {
    const { office, state, materials, imported } = await openOffice();
    const expiresAt = addSeconds(`${office.clock.now().slice(0, 19)}.000Z` as never, 86_400);
    const material = newMaterial({ expiresAt });
    await imported(material);
    expect(await materials()).toMatchObject([{ importState: 'IMPORTED', expiresAt }]);
    office.clock.advance(2 * 86_400);
    expect([await state(), summary(await materials())]).toEqual(['PendingImport', ['CURRENT PENDING_IMPORT']]);
    await imported({ ...material, bringing: { ...material.bringing, expiresAt: null } });
    expect([await state(), summary(await materials())]).toEqual(['Enabled', ['CURRENT IMPORTED']]);
  });

  it('T4 T54 an approval for one Region or key is none for another', async () => {
    const { office, imported } = await openOffice();
    const material = newMaterial();
    await imported(material);
    await carryOut(office, await replicateProposal(await placeOf(office), 'root', REPLICA, HOW));
    const here = await importProposal(
      await placeOf(office),
      'root',
      { region: REPLICA, materialId: null },
      material.bringing,
      HOW,
    );
    expect(here.region).toBe(REPLICA);
    const there = office.desk('privacy');
    for (const change of [{ region: PRIMARY }, { key: here.key && { ...here.key, name: 'case-data' } }]) {
      const id = await forge(office, 'architect', { ...here, ...change, preState: {} });
      await expect(reviewRequest(there.ports, there.actor, there.aws, id)).rejects.toEqual(code('REFUSED'));
    }
  });

  it('is not for keys whose material KMS makes, and not new for a replica', async () => {
    const { office } = await openOffice();
    const { plan, roster } = office.team;
    await carryOut(office, createProposal(plan.plan, roster, 'case-data', '', null));
    const place = await placeOf(office);
    const { bringing } = newMaterial();
    await expect(importProposal(place, 'case-data', ANY, bringing, HOW)).rejects.toEqual(code('REFUSED'));
    await expect(materialOffProposal(place, 'case-data', ANY, HOW)).rejects.toEqual(code('REFUSED'));
    await expect(rotateImportedProposal(place, 'case-data', bringing, HOW)).rejects.toEqual(code('REFUSED'));
    await expect(rotateImportedProposal(place, 'root', bringing, HOW)).rejects.toEqual(code('REFUSED'));
    await expect(
      importProposal(place, 'root', { region: null, materialId: 'ab'.repeat(32) }, bringing, HOW),
    ).rejects.toEqual(code('NOT_FOUND'));
    await expect(
      importProposal(place, 'root', { region: 'us-east-1', materialId: null }, bringing, HOW),
    ).rejects.toEqual(code('NOT_FOUND'));
    // Material for an action that takes none is a mistake, and consumes nothing.
    const id = await office.approved(await rotateProposal(place, 'case-data', HOW));
    const { ports, actor, aws } = office.desk('deputy');
    await expect(execute(ports, actor, aws, id, newMaterial().open())).rejects.toEqual(code('USAGE'));
    expect((await office.execute('deputy', id)).receipt.outcome).toBe('executed');
  });
});

describe('key.material-off', () => {
  it('deletes at once and in one Region, and says so', async () => {
    const { office, state, imported, materials } = await openOffice();
    const material = newMaterial();
    await imported(material);
    await carryOut(office, await replicateProposal(await placeOf(office), 'root', REPLICA, HOW));
    expect(await state(REPLICA)).toBe('PendingImport');
    await imported(material, { region: REPLICA, materialId: null });
    expect([await state(PRIMARY), await state(REPLICA)]).toEqual(['Enabled', 'Enabled']);
    const proposal = await materialOffProposal(
      await placeOf(office),
      'root',
      { region: REPLICA, materialId: null },
      HOW,
    );
    const { id, receipt, case: after } = await carryOut(office, proposal);
    expect(after.request.statement.predicate.class).toBe('material-off');
    expect(JSON.stringify(changesOf(after.request.statement.predicate))).toContain(
      'not possible until the very same material',
    );
    expect(receipt.outcome).toBe('executed');
    expect([await state(PRIMARY), await state(REPLICA)]).toEqual(['Enabled', 'PendingImport']);
    expect(summary(await materials(REPLICA))).toEqual(['CURRENT PENDING_IMPORT']);
    await expect(office.execute('deputy', id)).rejects.toEqual(code('REQUEST_ENDED'));
    await expect(
      materialOffProposal(await placeOf(office), 'root', { region: REPLICA, materialId: null }, HOW),
    ).rejects.toEqual(code('REFUSED'));
  });
});

describe('key.rotate-imported', () => {
  it('new material in every Region, then the rotation; what was there stays readable', async () => {
    const { office, state, materials, imported } = await openOffice();
    await imported(newMaterial());
    const [first] = await materials();
    await carryOut(office, await replicateProposal(await placeOf(office), 'root', REPLICA, HOW));
    const place = await placeOf(office);
    await expect(rotateProposal(place, 'root', HOW)).rejects.toMatchObject({
      code: 'INPUT_MISSING',
      suggestions: [expect.stringContaining('--material-fd'), expect.anything()],
    });
    const material = newMaterial();
    const proposal = await rotateImportedProposal(place, 'root', material.bringing, HOW);
    expect(proposal.parameters.replicas).toEqual([REPLICA]);
    const { receipt, case: after, id } = await carryOut(office, proposal, material);
    expect(after.request.statement.predicate.calls.map(({ operation, region }) => `${operation} ${region}`)).toEqual([
      `GetParametersForImport ${PRIMARY}`,
      `ImportKeyMaterial ${PRIMARY}`,
      `GetParametersForImport ${REPLICA}`,
      `ImportKeyMaterial ${REPLICA}`,
      `RotateKeyOnDemand ${PRIMARY}`,
    ]);
    expect(receipt).toMatchObject({ outcome: 'executed', error: null });
    expect(receipt.awsRequestIds).toHaveLength(5);
    const listed = await materials();
    expect(summary(listed)).toEqual(['CURRENT IMPORTED', 'NON_CURRENT IMPORTED']);
    expect(listed.find((item) => item.state === 'NON_CURRENT')?.id).toBe(first?.id);
    // The replica never had the first material: it waits for it, and for nothing else.
    expect([await state(), await state(REPLICA)]).toEqual(['Enabled', 'PendingImport']);
    await expect(office.execute('deputy', id)).rejects.toEqual(code('REQUEST_ENDED'));
  });

  it('keys rotate --due names a key that wants material and opens nothing for it', async () => {
    const { office, imported } = await openOffice();
    await imported(newMaterial());
    office.clock.advance(400 * 86_400);
    expect(await dueProposals(await placeOf(office), HOW)).toMatchObject({ proposals: [], wanting: ['root'] });
  });

  it('material for a Region beside the plan, or while other material waits, is refused', async () => {
    const { office, keyId, imported, materials } = await openOffice();
    await imported(newMaterial());
    const material = newMaterial();
    const proposal = await rotateImportedProposal(await placeOf(office), 'root', material.bringing, HOW);
    const beside = { ...proposal, parameters: { ...proposal.parameters, replicas: ['us-east-1'] } };
    await expect(office.open('architect', beside)).rejects.toEqual(code('REFUSED'));
    // As an import that nobody rotated to leaves it.
    const waits = newMaterial();
    await carryOut(
      office,
      { ...proposal, action: 'key.import', parameters: { ...waits.bringing, materialId: null } },
      waits,
    );
    expect(summary(await materials())).toEqual(['CURRENT IMPORTED', 'PENDING_ROTATION IMPORTED']);
    await expect(rotateImportedProposal(await placeOf(office), 'root', material.bringing, HOW)).rejects.toEqual(
      code('REFUSED'),
    );
    const { receipt } = await carryOut(office, await rotateProposal(await placeOf(office), 'root', HOW));
    expect([receipt.outcome, keyId]).toEqual(['executed', expect.stringMatching(/^mrk-/)]);
    expect(summary(await materials())).toEqual(['CURRENT IMPORTED', 'NON_CURRENT IMPORTED']);
  });
});

describe('the plan of a key of imported material', () => {
  it('asks for the replica only when the primary works, and never for one by the creation', async () => {
    const { office, imported } = await openOffice();
    const remedies = async () => {
      const { aws, plan, state } = await placeOf(office);
      const only = { ...plan, keys: { root: plan.keys.root as never } };
      return remediesOf(
        only,
        state.roster,
        await observeEstate(aws.reader, only, () => undefined),
        NOTHING_DECIDED,
        HOW,
      );
    };
    const before = await remedies();
    expect([before.proposals, before.remaining.map(({ kind }) => kind)]).toEqual([[], ['state', 'replica-missing']]);
    await imported(newMaterial());
    const after = await remedies();
    expect(after.proposals.map(({ action }) => action)).toEqual(['key.replicate']);
    expect(after.remaining).toEqual([]);
  });
});

describe('T46 key material', () => {
  it('is in no record, ledger entry, progress, result or failure, in whatever form', async () => {
    const { office, imported } = await openOffice();
    const material = newMaterial();
    const { id } = await imported(material);
    const rotation = newMaterial();
    const done = await carryOut(
      office,
      await rotateImportedProposal(await placeOf(office), 'root', rotation.bringing, HOW),
      rotation,
    );
    const { ports, actor, aws, said } = office.desk('deputy');
    const failure = await execute(ports, actor, aws, id, material.open()).catch((cause: unknown) => cause);
    const refused = await execute(ports, actor, aws, done.id, newMaterial().open()).catch((cause: unknown) => cause);
    const opened = material.open();
    const files = [...office.remote.files()].flatMap(([path, bytes]) => [path, Buffer.from(bytes).toString('latin1')]);
    // What was signed lies in its envelope as base64, which would hide it from a search.
    const payloads = files.flatMap((text) =>
      [...text.matchAll(/"payload":"([A-Za-z0-9+/=]+)"/g)].map(([, payload]) =>
        Buffer.from(payload ?? '', 'base64').toString('latin1'),
      ),
    );
    expect(payloads.join('')).toContain(material.bringing.commitment);
    const shown = [
      ...files,
      ...payloads,
      ...said,
      JSON.stringify(requestJson(done.case)),
      ...[failure, refused].flatMap((cause) => [
        inspect(cause, { depth: 10, showHidden: true }),
        JSON.stringify(errorJson(cause as never)),
      ]),
      inspect(opened, { depth: 10, showHidden: true }),
      JSON.stringify(opened),
    ].join('\n');
    expect(shown).toContain(material.bringing.commitment);
    for (const { bytes } of [material, rotation]) {
      for (const form of ['hex', 'base64', 'base64url', 'latin1'] as const)
        expect(shown.includes(bytes.toString(form))).toBe(false);
      expect(shown.includes([...bytes].join(','))).toBe(false);
    }
  });
});
