import { randomBytes } from 'node:crypto';
import { createAccountReader } from '../../src/lib/aws/iam-account.js';
import { openKeyMaterial } from '../../src/lib/aws/key-material.js';
import { createCanaryKeeper } from '../../src/lib/aws/kms-canaries.js';
import { createCopyKeeper } from '../../src/lib/aws/kms-copies.js';
import { createKeyReader } from '../../src/lib/aws/kms-reader.js';
import { createKeyReEncryptor } from '../../src/lib/aws/kms-reencryptor.js';
import { createScratchWriter } from '../../src/lib/aws/scratch-writer.js';
import { createTrailReader } from '../../src/lib/aws/trail-reader.js';
import { type BackupPlace, backUp } from '../../src/lib/backup/backup.js';
import type { BackupMemory, Remembered } from '../../src/lib/backup/memory.js';
import { SIGNER_PATH } from '../../src/lib/backup/paths.js';
import { publicKeyPem } from '../../src/lib/backup/signer.js';
import type { Instant } from '../../src/lib/base/time.js';
import { keepCopy } from '../../src/lib/copy/keep.js';
import { accessList } from '../../src/lib/drill/access.js';
import { type AskedChallenge, askChallenge } from '../../src/lib/drill/ask-challenge.js';
import type { Challenge } from '../../src/lib/drill/challenges.js';
import { DRILL_IDS, type DrillId } from '../../src/lib/drill/drills.js';
import { readDrills } from '../../src/lib/drill/history.js';
import { inspectionsOf, type Sources } from '../../src/lib/drill/inspections.js';
import { type OpenedCycle, openCycle } from '../../src/lib/drill/open-cycle.js';
import type { Copy, DrillRole, Scene } from '../../src/lib/drill/ports.js';
import { type Drill, runDrill } from '../../src/lib/drill/run.js';
import { RUNBOOK_PATH, runbookText } from '../../src/lib/drill/runbook.js';
import { challengeToAnswer, signAnswer } from '../../src/lib/drill/sign-answer.js';
import type { ProofReport } from '../../src/lib/inspect/proof.js';
import type { Plan } from '../../src/lib/plan/plan.js';
import { parsePolicy } from '../../src/lib/policy/document.js';
import { FULL_ACCESS } from '../../src/lib/policy/evaluate.js';
import { renderAccount } from '../../src/lib/policy/render.js';
import { HEARTBEAT_FOLDER } from '../../src/lib/record/paths.js';
import { policyProposal } from '../../src/lib/request/access.js';
import { casesOf, lookUp } from '../../src/lib/request/desk.js';
import { observeEstate } from '../../src/lib/request/estate.js';
import { execute } from '../../src/lib/request/execute.js';
import { beat } from '../../src/lib/request/heartbeat.js';
import { importProposal } from '../../src/lib/request/import.js';
import { knownKeys } from '../../src/lib/request/known-keys.js';
import { identitiesOf } from '../../src/lib/roster/rules.js';
import { keyStatementSigner, keyStatementVerifier } from '../../src/lib/signing/key-statement.js';
import type { MemoryRemote } from './memory-record-store.js';
import type { Desk } from './office.js';
import { createTeam, PRIMARY, REPLICA, type Who } from './people.js';
import type { TestMaterial } from './regions.js';
import { createKey, createSandboxOffice, type SandboxOffice } from './sandbox-office.js';

/** An office in good order: keys under the interlock, a backup, a mirror, people who are alive. Losses are up to a test. */

const role = (name: string) => `arn:aws:iam::000000000000:role/${name}`;
export const KEYS = ['root', 'case-data'] as const;

/** The plan with case-data as a key of imported material. */
function importedPlan(plan: Plan): Plan {
  const { 'case-data': key } = plan.keys;
  if (!key) throw new Error('the template has case-data');
  const imported = { ...key, origin: 'EXTERNAL', rotation: { ...key.rotation, automatic: false } } as const;
  return { ...plan, keys: { ...plan.keys, 'case-data': imported } };
}

