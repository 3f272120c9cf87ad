import { counted } from '../base/counted.js';
import { worstExit } from '../base/errors.js';
import type { Case } from '../request/case.js';
import type { ReadyReport } from '../request/ready.js';
import { errorJson } from './failure.js';
import { table } from './render.js';
import { stateCell } from './request-screen.js';

const briefOf = ({ id, request, verdict }: Case) => ({
  id,
  action: request.statement.predicate.action,
  key: request.statement.predicate.key?.name ?? null,
  state: verdict.state,
});

/** What came of `--ready`: `results` as of each one, then what waits and for what, and what others executed meanwhile. */
export function readyReport<T>({ done, failed, waiting, elsewhere }: ReadyReport<T>) {
  const json = {
    results: [...done, ...failed.map(({ id, error }) => ({ id, ...errorJson(error) }))],
    waiting: waiting.map((item) => ({ ...briefOf(item.case), waitsFor: item.for, until: item.until })),
    elsewhere: elsewhere.map(briefOf),
  };
  const count = done.length + failed.length;
  const lines = [
    count === 0 ? 'Nothing is ready.' : `${counted(count, 'request')}, ${failed.length} not executed.`,
    ...elsewhere.map(({ id }) => `${id} was executed by another machine meanwhile.`),
    ...(waiting.length > 0 ? ['', table(['request', 'state', 'what', 'waits for'], waiting.map(row))] : []),
  ];
  return { json, text: lines.join('\n'), failures: failed, exit: worstExit(failed.map(({ error }) => error.exit)) };
}

function row({ case: found, for: what, until }: ReadyReport<unknown>['waiting'][number]) {
  const { id, action, key, state } = briefOf(found);
  const by = until === null ? '' : `, until ${until.slice(0, 16).replace('T', ' ')}`;
  return [id, stateCell(state), `${action}${key === null ? '' : ` ${key}`}`, `${what}${by}`];
}
