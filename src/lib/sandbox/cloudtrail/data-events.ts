import type { JsonObject } from '../../base/canonical-json.js';
import type { StateStore } from '../service.js';
import { isReadOnly, recordOf } from './record.js';
import type { Witnessed } from './witnessed.js';

/** Table `cloudtrail.data`, id is the number of the event. */
type DataRow = { readonly number: number; readonly text: string };

const TABLE = 'cloudtrail.data';
/** A trail hands its events on and forgets them; whoever wants them here asks in time. */
export const MOST_DATA_EVENTS = 400;

/**
 * Data events of S3 that change something, as a trail with `ReadWriteType: WriteOnly` delivers them. The event history
 * does not have them ("LookupEvents").
 */
export class DataEvents {
  readonly #rows: DataRow[];
  #next: number;

  constructor(private readonly store: StateStore) {
    this.#rows = [...store.rows(TABLE)]
      .map(([, row]) => {
        // The store holds only what this class wrote.
        const stored: unknown = row;
        return stored as DataRow;
      })
      .sort((a, b) => a.number - b.number);
    this.#next = (this.#rows.at(-1)?.number ?? 0) + 1;
  }

  /** The records, oldest first, JSON text each. */
  texts(): readonly string[] {
    return this.#rows.map(({ text }) => text);
  }

  witness(call: Witnessed, eventId: string): void {
    if (isReadOnly(call.operation)) return;
    const row: DataRow = { number: this.#next++, text: JSON.stringify(dataRecordOf(call, eventId)) };
    this.#rows.push(row);
    this.store.put(TABLE, idOf(row), row);
    const [oldest] = this.#rows;
    if (this.#rows.length <= MOST_DATA_EVENTS || oldest === undefined) return;
    this.#rows.shift();
    this.store.remove(TABLE, idOf(oldest));
  }
}

/** "Example: CloudTrail log file entries for Amazon S3": a denied call shows its bucket and key, too. */
function dataRecordOf(call: Witnessed, eventId: string): JsonObject {
  const { Bucket, Key, VersionId } = call.input;
  const named: JsonObject = {
    ...(typeof Bucket === 'string' && { bucketName: Bucket }),
    ...(typeof Key === 'string' && { key: Key }),
    ...(typeof VersionId === 'string' && { versionId: VersionId }),
  };
  const bucketArn = `arn:aws:s3:::${String(Bucket)}`;
  return {
    ...recordOf(call, eventId),
    requestParameters: named,
    resources: [
      ...(typeof Key === 'string' ? [{ type: 'AWS::S3::Object', ARN: `${bucketArn}/${Key}` }] : []),
      { accountId: call.call.caller.account, type: 'AWS::S3::Bucket', ARN: bucketArn },
    ],
    managementEvent: false,
    eventCategory: 'Data',
  };
}

function idOf({ number }: DataRow): string {
  return String(number).padStart(12, '0');
}
