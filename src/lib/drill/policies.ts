import { findKey, principalsOf } from '../backup/key-in.js';
import type { OpenBackup } from '../backup/newest.js';
import { rolesIn } from '../backup/snapshot.js';
import { formatCanonical, type JsonValue } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { drillRoleArnOf } from '../plan/canaries.js';
import type { ObservedEstate } from '../plan/estate.js';
import { regionsOf } from '../plan/plan.js';
import { differenceOf } from '../policy/difference.js';
import type { BackupFindings } from './backup.js';
import type { ScratchReceipt } from './evidence.js';
import { keyIn } from './keys.js';
import { drillOtherPolicies } from './other-policies.js';
import type { Scene } from './ports.js';
import { type Answer, fail, open, type Probe, pass } from './probe.js';
import { differenceText, replicaCheck } from './regions.js';
import { MOST_SCRATCH, scratchPolicy, tryPolicy } from './scratch.js';

/**
 * @param odd checks of replicas that have named another policy than the planned one
 * @returns the scratch keys that were made
 */
export async function drillPolicies(
  scene: Scene,
  estate: ObservedEstate,
  { newest: backup, changed, odd }: Pick<BackupFindings, 'newest' | 'changed'> & { readonly odd: ReadonlySet<string> },
  probe: Probe,
): Promise<readonly ScratchReceipt[]> {
  const { plan } = scene.state.plan;
  const receipts: ScratchReceipt[] = [];
  let known: Promise<readonly NamedRole[]> | undefined;
  const named = () => {
    known ??= rolesNamed(scene, backup);
    return known;
  };
  for (const [name, key] of Object.entries(plan.keys)) {
    for (const region of regionsOf(plan, key)) {
      let held: Held = { answer: open('the backup could not be read') };
      await probe.ask(`${name}.${region}`, name, async () => {
        held = await policyIn(scene, backup, estate, name, region);
        const same = sameAnswer(scene, estate, held, name, region);
        return same.status === 'fail' && odd.has(replicaCheck(name, region)) ? namedAlready(name, region) : same;
      });
      await probe.ask(`${name}.${region}.accepted`, name, () =>
        acceptedAnswer(scene, held, { name, region, made: receipts.length, named }, (one) => receipts.push(one)),
      );
    }
  }
  const { account } = plan;
  const gone = async (cause: unknown, policy: JsonValue) =>
    isNotTaken(cause) ? goneIn(policy, await named(), account) : undefined;
  const keep = (receipt: ScratchReceipt) => receipts.push(receipt);
  if (backup !== null)
    await drillOtherPolicies(scene, estate, { backup, changed, receipts, keep, goneIn: gone }, probe);
  await probe.ask('principals', null, async () => principalsAnswer(backup, await named()));
  return receipts;
}

/** What the backup holds of a key's policy; an answer in its place where it holds none. */
export type Held = { readonly policy: JsonValue } | { readonly answer: Answer };

/** What the newest backup holds of a key's policy in a Region. */
export async function policyIn(
  { state }: Scene,
  backup: OpenBackup | null,
  estate: ObservedEstate,
  name: string,
  region: string,
): Promise<Held> {
  if (backup === null) return { answer: open('there is no backup') };
  const { found, answer } = keyIn(estate, name, region);
  const { plan } = state.plan;
  const alias = plan.keys[name]?.alias ?? '';
  if (answer && answer.status === 'skip') return { answer };
  const keyId = found?.description.keyId ?? '';
  try {
    const { snapshot } = await findKey(backup, { account: plan.account, region, keyId, alias });
    return snapshot.policy === undefined
      ? { answer: fail(`the backup has no policy of ${name} in ${region}`) }
      : { policy: snapshot.policy };
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'NOT_FOUND') return { answer: fail(cause.message) };
    throw cause;
  }
}