export function drillPlan(plan: Plan): Plan {
  const keys = Object.fromEntries(
    Object.entries(plan.keys).filter(([name]) => (KEYS as readonly string[]).includes(name)),
  );
  return {
    ...plan,
    keys,
    interlock: { coldExecutorRoleArn: role('custody-cold'), auditorRoleArn: role('custody-auditor') },
    people: {
      reviewedOn: new Date().toISOString().slice(0, 10),
      maxAgeDays: 92,
      contacts: ['architect', 'privacy', 'deputy'].map((custodian) => ({ custodian, reach: 'on-call list, page 3' })),
      breakGlass: [{ name: 'account root user', where: 'safe 4, envelope 12' }],
    },
  };
}

export interface Stage {
  readonly office: SandboxOffice & { close(): void };
  /** What was imported into case-data; null where KMS made its material. */
  readonly material: TestMaterial | null;
  /** A mirror of the repository as it was when it was last copied. */
  mirror: MemoryRemote;
  readonly foundedAt: Instant;
  /** Whether the claims are really proven. */
  realProof: boolean;
  backUp(kind?: 'plan' | 'all'): Promise<void>;
  beat(...who: Who[]): Promise<void>;
  /** An exercise that was opened by one, who executes it, too, and which nobody has approved yet. */
  openCycle(who: Who): Promise<OpenedCycle>;
  /** The same, approved by both and executed. */
  cycle(who: Who, second: Who): Promise<string>;
  /** The challenge that is open, or a new one, as `dr challenge` asks it. */
  challenge(who?: Who): Promise<AskedChallenge>;
  /** Signs the open challenge, or that one, and the list of who has access, as `dr answer` does. */
  answer(who: Who, challenge?: Challenge): Promise<void>;
  heartbeats(): Promise<readonly Uint8Array[]>;
  drill(options?: DrillOptions): Promise<Drill>;
  scene(options?: DrillOptions): Promise<Scene>;
}

export interface DrillOptions {
  readonly only?: readonly DrillId[];
  readonly desk?: Desk;
  readonly scene?: (scene: Scene) => Scene;
  /** Seconds that it waits for people. */
  readonly wait?: number;
}

const createBackupMemory = (): BackupMemory => {
  let held: Remembered | null = null;
  return {
    read: async () => held,
    write: async (memory) => {
      held = memory;
    },
  };
};

/** Keys are made and put under the interlock through the quorum, as custodians would. */
export async function createDrillStage({
  material = null,
  automation = false,
}: {
  readonly material?: TestMaterial | null;
  /** The roster lists an automation identity, which has a role in the account. */
  readonly automation?: boolean;
} = {}): Promise<Stage> {
  const planned = (plan: Plan) => drillPlan(material ? importedPlan(plan) : plan);
  const office = await createSandboxOffice({
    automation,
    team: createTeam({
      environment: 'sandbox',
      plan: planned,
      roster: (roster) => (automation ? roster : { ...roster, automation: [] }),
    }),
  });
  const foundedAt = office.clock.now();
  for (const name of KEYS) await createKey(office, name);
  if (material) await importMaterial(office, material, null);
  for (const [name, region] of [
    ['root', PRIMARY],
    ['root', REPLICA],
    ['case-data', PRIMARY],
  ] as const) {
    const { aws, ports } = office.desk('architect');
    const state = await lookUp(ports, 'remote');
    const place = { aws, ports, state, plan: state.plan.plan };
    const how = { reason: 'the interlock', executor: 'deputy' };
    const id = await office.approved(await policyProposal(place, { key: name, region }, null, how));
    await office.execute('deputy', id);
  }
  const runbook = Buffer.from(runbookText(office.team.plan.plan, office.team.roster), 'utf8');
  await office.desk('architect').ports.store.publish(async () => ({
    message: 'The runbook',
    files: new Map([[RUNBOOK_PATH, runbook]]),
  }));
  return stageOver(office, foundedAt, material);
}

