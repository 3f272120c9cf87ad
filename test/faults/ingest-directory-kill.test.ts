import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { at, listAt } from '../../src/lib/rehearse/expect.js';
import { askedIn, type World } from '../scenarios/world.js';
import { foundedWorld } from './founded.js';
import { type Cut, kill } from './kill.js';

/**
 * T46 T51: taking events into an audit ledger in a folder, really killed (kill -9) around the naming of its objects, and run again: every
 * event is in the ledger, none twice, and it is verified each time. (For one in S3: test/scenarios/ledger-in-s3.test.ts.)
 */

const story = foundedWorld((world) => world.advance('1h'));

/** The bundle comes first; an append is done with its slot. */
const CUTS: readonly (readonly [string, Cut, done: boolean])[] = [
  ['before the bundle has its name', { object: 'bundles/', when: 'before' }, false],
  ['after the bundle has it', { object: 'bundles/', when: 'after' }, false],
  ['before the slot has its name', { object: 'slots/', when: 'before' }, false],
  ['after the slot has it', { object: 'slots/', when: 'after' }, true],
];

async function inFolder(world: World): Promise<void> {
  const file = join(world.clone('architect'), 'custody.yaml');
  const wanted = `  store: directory\n  directory: ${join(world.dir, 'audit')}`;
  writeFileSync(file, readFileSync(file, 'utf8').replace('  store: git', wanted));
  const asked = askedIn(await world.ok('architect', 'plan', 'propose', '--reason', 'ledger'));
  await Promise.all((['architect', 'privacy'] as const).map((player) => world.approve(player, asked)));
  await world.ok('deputy', 'keys', 'execute', asked.id);
}

async function idsOf(world: World): Promise<readonly unknown[]> {
  const { json } = await world.ok('architect', 'ledger', 'show', '--kind', 'usage', '--last', '1000');
  return listAt(json, 'entries').map((entry) => at(entry, 'facts', 'eventId'));
}

story('T46 T51 events are taken once into a ledger in a folder, wherever a run is killed', async (world) => {
  await inFolder(world);
  // Long before the runs themselves, whose own questions are events too.
  const until = new Date(world.serving.sandbox.nowMillis() - 600_000).toISOString();
  const words = ['ledger', 'ingest', '--lookup', '--until', until];
  for (const [name, cut, done] of CUTS) {
    await kill(world, { player: 'privacy', words }, cut);
    expect((await idsOf(world)).length > 0, name).toBe(done);
  }
  const before = await idsOf(world);
  const whole = await world.ends(3, 'deputy', ...words);
  expect([at(whole.json, 'counts', 'taken'), at(whole.json, 'counts', 'known')]).toEqual([0, before.length]);
  const ids = await idsOf(world);
  expect(ids).toEqual(before);
  expect(new Set(ids).size).toBe(ids.length);
  expect((await world.ok('architect', 'ledger', 'verify')).json.verdict).toBe('verified');
});
