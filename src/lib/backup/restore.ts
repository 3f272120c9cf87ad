import { type JsonValue, sameJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import type { Instant } from '../base/time.js';
import { differenceOf, type PolicyDifference } from '../policy/difference.js';
import { parsePolicy } from '../policy/document.js';
import { policyProposal } from '../request/access.js';
import type { InForce } from '../request/in-force.js';
import type { Proposal } from '../request/open.js';
import { isWeaker } from '../request/policy-change.js';
import type { Aws } from '../request/ports.js';
import type { How } from '../request/rotate.js';
import { type ResolvedKey, resolveKey } from '../request/subject.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import { backupAt, newestBackup } from './at.js';
import type { BackupPlace } from './backup.js';
import { type BackedUpKey, findKey, policyFor, principalsOf } from './key-in.js';
import { type Leftover, leftoversOf } from './leftovers.js';
import type { OpenBackup } from './newest.js';
import { policyValue, rolesIn } from './snapshot.js';
import { assertHistoryHolds } from './verify.js';

export interface Restoring {
  readonly state: InForce;
  readonly aws: Aws;
  readonly place: BackupPlace;
  readonly verifier: StatementVerifier;
  readonly now: Instant;
}

export interface RestoreWish {
  readonly key: string;
  readonly region: string | null;
  /** Sequence of the backup; null: the newest. */
  readonly from: number | null;
  readonly how: How;
}

/** What restoring would ask for, and what it would change. */
export interface Restoration {
  /** Null where the live policy is the one of the backup. */
  readonly proposal: Proposal | null;
  readonly key: ResolvedKey;
  readonly backup: {
    readonly sequence: number;
    readonly manifestDigest: string;
    readonly createdAt: string;
    readonly keyId: string;
  };
  readonly newest: number;
  /** Who gains and who loses what, against the live policy and against that of the newest backup (T42). */
  readonly againstLive: readonly PolicyDifference[];
  readonly againstNewest: readonly PolicyDifference[];
  /** Somebody would get more than live, or than the newest backup gives. */
  readonly weaker: readonly string[];
  /** What else differs, with the command that brings it back. */
  readonly leftovers: readonly Leftover[];
}

/**
 * The request that brings a key's policy back from a backup. A key that was deleted and made again is found by its alias.
 * @throws CustodyError NOT_FOUND, FOREIGN_KEY · REFUSED for a policy that names a role which is gone, or is another one by now
 *   (T44), and where the history of backups does not hold · POLICY_MALFORMED · what opening a backup throws
 */
export async function prepareRestore(restoring: Restoring, wish: RestoreWish): Promise<Restoration> {
  const { state, aws, place, verifier, now } = restoring;
  const { plan } = state.plan;
  // A key that was taken off the roster still opens what it signed: only the history says whether it might sign then.
  await assertHistoryHolds({ state, place, verifier, now, since: 1 });
  const newest = await newestBackup(place, verifier, state);
  const backup =
    wish.from === null || wish.from === newest.manifest.sequence
      ? newest
      : await backupAt(place, verifier, state, wish.from);
  const key = await resolveKey(aws.reader, plan, state.roster.repository, wish.key, wish.region ?? undefined);
  const found = await findKey(backup, { account: plan.account, ...key });
  const policy = policyIn(found, backup, key);
  await assertAlive(aws, backup, policyValue(policy), plan.account);
  const live = await aws.reader.policy(key.region, key.arn);
  const latest = await latestPolicy(newest, plan.account, key);
  const where = { account: plan.account, region: key.region, keyArn: key.arn };
  const againstLive = differenceOf(readable(live), policy, where);
  const againstNewest = backup === newest ? [] : differenceOf(latest, policy, where);
  const same = live !== null && isSamePolicy(live, policy);
  const { sequence, createdAt } = backup.manifest;
  return {
    proposal: same
      ? null
      : await policyProposal(
          { aws, state, plan },
          { key: key.name, region: key.region },
          Buffer.from(policy),
          wish.how,
        ),
    key,
    backup: { sequence, manifestDigest: backup.digest, createdAt, keyId: found.keyId },
    newest: newest.manifest.sequence,
    againstLive,
    againstNewest,
    weaker: [...new Set([...againstLive, ...againstNewest].filter(isWeaker).map(({ principal }) => principal))],
    leftovers: await leftoversOf(aws.reader, key, found.snapshot),
  };
}

function policyIn({ keyId, snapshot }: BackedUpKey, { manifest }: OpenBackup, key: ResolvedKey): string {
  if (snapshot.policy !== undefined) return policyFor(snapshot.policy, keyId, key.keyId);
  throw new CustodyError('NOT_FOUND', `backup ${manifest.sequence} could not read the policy of ${key.name}`, {
    suggestions: ['custody policy restore --from SEQ takes an earlier backup.'],
  });
}

function isSamePolicy(live: string, policy: string): boolean {
  return readable(live) !== null && sameJson(policyValue(live), policyValue(policy));
}

/** A live policy that nobody can read counts as none: then everything is gained. */
function readable(policy: string | null): string | null {
  try {
    if (policy !== null) parsePolicy(policy, 'the live policy');
    return policy;
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}

async function latestPolicy(newest: OpenBackup, account: string, key: ResolvedKey): Promise<string | null> {
  try {
    const found = await findKey(newest, { account, ...key });
    return found.snapshot.policy === undefined ? null : policyFor(found.snapshot.policy, found.keyId, key.keyId);
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'NOT_FOUND') return null;
    throw cause;
  }
}

/** KMS writes the unique id of a role that was deleted into a policy in place of its ARN. */
const UNIQUE_ID = /^A(?:ROA|IDA)[A-Z0-9]{12,125}$/;

/**
 * Whom the policy names must be there, and be the same as then: KMS refuses a role that is gone, and takes one that was made
 * again under the old name for the old one (T44, T58).
 */
async function assertAlive(aws: Aws, backup: OpenBackup, policy: JsonValue, account: string): Promise<void> {
  const then = new Map((await principalsOf(backup)).map(({ arn, uniqueId }) => [arn, uniqueId]));
  const dead: string[] = parsePolicy(JSON.stringify(policy), 'the policy of the backup').statements.flatMap(
    ({ principal }) =>
      principal?.aws.filter((name) => UNIQUE_ID.test(name)).map((name) => `${name} was deleted before the backup`) ??
      [],
  );
  for (const arn of [...rolesIn(policy, account)].sort()) {
    const [was, now] = [then.get(arn), await aws.authority.roleId(arn)];
    if (now === null) dead.push(`${arn} is gone`);
    else if (was === undefined || was === null) dead.push(`${arn}: the backup does not know who it was`);
    else if (was !== now) dead.push(`${arn} was made again since: it was ${was}, now it is ${now}`);
  }
  if (dead.length === 0) return;
  throw new CustodyError(
    'REFUSED',
    `the policy of backup ${backup.manifest.sequence} names roles that are not what they were: ${dead.join('; ')}`,
    {
      details: { dead },
      suggestions: ['Edit the policy and ask with: custody keys policy KEY --file FILE'],
    },
  );
}
