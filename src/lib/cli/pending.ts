import { needsMaterial } from '../record/action.js';
import type { Case } from '../request/case.js';
import { casesOf } from '../request/desk.js';
import { isOpen } from '../request/open.js';
import type { Seat } from './context.js';

/** In the order in which they say they were made, whatever their ids are. */
export function oldestFirst(a: Case, b: Case): number {
  return a.request.statement.predicate.at < b.request.statement.predicate.at ? -1 : 1;
}

/** Requests that this custodian's approval would bring forward. */
export async function pendingFor({ ports, state, actor }: Seat): Promise<readonly string[]> {
  const { cases } = await casesOf(ports, state);
  return cases
    .filter(({ verdict }) => verdict.state === 'pending')
    .filter(
      ({ verdict }) =>
        !verdict.approvals.some(({ counted, signer }) => counted && signer?.person === actor.identity.person),
    )
    .sort(oldestFirst)
    .map(({ id }) => id);
}

/** Requests that a veto could still end. */
export async function openIds({ ports, state }: Seat): Promise<readonly string[]> {
  return (await casesOf(ports, state)).cases
    .filter(isOpen)
    .sort(oldestFirst)
    .map(({ id }) => id);
}

/** Requests that can be executed now without anything more, those first that an earlier run left unfinished. */
export async function readyIds(seat: Seat): Promise<readonly string[]> {
  return executable(seat, (item) => !takesMaterial(item));
}

/** Requests that could be executed now by the machine that has their key material. */
export async function wantingMaterial(seat: Seat): Promise<readonly string[]> {
  return executable(seat, takesMaterial);
}

async function executable({ ports, state }: Seat, fits: (item: Case) => boolean): Promise<readonly string[]> {
  const cases = [...(await casesOf(ports, state)).cases].filter(fits).sort(oldestFirst);
  const of = (wanted: string) => cases.filter(({ verdict }) => verdict.state === wanted).map(({ id }) => id);
  return [...of('executing'), ...of('approved')];
}

function takesMaterial({ request }: Case): boolean {
  return needsMaterial(request.statement.predicate.action);
}
