import type { ServiceEvent } from './cloudtrail/witnessed.js';
import { createKms } from './kms/service.js';
import { DELAYS, type KmsOptions } from './kms/state.js';
import { createS3 } from './s3/service.js';
import type { Call, Service, StateStore } from './service.js';

/**
 * How long changes of tags, aliases and grants take to reach authorization: as long as AWS's documents allow, which is
 * what whoever builds on it must be ready for, or not at all.
 */
export type Propagation = 'documented' | 'instant';

/** What a service beyond IAM, STS and CloudTrail is made from. */
export interface ServiceHost {
  readonly store: StateStore;
  readonly account: string;
  readonly regions: readonly string[];
  readonly random: (bytes: number) => Buffer;
  /** Whether IAM knows the user, role or account root of this ARN. */
  readonly principalExists: (arn: string) => boolean;
  readonly propagation: Propagation;
  /** Records what the service did by itself. */
  readonly announce: (event: ServiceEvent) => void;
  /** A call that a service makes itself in a role that it may enter; null for another role. */
  readonly callAs: (roleArn: string, region: string, nowMillis: number, service: Service['name']) => Call | null;
}

export type ServiceFactory = (host: ServiceHost) => Service;

/** KMS, with another source of RSA keys where one is given: making them is slow. */
export function kmsService(sources: Pick<KmsOptions, 'rsaPair'> = {}): ServiceFactory {
  return ({ propagation, ...host }) =>
    createKms({ ...host, ...sources, delays: propagation === 'instant' ? { ...DELAYS, tag: 0, grant: 0 } : DELAYS });
}

export function s3Service(): ServiceFactory {
  return ({ callAs, ...host }) =>
    createS3({ ...host, callAs: (roleArn, region, nowMillis) => callAs(roleArn, region, nowMillis, 's3') });
}

/** THE list of services beside IAM, STS and CloudTrail. */
export const SERVICES: readonly ServiceFactory[] = [kmsService(), s3Service()];
