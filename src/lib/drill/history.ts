import { type Digest, digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { parseEntry } from '../ledger/chain.js';
import type { LedgerEvent } from '../ledger/entry.js';
import { type LedgerTree, readLedgerEntries, readLedgerHead } from '../ledger/view.js';
import { planDigest } from '../plan/format.js';
import type { View } from '../record/store.js';
import type { InForce } from '../request/in-force.js';
import { rosterDigest } from '../roster/format.js';
import { identitiesOf } from '../roster/rules.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import { type DrillPredicate, parseDrillStatement } from './evidence.js';
import { DRILL_FOLDER, parseEvidencePath } from './quarter.js';

/** The evidence of one drill, signed by one who was listed then. */
export interface Drilled {
  readonly path: string;
  /** Of the file. */
  readonly digest: Digest;
  readonly said: DrillPredicate;
  readonly by: string;
}

/** A file that is no evidence; it counts for nothing. */
export interface BadEvidence {
  readonly path: string;
  readonly because: string;
}

/** Rosters and plans as they were numbered; an outsider who was handed a file and a roster has no plans. */
type Rules = Pick<InForce, 'rosters' | 'roster'> & { readonly plans: InForce['plans'] | null };

/** All drills that a repository tells of, oldest first; what does not verify is listed apart. */
export async function readDrills(
  view: View,
  verifier: StatementVerifier,
  rules: Rules,
): Promise<{ readonly drills: readonly Drilled[]; readonly bad: readonly BadEvidence[] }> {
  const paths = await view.pathsUnder(`${DRILL_FOLDER}/`);
  const files = await view.read(paths);
  const drills: Drilled[] = [];
  const bad: BadEvidence[] = [];
  for (const [path, bytes] of files) {
    try {
      drills.push({ path, digest: digestOf(bytes), ...(await openEvidence(bytes, path, verifier, rules)) });
    } catch (cause) {
      if (!(cause instanceof CustodyError)) throw cause;
      bad.push({ path, because: cause.message });
    }
  }
  return { drills: drills.sort((a, b) => (order(a) < order(b) ? -1 : 1)), bad };
}

function order({ said }: Drilled): string {
  return `${said.quarter} ${String(said.number).padStart(6, '0')}`;
}

/**
 * Opens a file of evidence: its signature by one whom the roster that it names listed, its shape, that its keys are those of the plan
 * that it names (T45), and that its place is its own.
 * @throws CustodyError RECORD_MALFORMED, SIGNATURE_INVALID, SIGNER_UNKNOWN
 */
export async function openEvidence(
  bytes: Uint8Array,
  path: string,
  verifier: StatementVerifier,
  { rosters, roster, plans }: Rules,
): Promise<Pick<Drilled, 'said' | 'by'>> {
  const { statement, signer } = await verifier.open(bytes);
  const said = parseDrillStatement(statement, path);
  const then = rosters.find((one) => rosterDigest(one) === said.rosterDigest);
  if (!then) throw new CustodyError('RECORD_MALFORMED', `${path}: it names a roster that is not known here`);
  const listed = [...identitiesOf(then)].find(([keyId]) => signer.kind === 'key' && keyId === signer.keyId);
  const by = listed?.[1].id;
  if (by === undefined) throw new CustodyError('SIGNER_UNKNOWN', `${path}: nobody whom its roster lists has signed it`);
  if (said.repository !== roster.repository)
    throw new CustodyError('RECORD_MALFORMED', `${path}: it is of another repository`);
  const fault = plans && keysFault(said, plans);
  if (fault) throw new CustodyError('RECORD_MALFORMED', `${path}: ${fault}`);
  const place = parseEvidencePath(path);
  if (place && (place.quarter !== said.quarter || place.number !== said.number))
    throw new CustodyError('RECORD_MALFORMED', `${path}: it says that it is drill ${said.quarter}-${said.number}`);
  return { said, by };
}

/** A drill of some keys of a plan is none of the plan. */
function keysFault({ planDigest: named, planVersion, keys }: DrillPredicate, plans: InForce['plans']): string | null {
  const then = plans.find((one) => one.version === planVersion && planDigest(one) === named);
  if (!then) return 'it names a plan that is not known here';
  const own = Object.keys(then.plan.keys);
  const same = own.length === keys.length && own.every((key) => keys.includes(key));
  return same ? null : `its keys are not those of plan ${planVersion}`;
}

/** What the ledger is told of a drill: facts only. */
export function drillEvent(said: DrillPredicate, digest: Digest, by: string): LedgerEvent {
  const { quarter, number, verdict, finishedAt } = said;
  return {
    at: finishedAt,
    kind: 'drill',
    by,
    requestId: null,
    record: null,
    facts: { quarter, number, verdict, evidence: digest },
  };
}

const MARK = '"kind":"drill"';

/** Digests of the evidence that the ledger tells of, in its order. */
export async function toldDrills(tree: LedgerTree): Promise<readonly string[]> {
  const { size } = await readLedgerHead(tree);
  const told: string[] = [];
  for (const bytes of await readLedgerEntries(tree, 0, size)) {
    // Kinds are never free text: most entries need not be parsed.
    if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(MARK)) continue;
    const { kind, facts } = parseEntry(bytes);
    if (kind === 'drill') told.push(String(facts.evidence));
  }
  return told;
}

/** Why the line of drills is not whole: one is missing, altered, or not told of; null when it is. */
export async function drillsFault(
  tree: LedgerTree,
  { drills, bad }: Awaited<ReturnType<typeof readDrills>>,
): Promise<string | null> {
  const [first] = bad;
  if (first) return `${first.path} is no evidence: ${first.because}`;
  const told = await toldDrills(tree);
  const here = new Set<string>(drills.map(({ digest }) => digest));
  const gone = told.find((digest) => !here.has(digest));
  if (gone) return `the ledger tells of a drill whose evidence is not here: ${gone}`;
  const untold = drills.find(({ digest }) => !told.includes(digest));
  if (untold) return `the ledger does not tell of ${untold.path}`;
  const broken = drills.find(({ said }, at) => said.previous !== (drills[at - 1]?.digest ?? null));
  return broken ? `${broken.path} does not follow the drill before it` : null;
}
