import type { Digest } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { Instant } from '../base/time.js';
import { assertPlanFollows, parsePlanDocument, planDigest } from '../plan/format.js';
import type { NumberedPlan } from '../plan/plan.js';
import type { Evidence, Rules, Verdict } from '../quorum/evidence.js';
import { judge } from '../quorum/judge.js';
import { type OpenRecord, open } from '../record/envelope.js';
import { isRequestId, requestFolder } from '../record/paths.js';
import type { CommitId, Files, Line, View } from '../record/store.js';
import { assertFollows, parseRosterDocument, rosterDigest } from '../roster/format.js';
import type { Roster } from '../roster/roster.js';
import { placesOfIntents } from './intent-place.js';
import { requestOf } from './request-of.js';

/** One request with its records, the rules that it is judged by and the verdict. */
export interface Case {
  readonly id: string;
  readonly request: OpenRecord<'request'>;
  readonly evidence: Evidence;
  readonly rules: Rules;
  readonly verdict: Verdict;
  /** Files in the request's folder that are no records; they count for nothing. */
  readonly unreadable: readonly { readonly path: string; readonly because: string }[];
}

/** A folder under `records/` that holds no request that could be judged. */
export interface Refused {
  readonly id: string;
  readonly because: string;
}

/** The numbered documents by which requests are judged; the last ones are in force. */
export interface Documents {
  readonly plans: readonly NumberedPlan[];
  readonly rosters: readonly Roster[];
  readonly inForce: Rules['inForce'];
}

/** @throws CustodyError NOT_FOUND, RECORD_MALFORMED and what `assertRequest` throws */
export async function readCase(store: Line, view: View, documents: Documents, id: string, now: Instant): Promise<Case> {
  if (!isRequestId(id)) throw new CustodyError('NOT_FOUND', `${id} is not the id of a request`);
  const folder = await openFolders(view, [id]);
  const opened = folder.get(id);
  if (!opened) throw new CustodyError('NOT_FOUND', `there is no request ${id}`);
  const evidence = (await gather(store, view, [opened], documents)).get(id);
  if (!evidence) throw new CustodyError('RECORD_MALFORMED', `records/${id} holds no request of that id`);
  return judgeCase(opened, evidence, documents, now);
}

/** Every request of the repository; one that cannot be judged is listed as refused and hinders no other. */
export async function readCases(
  store: Line,
  view: View,
  documents: Documents,
  now: Instant,
): Promise<{ readonly cases: readonly Case[]; readonly refused: readonly Refused[] }> {
  const folders = await openFolders(view, await requestIds(view));
  const evidence = await gather(store, view, [...folders.values()], documents);
  const cases: Case[] = [];
  const refused: Refused[] = [];
  for (const opened of folders.values()) {
    const found = evidence.get(opened.id);
    try {
      if (!found) throw new CustodyError('RECORD_MALFORMED', 'it holds no request of that id');
      cases.push(judgeCase(opened, found, documents, now));
    } catch (cause) {
      if (!(cause instanceof CustodyError)) throw cause;
      refused.push({ id: opened.id, because: cause.message });
    }
  }
  return { cases, refused };
}

/** Ids of every folder that is named like a request. */
export async function requestIds(view: View): Promise<readonly string[]> {
  const ids = new Set<string>();
  for (const path of await view.pathsUnder('records/')) {
    const id = path.split('/')[1] ?? '';
    if (isRequestId(id)) ids.add(id);
  }
  return [...ids];
}

interface OpenedFolder {
  readonly id: string;
  readonly records: readonly OpenRecord[];
  readonly unreadable: Case['unreadable'];
  readonly names: ReadonlyMap<string, Digest>;
}

async function openFolders(view: View, ids: readonly string[]): Promise<ReadonlyMap<string, OpenedFolder>> {
  const wanted = new Set(ids);
  const paths = (await view.pathsUnder(ids.length === 1 ? `${requestFolder(ids[0] ?? '')}/` : 'records/')).filter(
    (path) => wanted.has(path.split('/')[1] ?? ''),
  );
  const files = await view.read(paths);
  const byId = new Map<string, string[]>();
  for (const path of paths) {
    const id = path.split('/')[1] ?? '';
    byId.set(id, [...(byId.get(id) ?? []), path]);
  }
  return new Map([...byId].map(([id, own]) => [id, openFolder(id, own, files)]));
}

function openFolder(id: string, paths: readonly string[], files: Files): OpenedFolder {
  const records: OpenRecord[] = [];
  const unreadable: { path: string; because: string }[] = [];
  const names = new Map<string, Digest>();
  for (const path of paths) {
    try {
      const record = open(files.get(path) ?? new Uint8Array(), path);
      assertInPlace(record, path);
      records.push(record);
      names.set(path.slice(path.lastIndexOf('/') + 1), record.fileDigest);
    } catch (cause) {
      if (!(cause instanceof CustodyError)) throw cause;
      unreadable.push({ path, because: cause.message });
    }
  }
  return { id, records, unreadable, names };
}