/** Material into case-data through the quorum, kept under the root first as `keys execute --copy-profile` does. */
export async function importMaterial(
  office: SandboxOffice,
  material: TestMaterial,
  materialId: string | null,
  keeps = true,
): Promise<string | null> {
  const { aws, ports, actor } = office.desk('deputy');
  const state = await lookUp(ports, 'remote');
  const place = { aws, ports, state, plan: state.plan.plan };
  const which = { region: null, materialId };
  const how = { reason: 'the plan has it', executor: 'deputy' };
  const id = await office.approved(await importProposal(place, 'case-data', which, material.bringing, how));
  const keeping = {
    ports,
    actor,
    aws,
    keeper: createCopyKeeper(office.aws.line('drill')),
    verifierOf: () => verifierOf(office),
  };
  const kept = keeps ? await keepCopy(keeping, id, material.open()) : null;
  await execute(ports, actor, aws, id, material.open());
  return kept?.path ?? null;
}

function stageOver(office: Stage['office'], foundedAt: Instant, material: TestMaterial | null): Stage {
  const stage: Stage = {
    office,
    material,
    foundedAt,
    mirror: office.remote,
    realProof: false,
    backUp: (kind = 'plan') => makeBackup(office, kind),
    beat: async (...who) => {
      for (const one of who) await beat(office.desk(one).ports, office.desk(one).actor);
    },
    openCycle: async (who) => {
      const { ports, actor, aws } = office.desk(who);
      const wish = { reason: 'the quarter', executor: who, runId: randomBytes(8).toString('hex') };
      const role = roleOf(office);
      // A test may have moved the clock: a read, which is sent again, tells the client; a change is sent once.
      await role.reader.aliases(PRIMARY);
      return openCycle(ports, actor, aws, role, wish);
    },
    cycle: async (who, second) => {
      const { id } = (await stage.openCycle(who)).case;
      for (const one of [who, second]) await office.approve(one, id);
      await office.execute(who, id);
      return id;
    },
    challenge: async (who = 'architect') => {
      const { ports, actor } = office.desk(who);
      return askChallenge(ports, await lookUp(ports, 'remote'), actor, verifierOf(office));
    },
    answer: async (who, challenge) => {
      const desk = office.desk(who);
      const { aws, inspections, state, cases, ports, verifier } = await sceneOf(stage, { desk });
      const { plan } = state.plan;
      const estate = await observeEstate(aws.reader, plan, ports.progress, { known: knownKeys(plan, cases) });
      const lines = await accessList({ reader: aws.reader, trust: inspections.trust }, plan, state.roster, estate);
      const asked = challenge ?? (await challengeToAnswer(state, verifier, ports));
      await signAnswer(ports, state, desk.actor, verifier, asked, lines);
    },
    heartbeats: async () => {
      const view = await office.desk('architect').ports.store.local();
      return [...(await view.read(await view.pathsUnder(`${HEARTBEAT_FOLDER}/`))).values()];
    },
    scene: (options = {}) => sceneOf(stage, options),
    drill: async (options = {}) => {
      const scene = await sceneOf(stage, options);
      const { actor } = options.desk ?? office.desk('architect');
      return runDrill(scene, actor, options.only ?? DRILL_IDS, options.wait);
    },
  };
  return stage;
}

function roleOf(office: SandboxOffice): DrillRole {
  const line = office.aws.line('drill');
  return {
    canaries: createCanaryKeeper(line, (length) => randomBytes(length)),
    reEncryptor: createKeyReEncryptor(line),
    reader: createKeyReader(line),
    writer: createScratchWriter(line),
    newMaterial: () => openKeyMaterial(randomBytes(32)),
  };
}

const memories = new WeakMap<Desk, BackupMemory>();

