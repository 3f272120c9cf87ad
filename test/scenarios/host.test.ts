import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { entryDigest } from '../../src/lib/ledger/entry.js';
import type { LedgerHead } from '../../src/lib/ledger/store.js';
import { open } from '../../src/lib/record/envelope.js';
import { at, listAt } from '../../src/lib/rehearse/expect.js';
import { pointTo } from '../support/cli.js';
import { entryAbout } from '../support/told.js';
import { codeOf, gitIn, World } from './world.js';

/** The host of the shared repository is against its users. */
let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

it('T30 the host takes commits back: every clone refuses, and a fresh clone on the same machine too', async () => {
  const before = world.head();
  const asked = await world.approvedRotation();
  await world.ok('deputy', 'keys', 'pending');
  world.git('update-ref', 'refs/heads/main', before);
  for (const player of ['architect', 'deputy'] as const) {
    expect(codeOf(await world.ends(3, player, 'keys', 'execute', asked.id))).toBe('HISTORY_REWRITTEN');
  }
  // The clone is gone; what the machine remembers is not.
  const { genesis } = JSON.parse(readFileSync(join(world.clone('deputy'), '.git', 'custody.json'), 'utf8'));
  const fresh = join(world.dir, 'fresh');
  const joined = await world.ends(3, 'deputy', 'join', world.origin, fresh, '--as', 'deputy', '--genesis', genesis);
  expect(codeOf(joined)).toBe('ROLLBACK');
  expect(await world.rotations()).toBe(0);
});

it('T31 the host serves an old, consistent state: execution is refused as stale until another custodian signs', async () => {
  const asked = await world.rotate('architect');
  await world.approve('architect', asked);
  await world.advance('20h');
  await world.approve('privacy', asked);
  await world.advance('5h');
  // The privacy engineer's own signature is young; that of the others is not, and one's own does not count.
  expect(codeOf(await world.ends(3, 'privacy', 'keys', 'execute', asked.id))).toBe('STALE');
  await world.split('frozen.git', 'privacy');
  await world.ok('deputy', 'heartbeat');
  expect(codeOf(await world.ends(3, 'privacy', 'keys', 'execute', asked.id))).toBe('STALE');
  expect(await world.rotations()).toBe(0);
  pointTo(world.clone('privacy'), world.origin);
  await world.ok('privacy', 'keys', 'execute', asked.id);
  expect(await world.rotations()).toBe(1);
});

function ledgerHead(): LedgerHead {
  const paths = world.git('ls-tree', '-r', '--name-only', 'refs/heads/main', 'ledger/').split('\n').filter(Boolean);
  return { size: paths.length, digest: entryDigest(Buffer.from(world.read(paths.at(-1) ?? ''))) };
}

it('T32 the host shows two views: an approval of the other view does not count, and the views never join', async () => {
  const asked = await world.rotate('architect');
  await world.ok('privacy', 'keys', 'pending');
  const other = await world.split('other.git', 'privacy');
  await world.approve('architect', asked);
  // What the privacy engineer signs on the other side names a head that only exists there.
  await world.ok('privacy', 'heartbeat');
  await world.approve('privacy', asked);
  const theirs = gitIn(other, ['ls-tree', '-r', '--name-only', 'refs/heads/main', `records/${asked.id}/`]).split('\n');
  const path = theirs.find((name) => name !== '' && !world.filesOf(asked.id).includes(name)) ?? '';
  expect(path).not.toBe('');
  const theirApproval = { [path]: gitIn(other, ['cat-file', 'blob', `refs/heads/main:${path}`]) };
  const before = world.head();
  world.push(theirApproval);
  // As it is, it would break the ledger for good.
  const refused = await world.ends(3, 'deputy', 'keys', 'execute', asked.id);
  expect([codeOf(refused), at(refused.json, 'error', 'details', 'follows')]).toEqual(['LEDGER_BROKEN', before]);
  world.git('update-ref', 'refs/heads/main', before);
  world.push({ ...theirApproval, ...entryAbout(open(Buffer.from(theirApproval[path] ?? '')), ledgerHead()) });
  const pending = await world.ends(8, 'deputy', 'keys', 'execute', asked.id);
  expect(codeOf(pending)).toBe('PENDING');
  const shown = (await world.ok('deputy', 'keys', 'show', asked.id)).json;
  const approvals = listAt(shown, 'request', 'approvals');
  expect(approvals.map((item) => [at(item, 'custodian'), at(item, 'ignoredBecause') ?? null]).sort()).toEqual([
    ['architect', null],
    ['privacy', 'head-unknown'],
  ]);
  pointTo(world.clone('privacy'), world.origin);
  expect(codeOf(await world.ends(3, 'privacy', 'keys', 'pending'))).toBe('HISTORY_REWRITTEN');
  expect(await world.rotations()).toBe(0);
});
