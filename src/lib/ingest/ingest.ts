import { type Clock, type Instant, isLaterBy, millisOf } from '../base/time.js';
import { appendEvents } from '../ledger/append.js';
import type { LedgerEvent } from '../ledger/entry.js';
import type { LedgerStore } from '../ledger/store.js';
import { formatKnown, type Known, type KnownCache, keepMark, readOn } from './known.js';
import { OrderedEvents } from './order.js';
import { type IngestReport, ingestEntry, MOST_REFUSALS, type Refusal, reportOf } from './report.js';
import type { Batch } from './source.js';
import type { AskedWindow, IngestSubject } from './subject.js';
import { takeRecord, type WantedEvent } from './usage.js';

export interface IngestPorts {
  readonly store: LedgerStore;
  readonly cache: KnownCache;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly tell: (text: string) => void;
}

/** Entries of one append, some 3 MB: large enough to pay for what is synced, small enough that a kill costs little. */
const AT_ONCE = 4000;
/** A batch may have 16 MiB; names of contexts can make an entry large. */
const BYTES_AT_ONCE = 12 * 1024 * 1024;
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
  await run.takeAll();
  await run.write(run.ordered.rest());
  const counts = { ...run.counts, late: run.ordered.late };
  const report = reportOf(subject, counts, run.refusals);
  const entry = ingestEntry(subject, report, ports.clock.now());
  await run.append(async () => [entry]);
  if (report.mark !== null) keepMark(subject.known, report.source, report.mark);
  await ports.cache.write(formatKnown(subject.known));
  return report;
}

/** Each source says its own "until": a history in whole seconds, files by the time of their delivery, lines not at all. */
function isIn({ since, until }: AskedWindow, at: Instant): boolean {
  return (since === null || at >= since) && (until === null || at < until);
}

class Run {
  readonly ordered = new OrderedEvents();
  readonly refusals: Refusal[] = [];
  readonly counts = { read: 0, taken: 0, known: 0, ignored: 0, outside: 0, refused: 0, future: 0 };
  readonly #started: number;
  #told = 0;

  constructor(
    private readonly ports: IngestPorts,
    private readonly subject: IngestSubject,
  ) {
    this.#started = millisOf(ports.clock.now());
  }

  /** What is due is written while the next batch is read: one append at a time, in order. */
  async takeAll(): Promise<void> {
    let writing = Promise.resolve();
    try {
      for await (const batch of this.subject.source.batches()) {
        this.take(batch);
        const due = this.ordered.take(batch.settled);
        if (due.length === 0) continue;
        await writing;
        writing = this.write(due);
        // It is heard of when it is waited for; until then it must not count as unheard.
        writing.catch(() => undefined);
      }
      await writing;
    } catch (cause) {
      // However a run ends, nothing is under way any more.
      await writing.catch(() => undefined);
      throw cause;
    }
  }

  take({ where, content, evidence }: Batch): void {
    if ('why' in content) {
      this.#refuse(where, content.why);
      return;
    }
    for (const { at, why } of content.refused) this.#refuse(`${where}:${at}`, why);
    const { watched, by, known, window } = this.subject;
    const wanted: WantedEvent[] = [];
    for (const raw of content.records) {
      this.counts.read++;
      const taken = takeRecord(raw, watched, evidence, by);
      if (taken === 'ignored') this.counts.ignored++;
      else if ('why' in taken) this.#refuse(`${where}:${raw.at}`, taken.why);
      else if (!isIn(window, taken.at)) this.counts.outside++;
      else if (known.ids.has(taken.id)) this.counts.known++;
      else wanted.push(taken);
    }
    const now = this.ports.clock.now();
    this.counts.future += wanted.filter(({ at }) => isLaterBy(CLOCK_SECONDS, now, at)).length;
    this.ordered.add(wanted);
    this.#tellRate();
  }

  async write(events: readonly WantedEvent[]): Promise<void> {
    for (let from = 0; from < events.length; ) {
      let to = from;
      for (let bytes = 0; to < events.length && to - from < AT_ONCE; to++) {
        bytes += events[to]?.weight ?? 0;
        if (bytes > BYTES_AT_ONCE) break;
      }
      await this.#writeSome(events.slice(from, to));
      from = to;
    }
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
