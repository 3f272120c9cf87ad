import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackupPlace } from '../backup/backup.js';
import { formatRemembered, parseRemembered } from '../backup/memory.js';
import { sha256Hex } from '../base/bytes.js';
import { stateDirectory } from '../fs/places.js';
import { openJsonFile } from '../fs/state.js';
import { createClone, finishClone, isUnfinished } from '../git/clone.js';
import { openGitRecordStore } from '../git/record-store.js';
import type { RecordStore } from '../record/store.js';
import type { InForce } from '../request/in-force.js';
import type { Ports } from '../request/ports.js';
import { identitiesOf } from '../roster/rules.js';
import { keyStatementVerifier } from '../signing/key-statement.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import type { Context, Desk } from './context.js';

/** A repository of backups with the clone of it on this machine. */
export interface OpenPlace extends BackupPlace {
  readonly dir: string;
}

/** Where the plan in force puts backups. @throws CustodyError USAGE, CLONE_UNSAFE, STORAGE */
export async function openPlace(
  { environment }: Context,
  { ports, pin, folder }: Desk,
  state: InForce,
): Promise<OpenPlace> {
  const url = state.plan.plan.backup?.repository;
  const home = stateDirectory(environment, pin.genesis);
  const name = url === undefined ? 'backup' : nameOf(url);
  const file = join(home, `${name}.json`);
  const memory = openJsonFile(file, (bytes) => parseRemembered(bytes, file), formatRemembered);
  if (url === undefined) return { store: ports.store, memory, isCustody: true, dir: folder };
  const dir = join(home, name);
  if (!(await isWhole(dir))) await finishClone(await createClone(dir, url, environment));
  const store = await openCopy(dir, ports, environment);
  return { store, memory, isCustody: false, dir };
}

/**
 * A repository of backups, or a copy that a drill looks at: plan and roster are those of the custody repository, and what
 * lies there is judged when it is read, by its manifests.
 */
export function openCopy(
  dir: string,
  { clock }: Pick<Ports, 'clock'>,
  environment: Context['environment'],
): Promise<RecordStore> {
  return openGitRecordStore({ dir, clock, random: Math.random, environment, accept: async () => undefined });
}

/** Whether opening it asks nobody: a repository of its own is cloned when it is first needed. */
export async function isPlaceHere({ environment }: Context, { pin }: Desk, state: InForce): Promise<boolean> {
  const url = state.plan.plan.backup?.repository;
  return url === undefined || isWhole(join(stateDirectory(environment, pin.genesis), nameOf(url)));
}

async function isWhole(dir: string): Promise<boolean> {
  const found = await lstat(join(dir, '.git')).catch(() => null);
  return found !== null && !(await isUnfinished(join(dir, '.git')));
}

function nameOf(url: string): string {
  return `backup-${sha256Hex(url).slice(0, 16)}`;
}

/** Opens what keys of a roster signed, and nothing else. */
export function keysVerifierOf({ rosters }: Pick<InForce, 'rosters'>): StatementVerifier {
  return keyStatementVerifier(rosters.flatMap((roster) => [...identitiesOf(roster).values()].map(({ key }) => key)));
}
