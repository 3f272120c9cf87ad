import { CustodyError } from '../../base/errors.js';
import type { PolicyDocument } from '../../policy/document.js';
import { policyOf } from '../iam/documents.js';
import { authorize, type Operations, openBucket, textOf } from './access.js';
import { s3Error } from './errors.js';
import { type BucketRow, bucketArn, type S3World } from './state.js';

/** "Bucket policies are limited to 20 KB in size". */
const MOST_BYTES = 20 * 1024;

export const policyOperations: Operations = (world) => ({
  PutBucketPolicy(input, call) {
    const bucket = openBucket(world, call, input);
    authorize(world, call, 's3:PutBucketPolicy', bucket);
    const policy = textOf(input, 'Policy');
    const document = checked(world, bucket, policy);
    if (bucket.publicAccess?.BlockPublicPolicy === 'true' && isPublic(document)) {
      throw s3Error(
        'AccessDenied',
        `User: ${call.caller.callerArn} is not authorized to perform: s3:PutBucketPolicy on resource: "${bucketArn(world, bucket.name)}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`,
      );
    }
    world.buckets.put(bucket.name, { ...bucket, policy });
    return {};
  },

  GetBucketPolicy(input, call) {
    const bucket = openBucket(world, call, input);
    authorize(world, call, 's3:GetBucketPolicy', bucket);
    if (bucket.policy === null) {
      throw s3Error('NoSuchBucketPolicy', 'The bucket policy does not exist', { BucketName: bucket.name });
    }
    return { Policy: bucket.policy };
  },

  DeleteBucketPolicy(input, call) {
    const bucket = openBucket(world, call, input);
    authorize(world, call, 's3:DeleteBucketPolicy', bucket);
    world.buckets.put(bucket.name, { ...bucket, policy: null });
    return {};
  },
});

/** @throws ServiceError MalformedPolicy */
function checked(world: S3World, bucket: BucketRow, policy: string): PolicyDocument {
  if (Buffer.byteLength(policy, 'utf8') > MOST_BYTES)
    throw malformed('Policy exceeds the maximum allowed document size.');
  const document = parsed(policy);
  const arn = bucketArn(world, bucket.name);
  for (const { principal, resource, action } of document.statements) {
    if (principal === undefined) throw malformed('Missing required field Principal');
    if (resource === undefined) throw malformed('Missing required field Resource');
    const ours = (pattern: string): boolean =>
      pattern === arn || pattern.startsWith(`${arn}/`) || /^[*?]/.test(pattern.slice(13));
    if (!resource.patterns.every((pattern) => pattern === '*' || ours(pattern)))
      throw malformed('Policy has invalid resource');
    if (!action.patterns.every((name) => name === '*' || /^s3:/i.test(name)))
      throw malformed('Policy has invalid action');
    const known = (name: string): boolean => /^\d{12}$|:root$/.test(name) || world.principalExists(roleOf(name));
    if (!principal.aws.every(known)) throw malformed('Invalid principal in policy');
  }
  return document;
}

/** The role of a session. */
function roleOf(arn: string): string {
  return arn.replace(/^(arn:[a-z-]+):sts::(\d{12}):assumed-role\/([^/]+)\/.*$/, '$1:iam::$2:role/$3');
}

function parsed(policy: string): PolicyDocument {
  try {
    return policyOf(policy);
  } catch (cause) {
    if (cause instanceof CustodyError) throw malformed(cause.message);
    throw cause;
  }
}

/** AWS looks at conditions with fixed values too ("The meaning of public"); here every Allow to everybody is public. */
function isPublic({ statements }: PolicyDocument): boolean {
  return statements.some(({ effect, principal }) => effect === 'Allow' && (principal?.everyone || principal?.not));
}

function malformed(message: string) {
  return s3Error('MalformedPolicy', message);
}
