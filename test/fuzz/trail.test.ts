import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CustodyError } from '../../src/lib/base/errors.js';
import { sourceOfLines } from '../../src/lib/ingest/from-lines.js';
import { formatKnown, parseKnown } from '../../src/lib/ingest/known.js';
import { unpack } from '../../src/lib/ingest/unpack.js';
import { takeRecord } from '../../src/lib/ingest/usage.js';
import type { Watched } from '../../src/lib/inspect/reconcile/change.js';
import { EMPTY_HEAD, link } from '../../src/lib/ledger/chain.js';
import { parseDigest } from '../../src/lib/trail/digest-file.js';
import { parsePublicKeys } from '../../src/lib/trail/digest-signature.js';
import { trailNameOf } from '../../src/lib/trail/names.js';
import { readRecords } from '../../src/lib/trail/records.js';
import { guid, TRAIL_ACCOUNT, TRAIL_KEY, trailRecord } from '../support/trail-fixture.js';

/** What comes from a trail is written by others: any bytes give a value or an error of ours. */

const WATCHED: Watched = {
  account: TRAIL_ACCOUNT,
  repository: 'repo',
  keys: new Map([[TRAIL_KEY.split('/')[1] ?? '', 'tenant-data']]),
  aliases: new Set(),
  buckets: new Set<string>(),
};

const DIGEST = {
  awsAccountId: TRAIL_ACCOUNT,
  digestStartTime: '2026-03-02T08:00:00Z',
  digestEndTime: '2026-03-02T09:00:00Z',
  digestS3Bucket: 'b',
  digestS3Object: 'o',
  digestPublicKeyFingerprint: 'ab',
  digestSignatureAlgorithm: 'SHA256withRSA',
  previousDigestS3Bucket: null,
  previousDigestS3Object: null,
  previousDigestHashValue: null,
  previousDigestHashAlgorithm: null,
  previousDigestSignature: null,
  logFiles: [{ s3Bucket: 'b', s3Object: 'l', hashValue: 'a'.repeat(64), hashAlgorithm: 'SHA-256' }],
};
const RECORD = trailRecord(guid(1), '2026-03-02T08:00:00.000Z');
const KEYS = {
  PublicKeyList: [{ Value: 'AAAA', Fingerprint: 'ab', ValidityStartTime: 0, ValidityEndTime: '2026-01-01T00:00:00Z' }],
};

/** Hostile text in a valid frame finds more than noise: a member is replaced, dropped, or said twice; bytes are flipped. */
function spoiled(document: object): fc.Arbitrary<Buffer> {
  const names = Object.keys(document);
  const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.string({ unit: 'binary' }), fc.constant('\ud800'));
  const replaced = fc
    .tuple(fc.constantFrom(...names), value)
    .map(([name, other]) => JSON.stringify({ ...document, [name]: other }));
  const twice = fc
    .constantFrom(...names)
    .map((name) => JSON.stringify(document).replace(/\}$/, `,${JSON.stringify(name)}:1}`));
  const flipped = fc
    .tuple(fc.nat(JSON.stringify(document).length - 1), fc.integer({ min: 0, max: 255 }))
    .map(([at, byte]) => {
      const bytes = Buffer.from(JSON.stringify(document));
      bytes[at] = byte;
      return bytes;
    });
  return fc.oneof(replaced, twice, flipped).map((text) => Buffer.from(text));
}

const WHOLE = JSON.stringify(RECORD);

/** What is one value of JSON still: it cannot reach into what stands behind it. */
function isJson(bytes: Buffer): boolean {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const noise = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));
const bytesOf = (document: object) => fc.oneof(noise, spoiled(document));

function valueOrOurs(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (cause) {
    return cause instanceof CustodyError && cause.code === 'RECORD_MALFORMED';
  }
}

async function* of(lines: readonly Buffer[]) {
  yield* lines;
}

