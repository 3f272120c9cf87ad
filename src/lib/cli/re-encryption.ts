import { createKeyReader } from '../aws/kms-reader.js';
import { createKeyReEncryptor } from '../aws/kms-reencryptor.js';
import { CustodyError } from '../base/errors.js';
import type { RewrapTo } from '../ciphertext/rewrap.js';
import { isKeyArn, type KeyArn, partsOf } from '../key/key.js';
import type { Plan } from '../plan/plan.js';
import { plannedSubject } from '../request/subject.js';
import { assertReplaces } from '../request/successors.js';
import type { AwsAccess } from './aws-access.js';

/** A key whose ciphertexts can be moved, and the way to do it. */
export interface ReEncryption {
  readonly key: { readonly name: string | null; readonly arn: KeyArn; readonly region: string };
  readonly to: RewrapTo;
}

/**
 * A key of the plan by its name, or any key by its ARN. Asks KMS no more than DescribeKey, which who uses a key may do;
 * to move from another key also for the tags, which the policy of a key that replaces another one lets them read.
 * @param from ARN of the key that this one replaces
 * @throws CustodyError NOT_FOUND, USAGE, REFUSED when it is not tagged as the one that replaces it, and what reading the plan throws
 */
export async function openReEncryption(
  access: AwsAccess,
  given: string,
  planInForce: () => Promise<Plan>,
  from?: string,
): Promise<ReEncryption> {
  const { aws, ...key } = await findKey(access, given, planInForce);
  const to = { reEncryptor: createKeyReEncryptor(aws), arn: key.arn };
  if (from === undefined) return { key, to };
  if (!isKeyArn(from)) throw new CustodyError('USAGE', 'the key to move from is given by its ARN');
  await assertReplaces(createKeyReader(aws), key.arn, from);
  return { key, to: { ...to, from } };
}

async function findKey(access: AwsAccess, given: string, planInForce: () => Promise<Plan>) {
  if (isKeyArn(given)) {
    const aws = await access.bareConnection();
    return { name: null, arn: given, region: partsOf(given).region, aws };
  }
  const plan = await planInForce();
  const subject = plannedSubject(plan, given);
  if (!subject) throw new CustodyError('NOT_FOUND', `the plan in force has no key ${given}`);
  const aws = await access.connection(plan);
  const found = await createKeyReader(aws).describe(subject.region, subject.planned.alias);
  if (!found) throw new CustodyError('NOT_FOUND', `the key ${subject.name} does not exist in ${subject.region} yet`);
  return { name: subject.name, arn: found.arn, region: subject.region, aws };
}
