import { describe, expect, it } from 'vitest';
import { assertPinned } from '../../../src/lib/cli/pinned.js';
import { lookUp } from '../../../src/lib/request/desk.js';
import { memoryOf } from '../../../src/lib/request/in-force.js';
import { createOffice } from '../../support/office.js';
import { later } from '../../support/people.js';

describe('T30 a run that was given a pin', () => {
  it('goes on with what the pin names and what has grown from it, and with nothing older', async () => {
    const office = await createOffice();
    const { ports } = office.machine('ci');
    const pinned = memoryOf(await lookUp(ports, 'remote'), later(0));
    const clone = { schema: 1, genesis: pinned.genesis, as: 'ci' } as const;
    await office.open('architect');
    const state = await lookUp(ports, 'remote');
    const judged = (pin: typeof pinned | null) => assertPinned(state, ports.store, clone, pin);
    await judged(null);
    await judged(pinned);
    for (const ahead of [
      { head: 'f'.repeat(40) },
      { planVersion: 2 },
      { rosterVersion: 2 },
      { planDigest: pinned.rosterDigest },
    ])
      await expect(judged({ ...pinned, ...ahead })).rejects.toMatchObject({ code: 'ROLLBACK' });
    await expect(judged({ ...pinned, genesis: pinned.planDigest })).rejects.toMatchObject({ code: 'GENESIS_MISMATCH' });
  });
});
