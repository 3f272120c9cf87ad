import { CustodyError, type ErrorCode } from '../base/errors.js';
import type { Gap } from './manifest.js';

/** Nothing of a backup is worth signing when the whole run stands on nothing. */
const FATAL: ReadonlySet<ErrorCode> = new Set([
  'CREDENTIALS_MISSING',
  'ENDPOINT_REFUSED',
  'CLOCK_SKEW',
  'INTERRUPTED',
  'BUG',
]);

/** What could not be read and why, by AWS's own name where it gave one. */
export type Where = Pick<Gap, 'region' | 'subject' | 'part'>;

/** Reads one thing; a failure is written down, for a backup that leaves something out must say so (T43). */
export async function orGap<T>(gaps: Gap[], where: Where, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof CustodyError) || FATAL.has(cause.code)) throw cause;
    gaps.push(gapOf(where, cause));
    return undefined;
  }
}

function gapOf(where: Where, { code, details }: CustodyError): Gap {
  const said = details?.awsCode;
  return { ...where, code: typeof said === 'string' && /^[A-Za-z_]{1,64}$/.test(said) ? said : code };
}

/** Sorted, so that the same gaps are the same bytes. */
export function sortGaps(gaps: readonly Gap[]): readonly Gap[] {
  const order = ({ region, subject, part }: Gap) => `${region ?? ''}\n${subject ?? ''}\n${part}`;
  return [...gaps].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}
