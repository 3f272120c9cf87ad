import { nameOfSigner } from '../backup/signer.js';
import { type Standing, standingOf } from '../backup/standing.js';
import { CustodyError, EXIT } from '../base/errors.js';
import type { Instant } from '../base/time.js';
import type { InForce } from '../request/in-force.js';
import type { Kept } from '../status/kept.js';
import { isPlaceHere, openPlace } from './backup-place.js';
import { verifierOf } from './backup-trust.js';
import type { Context } from './context.js';

/** The newest backup for the front page; what hinders reading it is said, and hinders nothing else. */
export async function backupKept(context: Context, state: InForce, offline: boolean): Promise<Kept | null> {
  try {
    const desk = await context.desk();
    if (offline && !(await isPlaceHere(context, desk, state)))
      return { at: null, detail: 'this machine has no clone of the repository of backups yet', wrong: [] };
    const place = await openPlace(context, desk, state);
    if (!place.isCustody && !offline) await place.store.sync({ onProgress: desk.ports.progress });
    const verifier = verifierOf(state, { folder: desk.folder, store: place.store });
    const found = await standingOf(place, verifier, state);
    return found && keptOf(found, state, desk.ports.clock.now());
  } catch (cause) {
    if (!(cause instanceof CustodyError) || cause.code === 'BUG' || cause.code === 'INTERRUPTED') throw cause;
    const said = `${cause.code}: ${cause.message}`;
    return { at: null, detail: said, wrong: cause.exit === EXIT.refused ? [said] : [] };
  }
}

/** A standing in the words of the front page. */
export function keptOf(
  { sequence, at, expiresAt, complete, missing, signer }: Standing,
  { roster, plan }: Pick<InForce, 'roster' | 'plan'>,
  now: Instant,
): Kept {
  const wrong = [
    ...(complete ? [] : [`backup ${sequence} is incomplete: it leaves out ${missing} things`]),
    ...(now > expiresAt ? [`backup ${sequence} was good until ${expiresAt}`] : []),
    ...(nameOfSigner(signer, [roster], [plan]) === null
      ? [`backup ${sequence} is signed by one whom roster and plan do not list any more`]
      : []),
  ];
  const whole = complete ? 'complete' : `without ${missing} things`;
  return { at, detail: `backup ${sequence}, ${whole}, signed ${at}, good until ${expiresAt}`, wrong };
}
