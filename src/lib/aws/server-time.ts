import { type Instant, instantFromMillis, isInstant } from '../base/time.js';

const IMF_FIXDATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) (\d{2}:\d{2}:\d{2}) GMT$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The server's clock from an HTTP `Date` header (RFC 9110 section 5.6.7, IMF-fixdate); null when it is not one. */
export function parseHttpDate(text: string | undefined): Instant | null {
  const [, day, month, year, time] = IMF_FIXDATE.exec(text ?? '') ?? [];
  if (day === undefined || month === undefined) return null;
  const written = `${year}-${String(MONTHS.indexOf(month) + 1).padStart(2, '0')}-${day}T${time}.000Z`;
  if (!isInstant(written)) return null;
  // The name of the day is part of the form: it must be that day's.
  const same = new Date(written).toUTCString() === text;
  return same ? instantFromMillis(Date.parse(written)) : null;
}
