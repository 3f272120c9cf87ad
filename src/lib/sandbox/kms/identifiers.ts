import type { Call } from '../service.js';
import { ServiceError } from '../service.js';
import { notFound } from './errors.js';
import { type KeyRow, rowId, type SetRow, setOf, type World } from './state.js';

/** A key that a request names. */
export interface Target {
  readonly row: KeyRow;
  readonly set: SetRow;
  readonly arn: string;
  /** The alias name by which the request named it: what `kms:RequestAlias` holds. */
  readonly alias: string | null;
}

const KEY_ID = /^(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;
const ARN = /^arn:([a-z-]+):kms:([a-z0-9-]+):(\d{12}):(key\/|alias\/)(.+)$/;

export function keyArn(world: World, region: string, keyId: string): string {
  return `arn:${world.partition}:kms:${region}:${world.account}:key/${keyId}`;
}

export function aliasArn(world: World, region: string, aliasName: string): string {
  return `arn:${world.partition}:kms:${region}:${world.account}:${aliasName}`;
}

export function rootArn(world: World): string {
  return `arn:${world.partition}:iam::${world.account}:root`;
}

export function targetOf(world: World, row: KeyRow, alias: string | null = null): Target {
  return { row, set: setOf(world, row.keyId), arn: keyArn(world, row.region, row.keyId), alias };
}

/**
 * The key that `id` names in the call's Region: a key id, a key ARN and, where `aliases` is set, an alias name or alias ARN.
 * @throws ServiceError NotFoundException; InvalidArnException for what only looks like an ARN.
 */
export function resolveKey(world: World, call: Call, id: string, aliases: boolean): Target {
  const name = id.startsWith('arn:') ? localName(world, call, id) : id;
  if (name.startsWith('alias/') && aliases) return resolveAlias(world, call, name);
  if (!KEY_ID.test(name)) throw notFound(`Invalid keyId '${id}'`);
  const row = world.keys.get(rowId(call.region, name));
  if (row === undefined) throw notFound(`Key '${keyArn(world, call.region, name)}' does not exist`);
  return targetOf(world, row);
}

function resolveAlias(world: World, call: Call, name: string): Target {
  const alias = world.aliases.get(rowId(call.region, name));
  const row = alias && world.keys.get(rowId(call.region, alias.targetKeyId));
  if (row === undefined) throw notFound(`Alias ${aliasArn(world, call.region, name)} is not found.`);
  return targetOf(world, row, name);
}

/** The part of an ARN that names a key or alias here: one service, partition, account and Region each have their own names. */
function localName(world: World, call: Call, arn: string): string {
  const [, partition, region, account, kind, rest = ''] = ARN.exec(arn) ?? [];
  if (partition === undefined) throw new ServiceError('InvalidArnException', `Invalid arn ${arn}`);
  if (partition !== world.partition || region !== call.region) throw notFound(`Invalid arn ${region}`);
  if (account !== world.account) throw notFound(`Key '${arn}' does not exist`);
  return kind === 'alias/' ? `alias/${rest}` : rest;
}
