import { afterAll, describe, expect, it } from 'vitest';
import type { CustodyError } from '../../src/lib/base/errors.js';
import { addSeconds, parseInstant } from '../../src/lib/base/time.js';
import type { RecordStore } from '../../src/lib/record/store.js';
import { createProposal } from '../../src/lib/request/estate.js';
import { execute } from '../../src/lib/request/execute.js';
import { importProposal, materialOffProposal, rotateImportedProposal } from '../../src/lib/request/import.js';
import type { Proposal } from '../../src/lib/request/open.js';
import { promoteProposal, replicateProposal } from '../../src/lib/request/regions.js';
import { createFaulty, type Fault, type Faulty, faultyStore, Killed } from '../support/faulty.js';
import { expectKept, pathsIn } from '../support/kept.js';
import { createMemory } from '../support/office.js';
import { PRIMARY, REPLICA } from '../support/people.js';
import {
  approveCooled,
  carryOut,
  createRootAlone,
  externalOffice,
  HOW,
  newMaterial,
  placeOf,
  type TestMaterial,
} from '../support/regions.js';
import { createKey, createSandboxOffice, type SandboxOffice } from '../support/sandbox-office.js';

/**
 * T51 on the real sandbox: each mutating call of an action is cut off in each way, in one office an action, and the next run
 * finishes it. Reads and the repository are cut off in execute.test.ts.
 */
const CUTS: readonly Fault[] = ['answer lost', 'hangs', 'killed before', 'killed after'];

type Office = SandboxOffice & { close(): void };

interface Turn {
  readonly proposal: Proposal;
  readonly material: TestMaterial | null;
  /** What AWS must show in the end, each thing once. */
  readonly check: () => Promise<void>;
}

interface Story {
  readonly office: () => Promise<Office>;
  /** Mutating calls, in order. */
  readonly calls: readonly string[];
  /** The request of the next turn, on a key that the last one has left behind. */
  readonly turn: (office: Office) => Promise<Turn>;
}

const reader = (office: Office) => office.desk('architect').aws.reader;
const root = async (office: Office) =>
  (await reader(office).aliases(PRIMARY)).find(({ name }) => name === 'alias/cmk/root')?.keyId ?? '';

async function withMaterial(): Promise<Office> {
  const office = await externalOffice();
  const { plan, roster } = office.team;
  await carryOut(office, createProposal(plan.plan, roster, 'root', '', null));
  await bring(office, PRIMARY, newMaterial());
  return office;
}

async function bring(office: Office, region: string, material: TestMaterial): Promise<void> {
  const which = { region, materialId: null };
  await carryOut(office, await importProposal(await placeOf(office), 'root', which, material.bringing, HOW), material);
}

const kept = newMaterial();

