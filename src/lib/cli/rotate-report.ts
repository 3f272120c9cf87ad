import { CustodyError, worstExit } from '../base/errors.js';
import { type Due, wantsMaterial } from '../request/rotate.js';
import type { Seat } from './context.js';
import { errorJson } from './failure.js';
import { type OpenedJson, openAll, openedText } from './open-flags.js';

const idsOf = (requests: readonly OpenedJson[], created: boolean) =>
  requests.flatMap((item) => (item.created === created && item.request ? [item.request.id] : []));

/** Opens what is due, and says of every other key why not: for people, and for the machine that runs it each night. */
export async function openDue(seat: Seat, due: Due, dryRun: boolean, complain: (error: CustodyError) => void) {
  const opened = await openAll(seat, due.proposals, dryRun, complain);
  const unread = due.unread.map((key) => {
    const error = new CustodyError('UNAVAILABLE', `${key} could not be read: nobody knows whether it is due`);
    complain(error);
    return { key, ...errorJson(error), exit: error.exit };
  });
  const wanting = due.wanting.map((key) => {
    const error = wantsMaterial(key);
    complain(error);
    return { key, ...errorJson(error), exit: error.exit };
  });
  const missed = [...unread, ...wanting];
  const json = {
    requests: opened.requests.map((item) => item.request ?? item),
    opened: idsOf(opened.requests, true),
    alreadyOpen: idsOf(opened.requests, false),
    skipped: due.skipped,
    failures: [...opened.failures, ...missed.map(({ key, error }) => ({ key, error }))],
  };
  const text = opened.requests.map(openedText).join('\n\n');
  return { json, text, exit: worstExit([opened.exit, ...missed.map(({ exit }) => exit)]) };
}
