import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { addSeconds, type Instant } from '../../../src/lib/base/time.js';
import { type DigestRule, sourceOfFiles } from '../../../src/lib/ingest/from-files.js';
import { sourceOfHistory } from '../../../src/lib/ingest/from-history.js';
import { sourceOfLines } from '../../../src/lib/ingest/from-lines.js';
import { type IngestPorts, ingest } from '../../../src/lib/ingest/ingest.js';
import { type KnownCache, openKnown } from '../../../src/lib/ingest/known.js';
import type { Source } from '../../../src/lib/ingest/source.js';
import type { AskedWindow } from '../../../src/lib/ingest/subject.js';
import type { Watched } from '../../../src/lib/inspect/reconcile/change.js';
import { parseEntry, verifyChain } from '../../../src/lib/ledger/chain.js';
import { formatBundle } from '../../../src/lib/ledger/slot.js';
import type { LedgerStore } from '../../../src/lib/ledger/store.js';
import { createTestClock } from '../../support/fake-aws.js';
import { createMemoryLedgerStore } from '../../support/memory-ledger-store.js';
import {
  digestsOf,
  guid,
  logsOf,
  type StoredObject,
  signedDigest,
  TRAIL_ACCOUNT,
  TRAIL_KEY,
  TRAIL_START,
  type TrailSigner,
  trailBucket,
  trailFiles,
  trailKeys,
  trailRecord,
  trailSigner,
} from '../../support/trail-fixture.js';

const NOW = addSeconds(TRAIL_START, 3 * 3600 + 7200);
const WATCHED: Watched = {
  account: TRAIL_ACCOUNT,
  repository: 'repo',
  keys: new Map([[TRAIL_KEY.split('/')[1] ?? '', 'tenant-data']]),
  aliases: new Set(['alias/cmk/tenant-data']),
  buckets: new Set(['acme-audit', 'acme-audit-copy']),
};

let signer: TrailSigner;
let entries: Uint8Array[];
let store: LedgerStore;
let objects: Map<string, StoredObject>;
let cached: Uint8Array | null;
const cache: KnownCache = {
  read: async () => cached,
  write: async (bytes) => {
    cached = bytes;
  },
};

beforeAll(() => {
  signer = trailSigner();
});
beforeEach(() => {
  entries = [];
  store = createMemoryLedgerStore(entries);
  objects = trailBucket({ signer });
  cached = null;
});

const ports = (over: Partial<IngestPorts> = {}): IngestPorts => ({
  store,
  cache,
  clock: createTestClock(NOW),
  random: () => 0,
  tell: () => undefined,
  ...over,
});

async function run(source: Source, over: Partial<IngestPorts> = {}, asked: Partial<AskedWindow> = {}) {
  const given = ports(over);
  const known = await openKnown(given.store, given.cache, given.tell);
  const window = { since: null, until: null, ...asked };
  return ingest(given, { source, known, watched: WATCHED, unknownKeys: [], window, until: NOW, by: 'architect' });
}

interface Change {
  readonly rule?: DigestRule;
  readonly from?: Instant;
  readonly now?: Instant;
  readonly keys?: TrailSigner[];
  /** The end of the name of a file that is not read, as it is larger than may be. */
  readonly tooLarge?: string;
}

function files(change: Change = {}): Source {
  const now = change.now ?? NOW;
  const all = trailFiles(objects);
  const read: typeof all.read = async (file) => {
    if (change.tooLarge && file.name.endsWith(change.tooLarge)) throw new CustodyError('LIMIT_EXCEEDED', 'too large');
    return all.read(file);
  };
  return sourceOfFiles({
    name: 's3://trail-bucket',
    files: { ...all, read },
    keys: trailKeys(...(change.keys ?? [signer])),
    rule: change.rule ?? 'required',
    scopes: [`${TRAIL_ACCOUNT}/eu-central-1`],
    from: change.from ?? TRAIL_START,
    until: now,
    now,
    tell: () => undefined,
  });
}

async function* of(...lines: (string | Buffer)[]) {
  for (const line of lines) yield Buffer.from(line);
}
const lines = (...given: (string | Buffer | object)[]) =>
  sourceOfLines(
    of(...given.map((line) => (typeof line === 'string' || Buffer.isBuffer(line) ? line : JSON.stringify(line)))),
  );

