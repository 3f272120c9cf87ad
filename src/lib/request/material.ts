import { CustodyError } from '../base/errors.js';
import type { KeyMaterial } from '../key/material.js';
import { needsMaterial } from '../record/action.js';
import type { RequestPredicate } from '../record/statement.js';

/**
 * Makes sure that the material at hand is the one that was signed for: what two custodians saw being made, and nothing
 * else, is imported.
 * @param resumed an earlier run may have imported it everywhere; then it is asked for only where it is missing
 * @throws CustodyError INPUT_MISSING · REFUSED for other material · USAGE for material that nothing asks for
 */
export function assertMaterial(
  { action, parameters }: Pick<RequestPredicate, 'action' | 'parameters'>,
  material: KeyMaterial | null,
  resumed: boolean,
): void {
  if (!needsMaterial(action)) {
    if (material === null) return;
    throw new CustodyError('USAGE', `${action} takes no key material`);
  }
  if (material === null) {
    if (resumed) return;
    throw new CustodyError('INPUT_MISSING', `${action} is executed by the machine that has the key material`, {
      suggestions: ['Give the 32 bytes by a file descriptor: --material-fd 3 3< <(…).'],
    });
  }
  if (material.commitment === parameters.commitment) return;
  throw new CustodyError('REFUSED', 'this is not the key material that was signed for', {
    details: { expected: parameters.commitment, found: material.commitment },
  });
}
