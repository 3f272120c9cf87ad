import { afterAll, beforeAll, expect, it } from 'vitest';
import { at, listAt } from '../../src/lib/rehearse/expect.js';
import type { CliOutcome } from '../support/cli.js';
import { World } from './world.js';

/** What the event history says of the keys comes into the ledger, once, and the chain holds. */

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const openChecks = ({ json }: CliOutcome) =>
  listAt(json, 'checks').flatMap((item) => (at(item, 'status') === 'pass' ? [] : [at(item, 'id')]));

it('T46 T66 events of the keys are taken in once, by two people, and tell no secrets', async () => {
  await world.advance('1h');
  // Most keys of the plan are not made yet: which they are, nobody knows.
  const first = await world.ends(3, 'privacy', 'ledger', 'ingest', '--lookup');
  expect(openChecks(first)).toEqual(['keys']);
  const taken = Number(at(first.json, 'counts', 'taken'));
  expect(taken).toBeGreaterThan(3);

  const second = await world.ends(3, 'architect', 'ledger', 'ingest', '--lookup');
  expect(Number(at(second.json, 'counts', 'known'))).toBeGreaterThanOrEqual(taken);

  const shown = await world.ok('architect', 'ledger', 'show', '--kind', 'usage', '--last', '1000');
  const ids = listAt(shown.json, 'entries').map((entry) => at(entry, 'facts', 'eventId'));
  expect(new Set(ids).size).toBe(ids.length);
  expect(JSON.stringify(shown.json)).not.toMatch(/sourceIPAddress|requestParameters|userAgent/);
  await world.ok('architect', 'ledger', 'verify');

  await world.ends(2, 'privacy', 'ledger', 'ingest');
  await world.ends(2, 'privacy', 'ledger', 'ingest', '--lookup', '--stdin');
});