const written = () => entries.map((bytes) => parseEntry(bytes));
const ids = () => written().flatMap(({ kind, facts }) => (kind === 'usage' ? [facts.eventId] : []));
const findingIds = (report: { findings: readonly { id: string }[] }) => report.findings.map(({ id }) => id);
const AT = '2026-03-02T09:00:00.000Z';

describe('a window that was asked for', () => {
  const at = (second: number): Instant => addSeconds(TRAIL_START, second);
  /** CloudTrail's own place at the end: a history takes whole seconds, a file what it was delivered with. */
  const beyond = [-1, 0, 30, 59, 60, 61].map((second, index) => trailRecord(guid(50 + index), at(second)));
  const inside = [guid(51), guid(52), guid(53)];
  const asked = { since: at(0), until: at(60) };
  const historyOf = (records: readonly object[]) =>
    sourceOfHistory({
      history: {
        async *pages() {
          const content = records.map((record, index) => ({ at: index + 1, record: record as never, canonical: null }));
          yield { records: content, refused: [] };
        },
      },
      regions: ['eu-central-1'],
      buckets: [],
      from: asked.since,
      until: asked.until,
      now: NOW,
      tell: () => undefined,
    });

  it.each<[string, () => Source]>([
    ['lines', () => lines(...beyond)],
    ['the event history, whatever it answers', () => historyOf(beyond)],
  ])('takes in what lies in it, its beginning and not its end: %s', async (_, source) => {
    const report = await run(source(), {}, asked);
    expect(ids()).toEqual(inside);
    expect(report.counts).toMatchObject({ read: 6, taken: 3, outside: 3, known: 0, ignored: 0 });
    expect(written().at(-1)?.facts.counts).toMatchObject({ outside: 3 });
  });

  it('holds for log files, which hold what was before and after their hour', async () => {
    const report = await run(files(), {}, { since: at(3600), until: at(7200) });
    const times = written().flatMap(({ kind, at: when }) => (kind === 'usage' ? [when] : []));
    expect(times.length).toBeGreaterThan(0);
    expect(times.every((when) => when >= at(3600) && when < at(7200))).toBe(true);
    expect(report.counts.outside).toBe(report.counts.read - times.length);
    expect(report.mark).toBe(at(7200));
  });

  it('is nothing where nothing was asked: what comes late, or says a time to come, is taken in', async () => {
    expect((await run(historyOf(beyond))).counts).toMatchObject({ taken: 6, outside: 0 });
  });

  it('that begins after the last run leaves the time between to the next one', async () => {
    await run(files({ from: at(0) }), {}, { until: at(3600) });
    const mark = () => openKnown(store, { ...cache, read: async () => null }, () => undefined);
    expect((await mark()).marks.get('s3://trail-bucket')).toBe(at(3600));
    const later = await run(files({ from: at(7200) }), {}, { since: at(7200) });
    expect(later.mark).toBeNull();
    expect(later.checks).toContainEqual(expect.objectContaining({ id: 'window', status: 'pass' }));
    expect((await mark()).marks.get('s3://trail-bucket')).toBe(at(3600));
    const rest = await run(files({ from: at(0) }));
    expect(rest.mark).toBe(at(10_800));
    expect(ids()).toHaveLength(12);
  });
});

