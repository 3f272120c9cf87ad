import { Table } from '../kms/table.js';
import { ServiceError, type StateStore } from '../service.js';
import { makeDigest, type SigningKey, signingKey } from './digest.js';
import { deliveryOf, LOG_MILLIS, makeLog } from './log-file.js';
import type { EventRow, Trail } from './trail.js';
import {
  type AskS3,
  type DeliveredLog,
  type DigestChain,
  type TrailRow,
  type TrailTable,
  trailId,
} from './trail-row.js';

/** "CloudTrail delivers a digest file each hour"; it comes some minutes after its end. */
const HOUR_MILLIS = 3_600_000;
const DIGEST_LATE_MILLIS = 600_000;

export interface DeliveryOptions {
  readonly store: StateStore;
  readonly history: Trail;
  readonly trails: TrailTable;
  readonly regions: readonly string[];
  readonly ask: AskS3;
}

/** Puts log files and digests into the buckets of trails, as far as they are due. */
export interface Delivery {
  /** Everything that is due. What S3 refuses is tried again at the next time. */
  deliver(nowMillis: number): void;
  /** All that a stopped trail still has to deliver, at once. */
  finish(trail: TrailRow, nowMillis: number): void;
  /** The pairs of a Region that signed something in that time. */
  keys(region: string, fromMillis: number, untilMillis: number): readonly SigningKey[];
}

/** The delivery of every trail in `trails`. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const keys = new Table<SigningKey>(options.store, 'cloudtrail.keys');
  const { trails } = options;
  const run = (trail: TrailRow, nowMillis: number, isLast: boolean): void =>
    new Run(options, keys, trail, nowMillis, isLast).all();
  return {
    deliver: (nowMillis) => {
      for (const trail of trails.values()) {
        if (!trail.running || nowMillis < trail.deliveredMillis + LOG_MILLIS) continue;
        const { stoppedMillis } = trail;
        run(trail, nowMillis, stoppedMillis !== null && nowMillis >= deliveryOf(stoppedMillis));
      }
    },
    finish: (trail, nowMillis) => {
      if (trail.running) run(trail, nowMillis, true);
    },
    keys: (region, fromMillis, untilMillis) =>
      keys
        .values()
        .filter((key) => key.region === region && key.fromMillis <= untilMillis && key.untilMillis >= fromMillis),
  };
}

/** The Regions whose events a trail takes. */
export function regionsOf({ multiRegion, homeRegion }: TrailRow, regions: readonly string[]): readonly string[] {
  return multiRegion ? regions : [homeRegion];
}

/** One trail, brought up to a time. Each step is kept as soon as S3 has taken it. */
class Run {
  readonly #regions: readonly string[];
  /** A stopped trail ends with the file that has the call that stopped it. */
  readonly #endMillis: number;

  constructor(
    private readonly options: DeliveryOptions,
    private readonly keys: Table<SigningKey>,
    private trail: TrailRow,
    nowMillis: number,
    private readonly isLast: boolean,
  ) {
    this.#regions = regionsOf(trail, options.regions);
    const { stoppedMillis } = trail;
    this.#endMillis = isLast && stoppedMillis !== null ? Math.min(nowMillis, deliveryOf(stoppedMillis)) : nowMillis;
  }

  all(): void {
    try {
      this.#logs();
      if (this.trail.validation) for (const region of this.#regions) this.#digests(region);
      this.#keep({ fault: null, running: !this.isLast });
    } catch (cause) {
      if (!(cause instanceof ServiceError)) throw cause;
      this.#keep({ fault: cause.code });
    }
  }

  #keep(change: Partial<TrailRow>): void {
    this.trail = { ...this.trail, ...change };
    this.options.trails.put(trailId(this.trail), this.trail);
  }

  #put(key: string, bytes: Buffer, atMillis: number, Metadata = {}): void {
    const input = { Bucket: this.trail.bucket, Key: key, Body: bytes.toString('base64'), Metadata };
    this.options.ask(this.trail, atMillis, { ...input, ContentType: 'application/json' });
  }

  #logs(): void {
    for (const [atMillis, rows] of this.#due()) {
      const files = this.#regions.flatMap((region) => {
        const own = rows.filter((row) => row.region === region && this.#isWanted(row));
        if (own.length === 0) return [];
        const { bytes, log } = makeLog(this.trail, region, atMillis, own);
        this.#put(log.key, bytes, atMillis);
        return [[region, log] as const];
      });
      const last = rows.at(-1)?.number ?? this.trail.deliveredNumber;
      const moved = { deliveredNumber: last, deliveredMillis: atMillis };
      this.#keep({
        ...moved,
        chains: withLogs(this.trail.chains, files),
        ...(files.length > 0 && { lastLogMillis: atMillis }),
      });
    }
    const until = Math.floor(this.#endMillis / LOG_MILLIS) * LOG_MILLIS;
    if (until > this.trail.deliveredMillis) this.#keep({ deliveredMillis: until });
  }

  /** Events by the time of their delivery. One that comes to light after its time goes into the next file. */
  #due(): readonly (readonly [atMillis: number, rows: readonly EventRow[]])[] {
    const found = new Map<number, EventRow[]>();
    let earliest = this.trail.deliveredMillis + LOG_MILLIS;
    for (const row of this.options.history.after(this.trail.deliveredNumber)) {
      earliest = Math.max(earliest, deliveryOf(row.atMillis));
      const at = this.isLast ? Math.min(earliest, this.#endMillis) : earliest;
      if (at > this.#endMillis) break;
      const rows = found.get(at) ?? [];
      rows.push(row);
      found.set(at, rows);
    }
    return [...found];
  }

  #isWanted({ number }: EventRow): boolean {
    const { stoppedNumber } = this.trail;
    return stoppedNumber === null || number <= stoppedNumber;
  }

  #digests(region: string): void {
    for (let chain = this.trail.chains[region]; chain !== undefined; chain = this.#digest(region, chain));
  }

  /** The chain after one more digest; undefined when none is due. */
  #digest(region: string, chain: DigestChain): DigestChain | undefined {
    const end = chain.fromMillis + HOUR_MILLIS;
    const isDue = end + (this.isLast ? 0 : DIGEST_LATE_MILLIS) <= this.#endMillis;
    const last = Math.floor(this.#endMillis / 1000) * 1000;
    if (!isDue && (!this.isLast || last <= chain.fromMillis)) return undefined;
    const untilMillis = isDue ? end : last;
    const logs = chain.logs.filter(({ atMillis }) => !isDue || atMillis < untilMillis);
    const signer = signingKey(this.keys, region, chain.fromMillis);
    const made = makeDigest(this.trail, region, chain, { untilMillis, logs }, signer);
    const atMillis = isDue ? end + DIGEST_LATE_MILLIS : this.#endMillis;
    this.#put(made.key, made.bytes, atMillis, made.metadata);
    this.#keep({ chains: { ...this.trail.chains, [region]: made.chain }, lastDigestMillis: atMillis });
    return made.chain;
  }
}

function withLogs(chains: TrailRow['chains'], files: readonly (readonly [string, DeliveredLog])[]): TrailRow['chains'] {
  const more = files.flatMap(([region, log]) => {
    const chain = chains[region];
    return chain === undefined ? [] : [[region, { ...chain, logs: [...chain.logs, log] }] as const];
  });
  return { ...chains, ...Object.fromEntries(more) };
}