describe('fuzz: what comes from a trail', () => {
  test('the frames themselves are read', () => {
    expect(parseDigest(Buffer.from(JSON.stringify(DIGEST)), 'd').logs).toHaveLength(1);
    expect(readRecords(Buffer.from(JSON.stringify({ Records: [RECORD] })), 'l').records).toHaveLength(1);
    expect(parsePublicKeys(Buffer.from(JSON.stringify(KEYS)), 'k')).toHaveLength(1);
    expect(takeRecord({ record: RECORD as never, canonical: null }, WATCHED, 'none', 'a')).toMatchObject({
      id: guid(1),
    });
  });

  test('digest files', () => {
    fc.assert(fc.property(bytesOf(DIGEST), (bytes) => valueOrOurs(() => parseDigest(bytes, 'digest'))));
  });

  test('public keys', () => {
    const keys = fc.oneof(
      bytesOf(KEYS),
      spoiled(KEYS.PublicKeyList[0] ?? {}).map((key) => Buffer.from(`{"PublicKeyList":[${key}]}`)),
    );
    fc.assert(fc.property(keys, (bytes) => valueOrOurs(() => parsePublicKeys(bytes, 'keys'))));
  });

  test('log files, and what is taken of them into an entry', () => {
    const files = fc.oneof(
      bytesOf({ Records: [RECORD] }),
      spoiled(RECORD).map((record) => Buffer.from(`{"Records":[${record},${JSON.stringify(RECORD)}]}`)),
    );
    fc.assert(
      fc.property(files, (bytes) =>
        valueOrOurs(() => {
          for (const raw of readRecords(bytes, 'log').records) {
            const taken = takeRecord(raw, WATCHED, 'none', 'architect');
            // What is taken can be written: no entry holds what canonical JSON refuses.
            if (typeof taken === 'object' && 'entry' in taken) link([taken.entry], EMPTY_HEAD);
          }
        }),
      ),
    );
  });

  test('one spoiled record leaves the others as they are', () => {
    fc.assert(
      fc.property(spoiled(RECORD).filter(isJson), (record) => {
        const bytes = Buffer.concat([Buffer.from('{"Records":['), record, Buffer.from(`,${JSON.stringify(RECORD)}]}`)]);
        const { records, refused } = readRecords(bytes, 'log');
        const last = records.at(-1);
        return records.length + refused.length === 2 && last?.at === 2 && JSON.stringify(last.record) === WHOLE;
      }),
    );
  });

  test('JSON lines: each is records or a refusal of its own', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(bytesOf(RECORD), { maxLength: 4 }), async (lines) => {
        const source = sourceOfLines(of(lines));
        const seen: string[] = [];
        for await (const { where, content } of source.batches()) {
          seen.push(where);
          if ('why' in content && content.why === '') return false;
        }
        return seen.every((where) => /^stdin:\d+$/.test(where)) && new Set(seen).size === seen.length;
      }),
    );
  });

  test('packed files', async () => {
    const packed = fc.oneof(
      noise,
      spoiled(RECORD).map((bytes) => gzipSync(bytes)),
      noise.map((bytes) => gzipSync(bytes).subarray(0, 12)),
    );
    await fc.assert(
      fc.asyncProperty(packed, async (bytes) =>
        unpack(bytes, 'file', 200).then(
          (unpacked) => unpacked.length <= 200,
          (cause: unknown) => cause instanceof CustodyError && cause.code === 'RECORD_MALFORMED',
        ),
      ),
    );
  });

  test('names of objects', () => {
    const part = fc.constantFrom(
      'AWSLogs',
      '111122223333',
      'CloudTrail',
      'CloudTrail-Digest',
      'eu-central-1',
      '2026',
      '03',
    );
    const path = fc
      .tuple(fc.array(fc.oneof(part, fc.string()), { maxLength: 8 }), fc.constantFrom('.json', '.json.gz', '.gz', ''))
      .map(([parts, end]) => parts.join('/') + end);
    fc.assert(
      fc.property(path, (name) => {
        const read = trailNameOf(name);
        return read === null || read.kind === 'log' || read.kind === 'digest';
      }),
    );
  });

  test('the cache of ids is what it was, or none', () => {
    fc.assert(fc.property(noise, (bytes) => parseKnown(bytes) === null));
    const whole = Buffer.from('{"digest":null,"marks":{},"schema":1,"size":0,"sum":"x"}\n');
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        whole[at] = byte;
        const known = parseKnown(whole);
        return known === null || parseKnown(formatKnown(known)) !== null;
      }),
    );
  });
});
