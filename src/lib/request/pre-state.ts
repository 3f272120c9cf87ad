import type { JsonObject } from '../base/canonical-json.js';
import { childrenOf } from '../plan/tree.js';
import { casesOf } from './desk.js';
import { destroyedState } from './destruction.js';
import type { InForce } from './in-force.js';
import { observe } from './observe.js';
import type { Subject } from './observe-key.js';
import type { Aws, Ports } from './ports.js';

/**
 * The signed pre-state: from AWS for keys, from what is in force for the documents, from the records for certificates.
 * @throws CustodyError REFUSED where a certificate has nothing to rest on · what reading throws
 */
export async function preStateOf(
  ports: Ports,
  { reader }: Pick<Aws, 'reader'>,
  state: InForce,
  subject: Subject,
): Promise<JsonObject> {
  if (subject.action === 'plan.update') return { version: state.plan.version, digest: state.planDigest };
  if (subject.action === 'roster.update') return { version: state.roster.version, digest: state.rosterDigest };
  if (subject.action === 'key.confirm-destroyed') {
    const { cases } = await casesOf(ports, state);
    return destroyedState(reader, cases, subject, ports.clock.now());
  }
  const seen = await observe(reader, subject);
  // What hangs on a key is the plan's to say; a request binds the plan.
  return subject.action === 'key.delete'
    ? { ...seen, dependants: childrenOf(state.plan.plan, subject.key?.name ?? '') }
    : seen;
}
