import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { addSeconds } from '../../src/lib/base/time.js';
import { ingestText } from '../../src/lib/cli/ingest.js';
import { sourceOfFiles } from '../../src/lib/ingest/from-files.js';
import { sourceOfLines } from '../../src/lib/ingest/from-lines.js';
import { ingest } from '../../src/lib/ingest/ingest.js';
import { openKnown } from '../../src/lib/ingest/known.js';
import type { Source } from '../../src/lib/ingest/source.js';
import { parseEntry, verifyChain } from '../../src/lib/ledger/chain.js';
import { createTestClock } from '../support/fake-aws.js';
import { createMemoryLedgerStore } from '../support/memory-ledger-store.js';
import {
  digestsOf,
  guid,
  logsOf,
  type StoredObject,
  TRAIL_ACCOUNT,
  TRAIL_KEY,
  TRAIL_START,
  trailBucket,
  trailFiles,
  trailKeys,
  trailRecord,
  trailSigner,
} from '../support/trail-fixture.js';

/** The attacks on evidence and on the ledger, as far as uses of keys are taken in. */

const NOW = addSeconds(TRAIL_START, 5 * 3600);
const keys = new Map([[TRAIL_KEY.split('/')[1] ?? '', 'tenant-data']]);
const signer = trailSigner();
let objects: Map<string, StoredObject>;
let entries: Uint8Array[];
let cached: Uint8Array | null;

beforeEach(() => {
  objects = trailBucket({ signer });
  entries = [];
  cached = null;
});

async function run(source: Source, store = createMemoryLedgerStore(entries)) {
  const write = async (bytes: Uint8Array) => {
    cached = bytes;
  };
  const ports = {
    store,
    cache: { read: async () => cached, write },
    clock: createTestClock(NOW),
    random: () => 0,
    tell: () => undefined,
  };
  const known = await openKnown(store, ports.cache, ports.tell);
  const watched = {
    account: TRAIL_ACCOUNT,
    repository: 'repo',
    keys,
    aliases: new Set<string>(),
    buckets: new Set<string>(),
  };
  const window = { since: null, until: null };
  return ingest(ports, { source, known, watched, unknownKeys: [], window, until: NOW, by: 'architect' });
}

const files = (): Source =>
  sourceOfFiles({
    name: 's3://trail-bucket',
    files: trailFiles(objects),
    keys: trailKeys(signer),
    rule: 'required',
    scopes: [`${TRAIL_ACCOUNT}/eu-central-1`],
    from: TRAIL_START,
    until: NOW,
    now: NOW,
    tell: () => undefined,
  });
async function* of(lines: readonly string[]) {
  for (const line of lines) yield Buffer.from(line);
}
const ids = () =>
  entries.map((bytes) => parseEntry(bytes)).flatMap(({ kind, facts }) => (kind === 'usage' ? [facts.eventId] : []));
const found = (report: { findings: readonly { id: string }[] }) => report.findings.map(({ id }) => id);

describe('T38 the tail is cut off', () => {
  it('of the digests: the clock shows it, and the mark stays where the proof ends', async () => {
    objects.delete(digestsOf(objects)[2] ?? '');
    const report = await run(files());
    expect([report.verdict, report.mark]).toEqual(['unproven', addSeconds(TRAIL_START, 2 * 3600)]);
    expect(found(report)).toContain('cut-tail');
  });

  it('of the ledger: what a machine remembers hides no event, all come in again', async () => {
    await run(files());
    const whole = ids();
    entries.splice(4);
    const report = await run(files());
    expect(report.counts).toMatchObject({ taken: whole.length - 4, known: 4 });
    expect(new Set(ids())).toEqual(new Set(whole));
    expect(verifyChain(entries).verdict).toBe('verified');
  });

  it('of the ledger, and another put in its place: the memory is of neither', async () => {
    await run(files());
    const whole = ids();
    entries.splice(0);
    await run(sourceOfLines(of([...Array(20).keys()].map((at) => JSON.stringify(trailRecord(guid(900 + at), NOW))))));
    expect((await run(files())).counts).toMatchObject({ taken: whole.length, known: 0 });
  });
});

