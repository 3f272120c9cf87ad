import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCopyKeeper } from '../../../src/lib/aws/kms-copies.js';
import { createKeyReEncryptor } from '../../../src/lib/aws/kms-reencryptor.js';
import { principalsOf } from '../../../src/lib/backup/key-in.js';
import { openBackupAt } from '../../../src/lib/backup/newest.js';
import { digestHex, encodeBase64 } from '../../../src/lib/base/bytes.js';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { addSeconds, instantFromMillis } from '../../../src/lib/base/time.js';
import { verifyFiles } from '../../../src/lib/cli/verify-files.js';
import { copyContext, copyPath, copyRootOf, formatCopy, parseCopy } from '../../../src/lib/copy/copy.js';
import { keepCopy } from '../../../src/lib/copy/keep.js';
import { openCopy } from '../../../src/lib/copy/kept.js';
import { plannedCalls } from '../../../src/lib/drill/calls.js';
import type { Scene } from '../../../src/lib/drill/ports.js';
import type { Drill } from '../../../src/lib/drill/run.js';
import { judgeDrill } from '../../../src/lib/drill/verdict.js';
import type { KeyArn } from '../../../src/lib/key/key.js';
import { parseEntry } from '../../../src/lib/ledger/chain.js';
import type { Plan } from '../../../src/lib/plan/plan.js';
import { open as openRecord } from '../../../src/lib/record/envelope.js';
import { lookUp } from '../../../src/lib/request/desk.js';
import { importProposal } from '../../../src/lib/request/import.js';
import { rotateProposal } from '../../../src/lib/request/rotate.js';
import { keyStatementSigner } from '../../../src/lib/signing/key-statement.js';
import { createDrillStage, importMaterial, type Stage } from '../../support/drill-stage.js';
import { PRIMARY, type Who } from '../../support/people.js';
import { newMaterial, type TestMaterial } from '../../support/regions.js';

/**
 * A key of imported material: its copy under the root, its way in and out, and its end; then losses that really happen in its
 * account. In this order: who is gone does not come back.
 */

const DAY = 86_400;
const SEATS: readonly Who[] = ['architect', 'privacy', 'deputy'];

let stage: Stage;
let material: TestMaterial;
let second: Drill;

beforeAll(async () => {
  const expiresAt = instantFromMillis(Math.floor(Date.now() / 1000) * 1000 + 40 * DAY * 1000);
  material = newMaterial({ expiresAt });
  stage = await createDrillStage({ material });
  await stage.beat('architect', 'privacy', 'deputy');
  await stage.backUp();
  stage.office.clock.advance(3600);
  await stage.drill();
  second = await stage.drill();
}, 180_000);
afterAll(() => stage?.office.close());

const path = () => copyPath('case-data', material.bringing.commitment);
const failedOf = ({ said }: Drill) => judgeDrill(said.checks, said.keys).failed;
const checksOf = ({ said }: Drill) =>
  Object.fromEntries(said.checks.filter(({ drill }) => drill === 'material').map(({ id, status }) => [id, status]));
const statusOf = ({ said }: Drill, id: string) => said.checks.find((one) => one.id === id.toLowerCase())?.status;
const detailOf = ({ said }: Drill, what: string) => said.checks.find(({ id }) => id === `material.${what}`)?.detail;
const only = (scene?: (one: Scene) => Scene) => stage.drill({ only: ['material'], ...(scene ? { scene } : {}) });

async function copyOf() {
  const { view } = (await stage.scene()).state;
  return (await view.read([path()])).get(path()) ?? new Uint8Array();
}

/** A scene in which something else lies at the copy's place; null: nothing. */
const replacing = (bytes: Uint8Array | null) => (one: Scene) => {
  const { view } = one.state;
  const read: typeof view.read = async (paths) =>
    new Map(
      [...(await view.read(paths))].flatMap(([at, was]) => (at !== path() ? [[at, was]] : bytes ? [[at, bytes]] : [])),
    );
  return { ...one, state: { ...one.state, view: { ...view, read } } };
};

const withCopy = (bytes: Uint8Array | null) => only(replacing(bytes));