describe('ingestion of log files with digests', () => {
  it('takes each event in once, in the order of time, and says where it stands', async () => {
    const report = await run(files());
    expect(report.checks.filter(({ status }) => status !== 'pass')).toEqual([]);
    expect(report.verdict).toBe('verified');
    expect(report.counts).toMatchObject({ read: 12, taken: 12, known: 0, refused: 0, late: 0 });
    const times = written()
      .slice(0, -1)
      .map(({ at }) => at);
    expect(times).toEqual([...times].sort());
    expect(written().at(-1)).toMatchObject({ kind: 'ingest', facts: { mark: addSeconds(TRAIL_START, 3 * 3600) } });
    expect(verifyChain(entries).verdict).toBe('verified');
  });

  it('is gone on with where it ended, by the cache as by the ledger', async () => {
    await run(files());
    for (const seen of [cache, { ...cache, read: async () => null }]) {
      const { marks, head } = await openKnown(store, seen, () => undefined);
      expect([...marks]).toEqual([['s3://trail-bucket', addSeconds(TRAIL_START, 3 * 3600)]]);
      expect(head.size).toBe(13);
    }
  });

  it('writes nothing twice, with the cache, without it, and with one of another ledger', async () => {
    await run(files());
    const first = ids();
    for (const seen of [cached, null, Buffer.from('nonsense'), Buffer.from('{}\nabc')]) {
      cached = seen;
      expect((await run(files())).counts).toMatchObject({ taken: 0, known: 12 });
    }
    expect(ids()).toEqual(first);
    const other = cached;
    entries.splice(0);
    cached = other;
    expect((await run(files())).counts.taken).toBe(12);
  });

  it('keeps no value of an encryption context, no address and no parameter (T46)', async () => {
    await run(files());
    const text = entries.map((bytes) => Buffer.from(bytes).toString()).join();
    for (const secret of ['alice@example.com', '198.51.100.7', 'aws-sdk-js', 'r-00000000', 'requestID']) {
      expect(text).not.toContain(secret);
    }
    expect(written()[0]?.facts).toMatchObject({ contextNames: ['tenant'], evidence: 'digest', key: 'tenant-data' });
  });

  it.each<[what: string, expected: string[], verdict: string, taken: number, spoil: () => void]>([
    ['an edited log file', ['log-edited'], 'refused', 10, () => editLog()],
    ['a deleted log file', ['log-missing'], 'refused', 10, () => objects.delete(logsOf(objects)[2] ?? '')],
    ['an edited digest', ['digest-edited', 'log-uncovered'], 'refused', 8, () => editDigest(1)],
    ['a deleted digest', ['digest-missing'], 'refused', 8, () => objects.delete(digestsOf(objects)[1] ?? '')],
    ['all digests deleted', ['no-digests'], 'unproven', 0, () => digestsOf(objects).map((key) => objects.delete(key))],
    ['the newest digest deleted', ['cut-tail'], 'unproven', 8, () => objects.delete(digestsOf(objects)[2] ?? '')],
    ['the first digest deleted', ['digest-missing'], 'refused', 8, () => objects.delete(digestsOf(objects)[0] ?? '')],
    ['a forged extra log file', ['log-unlisted'], 'refused', 12, () => forgeLog('20260302T0930Z')],
    ['a forged log file of no name', ['log-unlisted'], 'refused', 12, () => forgeLog('later')],
    ['a moved bucket', ['digest-moved'], 'refused', 0, () => moveAll()],
    ['a digest that someone else signed', ['digest-signature'], 'refused', 8, () => resign()],
    ['a digest without its signature', ['digest-unsigned'], 'unproven', 8, () => unsign(2)],
    ['a chain that starts anew', ['gap'], 'unproven', 12, () => restart()],
    ['a bomb', ['log-edited'], 'refused', 10, () => bomb()],
  ])('does not call %s clean', async (_, expected, verdict, taken, spoil) => {
    spoil();
    const report = await run(files());
    expect(report.verdict).toBe(verdict);
    expect(findingIds(report)).toEqual(expect.arrayContaining(expected));
    expect(report.counts.taken).toBe(taken);
    expect(written().at(-1)).toMatchObject({ kind: 'ingest', facts: { verdict } });
  });

  it('goes on past a file that is larger than may be read, listed or not, and past such a digest', async () => {
    const logs = logsOf(objects);
    const [listed = ''] = logs;
    const unlisted = logs[1]?.replace(/_[A-Za-z0-9]+\.json/, '_AAAAAAAAAAAAAAAA.json') ?? '';
    objects.set(unlisted, { bytes: Buffer.from(''), metadata: {} });
    for (const huge of [
      [listed, 'log-edited', 10],
      [unlisted, 'log-unlisted', 12],
    ] as const) {
      entries.splice(0);
      cached = null;
      const [name, finding, taken] = huge;
      const report = await run(files({ tooLarge: name }));
      expect([report.verdict, findingIds(report), report.counts.taken], name).toEqual([
        'refused',
        expect.arrayContaining([finding]),
        taken,
      ]);
    }
    entries.splice(0);
    cached = null;
    const report = await run(files({ tooLarge: digestsOf(objects)[1] ?? '' }));
    expect([report.verdict, findingIds(report)]).toEqual(['refused', expect.arrayContaining(['digest-malformed'])]);
  });

  it('needs no metadata of a digest that the next one vouches for', async () => {
    for (const at of [0, 1]) unsign(at);
    expect((await run(files())).verdict).toBe('verified');
  });

  it('does not know a key that CloudTrail does not list', async () => {
    expect(findingIds(await run(files({ keys: [trailSigner()] })))).toContain('public-key');
    expect(ids()).toEqual([]);
  });

  it('lets files wait whose digest is not due yet, and takes them in later', async () => {
    const now = addSeconds(TRAIL_START, 3 * 3600);
    for (const key of digestsOf(objects).slice(1)) objects.delete(key);
    const early = await run(files({ now }), { clock: createTestClock(now) });
    expect(early).toMatchObject({ verdict: 'verified', waiting: 4, counts: { taken: 4 } });
    objects = trailBucket({ signer });
    expect((await run(files())).counts).toMatchObject({ taken: 8, known: 4 });
  });

  it('takes in what nothing proves only when asked, says so in each entry, and does not call it clean', async () => {
    for (const key of digestsOf(objects)) objects.delete(key);
    const report = await run(files({ rule: 'reported' }));
    expect(report).toMatchObject({ verdict: 'unproven', counts: { taken: 12 } });
    expect(
      new Set(
        written()
          .slice(0, -1)
          .map(({ facts }) => facts.evidence),
      ),
    ).toEqual(new Set(['none']));
  });

  it('never takes in what was edited, whatever is asked', async () => {
    editLog();
    forgeLog('20260302T0930Z');
    expect((await run(files({ rule: 'reported' }))).counts.taken).toBe(10);
  });
});

