import { type ExecutorSession, isKeyArn, keyArnOf } from '../key/key.js';
import type { RequestPredicate, SignedCall } from '../record/statement.js';

type Request = Pick<RequestPredicate, 'calls' | 'key' | 'partition' | 'account'>;

/**
 * What the executor's session may do: the request's calls on its key in the Regions of the calls, and nothing else (T48).
 * A new key has no ARN yet, so the session that creates one is not tied to it.
 */
export function scopeOf(request: Request): Pick<ExecutorSession, 'actions' | 'resources' | 'unscoped'> {
  const calls = request.calls.filter(({ service }) => service === 'kms');
  const operations = calls.map(({ operation }) => operation);
  const makes = operations.includes('CreateKey') || operations.includes('ReplicateKey');
  // A new key or replica with tags asks for TagResource, and its lock-out check for PutKeyPolicy on what it makes.
  const needed = [...operations, ...(makes ? ['TagResource', 'PutKeyPolicy'] : [])];
  const actions = [...new Set(needed)].map((operation) => `kms:${operation}`);
  if (operations.includes('CreateKey') || !request.key?.arn) return { actions, resources: ['*'] };
  const resources = [...new Set([request.key.arn, ...calls.flatMap((call) => resourcesOf(request, call))])];
  // ReplicateKey asks for CreateKey in the replica's Region, which AWS checks against no resource.
  return makes ? { actions, resources, unscoped: ['kms:CreateKey'] } : { actions, resources };
}

function resourcesOf({ key, partition, account }: Request, { region, parameters }: SignedCall): readonly string[] {
  const keyId = key?.keyId ?? '';
  const others = [parameters.ReplicaRegion, parameters.PrimaryRegion].filter((where) => typeof where === 'string');
  const arns = others.map((where) => keyArnOf({ partition, region: where, account, keyId }));
  arns.push(...[parameters.KeyId, parameters.TargetKeyId].filter(isKeyArn));
  if (typeof parameters.AliasName !== 'string') return arns;
  // An alias is asked for by its own ARN and by that of its key.
  const alias = `arn:${partition}:kms:${region}:${account}:${parameters.AliasName}`;
  return [...arns, alias, keyArnOf({ partition, region, account, keyId })];
}