const STORIES: Readonly<Record<string, Story>> = {
  'key.replicate': {
    office: async () => {
      const office = await createSandboxOffice();
      await createRootAlone(office);
      return office;
    },
    calls: ['ReplicateKey', 'CreateAlias'],
    turn: async (office) => {
      const keyId = await root(office);
      if (await reader(office).describe(REPLICA, keyId)) {
        const deletion = { KeyId: keyId, PendingWindowInDays: 30 };
        const schedule = () => office.aws.past('executor', 'ScheduleKeyDeletion', deletion, REPLICA);
        // The SDK learns from a refusal that AWS's clock was moved.
        await schedule().catch(schedule);
        office.clock.advance(31 * 86_400);
      }
      const proposal = await replicateProposal(await placeOf(office), 'root', REPLICA, HOW);
      const check = async () => {
        expect((await reader(office).describe(REPLICA, keyId))?.state).toBe('Enabled');
        expect(await reader(office).aliases(REPLICA)).toEqual([{ name: 'alias/cmk/root', keyId }]);
      };
      return { proposal, material: null, check };
    },
  },
  'key.promote': {
    office: async () => {
      const office = await createSandboxOffice();
      await createKey(office, 'root');
      return office;
    },
    calls: ['UpdatePrimaryRegion'],
    turn: async (office) => {
      const keyId = await root(office);
      const here = (await reader(office).describe(PRIMARY, keyId))?.multiRegion?.primaryRegion;
      const to = here === PRIMARY ? REPLICA : PRIMARY;
      const proposal = await promoteProposal(await placeOf(office), 'root', to, HOW);
      const check = async () => {
        const found = await reader(office).describe(PRIMARY, keyId);
        expect([found?.state, found?.multiRegion?.primaryRegion]).toEqual(['Enabled', to]);
      };
      return { proposal, material: null, check };
    },
  },
  'key.import': {
    office: async () => {
      const office = await externalOffice();
      const { plan, roster } = office.team;
      await carryOut(office, createProposal(plan.plan, roster, 'root', '', null));
      return office;
    },
    calls: ['GetParametersForImport', 'ImportKeyMaterial'],
    turn: async (office) => {
      const keyId = await root(office);
      const [known] = (await reader(office).materials(PRIMARY, keyId)) ?? [];
      if (known)
        await office.aws.past('executor', 'DeleteImportedKeyMaterial', { KeyId: keyId, KeyMaterialId: known.id });
      const which = { region: null, materialId: null };
      const proposal = await importProposal(await placeOf(office), 'root', which, kept.bringing, HOW);
      const check = async () => {
        expect(await reader(office).materials(PRIMARY, keyId)).toMatchObject([
          { state: 'CURRENT', importState: 'IMPORTED' },
        ]);
        expect((await reader(office).describe(PRIMARY, keyId))?.state).toBe('Enabled');
      };
      return { proposal, material: kept, check };
    },
  },
  'key.material-off': {
    office: async () => {
      const office = await externalOffice();
      const { plan, roster } = office.team;
      await carryOut(office, createProposal(plan.plan, roster, 'root', '', null));
      return office;
    },
    calls: ['DeleteImportedKeyMaterial'],
    turn: async (office) => {
      const keyId = await root(office);
      await bring(office, PRIMARY, kept);
      const which = { region: null, materialId: null };
      const proposal = await materialOffProposal(await placeOf(office), 'root', which, HOW);
      const check = async () => {
        expect(await reader(office).materials(PRIMARY, keyId)).toMatchObject([{ importState: 'PENDING_IMPORT' }]);
      };
      return { proposal, material: null, check };
    },
  },
  'key.rotate-imported': {
    office: async () => {
      const office = await withMaterial();
      await carryOut(office, await replicateProposal(await placeOf(office), 'root', REPLICA, HOW));
      return office;
    },
    calls: [
      'GetParametersForImport',
      'ImportKeyMaterial',
      'GetParametersForImport',
      'ImportKeyMaterial',
      'RotateKeyOnDemand',
    ],
    turn: async (office) => {
      const keyId = await root(office);
      const before = (await reader(office).materials(PRIMARY, keyId)) ?? [];
      const material = newMaterial();
      const proposal = await rotateImportedProposal(await placeOf(office), 'root', material.bringing, HOW);
      const check = async () => {
        const after = (await reader(office).materials(PRIMARY, keyId)) ?? [];
        expect(after.map(({ state }) => state).sort()).toEqual(['CURRENT', ...before.map(() => 'NON_CURRENT')]);
        const current = after.find(({ state }) => state === 'CURRENT');
        expect(before.map(({ id }) => id)).not.toContain(current?.id);
        const there = (await reader(office).materials(REPLICA, keyId)) ?? [];
        expect(there.find(({ id }) => id === current?.id)?.importState).toBe('IMPORTED');
        expect(await reader(office).rotations(PRIMARY, keyId)).toHaveLength(before.length);
      };
      return { proposal, material, check };
    },
  },
};

const offices: Office[] = [];
afterAll(() => {
  for (const office of offices) office.close();
});

/** One run on a machine of its own, whose clone outlives it. */
function run(office: Office, store: RecordStore, id: string, faulty: Faulty, material: TestMaterial | null) {
  const { ports, actor, aws } = office.machine('deputy', {
    intercept: faulty.intercept,
    store: faultyStore(store, office.remote, faulty),
    memory: createMemory(),
  });
  return execute(ports, actor, aws, id, material?.open() ?? null);
}

const isMutation = (step: string) => /^kms [A-Z]/.test(step);

/** Cuts off the mutating call number `at`, runs again, and looks at what came of it. */
async function cutAt(office: Office, story: Story, at: number, fault: Fault): Promise<void> {
  const { proposal, material, check } = await story.turn(office);
  const id = await approveCooled(office, proposal);
  const [store, before] = [office.remote.client(), office.remote.files()];
  const broken = createFaultyCall(at, fault);
  const ended = await run(office, store, id, broken, material).then(
    () => null,
    (cause: unknown) => cause,
  );
  if (ended !== null && !(ended instanceof Killed)) expect((ended as CustodyError).exit, String(ended)).toBe(5);
  if (ended !== null) await run(office, store, id, createFaulty(), material);
  expect(broken.steps.filter(isMutation)[at], `${fault} at ${at}`).toBe(`kms ${story.calls[at]}`);
  await check();
  expectKept(office.remote.files(), before);
  expect(pathsIn(office.remote.files(), `records/${id}`)).toHaveLength(5);
}

