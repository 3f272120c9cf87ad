import { type Clock, isLaterBy, millisOf } from '../base/time.js';
import { appendEvents } from '../ledger/append.js';
import type { LedgerEvent } from '../ledger/entry.js';
import type { LedgerStore } from '../ledger/store.js';
import { formatKnown, type Known, type KnownCache, readOn } from './known.js';
import { OrderedEvents } from './order.js';
import { type IngestReport, ingestEntry, MOST_REFUSALS, type Refusal, reportOf } from './report.js';
import type { Batch } from './source.js';
import type { IngestSubject } from './subject.js';
import { takeRecord, type WantedEvent } from './usage.js';

export interface IngestPorts {
  readonly store: LedgerStore;
  readonly cache: KnownCache;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly tell: (text: string) => void;
}

/** Entries of one append: large enough to pay for it, small enough that a kill costs little. */
const AT_ONCE = 1000;
/** Two clocks may differ by this much. */
const CLOCK_SECONDS = 300;
const TELL_EVERY = 10_000;

/**
 * Takes the events of a source into the ledger, each event id at most once, in the order of their time as far as they
 * can be put into it, then one entry about the run.
 *
 * What is there already is known from the ledger itself. Each append is made on the very head up to which that is known,
 * and when another writer was faster, his entries are read and left out before the next try: two machines, and a run that
 * was killed and started again, write nothing twice. Only an `ingest` entry says that a run looked at everything.
 * @throws CustodyError CONFLICT when others are always faster; what source and store throw
 */
export async function ingest(ports: IngestPorts, subject: IngestSubject): Promise<IngestReport> {
  const run = new Run(ports, subject);
  for await (const batch of subject.source.batches()) {
    run.take(batch);
    await run.write(run.ordered.take(batch.settled));
  }
  await run.write(run.ordered.rest());
  const counts = { ...run.counts, late: run.ordered.late };
  const report = reportOf(subject, counts, run.refusals);
  const entry = ingestEntry(subject, report, ports.clock.now());
  await run.append(async () => [entry]);
  await ports.cache.write(formatKnown(subject.known));
  return report;
}

class Run {
  readonly ordered = new OrderedEvents();
  readonly refusals: Refusal[] = [];
  readonly counts = { read: 0, taken: 0, known: 0, ignored: 0, refused: 0, future: 0 };
  readonly #started: number;
  #told = 0;

  constructor(
    private readonly ports: IngestPorts,
    private readonly subject: IngestSubject,
  ) {
    this.#started = millisOf(ports.clock.now());
  }

  take({ where, content, evidence }: Batch): void {
    if ('why' in content) {
      this.#refuse(where, content.why);
      return;
    }
    for (const { at, why } of content.refused) this.#refuse(`${where}:${at}`, why);
    const { watched, by, known } = this.subject;
    const wanted: WantedEvent[] = [];
    for (const { at, record } of content.records) {
      this.counts.read++;
      const taken = takeRecord(record, watched, evidence, by);
      if (taken === 'ignored') this.counts.ignored++;
      else if ('why' in taken) this.#refuse(`${where}:${at}`, taken.why);
      else if (known.ids.has(taken.id)) this.counts.known++;
      else wanted.push(taken);
    }
    const now = this.ports.clock.now();
    this.counts.future += wanted.filter(({ at }) => isLaterBy(CLOCK_SECONDS, now, at)).length;
    this.ordered.add(wanted);
    this.#tellRate();
  }

  async write(events: readonly WantedEvent[]): Promise<void> {
    for (let from = 0; from < events.length; from += AT_ONCE) await this.#writeSome(events.slice(from, from + AT_ONCE));
  }

  async #writeSome(events: readonly WantedEvent[]): Promise<void> {
    let fresh: readonly WantedEvent[] = [];
    await this.append(async () => {
      const seen = new Set<string>();
      fresh = events.filter(({ id }) => !this.subject.known.ids.has(id) && !seen.has(id) && seen.add(id));
      return fresh.map(({ entry }) => entry);
    });
    for (const { id } of fresh) this.subject.known.ids.add(id);
    this.counts.taken += fresh.length;
    this.counts.known += events.length - fresh.length;
  }

  /** Appends on a head up to which everything is known. */
  async append(events: () => Promise<readonly LedgerEvent[]>): Promise<void> {
    const { store, clock, random, tell } = this.ports;
    const { known } = this.subject;
    const onHead = async (head: Known['head']) => {
      await readOn(store, known, head, tell);
      return events();
    };
    const { head } = await appendEvents(store, onHead, { clock, random });
    known.head = head;
  }

  #refuse(where: string, why: string): void {
    this.counts.refused++;
    if (this.refusals.length < MOST_REFUSALS) this.refusals.push({ where, why });
  }

  #tellRate(): void {
    if (this.counts.read - this.#told < TELL_EVERY) return;
    this.#told = this.counts.read;
    const seconds = (millisOf(this.ports.clock.now()) - this.#started) / 1000;
    const rate = seconds > 0 ? `, ${Math.round(this.counts.read / seconds)} a second` : '';
    this.ports.tell(`${this.counts.read} events read, ${this.counts.taken} taken in${rate}`);
  }
}
