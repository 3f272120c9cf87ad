import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openKeyMaterial } from '../aws/key-material.js';
import { createCanaryKeeper } from '../aws/kms-canaries.js';
import { createKeyReader } from '../aws/kms-reader.js';
import { createKeyReEncryptor } from '../aws/kms-reencryptor.js';
import { createScratchWriter } from '../aws/scratch-writer.js';
import { MATERIAL_BYTES } from '../base/material.js';
import { readDrills } from '../drill/history.js';
import { inspectionsOf } from '../drill/inspections.js';
import type { Copy, DrillRole, Inspections, Scene } from '../drill/ports.js';
import { stateDirectory } from '../fs/places.js';
import { rememberRun } from '../fs/recent-runs.js';
import { createClone, finishClone, openClone } from '../git/clone.js';
import type { Plan } from '../plan/plan.js';
import { assertAccount } from '../request/aws-check.js';
import { casesOf } from '../request/desk.js';
import { type OpenPlace, openCopy, openPlace } from './backup-place.js';
import { verifierOf } from './backup-trust.js';
import type { Context, Seat } from './context.js';
import { auditPlace } from './ledger-place.js';
import { organizationOf } from './organization.js';
import { reconcileFor } from './reconcile.js';

export interface SceneFlags {
  readonly 'drill-profile'?: string | undefined;
  readonly 'auditor-profile'?: string | undefined;
  readonly scp?: readonly string[] | undefined;
  readonly rcp?: readonly string[] | undefined;
  readonly trail?: readonly string[] | undefined;
}

/** Joins the drills to AWS, the repository and its copies. Whoever calls this holds the lock. @throws CustodyError what makes a drill impossible */
export async function openScene(context: Context, seat: Seat, flags: SceneFlags): Promise<Scene> {
  const { ports, state, plan } = seat;
  await assertAccount(seat.aws, plan, ports.clock.now());
  const aws = await openEyes(context, seat, flags['auditor-profile']);
  const place = await openPlace(context, seat, state);
  if (!place.isCustody) await place.store.sync({ onProgress: ports.progress });
  const { cases, refused } = await casesOf(ports, state);
  const verifier = verifierOf(state, { folder: seat.folder, store: place.store });
  const startedAt = ports.clock.now();
  const copies = await copiesOf(context, seat, place);
  const runId = randomBytes(8).toString('hex');
  const runs = join(stateDirectory(context.environment, seat.pin.genesis), 'drill-runs');
  return {
    ports,
    aws,
    state,
    cases,
    place,
    verifier,
    copies,
    audit: auditPlace(context, state, ports.clock),
    role: await openRole(context, plan, flags['drill-profile']),
    inspections: await openInspections(context, { seat: { ...seat, aws }, cases, refused }, flags),
    history: (await readDrills(state.view, verifier, state)).drills,
    stopwatch: () => performance.now(),
    startedAt,
    runId,
    pastRuns: await rememberRun(runs, runId),
  };
}

/** Where no profile is named, the caller's own credentials are those of the drill role. */
export async function openRole(context: Context, plan: Plan, profile: string | undefined): Promise<DrillRole> {
  const access = profile === undefined ? context.access : context.accessAs(profile);
  const line = await access.connection(plan);
  return {
    canaries: createCanaryKeeper(line, randomBytes),
    reEncryptor: createKeyReEncryptor(line),
    reader: createKeyReader(line),
    writer: createScratchWriter(line),
    newMaterial: () => openKeyMaterial(randomBytes(MATERIAL_BYTES)),
  };
}

/** Keys are read by whom their policies let read: seats and the auditor, but no automation identity. */
async function openEyes(
  context: Context,
  { plan, aws, ports }: Seat,
  profile: string | undefined,
): Promise<Seat['aws']> {
  if (profile === undefined) return aws;
  const auditor = await context.accessAs(profile).aws(plan);
  await assertAccount(auditor, plan, ports.clock.now());
  return { ...aws, reader: auditor.reader };
}

type Books = { readonly seat: Seat } & Awaited<ReturnType<typeof casesOf>>;

async function openInspections(
  context: Context,
  { seat, cases, refused }: Books,
  flags: SceneFlags,
): Promise<Inspections> {
  const { ports, state, plan, aws } = seat;
  const profile = flags['auditor-profile'];
  const access = profile === undefined ? context.access : context.accessAs(profile);
  const [account, trail] = [await access.account(plan), await access.trail(plan)];
  const organization = await organizationOf(flags);
  const own = inspectionsOf({ ports, state, cases, refused, reader: aws.reader, account, trail, organization });
  const files = flags.trail ?? [];
  if (files.length === 0) return own;
  return { ...own, reconcile: (since) => reconcileFor(context, { since, trail: files }) };
}

/**
 * The remote and every mirror, each cloned into a place of its own that is taken away again. Whoever calls this holds the lock:
 * what lies there is of a drill that was killed, and goes first.
 */
async function copiesOf(
  { environment }: Context,
  { ports, plan, pin }: Seat,
  place: OpenPlace,
): Promise<readonly Copy[]> {
  const base = join(stateDirectory(environment, pin.genesis), 'drill-copies');
  await rm(base, { recursive: true, force: true });
  await mkdir(base, { recursive: true, mode: 0o700 });
  const { remote } = await openClone(place.dir, environment);
  const urls = [...new Set([remote.text, ...(plan.backup?.mirrors ?? [])])];
  return urls.map((name) => ({
    name,
    use: async (work) => {
      const dir = await mkdtemp(join(base, 'copy-'));
      try {
        await finishClone(await createClone(dir, name, environment));
        const store = await openCopy(dir, ports, environment);
        await store.sync({ onProgress: ports.progress });
        const memory = { read: async () => null, write: async () => undefined };
        return await work({ store, memory, isCustody: place.isCustody });
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
  }));
}
