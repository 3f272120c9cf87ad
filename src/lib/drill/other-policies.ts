import type { KeyDifference } from '../backup/diff.js';
import { type OpenBackup, readListed } from '../backup/newest.js';
import { type KeyPlace, keyFilePath, parseKeyFilePath } from '../backup/paths.js';
import { parsePart } from '../backup/snapshot.js';
import { sha256Hex } from '../base/bytes.js';
import { formatCanonical, type JsonValue } from '../base/canonical-json.js';
import { drillRoleArnOf } from '../plan/canaries.js';
import type { ObservedEstate } from '../plan/estate.js';
import type { ScratchReceipt } from './evidence.js';
import type { Scene } from './ports.js';
import { type Answer, fail, open, type Probe, pass } from './probe.js';
import { differenceText } from './regions.js';
import { MOST_SCRATCH, ownKeys, placeName, scratchPolicy, tryPolicy } from './scratch.js';

/** What the policies of keys outside of the plan are judged by, where a backup holds the whole account. */
export interface OtherPolicies {
  readonly backup: OpenBackup;
  /** Keys that are not as the backup holds them; null where that was not looked at. */
  readonly changed: readonly KeyDifference[] | null;
  readonly receipts: readonly ScratchReceipt[];
  readonly keep: (receipt: ScratchReceipt) => void;
  /** A role that a policy names and that is not there any more, where KMS does not take the policy. */
  readonly goneIn: (cause: unknown, policy: JsonValue) => Promise<string | undefined>;
}

/** All of them by the evaluator, and by KMS as many as there is room for on scratch keys. */
export async function drillOtherPolicies(
  scene: Scene,
  estate: ObservedEstate,
  given: OtherPolicies,
  probe: Probe,
): Promise<void> {
  const { backup } = given;
  if (backup.manifest.scope !== 'all') return;
  const planned = new Set(
    Object.entries(estate).flatMap(([region, keys]) =>
      Object.values(keys).map((key) => placeName({ region, keyId: key?.description.keyId ?? '' })),
    ),
  );
  const own = ownKeys(scene);
  const others = backup.sums.flatMap(({ path }) => {
    const parsed = parseKeyFilePath(path);
    return parsed?.file === 'policy' && !planned.has(placeName(parsed)) && !own.has(placeName(parsed)) ? [parsed] : [];
  });
  await probe.ask('others', null, () => sameAnswer(given, others, planned));
  await probe.ask('others.accepted', null, () => acceptedAnswer(scene, given, others));
}

function sameAnswer({ changed }: OtherPolicies, others: readonly KeyPlace[], planned: ReadonlySet<string>): Answer {
  if (changed === null) return open('the drill of backups did not compare every key');
  const [first, ...more] = changed.filter((one) => one.policy.length > 0 && !planned.has(placeName(one)));
  const [difference, ...rest] = first?.policy ?? [];
  if (first === undefined || difference === undefined)
    return pass(`the backed-up policies of ${others.length} keys outside of the plan let the same people do the same`);
  const name = first.aliases[0] ?? first.keyId;
  const also = more.length > 0 ? `; ${more.length} more keys have, too` : '';
  return fail(
    `${name} in ${first.region} has drifted from its backup: ${differenceText(difference, rest.length)}${also}`,
  );
}

interface Distinct {
  readonly region: string;
  readonly policy: JsonValue;
}

/** Which of them are tried is for the run's random id to say: over the drills all are. */
async function acceptedAnswer(scene: Scene, given: OtherPolicies, others: readonly KeyPlace[]): Promise<Answer> {
  const drillRole = drillRoleArnOf(scene.state.plan.plan);
  if (drillRole === null) return open('the plan has no drill role that could make a scratch key');
  const distinct = await distinctOf(scene, given.backup, others);
  const chosen = distinct.slice(0, Math.max(0, MOST_SCRATCH - given.receipts.length));
  for (const { region, policy } of chosen) {
    try {
      await tryPolicy(scene, { region, policy: scratchPolicy(policy, drillRole), of: null }, given.keep);
    } catch (cause) {
      const gone = await given.goneIn(cause, policy);
      if (gone === undefined) throw cause;
      return open(`KMS takes no policy that names ${gone}, which is not there any more: of the rest nothing is known`);
    }
  }
  const left = distinct.length - chosen.length;
  return pass(
    `KMS takes ${chosen.length} of ${distinct.length} different policies of ${others.length} keys outside of the plan` +
      (left > 0
        ? `; the other ${left} the evaluator alone has judged: a drill makes ${MOST_SCRATCH} scratch keys`
        : ''),
  );
}

async function distinctOf(
  { runId }: Scene,
  backup: OpenBackup,
  others: readonly KeyPlace[],
): Promise<readonly Distinct[]> {
  const files = await readListed(
    backup,
    others.map((place) => keyFilePath(place, 'policy')),
  );
  const found = new Map<string, Distinct>();
  for (const place of others) {
    const path = keyFilePath(place, 'policy');
    const policy = parsePart('policy', files.get(path) ?? new Uint8Array(), path) as JsonValue;
    found.set(sha256Hex(`${runId} ${place.region} ${formatCanonical(policy)}`), { region: place.region, policy });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}
