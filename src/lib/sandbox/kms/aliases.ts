import type { JsonObject } from '../../base/canonical-json.js';
import { type Call, ServiceError } from '../service.js';
import { authorizeAccount, authorizeAlias, authorizeKey } from './access.js';
import { alreadyExists, limitExceeded, notFound, validation } from './errors.js';
import { aliasArn, resolveKey, targetOf } from './identifiers.js';
import { optionalText, text } from './input.js';
import type { Operations } from './operation.js';
import { page } from './paging.js';
import { specOf } from './specs.js';
import { type AliasRow, rowId, seconds, type World } from './state.js';
import { assertState } from './states.js';

const MOST_PER_KEY = 50;

export const aliasOperations: Operations = (world) => ({
  CreateAlias(input, call) {
    const aliasName = readName(input);
    const target = resolveKey(world, call, text(input, 'TargetKeyId'), false);
    authorizeAlias(world, call, 'CreateAlias', aliasName);
    authorizeKey(world, call, target, 'CreateAlias');
    if (world.aliases.get(rowId(call.region, aliasName)) !== undefined) {
      throw alreadyExists(`An alias with the name ${aliasArn(world, call.region, aliasName)} already exists`);
    }
    assertState(world, target.row, target.arn, 'CreateAlias', call.nowMillis);
    assertRoom(world, call, target.row.keyId);
    const at = call.nowMillis;
    putAlias(world, {
      region: call.region,
      aliasName,
      targetKeyId: target.row.keyId,
      createdMillis: at,
      updatedMillis: at,
    });
    return {};
  },

  UpdateAlias(input, call) {
    const alias = findAlias(world, call, readName(input));
    const before = targetOf(world, resolveKey(world, call, alias.targetKeyId, false).row);
    const after = resolveKey(world, call, text(input, 'TargetKeyId'), false);
    authorizeAlias(world, call, 'UpdateAlias', alias.aliasName);
    authorizeKey(world, call, before, 'UpdateAlias');
    authorizeKey(world, call, after, 'UpdateAlias');
    assertState(world, after.row, after.arn, 'UpdateAlias', call.nowMillis);
    const family = (keySpec: string) => specOf(keySpec).family;
    if (family(before.set.keySpec) !== family(after.set.keySpec) || before.set.keyUsage !== after.set.keyUsage) {
      throw validation(`Alias ${alias.aliasName} cannot be changed to a key of another type or key usage.`);
    }
    if (after.row.keyId !== before.row.keyId) assertRoom(world, call, after.row.keyId);
    putAlias(world, { ...alias, targetKeyId: after.row.keyId, updatedMillis: call.nowMillis });
    return {};
  },

  DeleteAlias(input, call) {
    const alias = findAlias(world, call, readName(input));
    const target = resolveKey(world, call, alias.targetKeyId, false);
    authorizeAlias(world, call, 'DeleteAlias', alias.aliasName);
    authorizeKey(world, call, target, 'DeleteAlias');
    world.aliases.remove(rowId(alias.region, alias.aliasName));
    return {};
  },

  ListAliases(input, call) {
    authorizeAccount(call, 'ListAliases');
    const keyId = optionalText(input, 'KeyId');
    const only = keyId === null ? null : resolveKey(world, call, keyId, false).row.keyId;
    const listed = world.aliases
      .values()
      .filter((alias) => alias.region === call.region && (only === null || alias.targetKeyId === only));
    return page(
      input,
      'Aliases',
      { byDefault: 50, most: 100 },
      listed,
      (alias) => alias.aliasName,
      (alias) => ({
        AliasName: alias.aliasName,
        AliasArn: aliasArn(world, alias.region, alias.aliasName),
        TargetKeyId: alias.targetKeyId,
        CreationDate: seconds(alias.createdMillis),
        LastUpdatedDate: seconds(alias.updatedMillis),
      }),
    );
  },
});

function putAlias(world: World, alias: AliasRow): void {
  world.aliases.put(rowId(alias.region, alias.aliasName), alias);
}

function findAlias(world: World, call: Call, aliasName: string): AliasRow {
  const alias = world.aliases.get(rowId(call.region, aliasName));
  if (alias === undefined) throw notFound(`Alias ${aliasArn(world, call.region, aliasName)} is not found.`);
  return alias;
}

function assertRoom(world: World, call: Call, keyId: string): void {
  const taken = world.aliases.group(rowId(call.region, keyId));
  if (taken.length >= MOST_PER_KEY) throw limitExceeded(`A KMS key can have at most ${MOST_PER_KEY} aliases.`);
}

function readName(input: JsonObject): string {
  const name = text(input, 'AliasName');
  if (!name.startsWith('alias/'))
    throw validation(
      'Alias must start with the prefix "alias/". Please see http://docs.aws.amazon.com/kms/latest/developerguide/programming-aliases.html',
    );
  if (name.startsWith('alias/aws/')) throw new ServiceError('NotAuthorizedException', '');
  if (name === 'alias/' || name.includes(':'))
    throw new ServiceError('InvalidAliasNameException', `${name} is not a valid alias name`);
  return name;
}