/** As `createFaulty`, counting mutating calls only. */
function createFaultyCall(at: number, fault: Fault): Faulty {
  const steps: string[] = [];
  let inner: Faulty | null = null;
  const intercept: Faulty['intercept'] = (step, act, broken) => {
    steps.push(step);
    if (inner === null && isMutation(step) && steps.filter(isMutation).length === at + 1)
      inner = createFaulty(0, fault);
    return inner ? inner.intercept(step, act, broken) : act();
  };
  return { intercept, steps };
}

describe.each(Object.entries(STORIES))('T51 %s', (_, story) => {
  it('is finished by the next run, wherever a call was cut off', async () => {
    const office = await story.office();
    offices.push(office);
    for (const [at, call] of story.calls.entries()) {
      // A wrapping key that nobody used changes nothing: one cut is enough.
      for (const fault of call === 'GetParametersForImport' ? CUTS.slice(0, 1) : CUTS)
        await cutAt(office, story, at, fault);
    }
  });
});

describe('T51 material that is not at hand any more', () => {
  it('is asked for only where it is missing', async () => {
    const office = await withMaterial();
    offices.push(office);
    await carryOut(office, await replicateProposal(await placeOf(office), 'root', REPLICA, HOW));
    for (const [at, wants] of [
      [3, true],
      [4, false],
    ] as const) {
      const material = newMaterial();
      const id = await office.approved(
        await rotateImportedProposal(await placeOf(office), 'root', material.bringing, HOW),
      );
      const store = office.remote.client();
      const cut = run(office, store, id, createFaultyCall(at, 'killed before'), material);
      await expect(cut).rejects.toBeInstanceOf(Killed);
      const other = run(office, store, id, createFaulty(), newMaterial());
      await expect(other).rejects.toMatchObject({ code: 'REFUSED' });
      const without = run(office, store, id, createFaulty(), null);
      if (!wants) expect((await without).receipt.outcome).toBe('executed');
      else {
        await expect(without).rejects.toMatchObject({ code: 'INPUT_MISSING', exit: 2 });
        expect((await run(office, store, id, createFaulty(), material)).receipt.outcome).toBe('executed');
      }
    }
  });
});

describe('T51 what is there, but not of this request, is not taken for done', () => {
  it('T49 a replica that somebody else made between two runs', async () => {
    const office = await createSandboxOffice();
    offices.push(office);
    const { keyId } = await createRootAlone(office);
    const proposal = await replicateProposal(await placeOf(office), 'root', REPLICA, HOW);
    const id = await office.approved(proposal);
    const store = office.remote.client();
    await expect(run(office, store, id, createFaultyCall(0, 'killed before'), null)).rejects.toBeInstanceOf(Killed);
    const { policy: Policy = '' } = proposal.parameters;
    await office.aws.past('executor', 'ReplicateKey', { KeyId: keyId, ReplicaRegion: REPLICA, Policy });
    await expect(run(office, store, id, createFaulty(), null)).rejects.toMatchObject({
      code: 'REFUSED',
      details: { receipt: { outcome: 'failed' } },
    });
    expect(await reader(office).aliases(REPLICA)).toEqual([]);
  });

  it('the same material with another end', async () => {
    const office = await externalOffice();
    offices.push(office);
    const { plan, roster } = office.team;
    await carryOut(office, createProposal(plan.plan, roster, 'root', '', null));
    await bring(office, PRIMARY, kept);
    const keyId = await root(office);
    const [{ id: materialId } = { id: '' }] = (await reader(office).materials(PRIMARY, keyId)) ?? [];
    const expiresAt = addSeconds(parseInstant(`${office.clock.now().slice(0, 19)}.000Z`), 86_400);
    const which = { region: null, materialId };
    const bringing = { ...kept.bringing, expiresAt };
    const id = await office.approved(await importProposal(await placeOf(office), 'root', which, bringing, HOW));
    const store = office.remote.client();
    await expect(run(office, store, id, createFaultyCall(1, 'killed before'), kept)).rejects.toBeInstanceOf(Killed);
    expect((await run(office, store, id, createFaulty(), kept)).receipt.outcome).toBe('executed');
    expect(await reader(office).materials(PRIMARY, keyId)).toMatchObject([{ expiresAt }]);
  });
});
