import {
  type CloudTrailClient,
  CreateTrailCommand,
  type CreateTrailCommandInput,
  StartLoggingCommand,
} from '@aws-sdk/client-cloudtrail';
import { CreateBucketCommand, PutBucketPolicyCommand, type S3Client } from '@aws-sdk/client-s3';

/** A trail as an account has it, made in a sandbox with AWS's own clients. */

export const STAGE_BUCKET = 'trail-logs';
export const STAGE_TRAIL = 'management';
const ACCOUNT = '000000000000';
export const STAGE_ARN = `arn:aws:cloudtrail:eu-central-1:${ACCOUNT}:trail/${STAGE_TRAIL}`;

/** "Amazon S3 bucket policy for CloudTrail", with who may read. */
export function trailBucketPolicy(readers: readonly string[] = [], prefix = ''): string {
  const bucket = `arn:aws:s3:::${STAGE_BUCKET}`;
  const CloudTrail = { Service: 'cloudtrail.amazonaws.com' };
  const Condition = { StringEquals: { 's3:x-amz-acl': 'bucket-owner-full-control', 'aws:SourceArn': STAGE_ARN } };
  const reading = {
    Sid: 'Read',
    Effect: 'Allow',
    Principal: { AWS: readers },
    Action: ['s3:ListBucket', 's3:GetObject'],
    Resource: [bucket, `${bucket}/*`],
  };
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Sid: 'Check', Effect: 'Allow', Principal: CloudTrail, Action: 's3:GetBucketAcl', Resource: bucket },
      {
        Sid: 'Write',
        Effect: 'Allow',
        Principal: CloudTrail,
        Action: 's3:PutObject',
        Resource: `${bucket}/${prefix}AWSLogs/${ACCOUNT}/*`,
        Condition,
      },
      ...(readers.length > 0 ? [reading] : []),
    ],
  });
}

export interface TrailClients {
  readonly s3: S3Client;
  readonly cloudTrail: CloudTrailClient;
}

/** Bucket, policy and trail; it logs from here on. */
export async function startTrail(
  { s3, cloudTrail }: TrailClients,
  readers: readonly string[] = [],
  more: Partial<CreateTrailCommandInput> = {},
): Promise<void> {
  const Bucket = STAGE_BUCKET;
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }));
  const Policy = trailBucketPolicy(readers, more.S3KeyPrefix === undefined ? '' : `${more.S3KeyPrefix}/`);
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const wanted = { IsMultiRegionTrail: true, EnableLogFileValidation: true, ...more };
  await cloudTrail.send(new CreateTrailCommand({ Name: STAGE_TRAIL, S3BucketName: Bucket, ...wanted }));
  await cloudTrail.send(new StartLoggingCommand({ Name: STAGE_TRAIL }));
}
