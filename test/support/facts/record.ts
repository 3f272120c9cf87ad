import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { checkRecord } from './expectation.js';
import type { Expectation } from './fact.js';
import type { Played } from './play.js';
import { type Stage, told } from './stage.js';

const PAGES = 20;
/** Clocks of caller and service differ. */
const BEFORE_SECONDS = 120;
const KEY_ID = /^(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Looks up CloudTrail's record of what a story did, and holds it against the fact. @throws Error when it is otherwise, or not there */
export async function checkRecorded(stage: Stage, played: Played, expected: Expectation): Promise<void> {
  if (expected.record === undefined) return;
  checkRecord(await findRecord(stage, played, expected), expected, played.saved, played.moment);
}

async function findRecord(stage: Stage, played: Played, { recordOf, recordIn }: Expectation): Promise<JsonObject> {
  const { service, operation, region } = played.last;
  const name = recordOf ?? operation;
  const at = recordIn ?? (service === 'iam' ? 'us-east-1' : region);
  const own = ownRecord(played, recordOf === undefined && recordIn === undefined);
  let NextToken: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    const input = {
      LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: name }],
      StartTime: Math.floor(played.beganMillis / 1000) - BEFORE_SECONDS,
      ...(NextToken !== undefined && { NextToken }),
    };
    const ask = { service: 'cloudtrail', operation: 'LookupEvents', input, in: at } as const;
    const answer = told(await stage.perform(ask), 'LookupEvents');
    const records = recordsIn(answer);
    const found = records.find(own);
    if (found !== undefined) return found;
    if (typeof answer.NextToken !== 'string') break;
    NextToken = answer.NextToken;
  }
  throw new Error(`CloudTrail shows no ${name} of this story in ${at}`);
}

/** The record of the last request by its request id; of what KMS did otherwise, by the story's key. */
function ownRecord({ outcome, saved }: Played, byRequest: boolean): (record: JsonObject) => boolean {
  if (byRequest) return ({ requestID }) => requestID !== undefined && requestID === outcome.requestId;
  const keys = [...saved.values()].filter((value) => KEY_ID.test(value));
  return (record) => keys.some((key) => JSON.stringify(record).includes(key));
}

function recordsIn({ Events = [] }: JsonObject): readonly JsonObject[] {
  const events = Events as readonly { readonly CloudTrailEvent: string }[];
  return events.map(({ CloudTrailEvent }) => JSON.parse(CloudTrailEvent) as JsonObject);
}
