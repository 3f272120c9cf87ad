import type { Instant } from '../base/time.js';
import type { WantedEvent } from './usage.js';

/**
 * Brings events into the order of their time, then of their id, as far as a bounded look ahead can: they wait until their
 * source says that nothing earlier is to be expected, or until too many wait.
 */
export class OrderedEvents {
  #waiting: WantedEvent[] = [];
  #last: Instant | null = null;
  #late = 0;

  constructor(private readonly most = 50_000) {}

  /** How many came after a later one had been given out. */
  get late(): number {
    return this.#late;
  }

  add(events: readonly WantedEvent[]): void {
    for (const event of events) {
      if (this.#last !== null && event.at < this.#last) this.#late++;
      this.#waiting.push(event);
    }
  }

  /** Those that are due, in order. @param settled nothing before it is to come; null: nobody knows */
  take(settled: Instant | null): readonly WantedEvent[] {
    // Sorting tens of thousands for each line of a stream would take longer than all the rest.
    if (settled === null && this.#waiting.length <= this.most) return [];
    this.#waiting.sort(inOrder);
    const due = settled === null ? 0 : this.#waiting.filter(({ at }) => at < settled).length;
    const tooMany = this.#waiting.length > this.most ? this.#waiting.length - this.most / 2 : 0;
    return this.#give(Math.max(due, tooMany));
  }

  /** All that is left. */
  rest(): readonly WantedEvent[] {
    this.#waiting.sort(inOrder);
    return this.#give(this.#waiting.length);
  }

  #give(count: number): readonly WantedEvent[] {
    const given = this.#waiting.splice(0, count);
    this.#last = given.at(-1)?.at ?? this.#last;
    return given;
  }
}

function inOrder(left: WantedEvent, right: WantedEvent): number {
  if (left.at !== right.at) return left.at < right.at ? -1 : 1;
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0;
}
