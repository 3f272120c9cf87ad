import type { RequestPredicate } from '../record/statement.js';

/**
 * The resources that the calls of a request touch: the executor's session is limited to them (T48). An alias is a resource
 * of its own, and moving it takes power over both keys (KMS Developer Guide, "Controlling access to aliases").
 */
export function resourcesOf({ key, calls, partition, account }: RequestPredicate): readonly string[] {
  const named = calls.flatMap(({ region, parameters }) => [
    ...[parameters.KeyId, parameters.TargetKeyId].filter(isArn),
    ...(typeof parameters.AliasName === 'string'
      ? [`arn:${partition}:kms:${region}:${account}:${parameters.AliasName}`]
      : []),
  ]);
  return [...new Set([...(key?.arn ? [key.arn] : []), ...named])];
}

function isArn(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('arn:');
}
