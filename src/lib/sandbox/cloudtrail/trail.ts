import type { JsonObject } from '../../base/canonical-json.js';
import type { StateStore } from '../service.js';
import { DataEvents } from './data-events.js';
import { echoOf } from './echoes.js';
import { userNameOf } from './identity.js';
import { eventRegionOf, eventSourceOf, isReadOnly, recordOf, serviceRecordOf } from './record.js';
import { type EventResource, lookupResourcesOf } from './resources.js';
import { eventNameOf, isManagement } from './s3-events.js';
import type { ServiceEvent, Witnessed } from './witnessed.js';

/** An event as it is kept: what it is found by, and the record as text. Table `cloudtrail.events`, id is its number. */
export type EventRow = {
  readonly number: number;
  readonly region: string;
  readonly atMillis: number;
  readonly eventId: string;
  readonly name: string;
  readonly source: string;
  readonly userName: string | null;
  readonly accessKeyId: string | null;
  readonly readOnly: boolean;
  readonly resources: readonly (readonly [type: string, name: string])[];
  /** The record, JSON. */
  readonly text: string;
};

const TABLE = 'cloudtrail.events';
const DAY = 86_400_000;
/** "You can look up events that occurred in a Region within the last 90 days" (LookupEvents). */
export const KEPT_MILLIS = 90 * DAY;
/** AWS knows no such limit; a load test must not fill the machine. The oldest go first. */
const MOST_EVENTS = 100_000;
const PRUNED_AT_ONCE = 1_000;

export interface TrailOptions {
  readonly store: StateStore;
  readonly account: string;
  readonly random: (bytes: number) => Buffer;
}

/** The event history of the account. */
export interface Trail {
  /** Keeps the event of a call, and the one that it leaves in a second Region. */
  witness(call: Witnessed): void;
  announce(event: ServiceEvent): void;
  /** All that is kept, oldest first. */
  events(): readonly EventRow[];
  /** Events with a higher number, in their order. */
  after(number: number): IterableIterator<EventRow>;
  /** Is called before events are forgotten: whoever still needs them takes them then. */
  onForget(take: (nowMillis: number) => void): void;
  /** Records of the newest data events that change something, JSON text each, oldest first. */
  dataEvents(): readonly string[];
}

/** The event history in `store`; it is read once. */
export function openTrail(options: TrailOptions): Trail {
  return new StoredTrail(options);
}

class StoredTrail implements Trail {
  readonly #options: TrailOptions;
  readonly #rows: EventRow[];
  readonly #data: DataEvents;
  #next: number;
  #onForget: (nowMillis: number) => void = () => undefined;

  constructor(options: TrailOptions) {
    this.#options = options;
    this.#data = new DataEvents(options.store);
    this.#rows = [...options.store.rows(TABLE)]
      .map(([, row]) => {
        // The store holds only what this class wrote.
        const stored: unknown = row;
        return stored as EventRow;
      })
      .sort((a, b) => a.number - b.number);
    this.#next = (this.#rows.at(-1)?.number ?? 0) + 1;
  }

  events(): readonly EventRow[] {
    return this.#rows;
  }

  *after(number: number): IterableIterator<EventRow> {
    // Numbers have no gaps.
    const first = this.#rows[0]?.number ?? 0;
    for (let at = Math.max(0, number + 1 - first); at < this.#rows.length; at++) {
      const row = this.#rows[at];
      if (row !== undefined) yield row;
    }
  }

  onForget(take: (nowMillis: number) => void): void {
    this.#onForget = take;
  }

  dataEvents(): readonly string[] {
    return this.#data.texts();
  }

  witness(call: Witnessed): void {
    const eventId = this.#newId();
    if (call.service === 's3' && !isManagement(call.operation)) {
      this.#data.witness(call, eventId);
      return;
    }
    const record = recordOf(call, eventId);
    const common = {
      atMillis: call.call.nowMillis,
      source: eventSourceOf(call.service),
      userName: userNameOf(call.call.caller),
      accessKeyId: call.session?.accessKeyId ?? null,
      readOnly: isReadOnly(call.operation),
    };
    const resources = lookupResourcesOf(call);
    this.#keep({ ...common, region: eventRegionOf(call), eventId, name: eventNameOf(call), resources, record });
    const echo = echoOf(call, record);
    if (echo === null) return;
    const echoId = this.#newId();
    this.#keep({
      ...common,
      region: echo.region,
      eventId: echoId,
      name: String(echo.record.eventName),
      resources: [{ type: 'AWS::KMS::Key', name: echo.keyArn }],
      record: { ...echo.record, eventID: echoId },
    });
  }

  announce(event: ServiceEvent): void {
    const eventId = this.#newId();
    this.#keep({
      region: event.region,
      atMillis: event.atMillis,
      eventId,
      name: event.name,
      source: eventSourceOf(event.service),
      userName: null,
      accessKeyId: null,
      readOnly: false,
      resources: [{ type: 'AWS::KMS::Key', name: event.resourceArn }],
      record: serviceRecordOf(event, this.#options.account, eventId),
    });
  }

  #keep(event: NewEvent): void {
    const { record, resources, ...members } = event;
    const pairs = resources.map(({ type, name }) => [type, name] as const);
    const row: EventRow = { ...members, number: this.#next++, resources: pairs, text: JSON.stringify(record) };
    this.#rows.push(row);
    this.#options.store.put(TABLE, idOf(row), row);
    this.#prune(row.atMillis);
  }

  /** In batches: taking one element from the front of a long list costs as much as taking a thousand. */
  #prune(nowMillis: number): void {
    const tooOld = this.#rows[PRUNED_AT_ONCE];
    const over = this.#rows.length >= MOST_EVENTS + PRUNED_AT_ONCE;
    if (!over && (tooOld === undefined || nowMillis - tooOld.atMillis <= KEPT_MILLIS)) return;
    this.#onForget(nowMillis);
    for (const row of this.#rows.splice(0, PRUNED_AT_ONCE)) this.#options.store.remove(TABLE, idOf(row));
  }

  /** A UUID of version 4. */
  #newId(): string {
    const bytes = this.#options.random(16);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
}

interface NewEvent extends Omit<EventRow, 'number' | 'resources' | 'text'> {
  readonly resources: readonly EventResource[];
  readonly record: JsonObject;
}

function idOf({ number }: EventRow): string {
  return String(number).padStart(12, '0');
}
