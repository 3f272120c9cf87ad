import { readFileSync } from 'node:fs';
import { formatCanonical, type JsonValue } from '../../../src/lib/base/canonical-json.js';
import { parseRoster } from '../../../src/lib/roster/format.js';
import type { Roster } from '../../../src/lib/roster/roster.js';

/** A change of the roster in base.json: the place, and what to put there; without a value it is removed. */
export type Edit = readonly [place: string, value?: JsonValue];

export interface RosterVector {
  readonly name: string;
  readonly why: string;
  readonly input: readonly Edit[];
  /** `accepted`, or a part of the message. */
  readonly expect: string;
}

function vector(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../vectors/roster/${name}.json`, import.meta.url), 'utf8'));
}

export const ROSTER_VECTORS = vector('rosters') as readonly RosterVector[];

/** The roster of base.json with these edits, in canonical bytes; whether it is in order is not asked. */
export function rosterBytes(...edits: readonly Edit[]): Buffer {
  const document = vector('base') as Record<string, unknown>;
  for (const edit of edits) apply(document, edit);
  return Buffer.from(formatCanonical(document as JsonValue));
}

export function rosterWith(...edits: readonly Edit[]): Roster {
  return parseRoster(rosterBytes(...edits));
}

function apply(document: Record<string, unknown>, edit: Edit): void {
  const names = edit[0].split('.');
  const last = names.pop() ?? '';
  const place = names.reduce((at, name) => at[name] as Record<string, unknown>, document);
  if (edit.length === 2) place[last] = edit[1];
  else if (Array.isArray(place)) place.splice(Number(last), 1);
  else delete place[last];
}
