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

/** An answer without what it must hold is no answer. */
export function unreadable(operation: string): CustodyError {
  return new CustodyError('UNAVAILABLE', `AWS's answer to ${operation} is incomplete`, { details: { operation } });
}
