import { expect } from 'vitest';
import { verifyChain } from '../../src/lib/ledger/chain.js';
import { at } from '../../src/lib/rehearse/expect.js';
import { gitIn, type World } from '../scenarios/world.js';

/** Whether anything of a remote is lost, looked at past the tool. */

/** Every file that the remote has, by the id of its content. */
export function filesOf(world: World): ReadonlyMap<string, string> {
  const lines = world.git('ls-tree', '-r', 'refs/heads/main').split('\n').filter(Boolean);
  return new Map(lines.map((line) => [line.split('\t')[1] ?? '', line.split(/[ \t]/)[2] ?? '']));
}

/** The entries of the ledger in their order. */
function ledgerOf(world: World): readonly Buffer[] {
  const entries = [...filesOf(world)].filter(([path]) => path.startsWith('ledger/')).sort();
  const ids = Buffer.from(entries.map(([, id]) => `${id}\n`).join(''));
  const told = gitIn(world.origin, ['cat-file', '--batch'], ids);
  // Git writes a line of its own before each entry, and ends a line after it.
  const contents = told.split(/^[0-9a-f]{40} blob \d+\n/m).slice(1);
  return contents.map((content) => Buffer.from(content.slice(0, -1)));
}

/** What was there is there, and the ledger tells of each record once, and of nothing else but backups, drills, copies and what was taken in. */
export function expectNothingLost(world: World, before: ReadonlyMap<string, string>): void {
  const now = filesOf(world);
  for (const [path, id] of before) expect(now.get(path), path).toBe(id);
  const ledger = ledgerOf(world);
  expect(verifyChain(ledger)).toMatchObject({ verdict: 'verified' });
  const records = [...now.keys()].filter((path) => path.startsWith('records/'));
  const besides = ['backup', 'drill', 'copy', 'usage', 'ingest'].map((kind) => count(world, kind));
  expect(ledger).toHaveLength(besides.reduce((sum, many) => sum + many, records.length));
}

/** How many entries of a kind the ledger has. */
export function count(world: World, kind: string): number {
  return ledgerOf(world).filter((entry) => at(JSON.parse(entry.toString('utf8')), 'kind') === kind).length;
}
