// Appends a second and how long one takes, with 1, 4 and 16 writers at once, one entry an append: in a folder, against the
// floor of a file that is written, synced and linked under its name; and on MinIO, whose path comes in CUSTODY_PEER_MINIO.
import { randomBytes } from 'node:crypto';
import { link, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createObjectDirectory } from '../build/lib/fs/object-directory.js';
import { appendEvents } from '../build/lib/ledger/append.js';
import { verifyChain } from '../build/lib/ledger/chain.js';
import { createSlotLedger } from '../build/lib/ledger/slots.js';
import { startMinio } from './minio.js';

const CLOCK = { now: () => new Date().toISOString(), sleep };
const WRITERS = [1, 4, 16];

/** @returns {Promise<{ name: string, [writers: string]: unknown }>} */
export async function benchAppend(count = 160) {
  const result = { name: 'append', floorMillis: await floor(count) };
  for (const writers of WRITERS) {
    const dir = await mkdtemp(join(tmpdir(), 'custody-bench-append-'));
    try {
      result[`folder${writers}`] = await race(() => createObjectDirectory(dir), writers, count);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }
  if (process.env.CUSTODY_PEER_MINIO) {
    for (const writers of WRITERS) {
      const server = await startMinio(process.env.CUSTODY_PEER_MINIO);
      try {
        result[`minio${writers}`] = await race(() => server.objects(), writers, count);
      } finally {
        await server.stop();
      }
    }
  }
  return result;
}

async function race(openStore, writers, count) {
  const taken = [];
  const work = async (writer) => {
    const ledger = createSlotLedger(await openStore());
    for (let turn = 0; turn < count / writers; turn++) {
      const started = performance.now();
      await appendEvents(ledger, [event(writer, turn)], { clock: CLOCK, random: Math.random });
      taken.push(performance.now() - started);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: writers }, (_, writer) => work(writer)));
  const seconds = (performance.now() - started) / 1000;
  const ledger = createSlotLedger(await openStore());
  const { size } = await ledger.head();
  const { verdict } = verifyChain(await ledger.read(0, size));
  if (size !== taken.length || verdict !== 'verified') throw new Error(`${size} entries, ${verdict}`);
  taken.sort((a, b) => a - b);
  const at = (share) => taken[Math.min(taken.length - 1, Math.floor(taken.length * share))];
  return { perSecond: taken.length / seconds, p50Millis: at(0.5), p99Millis: at(0.99) };
}

function event(writer, turn) {
  const facts = { turn, text: 'x'.repeat(300) };
  return { at: CLOCK.now(), kind: 'usage', by: `w${writer}`, requestId: null, record: null, facts };
}

/** Two objects an append, each synced and linked, and its folder synced: what no append can be faster than. */
async function floor(count) {
  const dir = await mkdtemp(join(tmpdir(), 'custody-bench-floor-'));
  try {
    const bytes = randomBytes(500);
    const started = performance.now();
    for (let n = 0; n < count * 2; n++) {
      const file = await open(join(dir, `${n}.tmp`), 'wx');
      await file.writeFile(bytes);
      await file.sync();
      await file.close();
      await link(join(dir, `${n}.tmp`), join(dir, `${n}`));
      await rm(join(dir, `${n}.tmp`));
      const folder = await open(dir, 'r');
      await folder.sync();
      await folder.close();
    }
    return (performance.now() - started) / count;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
