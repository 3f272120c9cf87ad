import { expect } from 'vitest';
import { at, listAt } from '../../src/lib/rehearse/expect.js';
import type { World } from '../scenarios/world.js';
import { foundedWorld } from './founded.js';
import { type Cut, kill } from './kill.js';
import { count } from './whole.js';

/**
 * T46 T51: taking events in, really killed (kill -9) before and after each of its reads and writes, and run again: every event is
 * in the ledger, none twice. Which keys the plan's others are, nobody knows in this world, so that a run ends with 3.
 */

const story = foundedWorld((world) => world.advance('1h'));

const INGEST = ['ledger', 'ingest', '--lookup', '--until'];

/** Its appends come first, then the entry about the run; both are pushed. */
const CUTS: readonly (readonly [string, Cut, events: boolean])[] = [
  ['before the history is read', { aws: 'LookupEvents', when: 'before' }, false],
  ['while it is read', { aws: 'LookupEvents', skip: 2, when: 'after' }, false],
  ['before the entries are written into the clone', { git: 'fast-import', when: 'before' }, false],
  ['after they are', { git: 'fast-import', when: 'after' }, false],
  ['before they are pushed', { git: 'push', when: 'before' }, false],
  ['after they are pushed', { git: 'push', when: 'after' }, true],
];

async function idsOf(world: World): Promise<readonly unknown[]> {
  const { json } = await world.ok('architect', 'ledger', 'show', '--kind', 'usage', '--last', '1000');
  return listAt(json, 'entries').map((entry) => at(entry, 'facts', 'eventId'));
}

story('T46 T51 events are taken in once, wherever a run is killed', async (world) => {
  // Long before the runs themselves, whose own questions are events too.
  const words = [...INGEST, new Date(world.serving.sandbox.nowMillis() - 600_000).toISOString()];
  for (const [name, cut, written] of CUTS) {
    await kill(world, { player: 'privacy', words }, cut);
    expect([count(world, 'usage') > 0, count(world, 'ingest')], name).toEqual([written, 0]);
  }
  const before = count(world, 'usage');
  // Nothing is new: the entry about the run is the one write.
  await kill(world, { player: 'privacy', words }, { git: 'push', when: 'before' });
  expect([count(world, 'usage'), count(world, 'ingest')]).toEqual([before, 0]);
  const whole = await world.ends(3, 'privacy', ...words);
  expect([at(whole.json, 'counts', 'taken'), at(whole.json, 'counts', 'known')]).toEqual([0, before]);
  // Another machine, which has no memory of any of it.
  const other = await world.ends(3, 'architect', ...words);
  expect([at(other.json, 'counts', 'taken'), at(other.json, 'counts', 'known')]).toEqual([0, before]);
  const ids = await idsOf(world);
  expect(ids).toHaveLength(before);
  expect(new Set(ids).size).toBe(before);
  expect(count(world, 'ingest')).toBe(2);
});
