import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { at, listAt, textAt } from '../../src/lib/rehearse/expect.js';
import { askedIn, codeOf, World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** Shortens case-data's period in the architect's draft. */
function editDraft(): void {
  const file = join(world.clone('architect'), 'custody.yaml');
  const text = readFileSync(file, 'utf8');
  const edited = text.replace(/(^ {2}case-data:[\s\S]*?period: )365d/m, '$190d');
  expect(edited).not.toBe(text);
  writeFileSync(file, edited);
}

it('T67 a new plan voids what was asked under the old one, and its shorter period makes keys due', async () => {
  const old = await world.approvedRotation();
  editDraft();
  const apply = await world.ends(2, 'architect', 'keys', 'apply');
  expect(JSON.stringify(apply.json)).toContain('plan propose');

  const change = askedIn(await world.ok('architect', 'plan', 'propose', '--reason', 'a quarter is enough'));
  for (const player of ['architect', 'privacy'] as const) await world.approve(player, change);
  await world.ok('deputy', 'keys', 'execute', change.id);
  expect(codeOf(await world.ends(3, 'deputy', 'keys', 'execute', old.id))).toBe('REQUEST_ENDED');
  expect(await world.stateOf('privacy', old.id)).toBe('expired');
  expect(await world.rotations()).toBe(0);

  expect(listAt((await world.ok('privacy', 'keys', 'rotate', '--due')).json, 'requests')).toHaveLength(0);
  await world.advance('91d');
  const due = await world.ok('privacy', 'keys', 'rotate', '--due');
  const [only, ...others] = listAt(due.json, 'requests');
  expect(others).toHaveLength(0);
  expect([at(only, 'key', 'name'), at(only, 'action')]).toEqual(['case-data', 'key.rotate']);
  // A second run of the script finds the open request.
  const again = listAt((await world.ok('deputy', 'keys', 'rotate', '--due')).json, 'requests');
  expect(again.map((item) => textAt(item, 'id'))).toEqual([textAt(only, 'id')]);

  const asked = { id: textAt(only, 'id'), digest: textAt(only, 'digest') };
  for (const player of ['architect', 'privacy'] as const) await world.approve(player, asked);
  await world.ok('deputy', 'keys', 'execute', '--ready');
  expect(await world.rotations()).toBe(1);
  expect(listAt((await world.ok('privacy', 'keys', 'rotate', '--due')).json, 'requests')).toHaveLength(0);
});
