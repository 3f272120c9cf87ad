import type { Sum } from './paths.js';
import type { NextSums } from './sums.js';

/**
 * What is left to compare of a list and a folder, when the list before it and the folder of that time were found to be one:
 * only a line that is new, or a file that a commit has touched since, can be otherwise. A thousand backups of a thousand keys
 * would else be compared a million times.
 */
export class Settled {
  #list: readonly Sum[] | null = null;
  readonly #touched = new Set<string>();

  /** A commit did something to a file of the folder. */
  touch(path: string): void {
    this.#touched.add(path);
  }

  /** The lines that have to be compared with the folder as it is. */
  open({ sums, fresh, after }: NextSums): readonly Sum[] {
    if (this.#list === null || (this.#list !== sums && this.#list !== after)) return sums;
    const touched = [...this.#touched].flatMap((path) => lineOf(sums, path) ?? []);
    return this.#list === sums ? touched : [...new Set([...fresh, ...touched])];
  }

  /** @param list what the folder now holds to the last file; null where it does not */
  judged(list: readonly Sum[] | null): void {
    this.#list = list;
    this.#touched.clear();
  }
}

/** Lists are sorted by path. */
function lineOf(sums: readonly Sum[], path: string): Sum | undefined {
  let [from, to] = [0, sums.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((sums[middle]?.path ?? '') < path) from = middle + 1;
    else to = middle;
  }
  return sums[from]?.path === path ? sums[from] : undefined;
}
