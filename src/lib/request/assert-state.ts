import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { digestOfJson } from '../record/statement.js';

/** @throws CustodyError PRE_STATE_CHANGED (T5, T13) */
export function assertSameState(signed: JsonObject, live: JsonObject): void {
  if (digestOfJson(signed) === digestOfJson(live)) return;
  const fields = Object.keys({ ...signed, ...live }).filter(
    (name) => digestOfJson(signed[name] ?? null) !== digestOfJson(live[name] ?? null),
  );
  throw new CustodyError(
    'PRE_STATE_CHANGED',
    `AWS is not as it was when this was requested: ${fields.join(', ')} changed`,
    {
      details: { fields, expected: signed, found: live },
      suggestions: ['Open a new request: approvals bind the state that was reviewed.'],
    },
  );
}