function sameAnswer({ state }: Scene, estate: ObservedEstate, held: Held, name: string, region: string): Answer {
  if ('answer' in held) return held.answer;
  const { found, answer } = keyIn(estate, name, region);
  if (answer) return answer;
  if (found.policy === null) return open(`the live policy of ${name} in ${region} could not be read`);
  const place = { account: state.plan.plan.account, region, keyArn: found.description.arn };
  const [first, ...more] = differenceOf(formatCanonical(held.policy), found.policy, place);
  if (first) return fail(`${name} in ${region} has drifted from its backup: ${differenceText(first, more.length)}`);
  return pass(`the backed-up policy of ${name} in ${region} lets the same people do the same`);
}

function namedAlready(name: string, region: string): Answer {
  return open(`the live policy of ${name} in ${region} is not the backed-up one either: ${replicaCheck(name, region)}`);
}

async function acceptedAnswer(
  scene: Scene,
  held: Held,
  { name, region, made, named }: Trial,
  keep: (receipt: ScratchReceipt) => void,
): Promise<Answer> {
  // Why there is none, the check beside this one says.
  if ('answer' in held) return open('there is no policy to try');
  const drillRole = drillRoleArnOf(scene.state.plan.plan);
  if (drillRole === null) return open('the plan has no drill role that could make a scratch key');
  if (made >= MOST_SCRATCH) return open(`a drill makes no more than ${MOST_SCRATCH} scratch keys`);
  try {
    await tryPolicy(scene, { region, policy: scratchPolicy(held.policy, drillRole), of: name }, keep);
  } catch (cause) {
    const gone = isNotTaken(cause) ? goneIn(held.policy, await named(), scene.state.plan.plan.account) : undefined;
    if (gone === undefined) throw cause;
    return open(`KMS takes no policy that names ${gone}, which is not there any more: of the rest nothing is known`);
  }
  return pass(`KMS in ${region} takes the backed-up policy of ${name}; the scratch key is scheduled for deletion`);
}

/** What is tried, and what else has to be known of it. */
interface Trial {
  readonly name: string;
  readonly region: string;
  /** Scratch keys so far. */
  readonly made: number;
  readonly named: () => Promise<readonly NamedRole[]>;
}

/** KMS's own word on a policy, which may be about whom it names. */
export function isNotTaken(cause: unknown): boolean {
  return cause instanceof CustodyError && cause.details?.awsCode === 'MalformedPolicyDocumentException';
}

function goneIn(policy: JsonValue, named: readonly NamedRole[], account: string): string | undefined {
  const roles = rolesIn(policy, account);
  return named.find(({ arn, now }) => now === null && roles.has(arn))?.arn;
}

/** A role that policies of a backup name: who it was then, and who it is now. */
interface NamedRole {
  readonly arn: string;
  readonly uniqueId: string | null;
  readonly now: string | null;
}

async function rolesNamed({ aws, state }: Scene, backup: OpenBackup | null): Promise<readonly NamedRole[]> {
  const { account } = state.plan.plan;
  const known = backup === null ? [] : await principalsOf(backup);
  const own = known.filter(({ arn }) => rolesIn(arn, account).size > 0);
  const named: NamedRole[] = [];
  for (const { arn, uniqueId } of own) named.push({ arn, uniqueId, now: await aws.authority.roleId(arn) });
  return named;
}

/** A policy that names a role which is gone would not be taken, and one that was made again is somebody else (T44, T58). */
function principalsAnswer(backup: OpenBackup | null, own: readonly NamedRole[]): Answer {
  if (backup === null) return open('there is no backup');
  for (const { arn, uniqueId, now } of own) {
    if (uniqueId === null) return fail(`${arn} was not there when the backup was made`);
    if (now === null) return fail(`${arn} is not there any more`);
    if (now !== uniqueId) return fail(`${arn} was deleted and made again: it is somebody else`);
  }
  if (own.length === 0) return open('the backup names no role');
  return pass(`${own.length} roles that the policies name are there, and the same as then`);
}
