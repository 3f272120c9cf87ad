import { createKeyReader } from '../aws/kms-reader.js';
import { createKeyReEncryptor } from '../aws/kms-reencryptor.js';
import { CustodyError } from '../base/errors.js';
import type { RewrapTo } from '../ciphertext/rewrap.js';
import { isKeyArn, type KeyArn, partsOf } from '../key/key.js';
import type { Plan } from '../plan/plan.js';
import { plannedSubject } from '../request/subject.js';
import type { AwsAccess } from './aws-access.js';

/** A key whose ciphertexts can be moved, and the way to do it. */
export interface ReEncryption {
  readonly key: { readonly name: string | null; readonly arn: KeyArn; readonly region: string };
  readonly to: RewrapTo;
}

/**
 * A key of the plan by its name, or any key by its ARN. Asks KMS no more than DescribeKey, which who uses a key may do.
 * @throws CustodyError NOT_FOUND, and what reading the plan throws
 */
export async function openReEncryption(
  access: AwsAccess,
  given: string,
  planInForce: () => Promise<Plan>,
): Promise<ReEncryption> {
  if (isKeyArn(given)) {
    const reEncryptor = createKeyReEncryptor(await access.bareConnection());
    return { key: { name: null, arn: given, region: partsOf(given).region }, to: { reEncryptor, arn: given } };
  }
  const plan = await planInForce();
  const subject = plannedSubject(plan, given);
  if (!subject) throw new CustodyError('NOT_FOUND', `the plan in force has no key ${given}`);
  const aws = await access.connection(plan);
  const found = await createKeyReader(aws).describe(subject.region, subject.planned.alias);
  if (!found) throw new CustodyError('NOT_FOUND', `the key ${subject.name} does not exist in ${subject.region} yet`);
  const key = { name: subject.name, arn: found.arn, region: subject.region };
  return { key, to: { reEncryptor: createKeyReEncryptor(aws), arn: found.arn } };
}
