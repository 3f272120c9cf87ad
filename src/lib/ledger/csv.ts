import { formatCanonical } from '../base/canonical-json.js';
import type { LedgerEntry } from './entry.js';

/** Entries as CSV (RFC 4180). */

export const CSV_HEADER = 'sequence,at,kind,by,requestId,record,previous,facts\r\n';

/** An entry as a line of RFC 4180; no field can be taken for a formula. */
export function csvLine({ sequence, at, kind, by, requestId, record, previous, facts }: LedgerEntry): string {
  const fields = [
    String(sequence),
    at,
    kind,
    by,
    requestId ?? '',
    record ?? '',
    previous ?? '',
    formatCanonical(facts),
  ];
  return `${fields.map(csvField).join(',')}\r\n`;
}

/**
 * A spreadsheet runs a field that begins like a formula, and some look behind blanks: such a field gets an apostrophe
 * first (OWASP, "CSV Injection"). Every field is quoted, so that no separator or line end can begin another one.
 */
export function csvField(text: string): string {
  const harmless = /^[\s\uFEFF]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/u.test(text) ? `'${text}` : text;
  return `"${harmless.replaceAll('"', '""')}"`;
}
