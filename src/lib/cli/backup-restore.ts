import chalk from 'chalk';
import { type AgainstBackup, againstNewest } from '../backup/against.js';
import { prepareRestore, type Restoration, type RestoreWish } from '../backup/restore.js';
import { assertHistoryHolds } from '../backup/verify.js';
import { CustodyError, EXIT } from '../base/errors.js';
import type { RequestPredicate } from '../record/statement.js';
import { openPlace } from './backup-place.js';
import { verifierOf } from './backup-trust.js';
import type { Context, Seat } from './context.js';
import { type OpenedJson, openedText, openOne } from './open-flags.js';
import { differenceBlock } from './policy-screen.js';
import { heading, pairs, wrap } from './render.js';

type Restore = { readonly restore: Omit<Restoration, 'proposal'> };
export type Restored = Restore | (Restore & OpenedJson);

/** Asks the quorum for the policy of a backup; nothing where it is the live one. */
export async function restoreFor(context: Context, wish: RestoreWish, dryRun: boolean): Promise<Restored> {
  const seat = await context.seat('remote-if-reachable');
  const { state, aws } = seat;
  const place = await openPlace(context, seat, state);
  if (!place.isCustody) await place.store.sync({ onProgress: seat.ports.progress });
  const verifier = verifierOf(state, { folder: seat.folder, store: place.store });
  const { proposal, ...restore } = await prepareRestore(
    { state, aws, place, verifier, now: seat.ports.clock.now() },
    wish,
  );
  if (proposal === null) return { restore };
  return { restore, ...(await openOne(seat, proposal, dryRun)) };
}

/** What a restoration would change, and what it leaves to other requests. */
export function restoreText(answer: Restored, account: string): string {
  const { restore } = answer;
  const { key, backup, newest, againstLive, againstNewest, weaker, leftovers } = restore;
  const renamed = backup.keyId === key.keyId ? [] : [['was', `${backup.keyId}; the key was made again since`] as const];
  const opened =
    'request' in answer || 'proposed' in answer
      ? openedText(answer)
      : 'The live policy is the one of the backup: nothing is asked for.';
  return [
    pairs([
      ['key', `${key.name}, ${key.alias} (${key.region})`],
      ...renamed,
      [
        'from',
        `backup ${backup.sequence} of ${backup.createdAt}${backup.sequence === newest ? ', the newest' : `; the newest is ${newest}`}`,
      ],
    ]),
    '',
    heading('Against the live policy'),
    differenceBlock(againstLive, account),
    ...(backup.sequence === newest
      ? []
      : ['', heading(`Against the newest backup (${newest})`), differenceBlock(againstNewest, account)]),
    ...(weaker.length === 0
      ? []
      : ['', chalk.redBright(wrap(`An older, weaker policy would return: more power for ${weaker.join(', ')}.`, 0))]),
    ...(leftovers.length === 0
      ? []
      : [
          '',
          heading('Also not as in the backup'),
          ...leftovers.map(
            ({ what, backup: then, live, command }) =>
              `  ${wrap(`${what}: ${then}, live ${live}`, 4)}\n    ${wrap(command, 6)}`,
          ),
        ]),
    '',
    opened,
  ].join('\n');
}

/** For one who is to approve another policy: what it changes against the newest backup; empty where there is none. */
export async function againstBackupText(context: Context, seat: Seat, said: RequestPredicate): Promise<string> {
  if (said.action !== 'key.policy') return '';
  const { state, folder, ports } = seat;
  const place = await openPlace(context, seat, state);
  const verifier = verifierOf(state, { folder, store: place.store });
  try {
    const found: AgainstBackup | null = await againstNewest(place, verifier, state, said);
    if (found === null) return '';
    await assertHistoryHolds({ state, place, verifier, now: ports.clock.now(), since: 1 });
    return `\n${heading(`Against the newest backup (${found.sequence} of ${found.createdAt})`)}\n${differenceBlock(found.difference, said.account)}`;
  } catch (cause) {
    // A backup that cannot be trusted must not keep a quorum from mending the key; it is not compared with, and that is said.
    if (!(cause instanceof CustodyError) || cause.exit !== EXIT.refused) throw cause;
    return `\n${heading('Against the newest backup')}\n  ${chalk.redBright(wrap(`It is compared with none: ${cause.message}`, 2))}`;
  }
}