/** As if nobody had said to KMS which request its material came by. */
const withoutNotes = (one: Scene): Scene => {
  const { reader } = one.aws;
  const materials: typeof reader.materials = async (...key) =>
    (await reader.materials(...key))?.map((item) => ({ ...item, description: null })) ?? null;
  return { ...one, aws: { ...one.aws, reader: { ...reader, materials } } };
};

describe('imported material', { shuffle: false }, () => {
  describe('a drill of a key of imported material', () => {
    it('is verified with its copy and an import that was tried', () => {
      expect([failedOf(second), second.said.verdict]).toEqual([[], 'verified']);
      expect(checksOf(second)).toEqual({
        'material.root.copies': 'none',
        'material.case-data.copies': 'pass',
        'material.import': 'pass',
      });
      expect(detailOf(second, 'case-data.copies')).toContain('1 copies were moved within root');
    });

    it('changes its own key alone, is rid of it, and keeps the receipt', async () => {
      const calls: string[] = [];
      const keys = new Set<unknown>();
      const drill = await only((scene) => {
        const { writer } = scene.role;
        const call: typeof writer.call = (one) => {
          calls.push(one.operation);
          if (one.parameters.KeyId !== undefined) keys.add(one.parameters.KeyId);
          return writer.call(one);
        };
        return { ...scene, role: { ...scene.role, writer: { call } } };
      });
      expect(calls).toEqual([
        'CreateKey',
        ...['GetParametersForImport', 'ImportKeyMaterial', 'DeleteImportedKeyMaterial'],
        ...['GetParametersForImport', 'ImportKeyMaterial', 'ScheduleKeyDeletion'],
      ]);
      expect(drill.said.scratch).toMatchObject([{ of: 'case-data', deletionAt: expect.any(String) }]);
      expect([...keys]).toEqual(drill.said.scratch.map(({ arn }) => arn));
      const { plan } = (await stage.scene()).state.plan;
      const told = plannedCalls(plan, ['material']).filter(({ changes, service }) => changes && service === 'kms');
      expect(new Set(told.map(({ operation }) => operation))).toEqual(
        new Set(calls.filter((operation) => operation !== 'GetParametersForImport')),
      );
    });

    it('uses fresh material, wipes it, and lets nothing of it or of the key’s own into the evidence', async () => {
      const made: { bytes: Buffer; wiped: boolean }[] = [];
      const drill = await only((scene) => ({
        ...scene,
        role: {
          ...scene.role,
          newMaterial: () => {
            const inner = scene.role.newMaterial();
            const seen = { bytes: Buffer.alloc(0), wiped: false };
            made.push(seen);
            void inner.lend(async (bytes) => {
              seen.bytes = Buffer.from(bytes);
            });
            const wipe = () => {
              seen.wiped = true;
              inner.wipe();
            };
            return { ...inner, wipe };
          },
        },
      }));
      expect(made.map(({ wiped }) => wiped)).toEqual([true]);
      const text = `${JSON.stringify(drill.said)}${Buffer.from(await copyOf()).toString('utf8')}`;
      for (const bytes of [made[0]?.bytes ?? Buffer.alloc(32), material.bytes]) {
        expect(bytes).toHaveLength(32);
        for (const form of ['hex', 'base64'] as const) expect(text).not.toContain(bytes.toString(form));
      }
    });

    it.each([
      ['KMS decrypts without material', 'opens', /no key material for any more/],
      ['something else comes back', 'other', /not what was encrypted/],
    ])('fails where %s', async (_, how, detail) => {
      const drill = await only((scene) => {
        const { canaries } = scene.role;
        let asked = 0;
        const open: typeof canaries.open = async (...given) => {
          asked++;
          if (how === 'opens' && asked === 1) return { digest: 'sha256:00' as never, materialId: null };
          if (how === 'opens') return canaries.open(...given);
          return { ...(await canaries.open(...given)), digest: `sha256:${'0'.repeat(64)}` };
        };
        return { ...scene, role: { ...scene.role, canaries: { ...canaries, open } } };
      });
      expect(failedOf(drill)).toEqual(['material.import']);
      expect(detailOf(drill, 'import')).toMatch(detail);
      expect(drill.said.scratch).toHaveLength(1);
    });

    it('a scratch key that waits for its material is found and cleaned up by the next drill', async () => {
      const killed = only((scene) => {
        const { writer } = scene.role;
        const call: typeof writer.call = async (one) => {
          if (one.operation !== 'CreateKey') throw new CustodyError('INTERRUPTED', 'killed');
          return writer.call(one);
        };
        return { ...scene, role: { ...scene.role, writer: { call } } };
      });
      await expect(killed).rejects.toMatchObject({ code: 'INTERRUPTED' });
      await expect(only()).rejects.toMatchObject({ code: 'LOCKED', exit: 6 });
      stage.office.clock.advance(16 * 60);
      const { said } = await only();
      expect(said.checks.find(({ id }) => id === 'policies.leftovers')).toMatchObject({ status: 'pass' });
      expect(said.scratch.filter(({ of }) => of === null)).toHaveLength(1);
    });
  });

  describe('a copy under the root', () => {
    it('is told in the ledger, and is the material of its request for two seats and nobody else', async () => {
      const { state } = await stage.scene();
      const entries = [...stage.office.remote.files()].filter(([at]) => at.startsWith('ledger/'));
      const told = entries.map(([, bytes]) => parseEntry(bytes)).filter(({ kind }) => kind === 'copy');
      expect(told).toMatchObject([
        { by: 'deputy', facts: { key: 'case-data', commitment: material.bringing.commitment } },
      ]);
      const verifier = (await stage.scene()).verifier;
      const said = await openCopy(await copyOf(), path(), verifier, state);
      expect(said).toMatchObject({ key: 'case-data', by: 'deputy', request: told[0]?.requestId });
      const EncryptionContext = copyContext('root', 'case-data', said.commitment);
      const CiphertextBlob = Buffer.from(said.ciphertext, 'base64') as never;
      const ask = (who: string) =>
        stage.office.aws.use(who, 'Decrypt', { KeyId: said.root, CiphertextBlob, EncryptionContext });
      for (const who of [...SEATS, 'drill', 'executor', 'service', 'admin'])
        await expect(ask(who), who).rejects.toMatchObject({ code: 'DENIED' });
      await stage.office.aws.past('architect', 'CreateGrant', {
        KeyId: said.root,
        GranteePrincipal: 'arn:aws:iam::000000000000:role/privacy',
        RetiringPrincipal: 'arn:aws:iam::000000000000:role/architect',
        Operations: ['Decrypt'],
        Constraints: { EncryptionContextEquals: EncryptionContext },
      });
      stage.office.clock.advance(360);
      const opened = (await ask('privacy')) as { Plaintext: Uint8Array };
      expect(Buffer.from(opened.Plaintext).equals(material.bytes)).toBe(true);
      await expect(ask('deputy')).rejects.toMatchObject({ code: 'DENIED' });
    });

    it('is made once, and not without the material, for the root, or for what imports nothing', async () => {
      const { aws, ports, actor } = stage.office.desk('deputy');
      const state = await lookUp(ports, 'remote');
      const place = { aws, ports, state, plan: state.plan.plan };
      const known = (await aws.reader.materials(PRIMARY, await arnOf('case-data')))?.[0]?.id ?? null;
      const how = { reason: 'again', executor: 'deputy' };
      const which = { region: null, materialId: known };
      const id = await stage.office.approved(await importProposal(place, 'case-data', which, material.bringing, how));
      const keeper = createCopyKeeper(stage.office.aws.line('drill'));
      const { verifier } = await stage.scene();
      const keeping = { ports, actor, aws, keeper, verifierOf: () => verifier };
      expect(await keepCopy(keeping, id, material.open())).toEqual({ path: path(), made: false });
      await expect(keepCopy(keeping, id, newMaterial().open())).rejects.toMatchObject({ code: 'REFUSED' });
      const other = await stage.office.approved(await rotateProposal(place, 'root', how));
      await expect(keepCopy(keeping, other, material.open())).rejects.toMatchObject({ code: 'USAGE' });
    });

    it('that is not there is unproven; one that is forged, or of something else, is lost', async () => {
      const gone = await withCopy(null);
      expect([failedOf(gone), checksOf(gone)['material.case-data.copies']]).toEqual([[], 'skip']);
      const known = await stage.office.desk('deputy').aws.reader.materials(PRIMARY, await arnOf('case-data'));
      const next = `custody keys import case-data --material ${known?.[0]?.id}, executed with --copy-profile`;
      expect(detailOf(gone, 'case-data.copies')).toContain(`is kept as ${path()}: ${next}`);
      // Of material that came past custody nobody knows which 32 bytes it is.
      const foreign = await only(withoutNotes);
      expect(checksOf(foreign)['material.case-data.copies']).toBe('skip');
      expect(detailOf(foreign, 'case-data.copies')).toContain(`that no request of this repository brought: ${next}`);
      const scene = await stage.scene();
      const said = await openCopy(await copyOf(), path(), scene.verifier, scene.state);
      const seal = (who: Who, payload: Uint8Array) =>
        keyStatementSigner(stage.office.desk(who).actor.signer).seal(payload);
      const root = said.root;
      const reEncryptor = createKeyReEncryptor(stage.office.aws.line('drill'));
      const moved = await reEncryptor.reEncrypt(
        { from: root, to: root },
        Buffer.from(said.ciphertext, 'base64'),
        copyContext('root', 'case-data', said.commitment),
      );
      // The same thing under any other name is of another material.
      await expect(
        reEncryptor.reEncrypt(
          { from: root, to: root },
          moved.ciphertext,
          copyContext('root', 'webauthn', said.commitment),
        ),
      ).rejects.toMatchObject({ details: { awsCode: 'InvalidCiphertextException' } });
      const canary = await scene.role.canaries.make(root, { 'custody:canary': 'root' });
      const forged: [string, Uint8Array][] = [
        ['by nobody', await seal('outsider' as Who, formatCopy(said)).catch(() => Buffer.from('{}'))],
        ['in another name', await seal('privacy', formatCopy(said))],
        ['of a canary', await seal('deputy', formatCopy({ ...said, ciphertext: encodeBase64(canary.ciphertext) }))],
        ['of another repository', await seal('deputy', formatCopy({ ...said, repository: '0'.repeat(16) }))],
        ['under another key', await seal('deputy', formatCopy({ ...said, root: await arnOf('case-data') }))],
        ['of another material', await seal('deputy', formatCopy({ ...said, commitment: `sha256:${'1'.repeat(64)}` }))],
        ['noise', Buffer.from('{}')],
      ];
      for (const [what, bytes] of forged)
        expect([what, failedOf(await withCopy(bytes))]).toEqual([what, ['material.case-data.copies']]);
      expect(failedOf(await withCopy(await seal('deputy', formatCopy(said))))).toEqual([]);
    });

    it('that the ledger does not tell of, or that is gone or replaced since, fails the ledger and is named', async () => {
      const ledger = (scene?: (one: Scene) => Scene) => stage.drill({ only: ['ledger'], ...(scene ? { scene } : {}) });
      const answer = ({ said }: Drill) => said.checks.find(({ id }) => id === 'ledger.copies');
      expect(answer(await ledger())).toMatchObject({ status: 'pass', detail: expect.stringMatching(/^1 copies/) });
      const gone = await ledger(replacing(null));
      expect([failedOf(gone), answer(gone)?.detail]).toEqual([
        ['ledger.copies'],
        `the ledger tells of ${path()}, which is not there`,
      ]);
      const other = await ledger(replacing(Buffer.from('{}')));
      expect([failedOf(other), answer(other)?.detail]).toEqual([
        ['ledger.copies'],
        `${path()} is another file than the ledger tells of`,
      ]);
      const pushed = `materials/case-data/${'0'.repeat(64)}.json`;
      const cut = stage.office.remote.copy();
      const bytes = await copyOf();
      cut.force(new Map([...cut.files(), [pushed, bytes]]), cut.head());
      const untold = await stage.drill({
        only: ['ledger'],
        desk: stage.office.machine('architect', { store: cut.client() }),
      });
      expect([failedOf(untold), answer(untold)?.detail]).toEqual([
        ['ledger.copies'],
        `the ledger does not tell of ${pushed}`,
      ]);
    });

    it('is kept under no key that somebody may decrypt with alone, and of no key that stands above all', async () => {
      const { plan } = (await stage.scene()).state.plan;
      expect(copyRootOf(plan, 'case-data')).toBe('root');
      expect(() => copyRootOf(plan, 'root')).toThrow(expect.objectContaining({ code: 'REFUSED' }));
      const { root } = plan.keys;
      const open = { ...plan, keys: { ...plan.keys, root: { ...root, dualControl: 'none' } } } as Plan;
      expect(() => copyRootOf(open, 'case-data')).toThrow(expect.objectContaining({ code: 'REFUSED' }));
      const drill = await only((one) => ({
        ...one,
        state: { ...one.state, plan: { ...one.state.plan, plan: open } },
      }));
      expect(checksOf(drill)['material.case-data.copies']).toBe('skip');
    });

    it('is verified by itself wherever the file lies, and an altered one is refused', async () => {
      const bytes = await copyOf();
      const roster = stage.office.team.roster;
      const judge = (one: Uint8Array) => verifyFiles([{ path: 'copy.json', bytes: one }], roster);
      const { verdict, checks, records } = await judge(bytes);
      expect([verdict, records[0]?.kind, records[0]?.signer]).toEqual(['verified', 'copy', 'deputy']);
      expect(checks[0]?.detail).toContain(`the material of case-data (${material.bringing.commitment})`);
      const text = Buffer.from(bytes).toString('latin1');
      const payload = /"payload":"([^"]+)"/.exec(text)?.[1] ?? '';
      const said = Buffer.from(payload, 'base64').toString('latin1').replace('"by":"deputy"', '"by":"privacy"');
      const altered = Buffer.from(text.replace(payload, Buffer.from(said, 'latin1').toString('base64')), 'latin1');
      expect((await judge(altered)).verdict).toBe('refused');
    });

    it('passes for no record, and nothing else passes for one (T64)', async () => {
      const bytes = await copyOf();
      expect(() => openRecord(bytes, 'copy')).toThrow(expect.objectContaining({ code: 'RECORD_MALFORMED' }));
      const beat = Buffer.from((await stage.heartbeats())[0] ?? []);
      const { verifier, state } = await stage.scene();
      for (const other of [beat, second.bytes])
        await expect(openCopy(other, path(), verifier, state)).rejects.toMatchObject({ code: expect.any(String) });
      expect(() => parseCopy(Buffer.from('{}'), path())).toThrow(expect.objectContaining({ code: 'RECORD_MALFORMED' }));
      expect(path()).toBe(`materials/case-data/${digestHex(material.bringing.commitment)}.json`);
    });
  });

  describe('its end', () => {
    it('material has expired: what it encrypted is lost, and its copy is not', async () => {
      const { office } = stage;
      office.clock.set(addSeconds(material.bringing.expiresAt ?? office.clock.now(), 60));
      await stage.beat('architect', 'privacy', 'deputy');
      await stage.backUp();
      const drill = await stage.drill();
      expect(failedOf(drill)).toEqual(['data.case-data']);
      expect(drill.said.checks.find(({ id }) => id === 'data.case-data')?.detail).toContain('PendingImport');
      expect(checksOf(drill)['material.case-data.copies']).toBe('pass');
    });

    it('and everything is there again once the very same material is', async () => {
      const arn = await arnOf('case-data');
      const known = (await stage.office.desk('deputy').aws.reader.materials(PRIMARY, arn))?.[0]?.id ?? null;
      const again = { ...material, bringing: { ...material.bringing, expiresAt: null } };
      await importMaterial(stage.office, again, known, false);
      const drill = await stage.drill();
      expect([failedOf(drill), drill.said.verdict]).toEqual([[], 'verified']);
    });

    it('and an executed request that brings it again says which 32 bytes it is, whoever brought it first', async () => {
      expect(checksOf(await only(withoutNotes))['material.case-data.copies']).toBe('pass');
    });
  });

  describe('other losses of the account', () => {
    it('a segment of the ledger is cut: the ledger alone is lost, and nothing that rests on it passes', async () => {
      const cut = stage.office.remote.copy();
      // Two drills were told of last: a history in which the first of the two was never told.
      const gone = ledgerOf(cut.files()).at(-2);
      const files = new Map([...cut.files()].filter(([at]) => at !== gone));
      const line = await stage.office.desk('architect').ports.store.history(cut.head() ?? ('' as never));
      cut.force(files, line.at(-3) ?? null);
      const desk = stage.office.machine('architect', { store: cut.client() });
      stage.mirror = cut;
      const drill = await stage.drill({ desk });
      expect(failedOf(drill)).toEqual(['ledger.chain']);
      expect(drill.said.checks.find(({ id }) => id === 'ledger.chain')?.detail).toContain('entries');
      const unproven = ['backup.history', 'backup.rpo', 'ledger.remembered', 'ledger.drills', 'ledger.copies'];
      for (const id of unproven) expect([id, statusOf(drill, id)]).toEqual([id, 'skip']);
      expect(statusOf(drill, 'backup.complete')).toBe('pass');
      expect(drill.said).toMatchObject({ verdict: 'not-verified', ledger: { entries: 0, head: null } });
      stage.mirror = stage.office.remote;
    });

    it('a ledger that a mirror alone has cut is a loss of that mirror', async () => {
      const cut = stage.office.remote.copy();
      const gone = ledgerOf(cut.files()).at(-2);
      const files = new Map([...cut.files()].filter(([at]) => at !== gone));
      cut.force(files, null);
      stage.mirror = cut;
      const drill = await stage.drill();
      expect(failedOf(drill)).toEqual(['backup.copy-2']);
      expect(statusOf(drill, 'backup.rpo')).toBe('pass');
      stage.mirror = stage.office.remote;
    });

    it.each(['app', 'deputy'])(
      'the role %s is deleted: who is gone is named, and nothing else is lost',
      async (name) => {
        const aws = stage.office.aws.line('admin');
        const RoleName = name;
        const { output } = await aws
          .iam()
          .read('ListRolePolicies', (sdk, client) => client.send(new sdk.ListRolePoliciesCommand({ RoleName })));
        const once = aws.iam();
        for (const PolicyName of output.PolicyNames ?? [])
          await once.read('DeleteRolePolicy', (sdk, client) =>
            client.send(new sdk.DeleteRolePolicyCommand({ RoleName, PolicyName })),
          );
        await once.read('DeleteRole', (sdk, client) => client.send(new sdk.DeleteRoleCommand({ RoleName })));
        const drill = await stage.drill();
        expect(failedOf(drill)).toEqual(['policies.principals']);
        const detail = drill.said.checks.find(({ id }) => id === 'policies.principals')?.detail;
        expect(detail).toContain('is not there any more');
        // KMS takes no policy that names it: that says nothing of the rest of the policy.
        expect(statusOf(drill, `policies.root.${PRIMARY}.accepted`)).toBe('skip');
        expect(statusOf(drill, 'cold.executor')).toBe('skip');
      },
    );

    it('and shows by its unique id in the live policies, which is no other policy', async () => {
      const { verifier, state, place } = await stage.scene();
      const backup = await openBackupAt(await place.store.local(), verifier, state);
      const ids = backup === null ? [] : await principalsOf(backup);
      expect(ids.length).toBeGreaterThan(0);
      const drill = await stage.drill({
        scene: (one) => {
          const { reader } = one.aws;
          const policy: typeof reader.policy = async (region, key) => {
            const text = (await reader.policy(region, key)) ?? '';
            return ids.reduce((done, { arn, uniqueId }) => done.replaceAll(`"${arn}"`, `"${uniqueId}"`), text);
          };
          return { ...one, aws: { ...one.aws, reader: { ...reader, policy } } };
        },
      });
      expect(failedOf(drill)).toEqual(['policies.principals']);
    });
  });
});

const ledgerOf = (files: ReadonlyMap<string, unknown>) =>
  [...files.keys()].filter((at) => at.startsWith('ledger/')).sort();

async function arnOf(name: string): Promise<KeyArn> {
  const { aws, ports } = stage.office.desk('architect');
  const { plan } = (await lookUp(ports, 'local')).plan;
  const alias = plan.keys[name]?.alias ?? '';
  const keyId = (await aws.reader.aliases(PRIMARY)).find((one) => one.name === alias)?.keyId ?? '';
  return `arn:aws:kms:${PRIMARY}:000000000000:key/${keyId}` as KeyArn;
}