function placeOf(desk: Desk): BackupPlace {
  const memory = memories.get(desk) ?? createBackupMemory();
  memories.set(desk, memory);
  return { store: desk.ports.store, memory, isCustody: true };
}

async function makeBackup(office: SandboxOffice, kind: 'plan' | 'all'): Promise<void> {
  const desk = office.desk('architect');
  const { ports, aws, actor } = desk;
  const state = await lookUp(ports, 'remote');
  const { plan } = state.plan;
  const { cases } = await casesOf(ports, state);
  await backUp({
    ports,
    state,
    place: placeOf(desk),
    signing: {
      signer: keyStatementSigner(actor.signer),
      verifier: verifierOf(office),
      by: actor.identity.id,
      beside: new Map([
        [
          SIGNER_PATH,
          publicKeyPem({ kind: 'key', keyId: actor.signer.publicKey.keyId }, [state.roster]) ?? new Uint8Array(),
        ],
      ]),
    },
    sources: { reader: aws.reader, roleId: aws.authority.roleId },
    scope: { kind, plan, known: knownKeys(plan, cases), regions: [PRIMARY, REPLICA] },
  });
}

function verifierOf({ team }: SandboxOffice) {
  return keyStatementVerifier([...identitiesOf(team.roster).values()].map(({ key }) => key));
}

async function sceneOf(stage: Stage, { desk = stage.office.desk('architect'), scene }: DrillOptions): Promise<Scene> {
  const { office } = stage;
  const { ports, aws } = desk;
  const state = await lookUp(ports, 'remote');
  const { plan } = state.plan;
  const { cases, refused } = await casesOf(ports, state);
  const verifier = verifierOf(office);
  const admin = office.aws.line('admin');
  const above = renderAccount(plan, state.roster, { entrances: {}, organizationId: null, breakGlassRoleArns: [] });
  const level = (kind: 'scp' | 'rcp') => [
    [FULL_ACCESS, ...above.filter((one) => one.kind === kind).map(({ policy, name }) => parsePolicy(policy, name))],
  ];
  const organization = { serviceControlPolicies: level('scp'), resourceControlPolicies: level('rcp') };
  const made: Scene = {
    ports,
    aws,
    state,
    cases,
    place: placeOf(desk),
    verifier,
    audit: null,
    copies: [copyOver('origin', () => office.remote), copyOver('mirror', () => stage.mirror)],
    role: roleOf(office),
    inspections: inspectionsFrom(stage, {
      ports,
      state,
      cases,
      refused,
      reader: aws.reader,
      account: createAccountReader(admin),
      trail: createTrailReader(office.aws.line('architect')),
      organization,
    }),
    history: (await readDrills(state.view, verifier, state)).drills,
    stopwatch: () => performance.now(),
    startedAt: ports.clock.now(),
    runId: randomBytes(8).toString('hex'),
    pastRuns: new Set(),
  };
  return scene ? scene(made) : made;
}

/** What the proof says of an office in good order; the real one takes seconds, and its own tests say what breaks it. */
const HELD: ProofReport = {
  verdict: 'verified',
  checks: ['no-direct-change', 'roles-frozen'].map((id) => ({ id, status: 'pass', detail: 'held' })),
  findings: [],
  evaluations: 0,
  outside: [],
};

function inspectionsFrom(stage: Stage, sources: Sources): Scene['inspections'] {
  const { prove, reconcile, trust } = inspectionsOf(sources);
  const founded = stage.foundedAt;
  return {
    trust,
    prove: async () => (stage.realProof ? prove() : HELD),
    reconcile: (since) => reconcile(since < founded ? founded : since),
  };
}

function copyOver(name: string, remote: () => MemoryRemote): Copy {
  return {
    name,
    use: async (work) => {
      const store = remote().client();
      await store.sync();
      return work({ store, memory: createBackupMemory(), isCustody: true });
    },
  };
}
