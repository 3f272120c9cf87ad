import { casesOf } from './desk.js';
import type { KnownKeys } from './estate.js';
import type { InForce } from './in-force.js';
import type { Ports } from './ports.js';

/** The keys that executed creations made, by plan name; of several the last. */
export async function knownKeys(ports: Ports, state: InForce): Promise<KnownKeys> {
  const { cases } = await casesOf(ports, state);
  const made = cases.flatMap(({ request, verdict }) => {
    const receipt = verdict.receipt?.statement.predicate;
    const created = request.statement.predicate.action === 'key.create' && verdict.state === 'executed';
    return created && receipt?.key?.keyId
      ? [{ at: receipt.finishedAt, name: receipt.key.name, keyId: receipt.key.keyId }]
      : [];
  });
  return new Map(made.sort((a, b) => (a.at < b.at ? -1 : 1)).map(({ name, keyId }) => [name, keyId]));
}
