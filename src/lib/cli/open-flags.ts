import { Errors, Flags } from '@oclif/core';
import { CustodyError, type ExitStatus, worstExit } from '../base/errors.js';
import { callsOf, changesOf, classOf, sentenceOf } from '../record/action.js';
import { type Opened, openRequest, type Proposal, prepareRequest } from '../request/open.js';
import type { Seat } from './context.js';
import { errorJson } from './failure.js';
import { requestJson } from './present.js';
import { changeBlock, pairs, wrap } from './render.js';
import { stateCell } from './request-screen.js';

const MAX_REASON_LENGTH = 1000;

/** Longer than a record takes is the caller's mistake, said before anything is looked at. */
export const reasonFlag = (description: string) =>
  Flags.string({
    char: 'm',
    default: '',
    description,
    parse: async (text) => {
      if (text.length <= MAX_REASON_LENGTH) return text;
      throw new Errors.CLIError(`a reason has at most ${MAX_REASON_LENGTH} characters, this one ${text.length}`);
    },
  });

/** What every command that opens requests takes. */
export const openFlags = {
  reason: reasonFlag('why, for the other custodians; never changes a rule'),
  executor: Flags.string({ description: 'the one listed identity that may execute it (else any)', helpValue: 'ID' }),
  'dry-run': Flags.boolean({ default: false, description: 'show what would be requested; sign and write nothing' }),
};

/** For requests about a key of one of its Regions; each Region has policy, aliases, tags and grants of its own. */
export const regionFlag = {
  in: Flags.string({ description: "the key's Region (else the plan's primary)", helpValue: 'REGION' }),
};

/** Pairs that were given as NAME=VALUE. @throws CustodyError USAGE */
export function assignments(words: readonly string[]): ReadonlyMap<string, string> {
  const pairsOf = words.map((word): readonly [string, string] => {
    const at = word.indexOf('=');
    if (at < 1) throw new CustodyError('USAGE', `${word} is not of the form NAME=VALUE`);
    return [word.slice(0, at), word.slice(at + 1)];
  });
  const found = new Map(pairsOf);
  if (found.size === words.length) return found;
  throw new CustodyError('USAGE', 'a name is given twice');
}

/** Opens one request, or shows what it would be. */
export async function openOne(seat: Seat, proposal: Proposal, dryRun: boolean) {
  return dryRun ? dryRunOf(seat, proposal) : openedJson(await openRequest(seat.ports, seat.actor, seat.aws, proposal));
}

/** What a request that was opened prints with `--json`. */
export function openedJson({ case: found, created, pushed }: Opened) {
  return { request: requestJson(found), created, pushed };
}

async function dryRunOf({ ports, aws, actor, state }: Seat, proposal: Proposal) {
  const { existing, preState } = await prepareRequest(ports, aws, proposal);
  if (existing) return { dryRun: true, request: requestJson(existing), created: false, pushed: false };
  const { action, key, parameters, region } = proposal;
  // The nonce is drawn when the request is signed.
  const subject = { repository: state.roster.repository, region, key, nonce: '0'.repeat(32) };
  const calls = callsOf(action, subject, parameters);
  const request = { action, key, parameters, preState };
  const proposed = {
    action,
    class: classOf(action),
    key,
    region,
    requester: actor.identity.id,
    executor: proposal.executor,
    sentence: sentenceOf(request),
    calls,
    changes: changesOf(request),
    preState,
  };
  return { dryRun: true, proposed };
}

export type OpenedJson = Awaited<ReturnType<typeof openOne>>;

/** Opens several; one that cannot be opened is complained about and hinders no other. */
export async function openAll(
  seat: Seat,
  proposals: readonly Proposal[],
  dryRun: boolean,
  complain: (error: CustodyError) => void,
) {
  const requests: OpenedJson[] = [];
  const failures: { key: string | null; error: ReturnType<typeof errorJson>['error'] }[] = [];
  const exits: ExitStatus[] = [];
  for (const proposal of proposals) {
    seat.ports.progress(`${proposal.action}${proposal.key ? ` ${proposal.key.name}` : ''}`);
    try {
      requests.push(await openOne(seat, proposal, dryRun));
    } catch (cause) {
      if (!(cause instanceof CustodyError)) throw cause;
      complain(cause);
      failures.push({ key: proposal.key?.name ?? null, ...errorJson(cause) });
      exits.push(cause.exit);
    }
  }
  return { requests, failures, exit: worstExit(exits) };
}

/** What a deletion would take with it, before anybody is asked; null where a request for it is open already. */
export function lossesText(preview: OpenedJson): string | null {
  if (!('proposed' in preview) || !preview.proposed) return null;
  const { sentence, changes } = preview.proposed;
  return [`  ${wrap(sentence, 2)}`, '', ...changes.map(({ what, from, to }) => changeBlock(what, from, to))].join('\n');
}

/** What was opened, at a glance. */
export function openedText(opened: OpenedJson): string {
  if ('proposed' in opened && opened.proposed) {
    const { sentence, calls } = opened.proposed;
    return pairs([
      ['would ask', sentence],
      ['calls', calls.map(({ operation, region }) => `${operation}${region ? ` (${region})` : ''}`).join(', ')],
    ]);
  }
  const { request } = opened;
  if (!request) return '';
  return pairs([
    [
      opened.created ? 'opened' : 'already open',
      `${request.id}  ${request.action}${request.key ? ` ${request.key.name}` : ''}`,
    ],
    ['state', stateCell(request.state)],
    ['digest', request.digest],
    ['approve by', request.approveBy],
  ]);
}