describe('two machines and kills', () => {
  it('write each event once when they run at once', async () => {
    const own = (): KnownCache => ({ read: async () => null, write: async () => undefined });
    const reports = await Promise.all([
      run(files(), { cache: own() }),
      run(files(), { cache: own() }),
      run(files(), { cache: own() }),
    ]);
    expect(reports.reduce((sum, { counts }) => sum + counts.taken, 0)).toBe(12);
    expect(new Set(ids()).size).toBe(12);
    expect(ids().length).toBe(12);
    expect(verifyChain(entries).verdict).toBe('verified');
  });

  it('go on after a stop before, and after, any write', async () => {
    for (const persisted of [false, true]) {
      for (let at = 1; at <= 3; at++) {
        entries.splice(0);
        cached = null;
        let count = 0;
        const failing: LedgerStore = {
          ...store,
          append: async (added, expected) => {
            count++;
            if (count === at && !persisted) throw new Error('killed');
            const head = await store.append(added, expected);
            if (count === at) throw new Error('killed');
            return head;
          },
        };
        await run(files(), { store: failing }).catch(() => undefined);
        const report = await run(files());
        expect(ids().length).toBe(12);
        expect(new Set(ids()).size).toBe(12);
        expect(report.verdict).toBe('verified');
        expect(verifyChain(entries).verdict).toBe('verified');
      }
    }
  });
});

