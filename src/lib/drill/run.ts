import { ledgerAfter } from '../backup/telling.js';
import { digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { type LedgerTree, readLedgerHead } from '../ledger/view.js';
import type { ObservedEstate } from '../plan/estate.js';
import type { View } from '../record/store.js';
import { identityIn } from '../request/desk.js';
import type { Actor } from '../request/ports.js';
import { keyStatementSigner } from '../signing/key-statement.js';
import { drillChallenge, drillReview } from './answers.js';
import { type BackupFindings, drillBackup } from './backup.js';
import type { Challenge } from './challenges.js';
import { drillCycle } from './cycle.js';
import { drillData } from './data.js';
import { DRILL_IDS, type DrillId } from './drills.js';
import { type DrillPredicate, formatDrillStatement } from './evidence.js';
import { drillExecutors } from './executors.js';
import { type Found, nothingFound } from './found.js';
import { type Drilled, drillEvent, readDrills } from './history.js';
import { drillInterlock, withTrailAsked } from './interlock.js';
import { observeKeys, withRolesNamed } from './keys.js';
import { drillLedger } from './ledger.js';
import { drillMaterial } from './material.js';
import { newestHere, rolesHere } from './newest-here.js';
import { judgeObjectives, pointOf } from './objectives.js';
import { drillPeople } from './people.js';
import { drillPolicies } from './policies.js';
import type { Scene } from './ports.js';
import { open, Probe, pass } from './probe.js';
import { DRILL_FOLDER, evidencePath, nextPlace, quarterOf } from './quarter.js';
import { drillQuorum } from './quorum.js';
import { type RecoveryTime, recoveryTime } from './recovery.js';
import { drillRegions } from './regions.js';
import { LEFT_OUT } from './remedy.js';
import { drillRewrap } from './rewrap.js';
import { type Swept, sweepScratch } from './scratch.js';
import { judgeDrill } from './verdict.js';
import { awaitPeople, PEOPLE } from './wait.js';

/** A drill with its signed evidence. */
export interface Drill extends Drilled {
  readonly bytes: Uint8Array;
}

/**
 * Runs drills, signs what they found, and publishes it with a ledger entry. Nothing of production is changed: only scratch keys
 * are made and deleted, and only canaries decrypted.
 * @param waitSeconds how long it waits for people, before it looks at what they have done
 * @throws CustodyError LOCKED while another drill runs · what makes a drill impossible: no credentials, no remote, a wrong clock
 */
export async function runDrill(
  given: Scene,
  actor: Actor,
  selected: readonly DrillId[],
  waitSeconds = 0,
): Promise<Drill> {
  const { id: by } = identityIn(given.state, actor);
  const swept = SWEEPING.some((id) => selected.includes(id)) ? await sweepScratch(given) : NOTHING_SWEPT;
  const found = nothingFound(swept, by);
  const scene = selected.includes('interlock') ? withTrailAsked(given) : given;
  const estate = withRolesNamed(await observeKeys(scene), await rolesHere(scene));
  // What people do meanwhile is looked at in a scene of its own: the evidence names the commit that everything else is about.
  let people: Scene | null = waitSeconds > 0 ? null : scene;
  for (const id of DRILL_IDS) {
    const probe = new Probe(id, scene.stopwatch);
    scene.ports.progress(`Drill ${id}`);
    if (!selected.includes(id)) await probe.ask(LEFT_OUT, null, () => open('it was not asked for'));
    else if (PEOPLE.includes(id)) {
      people ??= await awaitPeople(scene, actor, selected, waitSeconds);
      await RUN[id](people, estate, probe, found);
    } else await RUN[id](scene, estate, probe, found);
    if (id === 'policies' && swept.receipts.length > 0)
      await probe.ask('leftovers', null, () =>
        pass(`${swept.receipts.length} scratch keys of a drill that was cut off are deleted`),
      );
    found.checks.push(...probe.checks);
  }
  const time = recoveryTime(found.checks);
  if (selected.includes('backup')) found.checks.push(...(await judgeObjectives(scene, time.millis, found.backup)));
  return publishDrill(scene, actor, time, found);
}

/** Drills that make scratch keys, or look at those of exercises. */
const SWEEPING: readonly DrillId[] = ['policies', 'material', 'cold', 'cycle'];
const NOTHING_SWEPT: Swept = { receipts: [], exercised: [] };

const RUN: Readonly<
  Record<DrillId, (scene: Scene, estate: ObservedEstate, probe: Probe, found: Found) => Promise<void>>
> = {
  backup: async (scene, _, probe, found) => {
    found.backup = await drillBackup(scene, probe, found.swept.receipts);
  },
  ledger: async (scene, _, probe, found) => {
    found.auditLedger = await drillLedger(scene, probe);
  },
  quorum: (scene, _, probe) => drillQuorum(scene, probe),
  people: (scene, _, probe) => drillPeople(scene, probe),
  regions: async (scene, estate, probe, found) => {
    found.oddReplicas = await drillRegions(scene, estate, probe);
  },
  data: async (scene, estate, probe, found) => {
    found.canaries = await drillData(scene, estate, probe);
  },
  policies: async (scene, estate, probe, found) => {
    const newest = found.backup.newest ?? (await newestHere(scene));
    const drilled = await drillPolicies(
      scene,
      estate,
      { newest, changed: found.backup.changed, odd: found.oddReplicas },
      probe,
    );
    found.scratch = [...found.scratch, ...drilled];
  },
  material: async (scene, estate, probe, found) => {
    found.scratch = [...found.scratch, ...(await drillMaterial(scene, estate, probe))];
  },
  rewrap: (scene, estate, probe) => drillRewrap(scene, estate, probe),
  interlock: (scene, estate, probe) => drillInterlock(scene, estate, probe),
  cold: async (scene, estate, probe, found) => {
    const backup = found.backup.newest ?? (await newestHere(scene));
    found.scratch = [...found.scratch, ...(await drillExecutors(scene, estate, backup, probe, found.by))];
  },
  cycle: async (scene, _, probe, found) => {
    const {
      by,
      swept: { exercised: keys },
    } = found;
    found.scratch = [...found.scratch, ...(await drillCycle(scene, probe, { by, keys }))];
  },
  challenge: async (scene, _, probe, found) => {
    found.challenge = await drillChallenge(scene, probe);
  },
  review: (scene, estate, probe) => drillReview(scene, estate, probe),
};

async function publishDrill(scene: Scene, actor: Actor, time: RecoveryTime, found: Found): Promise<Drill> {
  const { ports, verifier, state } = scene;
  const signer = keyStatementSigner(actor.signer);
  const outcome: { drill: Drill | null } = { drill: null };
  const build = async (view: View) => {
    const quarter = quarterOf(scene.startedAt);
    const place = nextPlace(await view.pathsUnder(`${DRILL_FOLDER}/`), quarter);
    // Another drill may have been published meanwhile: the line goes through it.
    const { drills } = await readDrills(view, verifier, state);
    const said = await predicateOf(scene, time, found, { ...place, previous: drills.at(-1)?.digest ?? null });
    const bytes = await signer.seal(formatDrillStatement(said));
    const path = evidencePath(place);
    const digest = digestOf(bytes);
    const by = actor.identity.id;
    outcome.drill = { path, digest, said, by, bytes };
    // A broken ledger takes no entry; that it is broken, the evidence says.
    const told = (await headOf(view)) === null ? [] : await ledgerAfter(view, [drillEvent(said, digest, by)]);
    const files = new Map([[path, bytes], ...told]);
    return { message: `Drill ${place.quarter}-${place.number}: ${said.verdict}`, files };
  };
  await ports.store.publish(build, { onProgress: ports.progress });
  if (outcome.drill === null) throw new CustodyError('BUG', 'a drill was published that nobody made');
  return outcome.drill;
}

/** Null where entries are missing. */
async function headOf(tree: LedgerTree) {
  try {
    return await readLedgerHead(tree);
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'LEDGER_BROKEN') return null;
    throw cause;
  }
}

