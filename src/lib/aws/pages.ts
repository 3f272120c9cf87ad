import { CustodyError } from '../base/errors.js';

/** 250,000 keys; a chain of pages beyond that is a loop. */
const MAX_PAGES = 2500;

export interface Page<Item> {
  readonly items: readonly Item[] | undefined;
  readonly truncated: boolean | undefined;
  readonly next: string | undefined;
}

/** Every item or an error: a list that breaks off must not look complete (T43). */
export async function allPages<Item>(
  operation: string,
  read: (marker: string | undefined) => Promise<Page<Item>>,
): Promise<Item[]> {
  const all: Item[] = [];
  let marker: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { items, truncated, next } = await read(marker);
    all.push(...(items ?? []));
    if (!truncated) return all;
    if (!next || next === marker) break;
    marker = next;
  }
  throw unreadable(operation);
}

/** The way from page to page of a list that may be as long as it is: no page may lead to one that was there before (T43). */
export class PageTrail {
  readonly #seen = new Set<string>();

  constructor(private readonly operation: string) {}

  /** The token of the next page, the first time that it is given. @throws CustodyError UNAVAILABLE */
  next(token: string | undefined, beside = ''): string {
    const place = `${token} ${beside}`;
    if (!token || this.#seen.has(place)) throw unreadable(this.operation);
    this.#seen.add(place);
    return token;
  }
}

/** An answer without what it must hold is no answer. */
export function unreadable(operation: string): CustodyError {
  return new CustodyError('UNAVAILABLE', `AWS's answer to ${operation} is incomplete`, { details: { operation } });
}
