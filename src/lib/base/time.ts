import { CustodyError } from './errors.js';

/** An RFC 3339 instant in UTC with milliseconds, `2026-01-31T09:00:00.000Z`: sorts as text. */
export type Instant = string & { readonly __brand: 'Instant' };

/** What time it is and how to wait: the only way that pure and flow code sees time. */
export interface Clock {
  now(): Instant;
  /** Resolves after `milliseconds`; rejects with INTERRUPTED when `signal` aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

const INSTANT = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

export function isInstant(text: unknown): text is Instant {
  if (typeof text !== 'string' || !INSTANT.test(text)) return false;
  // Every month has 28 days; Date takes the 31st of a shorter one for the first of the next.
  const day = Number(text.slice(8, 10));
  return day <= 28 || new Date(text).getUTCDate() === day;
}

/** @throws CustodyError USAGE when `text` is not an instant in the one form that we write. */
export function parseInstant(text: string): Instant {
  if (!isInstant(text)) throw new CustodyError('USAGE', `not an RFC 3339 UTC instant with milliseconds: ${text}`);
  return text;
}

const FIRST_MILLIS = Date.parse('0000-01-01T00:00:00.000Z');
const LAST_MILLIS = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * Stops at the first and the last instant that have four digits for the year: `+010000-…` would sort before every
 * other one, and a wait that a stranger made endless would be over.
 * @throws CustodyError BUG for NaN
 */
export function instantFromMillis(millis: number): Instant {
  if (Number.isNaN(millis)) throw new CustodyError('BUG', 'not a number of milliseconds');
  return new Date(Math.min(Math.max(millis, FIRST_MILLIS), LAST_MILLIS)).toISOString() as Instant;
}

export function instantFromDate(date: Date): Instant {
  return instantFromMillis(date.getTime());
}

export function millisOf(instant: Instant): number {
  return Date.parse(instant);
}

export function addSeconds(instant: Instant, seconds: number): Instant {
  return instantFromMillis(millisOf(instant) + seconds * 1000);
}

/** `later − earlier` in seconds; negative when they are the other way round. */
export function secondsBetween(earlier: Instant, later: Instant): number {
  return (millisOf(later) - millisOf(earlier)) / 1000;
}

/** Is `later` more than `seconds` after `earlier`? */
export function isLaterBy(seconds: number, earlier: Instant, later: Instant): boolean {
  // Instants sort as text: most of the time that settles it, and nothing is parsed.
  return later > earlier && secondsBetween(earlier, later) > seconds;
}

const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const DURATION = /^(\d{1,6})(s|m|h|d)$/;

/** Reads `90s`, `15m`, `24h`, `7d` as seconds; `null` when it is none of these. */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (!match) return null;
  return Number(match[1]) * UNIT_SECONDS[match[2] as keyof typeof UNIT_SECONDS];
}

/** Writes seconds in the largest unit that divides them; the inverse of `parseDuration`. */
export function formatDuration(seconds: number): string {
  for (const unit of ['d', 'h', 'm'] as const) {
    if (seconds !== 0 && seconds % UNIT_SECONDS[unit] === 0) return `${seconds / UNIT_SECONDS[unit]}${unit}`;
  }
  return `${seconds}s`;
}
