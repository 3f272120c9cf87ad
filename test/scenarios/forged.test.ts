import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { at, listAt } from '../../src/lib/rehearse/expect.js';
import { codeOf, World } from './world.js';

/** One who may push, without any custodian's key. */
let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

const fileName = (text: string) => `${createHash('sha256').update(text).digest('hex')}.json`;

/** The record with other words in its payload. */
function edited(record: string, from: string, to: string): string {
  const bundle = JSON.parse(record) as { dsseEnvelope: { payload: string } };
  const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString('utf8');
  expect(payload).toContain(from);
  return record.replace(bundle.dsseEnvelope.payload, Buffer.from(payload.replaceAll(from, to)).toString('base64'));
}

it('T1 a request is edited in place: every clone refuses the repository', async () => {
  const asked = await world.rotate('architect', '--reason', 'harmless words');
  await world.approve('architect', asked);
  await world.approve('privacy', asked);
  const [path = ''] = world.filesOf(asked.id).filter((name) => world.read(name).includes('"dsseEnvelope"'));
  const before = world.head();
  world.push({ [path]: `${world.read(path)} ` });
  expect(codeOf(await world.ends(3, 'deputy', 'keys', 'execute', asked.id))).toBe('HISTORY_REWRITTEN');
  expect(await world.rotations()).toBe(0);
  world.git('update-ref', 'refs/heads/main', before);
  await world.ok('deputy', 'keys', 'execute', asked.id);
});

it('T1 T4 T54 an edited request and approvals for another request count for nothing', async () => {
  const first = await world.rotate('architect', '--reason', 'harmless words');
  await world.approve('architect', first);
  await world.approve('privacy', first);
  const files = world.filesOf(first.id).map((path) => ({ path, text: world.read(path) }));
  const request = files.find(({ text }) => Buffer.from(text.split('"')[5] ?? '', 'base64').includes('harmless words'));
  const approvals = files.filter((file) => file !== request);
  expect(approvals).toHaveLength(2);

  // A request for another Region, made of the signed one, with the approvals of the signed one beside it.
  const forged = edited(request?.text ?? '', 'eu-central-1', 'eu-west-1');
  const folder = 'records/r-aaaaaaaaaa';
  const copies = approvals.map(({ text }) => [`${folder}/${fileName(text)}`, text] as const);
  world.push({ [`${folder}/${fileName(forged)}`]: forged, ...Object.fromEntries(copies) });
  const pending = (await world.ok('deputy', 'keys', 'pending')).json;
  expect(listAt(pending, 'refused').map((item) => at(item, 'id'))).toEqual(['r-aaaaaaaaaa']);
  const run = await world.run('deputy', ['keys', 'execute', 'r-aaaaaaaaaa']);
  expect(run.exit).toBe(3);

  // The approvals of the first request beside another, honest one.
  await world.ok('deputy', 'keys', 'reject', first.id);
  const second = await world.rotate('architect', '--reason', 'another one');
  world.push(Object.fromEntries(approvals.map(({ text }) => [`records/${second.id}/${fileName(text)}`, text])));
  const judged = await world.ends(8, 'deputy', 'keys', 'execute', second.id);
  expect(codeOf(judged)).toBe('PENDING');
  const shown = listAt((await world.ok('deputy', 'keys', 'show', second.id)).json, 'request', 'approvals');
  expect(shown.map((item) => at(item, 'ignoredBecause'))).toEqual(['other-request', 'other-request']);
  expect(await world.rotations()).toBe(0);
});
