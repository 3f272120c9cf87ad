import type { IntentPlace } from '../quorum/evidence.js';
import { type OpenRecord, ofKind } from '../record/envelope.js';
import { planPath, requestFolder, rosterPath } from '../record/paths.js';
import type { CommitId, Line, View } from '../record/store.js';

/** A request with the records of its folder. */
interface Recorded {
  readonly id: string;
  readonly request: OpenRecord<'request'>;
  readonly records: readonly OpenRecord[];
}

/** A file that must be in a folder at a commit, or must not. */
interface Question {
  readonly commit: CommitId;
  readonly folder: string;
  readonly name: string;
}

interface Placed {
  readonly id: string;
  /** The intent's file in the commit after the head that it names; null where that commit is not in the line. */
  readonly arrives: Question | null;
  /** The next plan and roster, where there is one now: were they there at that head? */
  readonly followers: readonly Question[];
}

/**
 * Where the intents of these requests stand in the line of commits, by id. Who signs one chooses the head that it names; only the
 * commit that brought it says what was there before.
 */
export async function placesOfIntents(
  store: Line,
  view: View,
  requests: Iterable<Recorded>,
): Promise<ReadonlyMap<string, IntentPlace>> {
  const begun = [...requests].flatMap(({ id, request, records }) => {
    const intent = records.map((record) => ofKind(record, 'intent')).find((record) => record !== null);
    return intent ? [{ id, request, head: intent.statement.predicate.seen.head }] : [];
  });
  if (begun.length === 0 || view.head === null) return new Map();
  const line = await store.history(view.head);
  const positions = new Map<string, number>(line.map((commit, at) => [commit, at]));
  const present = new Set([...(await view.pathsUnder('plan/')), ...(await view.pathsUnder('roster/'))]);
  const placed = begun.map(({ id, request, head }): Placed => {
    const at = positions.get(head ?? '');
    const [before, after] = at === undefined ? [] : line.slice(at, at + 2);
    if (before === undefined || after === undefined) return { id, arrives: null, followers: [] };
    const arrives = { commit: after, folder: requestFolder(id), name: 'intent.json' };
    return { id, arrives, followers: followersOf(request, present).map((file) => ({ commit: before, ...file })) };
  });
  return answered(store, placed);
}

/** The documents that would end a request, as far as the repository has them. */
function followersOf({ statement }: OpenRecord<'request'>, present: ReadonlySet<string>) {
  const { plan, roster } = statement.predicate;
  return [planPath(plan.version + 1), rosterPath(roster.version + 1)]
    .filter((path) => present.has(path))
    .map((path) => ({ folder: path.slice(0, path.indexOf('/')), name: path.slice(path.indexOf('/') + 1) }));
}

async function answered(store: Line, placed: readonly Placed[]): Promise<ReadonlyMap<string, IntentPlace>> {
  const questions = placed.flatMap(({ arrives, followers }) => (arrives ? [arrives, ...followers] : followers));
  const answers = await store.foldersAt(questions);
  const there = new Set(questions.filter(({ name }, at) => answers[at]?.has(name) === true));
  return new Map(
    placed.map(({ id, arrives, followers }) => {
      if (arrives === null || !there.has(arrives)) return [id, 'elsewhere'];
      return [id, followers.some((question) => there.has(question)) ? 'under-other-rules' : 'on-its-head'];
    }),
  );
}
