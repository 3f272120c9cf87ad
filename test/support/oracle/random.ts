/** Choices that follow from a seed alone (mulberry32), so that a run can be repeated. */
export interface Draw {
  below(limit: number): number;
  chance(percent: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Between `min` and `max` different items. */
  some<T>(items: readonly T[], min: number, max: number): readonly T[];
}

export function drawFrom(seed: number): Draw {
  let state = seed >>> 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  const pick = <T>(items: readonly T[]): T => {
    const item = items[below(items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  };
  return {
    below,
    chance: (percent) => below(100) < percent,
    pick,
    some: (items, min, max) => {
      const left = [...items];
      const wanted = Math.min(left.length, min + below(max - min + 1));
      return Array.from({ length: wanted }, () => left.splice(below(left.length), 1)).flat();
    },
  };
}
