/** The keys of every bucket in byte order of UTF-8, as S3 lists them. */
export interface Names {
  add(bucket: string, key: string): void;
  remove(bucket: string, key: string): void;
  /** Keys of a bucket that start with `prefix` and come after `after`, or are at least `from`. */
  from(
    bucket: string,
    prefix: string,
    start: { readonly key: string; readonly inclusive: boolean },
  ): IterableIterator<string>;
  isEmpty(bucket: string): boolean;
}

/** UTF-16 and UTF-8 order differ for what lies above the surrogates; S3 compares UTF-8. */
export function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

/** No keys at first. */
export function sortedNames(): Names {
  const buckets = new Map<string, string[]>();
  const listOf = (bucket: string): string[] => {
    const list = buckets.get(bucket) ?? [];
    buckets.set(bucket, list);
    return list;
  };
  return {
    add: (bucket, key) => {
      const list = listOf(bucket);
      const at = firstAtLeast(list, key);
      if (list[at] !== key) list.splice(at, 0, key);
    },
    remove: (bucket, key) => {
      const list = listOf(bucket);
      const at = firstAtLeast(list, key);
      if (list[at] === key) list.splice(at, 1);
    },
    isEmpty: (bucket) => (buckets.get(bucket)?.length ?? 0) === 0,
    *from(bucket, prefix, { key, inclusive }) {
      const list = listOf(bucket);
      const start = compareNames(prefix, key) > 0 ? prefix : key;
      let at = firstAtLeast(list, start);
      if (!inclusive && list[at] === key) at++;
      for (; at < list.length; at++) {
        const name = list[at] ?? '';
        if (!name.startsWith(prefix)) return;
        yield name;
      }
    },
  };
}

function firstAtLeast(list: readonly string[], key: string): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareNames(list[middle] ?? '', key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