describe('reading and writing', () => {
  /** One batch for each of the given hours, each due at once. */
  function batchesOf(given: readonly Instant[], asked: (number: number) => void = () => undefined): Source {
    async function* batches() {
      for (const [at, settled] of given.entries()) {
        asked(at);
        const record = trailRecord(guid(at + 1), addSeconds(settled, -1)) as never;
        const content = { records: [{ at: 1, record, canonical: null }], refused: [] };
        yield { where: `file ${at}`, content, evidence: 'history' as const, settled };
      }
      asked(given.length);
    }
    const end = { mark: null, findings: [], covered: {}, files: 0, waiting: 0, gaps: [] };
    return { name: 'batches', backing: 'history', from: null, batches, end: () => end };
  }
  const HOURS = [1, 2, 3].map((hour) => addSeconds(TRAIL_START, hour * 3600));

  it('go on at once, one append after the other', async () => {
    const whenAsked = new Map<number, () => void>();
    const next = [1, 2, 3].map((number) => new Promise<void>((resolve) => whenAsked.set(number, resolve)));
    let underWay = 0;
    const slow: LedgerStore = {
      ...store,
      append: async (given, expected) => {
        underWay++;
        expect(underWay).toBe(1);
        // Ends only once the batch after it was asked for: whoever waits for it before that waits for ever.
        await next[expected.size];
        underWay--;
        return store.append(given, expected);
      },
    };
    const report = await run(
      batchesOf(HOURS, (number) => whenAsked.get(number)?.()),
      { store: slow },
    );
    expect(report.counts).toMatchObject({ taken: 3, known: 0, late: 0 });
    expect(ids()).toEqual([guid(1), guid(2), guid(3)]);
  });

  it('end with the fault of an append, and take nothing in after it', async () => {
    const full: LedgerStore = {
      ...store,
      append: async (given, expected) => {
        if (expected.size === 1) throw new CustodyError('STORAGE', 'the disk is full');
        return store.append(given, expected);
      },
    };
    await expect(run(batchesOf(HOURS), { store: full })).rejects.toMatchObject({ code: 'STORAGE' });
    expect(written().map(({ kind }) => kind)).toEqual(['usage']);
  });

  it('leave no append under way when the source fails', async () => {
    let isDone = false;
    const slow: LedgerStore = {
      ...store,
      append: async (given, expected) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        isDone = true;
        return store.append(given, expected);
      },
    };
    const failing = batchesOf(HOURS, (number) => {
      if (number === 1) throw new CustodyError('UNAVAILABLE', 'no answer');
    });
    await expect(run(failing, { store: slow })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(isDone).toBe(true);
  });

  it('append no more than a batch may have, however large the entries are', async () => {
    const appended: number[] = [];
    const measured: LedgerStore = {
      ...store,
      append: async (given, expected) => {
        appended.push(formatBundle(given).length);
        return store.append(given, expected);
      },
    };
    const encryptionContext = Object.fromEntries(
      Array.from({ length: 32 }, (_, at) => ['"'.repeat(120) + String(at), 'x']),
    );
    const many = Array.from({ length: 2500 }, (_, at) =>
      trailRecord(guid(at + 1), AT, { requestParameters: { encryptionContext } }),
    );
    const report = await run(lines(...many), { store: measured });
    expect(report.counts.taken).toBe(2500);
    expect(appended.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(16 * 1024 * 1024);
  });

  it('keep the order in which files were delivered, whichever is there first', async () => {
    const given = trailFiles(objects);
    let delay = 30;
    const source = sourceOfFiles({
      name: 's3://trail-bucket',
      files: {
        ...given,
        read: async (file) => {
          const stored = await given.read(file);
          delay -= 5;
          await new Promise((resolve) => setTimeout(resolve, Math.max(0, delay)));
          return stored;
        },
      },
      keys: trailKeys(signer),
      rule: 'required',
      scopes: [`${TRAIL_ACCOUNT}/eu-central-1`],
      from: TRAIL_START,
      until: NOW,
      now: NOW,
      tell: () => undefined,
    });
    const seen: string[] = [];
    for await (const { where } of source.batches()) seen.push(where);
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual([...seen].sort());
  });
});

describe('lines', () => {
  it.each<[what: string, line: string | Buffer | object]>([
    ['a record', trailRecord(guid(1), AT)],
    [
      'an event of EventBridge',
      { version: '0', id: 'x', 'detail-type': 'AWS API Call via CloudTrail', detail: trailRecord(guid(1), AT) },
    ],
    ['a log file', { Records: [trailRecord(guid(1), AT)] }],
  ])('are read as %s', async (_, line) => {
    const report = await run(lines(line, '', line));
    expect(report).toMatchObject({ verdict: 'verified', counts: { taken: 1, known: 1 } });
    expect(written()[0]?.facts).toMatchObject({ eventId: guid(1), evidence: 'none' });
  });

  const text = JSON.stringify(trailRecord(guid(2), AT));
  it.each<[what: string, line: string | Buffer | object, why: RegExp]>([
    ['no JSON', '{"eventID":', /not JSON|holds no JSON/],
    ['a name twice', text.replace('"eventName"', '"eventID":"other","eventName"'), /occurs twice/],
    ['half of a surrogate pair', text.replace('architect', 'a\\ud800'), /surrogate/],
    ['a number for a name', trailRecord(guid(2), AT, { errorCode: 5 }), /errorCode: expected/],
    ['an object for an ARN', trailRecord(guid(2), AT, { userIdentity: { arn: {} } }), /arn: expected/],
    [
      'an identity that reorders the screen',
      trailRecord(guid(2), AT, { userIdentity: { sessionContext: { sourceIdentity: 'a\u202eb' } } }),
      /sourceIdentity/,
    ],
    ['no time', trailRecord(guid(2), '2026-02-30T00:00:00.000Z'), /no record/],
    ['deep nesting', `{"eventID":${'['.repeat(100_000)}`, /no JSON|nested/],
    ['bytes that are no text', Buffer.from([0x7b, 0xff, 0x7d]), /no JSON|UTF-8/],
    ['a list for a record', '[[]]', /no record/],
    ['a line without end', Buffer.alloc(8 * 1024 * 1024 + 1, 0x61), /longer/],
  ])('are refused by number for %s, and the rest goes on', async (_, line, why) => {
    const report = await run(lines(trailRecord(guid(1), AT), line, trailRecord(guid(3), AT)));
    expect(report.refusals).toHaveLength(1);
    expect(report.refusals[0]?.where).toMatch(/^stdin:2/);
    expect(report.refusals[0]?.why).toMatch(why);
    expect(report).toMatchObject({ verdict: 'refused', counts: { refused: 1, taken: 2 } });
    expect(ids()).toEqual([guid(1), guid(3)]);
  });

  it('name a key only by an ARN as AWS writes it, so that an entry can always be written', async () => {
    const hostile = ['\u0001'.repeat(2000), '"'.repeat(2000), '\u{1f600}'.repeat(900)].map((text, at) =>
      trailRecord(guid(at + 1), AT, {
        resources: [{ ARN: `arn:aws:kms:eu-central-1:${TRAIL_ACCOUNT}:key/${text}` }, { ARN: TRAIL_KEY }],
      }),
    );
    const report = await run(lines(...hostile));
    expect(report.counts).toMatchObject({ taken: 3, refused: 0 });
    expect(
      written()
        .slice(0, 3)
        .map(({ facts }) => facts.keyArn),
    ).toEqual([TRAIL_KEY, TRAIL_KEY, TRAIL_KEY]);
  });

  it('of other keys, accounts and services are counted, those that stop a trail are kept', async () => {
    const other = [
      { resources: [] },
      { recipientAccountId: '999988887777' },
      { eventSource: 's3.amazonaws.com', eventName: 'CreateBucket' },
    ];
    const stop = { eventSource: 'cloudtrail.amazonaws.com', eventName: 'StopLogging', resources: [] };
    const report = await run(
      lines(...other.map((change, at) => trailRecord(guid(at), AT, change)), trailRecord(guid(9), AT, stop)),
    );
    expect(report.counts).toMatchObject({ ignored: 3, taken: 1 });
  });

  it('of the future are kept and said', async () => {
    const report = await run(lines(trailRecord(guid(1), '2027-01-01T00:00:00.000Z')));
    expect(report).toMatchObject({ verdict: 'unproven', counts: { future: 1, taken: 1 } });
  });
});

function editLog(): void {
  const key = logsOf(objects)[2] ?? '';
  const stored = objects.get(key);
  if (stored) stored.bytes = gzipSync(Buffer.from(gunzipSync(stored.bytes).toString().replace('Decrypt', 'Encrypt')));
}
function digestAt(at: number) {
  const key = digestsOf(objects)[at] ?? '';
  const stored = objects.get(key);
  if (stored === undefined) throw new Error('no digest');
  return { key, stored, said: JSON.parse(gunzipSync(stored.bytes).toString()) as Record<string, unknown> };
}
function editDigest(at: number): void {
  const { stored, said } = digestAt(at);
  stored.bytes = gzipSync(Buffer.from(JSON.stringify({ ...said, logFiles: [] })));
}
function unsign(at: number): void {
  delete digestAt(at).stored.metadata.signature;
}
function resign(): void {
  const { key, said } = digestAt(2);
  objects.set(key, signedDigest(said, { ...trailSigner(), fingerprint: signer.fingerprint }));
}
function restart(): void {
  const { key, said } = digestAt(2);
  const none = { previousDigestS3Bucket: null, previousDigestS3Object: null, previousDigestHashValue: null };
  const fresh = { ...said, ...none, previousDigestHashAlgorithm: null, previousDigestSignature: null };
  objects.set(key, signedDigest(fresh, signer));
}
function forgeLog(stamp: string): void {
  const [first = ''] = logsOf(objects);
  const bytes = gzipSync(Buffer.from(JSON.stringify({ Records: [trailRecord(guid(77), AT)] })));
  objects.set(first.replace(/\d{8}T\d{4}Z_\w+/, `${stamp}_forged`), { bytes, metadata: {} });
}
function moveAll(): void {
  objects = new Map([...objects].map(([key, stored]) => [`copy/${key}`, stored]));
}
function bomb(): void {
  objects.set(logsOf(objects)[0] ?? '', { bytes: gzipSync(Buffer.alloc(70 * 1024 * 1024)), metadata: {} });
}

describe('what is tried against the bucket of the ledger', () => {
  /** A data event as "Example: CloudTrail log file entries for Amazon S3" has it, of a call that was denied. */
  const s3 = (number: number, change: Record<string, unknown> = {}) =>
    trailRecord(guid(number), AT, {
      eventSource: 's3.amazonaws.com',
      eventName: 'DeleteObject',
      errorCode: 'AccessDenied',
      readOnly: false,
      requestParameters: { bucketName: 'acme-audit', key: 'custody/slots/000000001' },
      resources: [
        { type: 'AWS::S3::Object', ARN: 'arn:aws:s3:::acme-audit/custody/slots/000000001' },
        { accountId: TRAIL_ACCOUNT, type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::acme-audit' },
      ],
      managementEvent: false,
      eventCategory: 'Data',
      ...change,
    });
  const facts = async (record: Record<string, unknown>) => {
    const report = await run(lines(record));
    const found = written().flatMap((entry) => (entry.kind === 'usage' ? [entry.facts] : []));
    return { report, found: found[0] ?? null };
  };
  const elsewhere = { bucketName: 'another', key: 'custody/slots/000000001' };

  it.each<[string, Record<string, unknown>, object]>([
    ['a delete that was refused', {}, { bucket: 'acme-audit', object: 'custody/slots/000000001', key: null }],
    ['a delete that was done', { errorCode: undefined }, { eventName: 'DeleteObject', errorCode: null }],
    [
      'a call that names no object',
      { requestParameters: null, resources: [{ ARN: 'arn:aws:s3:::acme-audit' }] },
      { object: null },
    ],
    ['a call of which the parameters alone tell', { resources: null }, { bucket: 'acme-audit' }],
    [
      'the policy of the copy',
      { eventName: 'DeleteBucketPolicy', requestParameters: { bucketName: 'acme-audit-copy' }, resources: [] },
      { bucket: 'acme-audit-copy', object: null },
    ],
    ['a write that was denied', { eventName: 'PutObject' }, { eventName: 'PutObject' }],
    ['an operation that nobody knows', { eventName: 'EraseObjectForever' }, { eventName: 'EraseObjectForever' }],
    [
      'a name that somebody made up',
      { requestParameters: { bucketName: 'acme-audit', key: 'to: alice@example.com' } },
      { object: null },
    ],
  ])('%s is an entry', async (_, change, expected) => {
    const { found } = await facts(s3(900, change));
    expect(found).toMatchObject(expected);
    expect(JSON.stringify(found)).not.toMatch(/198\.51|alice/);
  });

  it.each<[string, Record<string, unknown>]>([
    ['an append', { eventName: 'PutObject', errorCode: undefined }],
    ['an append that came second', { eventName: 'PutObject', errorCode: 'PreconditionFailed' }],
    ['a read', { eventName: 'GetObject', readOnly: true }],
    ['another bucket', { requestParameters: elsewhere, resources: [{ ARN: 'arn:aws:s3:::another' }] }],
    ['another service', { eventSource: 'sqs.amazonaws.com' }],
    ['another account', { recipientAccountId: '999999999999' }],
  ])('%s is not', async (_, change) => {
    const { report, found } = await facts(s3(900, change));
    expect([found, report.counts.ignored]).toEqual([null, 1]);
  });
});
