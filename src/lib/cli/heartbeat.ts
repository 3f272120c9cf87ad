import type { Instant } from '../base/time.js';
import { waitingChallenge, waitsFor } from '../drill/waiting.js';
import { lookUp } from '../request/desk.js';
import { beat } from '../request/heartbeat.js';
import { keysVerifierOf } from './backup-place.js';
import type { Context } from './context.js';

export interface Beaten {
  readonly heartbeat: {
    readonly by: string;
    readonly head: string;
    readonly expiresAt: Instant;
    /** A challenge of a drill that waits for the one who signed; null: none does. */
    readonly challenge: { readonly id: string; readonly by: string; readonly until: Instant } | null;
  };
}

/** Signs that one is there, and looks whether a drill asks for more. @throws CustodyError what `beat` throws */
export async function beatFor(context: Context): Promise<Beaten> {
  const { ports, actor } = await context.seat('remote');
  const heartbeat = await beat(ports, actor);
  const state = await lookUp(ports, 'local');
  const waiting = await waitingChallenge(state, keysVerifierOf(state), ports.clock.now());
  const own = waiting && waitsFor(waiting, actor.identity) ? waiting : null;
  return {
    heartbeat: { by: actor.identity.id, ...heartbeat, challenge: own && { id: own.id, by: own.by, until: own.until } },
  };
}

export function beatText({ heartbeat }: Beaten): string {
  const { by, head, expiresAt, challenge } = heartbeat;
  const signed = `Signed by ${by}: ${head} is the newest state, until ${expiresAt}.`;
  if (challenge === null) return signed;
  return `${signed}\nA drill waits for your answer to ${challenge.id} until ${challenge.until}: custody dr answer`;
}
