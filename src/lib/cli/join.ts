import { rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CustodyError } from '../base/errors.js';
import { openClonePin } from '../fs/clone-pin.js';
import { writeDraft } from '../fs/folder.js';
import { createClone, finishClone } from '../git/clone.js';
import { assertLedger } from '../inspect/ledger.js';
import { formatDraft } from '../plan/draft.js';
import type { CustodianDraft } from '../plan/roster-draft.js';
import { readInForce } from '../request/in-force.js';
import type { Roster } from '../roster/roster.js';
import { wordsOf } from '../roster/words.js';
import { assertGenesisSaid, inspectRemote, pinAndSign } from '../setup/join.js';
import { confirm } from './ask.js';
import type { Context } from './context.js';
import { isPath, missingIn, wordBlock } from './found.js';
import { heading, pairs } from './render.js';

/**
 * Clones, has the genesis confirmed, pins it and signs it where that is due. A clone that was not confirmed is removed.
 * @throws CustodyError GENESIS_MISMATCH, INPUT_MISSING, REPOSITORY_EXISTS and what its steps throw
 */
export async function joinRepository(context: Context, url: string, dir: string, said: string | undefined) {
  const folder = resolve(dir);
  const existed = await exists(folder);
  const clone = await createClone(folder, isPath(url) ? resolve(url) : url, context.environment);
  try {
    const joined = await confirmAndSign(context, folder, url, said);
    await finishClone(clone);
    return joined;
  } catch (cause) {
    // Nothing of it was believed: leave no half-made clone that a later command could take for one.
    await rm(existed ? join(folder, '.git') : folder, { recursive: true, force: true });
    throw cause;
  }
}

async function confirmAndSign(context: Context, folder: string, url: string, said: string | undefined) {
  const unpinned = { read: async () => null, replace: async () => true };
  const first = await context.portsFor(folder, unpinned);
  const seen = await inspectRemote(first);
  await confirmGenesis(context, seen.genesis.digest, said);
  await assertLedger(seen.view);
  const { plan } = seen.plan;
  const as = context.flags.as ?? null;
  const pin = { schema: 1, genesis: seen.genesis.digest, as } as const;
  // The plan is known now, so the right clock is too.
  const ports = await context.portsFor(folder, context.memoryOf(pin));
  const actor = as === null ? null : await context.actor(seen.roster, plan, as);
  const signed = await pinAndSign(ports, actor, seen);
  await writeDraft(folder, formatDraft({ plan, roster: rosterDraft(seen.roster) }));
  const after = await readInForce(ports.store, await ports.store.local(), ports.clock.now());
  // Last: with its pin the clone is complete, without one the next run makes it anew.
  await openClonePin(folder).write(pin);
  return {
    folder,
    remote: url,
    custodian: as,
    genesis: seen.genesis.digest,
    words: wordsOf(seen.genesis.digest),
    signed,
    missing: missingIn(after.rosters[0] ?? after.roster, after.signedGenesis),
  };
}

async function confirmGenesis(context: Context, genesis: `sha256:${string}`, said: string | undefined): Promise<void> {
  if (said !== undefined) return assertGenesisSaid(genesis, said);
  if (!context.interactive) {
    throw new CustodyError('INPUT_MISSING', 'without a terminal, --genesis must give the words of another custodian', {
      details: { words: wordsOf(genesis) },
    });
  }
  context.progress.done();
  process.stderr.write(`${heading('The genesis of this repository:')}\n\n${wordBlock(wordsOf(genesis))}\n\n`);
  if (await confirm('Did the custodian who founded it read you exactly these words?')) return;
  throw new CustodyError('GENESIS_MISMATCH', 'the words were not confirmed: nothing was kept');
}

/** The roster in force as the draft's section, so that custody.yaml starts as what is in force. */
function rosterDraft({ threshold, custodians, automation, executorRoleArn }: Roster) {
  const keys = (seat: Roster['custodians'][number] | Roster['automation'][number]) =>
    seat.keys.map(({ home, publicKey }) => ({ home, publicKey })) as CustodianDraft['keys'];
  return {
    threshold,
    executorRoleArn,
    custodians: custodians.map((seat) => ({
      id: seat.id,
      name: seat.name,
      duty: seat.duty,
      roleArn: seat.roleArn,
      keys: keys(seat),
    })),
    automation: automation.map((seat) => ({ id: seat.id, owner: seat.owner, roleArn: seat.roleArn, keys: keys(seat) })),
  };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** What a clone was pinned to, and who has yet to sign. */
export function joinedText(joined: Awaited<ReturnType<typeof joinRepository>>): string {
  return pairs([
    ['folder', joined.folder],
    ['you are', joined.custodian ?? 'an observer'],
    ['genesis', joined.genesis],
    ['signed', joined.signed ? 'yes, now' : 'nothing to sign'],
    ['missing', joined.missing.join(', ') || 'nobody: the repository is in use'],
  ]);
}