/** Intent and receipt have fixed names; every other record lies under the digest of its file. */
function assertInPlace(record: OpenRecord, path: string): void {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const { kind } = record.statement;
  const expected =
    kind === 'intent' || kind === 'receipt' ? `${kind}.json` : `${record.fileDigest.slice('sha256:'.length)}.json`;
  if (name !== expected)
    throw new CustodyError('RECORD_MALFORMED', `${path}: a record of this kind would be named ${expected}`);
}

/** Asks, for every record at once, which files of its request the head that it names already held. */
async function gather(
  store: Line,
  view: View,
  folders: readonly OpenedFolder[],
  documents: Documents,
): Promise<ReadonlyMap<string, Evidence>> {
  const asked = folders.flatMap((folder) => folder.records.map((record) => ({ folder, record, head: headOf(record) })));
  const known = asked.filter(({ head }) => head !== null);
  const answers = await store.foldersAt(
    known.map(({ folder, head }) => ({ commit: head as CommitId, folder: requestFolder(folder.id) })),
  );
  const sees = new Map<string, Map<Digest, ReadonlySet<Digest> | null>>(folders.map(({ id }) => [id, new Map()]));
  known.forEach(({ folder, record }, index) => {
    const names = answers[index] ?? null;
    sees.get(folder.id)?.set(record.fileDigest, names === null ? null : digestsOf(names, folder.names));
  });
  const requests = folders.flatMap(({ id, records: all }) => {
    const request = requestOf(id, all, documents.rosters);
    return request ? [{ id, request, records: all.filter(({ statement }) => statement.kind !== 'request') }] : [];
  });
  const places = await placesOfIntents(store, view, requests);
  return new Map(
    requests.map(({ id, request, records }) => [
      id,
      { request, records, sees: sees.get(id) ?? new Map(), intentPlace: places.get(id) ?? null },
    ]),
  );
}

function headOf({ statement }: OpenRecord): string | null {
  return statement.kind === 'genesis' ? null : statement.predicate.seen.head;
}

function digestsOf(names: ReadonlySet<string>, known: ReadonlyMap<string, Digest>): ReadonlySet<Digest> {
  const digests = new Set<Digest>();
  for (const name of names) {
    const digest = known.get(name);
    if (digest !== undefined) digests.add(digest);
  }
  return digests;
}

function judgeCase(folder: OpenedFolder, evidence: Evidence, documents: Documents, now: Instant): Case {
  const rules = rulesOf(evidence.request, documents);
  const verdict = judge(evidence, rules, now);
  return { id: folder.id, request: evidence.request, evidence, rules, verdict, unreadable: folder.unreadable };
}

/** The rules that a request names by digest; for a change of rules also those that would follow. */
export function rulesOf(request: OpenRecord<'request'>, { plans, rosters, inForce }: Documents): Rules {
  const said = request.statement.predicate;
  const plan = plans[said.plan.version - 1];
  const roster = rosters[said.roster.version - 1];
  if (!plan || !roster)
    throw new CustodyError('REFUSED', 'the request names a plan or roster that the repository does not have');
  const rules: Rules = {
    repository: roster.repository,
    plan: plan.plan,
    planDigest: planDigest(plan),
    roster,
    rosterDigest: rosterDigest(roster),
    inForce,
    frozen: new Set(),
  };
  if (said.action === 'plan.update') return { ...rules, next: { plan: nextPlan(request, plan).plan, roster } };
  if (said.action === 'roster.update')
    return { ...rules, next: { plan: plan.plan, roster: nextRoster(request, roster) } };
  return rules;
}

/** The plan that a request would put in force, checked to follow the one it names. */
function nextPlan(request: OpenRecord<'request'>, current: NumberedPlan): NumberedPlan {
  const { version, digest, document } = request.statement.predicate.parameters;
  const next = parsePlanDocument(document, 'the proposed plan');
  assertPlanFollows(next, current);
  if (next.version === version && planDigest(next) === digest) return next;
  throw new CustodyError('REFUSED', 'the calls of the request name another plan than its parameters hold');
}

function nextRoster(request: OpenRecord<'request'>, current: Roster): Roster {
  const { version, digest, document } = request.statement.predicate.parameters;
  const next = parseRosterDocument(document, 'the proposed roster');
  assertFollows(next, current);
  if (next.version === version && rosterDigest(next) === digest) return next;
  throw new CustodyError('REFUSED', 'the calls of the request name another roster than its parameters hold');
}
