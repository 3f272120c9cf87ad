// One custodian process of bench/publish.js: publishes one record of its own in its own clone.
import { randomBytes } from 'node:crypto';
import { systemClock } from '../build/lib/cli/clock.js';
import { openGitRecordStore } from '../build/lib/git/record-store.js';

/** What a benchmark pushes is not judged on the way. */
const anything = async () => undefined;

const [dir, name] = process.argv.slice(2);
const store = await openGitRecordStore({
  dir,
  clock: systemClock,
  random: Math.random,
  environment: process.env,
  accept: anything,
});
const files = new Map([[`records/heartbeats/${name}.json`, randomBytes(600)]]);
await store.publish(async () => ({ message: name, files }));
process.exit();
