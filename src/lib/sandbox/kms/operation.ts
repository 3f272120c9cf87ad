import type { JsonObject } from '../../base/canonical-json.js';
import type { Call, Operation } from '../service.js';
import { authorizeKey } from './access.js';
import type { Ask } from './ask.js';
import { resolveKey, type Target } from './identifiers.js';
import { text, texts } from './input.js';
import type { World } from './state.js';
import { assertState } from './states.js';

/** What each file of operations exports. */
export type Operations = (world: World) => Readonly<Record<string, Operation>>;

/** Operations in which `KeyId` may be an alias name or alias ARN: DescribeKey, GetPublicKey and the cryptographic ones. */
export const BY_ALIAS = { aliases: true } as const;

interface Opening extends Ask {
  readonly aliases?: boolean;
}

/** Finds the key of a request, authorizes the operation on it and checks that its state permits it: in this order, as KMS. */
export function openKey(world: World, call: Call, input: JsonObject, operation: string, opening: Opening = {}): Target {
  const target = resolveKey(world, call, text(input, 'KeyId'), opening.aliases ?? false);
  authorizeKey(world, call, target, operation, { grantTokens: texts(input, 'GrantTokens'), ...opening });
  assertState(world, target.row, target.arn, operation, call.nowMillis);
  return target;
}