describe('T39 a gap, or nothing at all, is no proof', () => {
  it.each<[what: string, finding: string, spoil: () => void]>([
    ['no digests', 'no-digests', () => digestsOf(objects).map((key) => objects.delete(key))],
    ['a digest out of the middle', 'digest-missing', () => objects.delete(digestsOf(objects)[1] ?? '')],
    ['a log file gone', 'log-missing', () => objects.delete(logsOf(objects)[0] ?? '')],
    ['every log file gone', 'log-missing', () => logsOf(objects).map((key) => objects.delete(key))],
    [
      'a log file put in',
      'log-unlisted',
      () =>
        objects.set((logsOf(objects)[0] ?? '').replace(/T\d{4}Z_\w+/, 'T0930Z_forged'), {
          bytes: gzipSync(JSON.stringify({ Records: [trailRecord(guid(99), '2026-03-02T09:00:00.000Z')] })),
          metadata: {},
        }),
    ],
  ])('with %s', async (_, finding, spoil) => {
    spoil();
    const report = await run(files());
    expect(report.verdict).not.toBe('verified');
    expect(found(report)).toContain(finding);
    expect(ids()).not.toContain(guid(99));
  });

  it('an empty folder is an error, not a clean run', async () => {
    objects.clear();
    await expect(run(files())).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(entries).toEqual([]);
  });
});

describe('T41 two machines take in at once', () => {
  it('one chain, each event once', async () => {
    const store = createMemoryLedgerStore(entries);
    const lines = JSON.stringify({ Records: [...Array(30).keys()].map((at) => trailRecord(guid(at), TRAIL_START)) });
    await Promise.all([run(files(), store), run(sourceOfLines(of([lines])), store), run(files(), store)]);
    expect(new Set(ids()).size).toBe(ids().length);
    expect(ids()).toHaveLength(30);
    expect(verifyChain(entries).verdict).toBe('verified');
  });
});

describe('T46 nothing secret is kept, and nothing hostile is shown', () => {
  it('a refused record leaves no word of itself in the ledger', async () => {
    const bad = trailRecord(guid(1), TRAIL_START, { awsRegion: 'canary-value', sourceIPAddress: 'canary-address' });
    const twice = '{"eventID":"canary","eventID":"canary"}';
    const report = await run(sourceOfLines(of([JSON.stringify(bad), twice, 'canary'])));
    expect([report.counts.refused, report.verdict]).toEqual([3, 'refused']);
    expect(entries.map((bytes) => Buffer.from(bytes).toString()).join()).not.toContain('canary');
  });

  it('a name that would drive the terminal is shown as what it is', async () => {
    const report = await run(sourceOfLines(of(['{"eventID":"x","\\u001b[2J\\u202e":1,"\\u001b[2J\\u202e":2}'])));
    expect(report.refusals[0]?.why).toContain('occurs twice');
    const shown = ingestText(report).replaceAll(/\u001b\[\d+m/g, '');
    expect(shown).toContain('\\u{1b}[2J');
    expect(shown).not.toMatch(/[\u001b\u202e]/);
  });
});

describe('T51 a write that is lost, or done and not answered', () => {
  it.each([false, true])('is made good by the next run (done: %s)', async (done) => {
    const store = createMemoryLedgerStore(entries);
    let writes = 0;
    const failing = {
      ...store,
      append: async (...given: Parameters<typeof store.append>) => {
        if (++writes > 2) throw new Error('killed');
        if (done) await store.append(...given);
        throw new Error('killed');
      },
    };
    await expect(run(files(), failing)).rejects.toThrow('killed');
    expect((await run(files(), store)).verdict).toBe('verified');
    expect(ids()).toHaveLength(12);
    expect(new Set(ids()).size).toBe(12);
  });
});
