import { createKeyReader } from '../aws/kms-reader.js';
import { createKeyReEncryptor } from '../aws/kms-reencryptor.js';
import { CustodyError } from '../base/errors.js';
import type { RewrapTo } from '../ciphertext/rewrap.js';
import { isKeyArn, type KeyArn, partsOf } from '../key/key.js';
import type { Plan } from '../plan/plan.js';
import { plannedSubject } from '../request/subject.js';
import { assertReplaces, type Succession, successorOf } from '../request/successors.js';
import type { AwsAccess } from './aws-access.js';

/** A key whose ciphertexts can be moved, and the way to do it. */
export interface ReEncryption {
  readonly key: { readonly name: string | null; readonly arn: KeyArn; readonly region: string };
  readonly to: RewrapTo;
}

/** What a repository says of the keys. */
export interface KeyRecords {
  readonly plan: Plan;
  readonly successions: readonly Succession[];
}

export interface RecordsAtHand {
  /** @throws CustodyError REPOSITORY_NOT_FOUND, and what reading throws */
  needed(): Promise<KeyRecords>;
  /** Null where there is no repository: a role that only uses keys may have none. */
  ifAny(): Promise<KeyRecords | null>;
}

type Access = Pick<AwsAccess, 'connection' | 'bareConnection'>;

/**
 * A key of the plan by its name, or any key by its ARN. Asks KMS no more than DescribeKey, which who uses a key may do;
 * to move from another key also for the tags, which the policy of a key that replaces another one lets them read.
 * @param from ARN of the key that this one replaces; then a name of the plan stands for the new key, also before the alias
 *   is moved
 * @throws CustodyError NOT_FOUND, USAGE · REFUSED when it does not replace `from` · what reading the records throws
 */
export async function openReEncryption(
  access: Access,
  given: string,
  records: RecordsAtHand,
  from?: string,
): Promise<ReEncryption> {
  if (from === undefined) {
    const { aws, ...key } = await findKey(access, given, records);
    return { key, to: { reEncryptor: createKeyReEncryptor(aws), arn: key.arn } };
  }
  if (!isKeyArn(from)) throw new CustodyError('USAGE', 'the key to move from is given by its ARN');
  const { aws, successions, ...key } = await findSuccessor(access, given, records, from);
  const via = await assertReplaces(createKeyReader(aws), key.arn, from, successions);
  return { key, to: { reEncryptor: createKeyReEncryptor(aws), arn: key.arn, from, via } };
}

async function findKey(access: Access, given: string, records: RecordsAtHand) {
  if (isKeyArn(given)) {
    const aws = await access.bareConnection();
    return { name: null, arn: given, region: partsOf(given).region, aws };
  }
  const { plan } = await records.needed();
  const { name, planned, region } = subjectIn(plan, given);
  const aws = await access.connection(plan);
  const found = await createKeyReader(aws).describe(region, planned.alias);
  if (!found) throw new CustodyError('NOT_FOUND', `the key ${name} does not exist in ${region} yet`);
  return { name, arn: found.arn, region, aws };
}

async function findSuccessor(access: Access, given: string, records: RecordsAtHand, from: KeyArn) {
  const { region } = partsOf(from);
  if (isKeyArn(given)) {
    const successions = (await records.ifAny())?.successions ?? null;
    return { name: null, arn: given, region, aws: await access.bareConnection(), successions };
  }
  const { plan, successions } = await records.needed();
  const { name } = subjectIn(plan, given);
  const arn = successorOf(successions, name, from);
  return { name, arn, region, aws: await access.connection(plan), successions };
}

function subjectIn(plan: Plan, given: string) {
  const subject = plannedSubject(plan, given);
  if (subject) return subject;
  throw new CustodyError('NOT_FOUND', `the plan in force has no key ${given}`);
}
