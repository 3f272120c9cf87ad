import { createKms } from './kms/service.js';
import type { Service, StateStore } from './service.js';

/** What a service beyond IAM and STS is made from. */
export interface ServiceHost {
  readonly store: StateStore;
  readonly account: string;
  readonly regions: readonly string[];
  readonly random: (bytes: number) => Buffer;
  /** Whether IAM knows the user, role or account root of this ARN. */
  readonly principalExists: (arn: string) => boolean;
}

export type ServiceFactory = (host: ServiceHost) => Service;

/** THE list of services beside IAM and STS. */
export const SERVICES: readonly ServiceFactory[] = [createKms];
