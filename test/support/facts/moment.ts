import type { JsonObject, JsonValue } from '../../../src/lib/base/canonical-json.js';

/** When a story's last request was made, and how far its instants may be from that. */
export interface Moment {
  readonly millis: number;
  readonly toleranceSeconds: number;
}

/** No instant is near this one. */
export const NO_MOMENT: Moment = { millis: Number.NaN, toleranceSeconds: 0 };

/** The forms in which AWS writes instants: seconds since 1970, `2026-01-01T00:00:00Z`, `Jan 1, 2026, 12:00:00 AM`. */
const FORMS: Readonly<Record<string, (value: JsonValue | undefined) => number>> = {
  epoch: (value) => (typeof value === 'number' ? value : Number.NaN),
  iso: (value) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(String(value)) ? Date.parse(String(value)) / 1000 : Number.NaN,
  long: (value) =>
    /^[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d:\d\d [AP]M$/.test(String(value))
      ? Date.parse(`${String(value)} UTC`) / 1000
      : Number.NaN,
};

/**
 * Holds an instant against `{after, form}`: so many seconds after the last request.
 * @throws Error for another instant, and for another way of writing it
 */
export function assertInstant(
  found: JsonValue | undefined,
  { after, form }: JsonObject,
  moment: Moment,
  where: string,
): void {
  const read = FORMS[String(form)];
  if (read === undefined) throw new Error(`no form ${String(form)}`);
  const late = Math.abs(read(found) - Math.floor(moment.millis / 1000) - Number(after));
  if (!(late <= moment.toleranceSeconds)) {
    throw new Error(
      `${where} is ${JSON.stringify(found)}, not ${String(after)} s after ${new Date(moment.millis).toISOString()} as ${String(form)}`,
    );
  }
}
