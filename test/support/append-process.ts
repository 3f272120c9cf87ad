import { setTimeout as wait } from 'node:timers/promises';
import { digestOf } from '../../src/lib/base/bytes.js';
import { type Clock, instantFromMillis } from '../../src/lib/base/time.js';
import { createObjectDirectory } from '../../src/lib/fs/object-directory.js';
import { appendEvents } from '../../src/lib/ledger/append.js';
import { createSlotLedger } from '../../src/lib/ledger/slots.js';
import { openS3Objects, type S3Peer } from './s3-world.js';

/** What a writer in a process of its own is to do. */
export interface WriterJob {
  readonly directory?: string;
  readonly s3?: S3Peer;
  /** The KMS key of the bundles in S3. */
  readonly keyArn?: string;
  readonly writer: string;
  readonly count: number;
}

const CLOCK: Clock = {
  now: () => instantFromMillis(Date.now()),
  sleep: async (milliseconds) => {
    await wait(milliseconds);
  },
};

const job: WriterJob = JSON.parse(process.argv[2] ?? '');
const objects = job.s3
  ? await openS3Objects(job.s3, job.keyArn === undefined ? {} : { keyArn: job.keyArn })
  : createObjectDirectory(job.directory ?? '');
const store = createSlotLedger(objects);
for (let number = 0; number < job.count; number++) {
  const started = performance.now();
  const { first } = await appendEvents(
    store,
    [
      {
        at: CLOCK.now(),
        kind: 'usage',
        by: job.writer,
        requestId: null,
        record: digestOf(`${job.writer} ${number}`),
        facts: { number, text: 'x'.repeat(200) },
      },
    ],
    { clock: CLOCK, random: Math.random },
  );
  // What is told here was acknowledged: it must be found afterwards, whatever happens to this process.
  process.stdout.write(`${job.writer} ${number} ${first} ${(performance.now() - started).toFixed(2)}\n`);
}
