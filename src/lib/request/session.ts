import type { KeyMaterial } from '../key/material.js';
import type { Identity } from '../roster/roster.js';
import type { InForce } from './in-force.js';
import type { Actor, Aws, Ports } from './ports.js';
import { seenNow } from './publish.js';

/** One who executes, with everything that it takes. */
export interface Session {
  readonly ports: Ports;
  readonly actor: Actor;
  readonly aws: Aws;
  readonly identity: Identity;
  /** The key material that the machine was given, for requests that import it. */
  readonly material: KeyMaterial | null;
}

/** The fields that intents and receipts share. */
export function basicsOf({ ports, identity }: Session, state: InForce) {
  return {
    tool: ports.tool,
    repository: state.roster.repository,
    by: identity.id,
    at: ports.clock.now(),
    seen: seenNow(ports, state.head, state.plan.plan.quorum.freshnessSeconds),
  };
}
