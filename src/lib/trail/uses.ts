import { isObject } from '../base/fields.js';
import type { TrailEvent } from './event.js';

/** One way in which a role was seen to use a key. */
export interface SeenUse {
  /** The key's ARN. */
  readonly key: string;
  readonly roleArn: string;
  /** `Decrypt`. */
  readonly operation: string;
  /** The service through which it was called (`dynamodb`); null for a direct call. */
  readonly viaService: string | null;
  readonly encryptionContext: Readonly<Record<string, string>>;
}

const USES = new Set([
  'Encrypt',
  'Decrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncrypt',
  'DescribeKey',
]);
const KEY = /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\//;
const ROLE = /^arn:[a-z-]+:iam::\d{12}:role\//;

/** Uses of keys by roles, from calls that went through. */
export function usesIn(events: readonly TrailEvent[]): readonly SeenUse[] {
  return events
    .filter(({ source, name, errorCode }) => source === 'kms.amazonaws.com' && USES.has(name) && errorCode === null)
    .flatMap(({ name, principalArn, invokedBy, resources, parameters }) => {
      if (principalArn === null || !ROLE.test(principalArn)) return [];
      const viaService = invokedBy?.endsWith('.amazonaws.com') ? (invokedBy.split('.')[0] ?? null) : null;
      const common = {
        roleArn: principalArn,
        operation: name,
        viaService,
        encryptionContext: contextIn(parameters.encryptionContext),
      };
      return resources.filter((arn) => KEY.test(arn)).map((key) => ({ key, ...common }));
    });
}

function contextIn(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}
