import { announce } from './announce.js';
import { settleRotations } from './rotation-schedule.js';
import { copiesOf, DAY, type KeyRow, primaryOf, putKey, rowId, setOf, type World } from './state.js';

/** How long an expired import token is remembered as expired. */
const FORGET_AFTER = DAY;

/**
 * `settleWorld`, but only when something can be due: with ten thousand keys a look at each of them would cost more than
 * most calls.
 */
export function createSettler(world: World): (nowMillis: number) => void {
  let seen = -1;
  let due = Number.NEGATIVE_INFINITY;
  const changes = (): number =>
    world.keys.changes + world.sets.changes + world.imports.changes + world.parameters.changes;
  return (nowMillis) => {
    if (changes() === seen && nowMillis < due) return;
    settleWorld(world, nowMillis);
    seen = changes();
    due = nextDue(world);
  };
}

/** The earliest instant at which time alone changes something. */
function nextDue(world: World): number {
  let due = Number.POSITIVE_INFINITY;
  const by = (millis: number | null): void => {
    if (millis !== null && millis < due) due = millis;
  };
  for (const { deleteAtMillis } of world.keys.values()) by(deleteAtMillis);
  for (const { onDemandStartMillis, nextRotationMillis } of world.sets.values()) {
    by(onDemandStartMillis);
    by(nextRotationMillis);
  }
  for (const { validToMillis } of world.imports.values()) by(validToMillis);
  for (const { validToMillis } of world.parameters.values()) by(validToMillis + FORGET_AFTER);
  return due;
}

/** Carries out what time alone brings about: rotations, expiries of imported material, deletions. */
export function settleWorld(world: World, nowMillis: number): void {
  deleteDueKeys(world, nowMillis);
  for (const set of world.sets.values()) {
    const due = set.onDemandStartMillis ?? set.nextRotationMillis;
    if (due !== null && due <= nowMillis) settleRotations(world, set.keyId, nowMillis);
  }
  for (const [id, row] of world.imports.entries()) {
    if (row.validToMillis === null || row.validToMillis > nowMillis) continue;
    const { region, keyId, validToMillis: atMillis } = row;
    world.imports.remove(id);
    announce(world, 'DeleteExpiredKeyMaterial', { region, keyId, atMillis }, { keyId, keyMaterialId: row.materialId });
  }
  for (const [id, row] of world.parameters.entries()) {
    if (row.validToMillis + FORGET_AFTER <= nowMillis) world.parameters.remove(id);
  }
}

/** Again until nothing is due: a replica's end starts its primary's window, which may be over too. */
function deleteDueKeys(world: World, nowMillis: number): void {
  for (;;) {
    const due = world.keys.values().filter((row) => row.deleteAtMillis !== null && row.deleteAtMillis <= nowMillis);
    if (due.length === 0) return;
    for (const row of due) deleteKey(world, row, row.deleteAtMillis ?? nowMillis);
  }
}

function deleteKey(world: World, row: KeyRow, atMillis: number): void {
  const set = setOf(world, row.keyId);
  announce(world, 'DeleteKey', { region: row.region, keyId: row.keyId, atMillis });
  world.keys.remove(rowId(row.region, row.keyId));
  world.usage.remove(rowId(row.region, row.keyId));
  removeWhere(world.aliases, (alias) => alias.region === row.region && alias.targetKeyId === row.keyId);
  removeWhere(world.grants, (grant) => grant.region === row.region && grant.keyId === row.keyId);
  removeWhere(world.imports, (item) => item.region === row.region && item.keyId === row.keyId);
  removeWhere(world.parameters, (item) => item.region === row.region && item.keyId === row.keyId);
  const left = copiesOf(world, row.keyId);
  const primary = primaryOf(world, set);
  if (left.length === 0) {
    for (const id of set.materialIds) world.materials.remove(rowId(set.keyId, id));
    world.sets.remove(set.keyId);
  } else if (left.length === 1 && primary?.deletionWindowDays != null && primary.deleteAtMillis === null) {
    putKey(world, { ...primary, deleteAtMillis: atMillis + primary.deletionWindowDays * DAY });
  }
}

interface Removable<Row> {
  entries(): readonly (readonly [string, Row])[];
  remove(id: string): void;
}

function removeWhere<Row>(table: Removable<Row>, gone: (row: Row) => boolean): void {
  for (const [id, row] of table.entries()) if (gone(row)) table.remove(id);
}