async function predicateOf(
  scene: Scene,
  time: RecoveryTime,
  { checks, backup, auditLedger, challenge, canaries, scratch }: Found,
  place: Pick<DrillPredicate, 'quarter' | 'number' | 'previous'>,
): Promise<DrillPredicate> {
  const { state, ports } = scene;
  const { plan } = state.plan;
  const keys = Object.keys(plan.keys);
  const ledger = (await headOf(state.view)) ?? { size: 0, digest: null };
  const { newest, signedAt } = backup;
  return {
    tool: ports.tool,
    repository: state.roster.repository,
    account: plan.account,
    ...place,
    startedAt: scene.startedAt,
    finishedAt: ports.clock.now(),
    verdict: judgeDrill(checks, keys).verdict,
    planVersion: state.plan.version,
    planDigest: state.planDigest,
    rosterVersion: state.roster.version,
    rosterDigest: state.rosterDigest,
    keys,
    backup:
      newest === null || signedAt === null
        ? null
        : { sequence: newest.manifest.sequence, manifest: newest.digest, createdAt: newest.manifest.createdAt },
    ledger: { entries: ledger.size, head: ledger.digest },
    auditLedger,
    challenge: challenge && namedChallenge(challenge),
    commit: state.head,
    recovery: recoveryOf(scene, time, backup),
    checks,
    canaries,
    scratch,
  };
}

function namedChallenge({ id, digest, said }: Challenge): NonNullable<DrillPredicate['challenge']> {
  return { id, digest, by: said.by, askedAt: said.at };
}

function recoveryOf(scene: Scene, { millis, steps }: RecoveryTime, backup: BackupFindings): DrillPredicate['recovery'] {
  const { rtoSeconds, rpoSeconds } = scene.state.plan.plan.recovery;
  return {
    timeMillis: millis,
    pointSeconds: pointOf(scene, backup),
    timeObjectiveSeconds: rtoSeconds,
    pointObjectiveSeconds: rpoSeconds,
    steps,
  };
}
