import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openAws } from '../../../src/lib/aws/connection.js';
import { assertTarget } from '../../../src/lib/aws/endpoint.js';
import { createS3Objects } from '../../../src/lib/aws/s3-objects.js';
import { addSeconds, instantFromMillis } from '../../../src/lib/base/time.js';
import { appendEvents } from '../../../src/lib/ledger/append.js';
import { verifyChain } from '../../../src/lib/ledger/chain.js';
import { judgeHistories } from '../../../src/lib/ledger/histories.js';
import { MAX_OBJECT_BYTES } from '../../../src/lib/ledger/objects.js';
import { slotName } from '../../../src/lib/ledger/slot.js';
import { createSlotLedger } from '../../../src/lib/ledger/slots.js';
import { ledgerEvent, patient } from '../../support/ledger-writers.js';
import { createS3Double, type S3Double, s3Error } from '../../support/s3-double.js';
import { LEDGER_KEY, ledgerAt, openS3Objects } from '../../support/s3-world.js';
import { networkError, SECRET, virtualTimer } from './support.js';

/** The guard goes by this machine's clock. */
const NOW = instantFromMillis(Math.floor(Date.now() / 1000) * 1000);
const HELD_UNTIL = addSeconds(NOW, 30 * 86_400).replace('.000Z', 'Z');
const code = (expected: string) => expect.objectContaining({ code: expected });
const SLOT = slotName(0);
const bytes = Buffer.from('bytes');

function open(double: S3Double) {
  return openS3Objects(
    {
      endpointUrl: 'http://127.0.0.1:4599',
      requestHandler: double.requestHandler,
      timer: virtualTimer(),
      secretAccessKey: SECRET,
    },
    { now: () => NOW },
  );
}

type Request = Parameters<NonNullable<S3Double['intercept']>>[0];
const isPut = ({ method }: Request) => method === 'PUT';
const isVersions = ({ query }: Request) => 'versions' in query;
const isNames = ({ query }: Request) => query['list-type'] === '2';

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('an object in S3', () => {
  it('is created once, under lock, with its digest, and a bundle with the planned key', async () => {
    const double = createS3Double();
    const objects = await open(double);
    await objects.create(SLOT, bytes);
    await objects.create(`bundles/${'a'.repeat(64)}`, bytes);
    const [slot, bundle] = double.sent;
    expect(slot?.path).toBe('/custody-ledger/custody/slots/000000000');
    expect(slot?.headers).toMatchObject({
      'if-none-match': '*',
      'x-amz-checksum-sha256': createHash('sha256').update(bytes).digest('base64'),
      'x-amz-sdk-checksum-algorithm': 'SHA256',
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-object-lock-retain-until-date': HELD_UNTIL,
      'x-amz-expected-bucket-owner': '000000000000',
    });
    expect(slot?.headers).not.toHaveProperty('x-amz-server-side-encryption');
    expect(bundle?.headers).toMatchObject({
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': LEDGER_KEY,
    });
    expect(Buffer.from(bundle?.body ?? [])).toEqual(bytes);
  });

  it('is sent again after 409, 503 and a lost connection that never was, and then is created', async () => {
    const double = createS3Double();
    const answers = [
      s3Error(409, 'ConditionalRequestConflict'),
      s3Error(503, 'SlowDown'),
      networkError('ECONNREFUSED'),
      s3Error(409, 'OperationAborted'),
    ];
    double.intercept = () => answers.shift() ?? null;
    expect(await (await open(double)).create(SLOT, bytes)).toBe('created');
    expect(double.sent).toHaveLength(5);
    expect(double.kept.get(`custody/${SLOT}`)).toHaveLength(1);
  });

  it.each([
    ['500', () => s3Error(500, 'InternalError')],
    ['a broken connection', () => networkError('ECONNRESET')],
  ])(
    'that persisted before %s is not called another writer’s: UNAVAILABLE, and the ledger finds its own',
    async (_name, wrong) => {
      const double = createS3Double();
      let lost = 0;
      double.intercept = (request, act) => {
        if (!isPut(request) || !request.path.includes('/slots/') || lost++ > 0) return null;
        act();
        return wrong();
      };
      await expect((await open(double)).create(SLOT, bytes)).rejects.toEqual(code('UNAVAILABLE'));
      double.kept.clear();
      lost = 0;
      const ledger = createSlotLedger(await open(double));
      expect((await appendEvents(ledger, [ledgerEvent(1)], patient())).first).toBe(0);
      expect((await appendEvents(ledger, [ledgerEvent(2)], patient())).first).toBe(1);
      expect(verifyChain(await ledger.read(0, 2))).toMatchObject({ verdict: 'verified', count: 2 });
      expect([...double.kept.keys()].filter((key) => key.includes('/slots/'))).toHaveLength(2);
    },
  );

  it('is read by its first version, whatever lies above it; T40 what does is told', async () => {
    const double = createS3Double(2);
    const ledger = createSlotLedger(await open(double));
    for (const fact of [0, 1, 2]) await appendEvents(ledger, [ledgerEvent(fact)], patient());
    const entries = await ledger.read(0, 3);
    for (const key of [...double.kept.keys()]) {
      double.mark(key);
      const [first] = double.kept.get(key) ?? [];
      if (first) for (const id of ['x', 'y']) double.kept.get(key)?.push({ ...first, id, body: Buffer.from('forged') });
    }
    expect(await createSlotLedger(await open(double)).read(0, 3)).toEqual(entries);
    const faults = await judgeHistories(await open(double), 30);
    // Created after the date that the held-until of this test counts from: that is short as well.
    const said = '3 versions, a delete marker over it';
    expect(faults.map(({ message }) => message)).toEqual(
      Array.from({ length: 6 }, () => expect.stringContaining(said)),
    );
    expect(faults.find(({ name }) => name === slotName(1))?.sequence).toBe(1);
  });

  it('of which only delete markers are left is no free name', async () => {
    const double = createS3Double();
    const objects = await open(double);
    await objects.create(SLOT, bytes);
    double.mark(`custody/${SLOT}`);
    double.kept.get(`custody/${SLOT}`)?.shift();
    await expect(objects.read(SLOT)).rejects.toEqual(code('LEDGER_BROKEN'));
    expect(await all(objects.list('slots/'))).toEqual([SLOT]);
  });

  it('held in GOVERNANCE mode, or not at all, is not held', async () => {
    for (const mode of ['GOVERNANCE', '']) {
      const double = createS3Double();
      const objects = await open(double);
      await objects.create(SLOT, bytes);
      const versions = double.kept.get(`custody/${SLOT}`) ?? [];
      const [first] = versions;
      if (first) versions[0] = { ...first, headers: { ...first.headers, 'x-amz-object-lock-mode': mode } };
      expect(await all(objects.histories(''))).toEqual([expect.objectContaining({ retainedUntil: null })]);
    }
  });
});

describe('a role with few rights', () => {
  const world = async (...denied: ((request: Request) => boolean)[]) => {
    const double = createS3Double();
    for (const fact of [0, 1, 2]) {
      await appendEvents(createSlotLedger(await open(double)), [ledgerEvent(fact)], patient());
    }
    double.intercept = (request) => (denied.some((is) => is(request)) ? s3Error(403, 'AccessDenied') : null);
    return { double, objects: await open(double) };
  };

  it.each([
    ['that may not list versions', [isVersions]],
    ['that may list nothing', [isVersions, isNames]],
  ])('%s appends, reads no bundle it may not, and audits nothing', async (_name, denied) => {
    const isBundle = ({ method, path }: Request) => method === 'GET' && path.includes('/bundles/');
    const { double, objects } = await world(...denied, isBundle);
    const ledger = createSlotLedger(objects);
    expect((await appendEvents(ledger, [ledgerEvent(3), ledgerEvent(4)], patient())).first).toBe(3);
    expect((await appendEvents(ledger, [ledgerEvent(5)], patient())).first).toBe(5);
    await expect(ledger.read(0, 1)).rejects.toEqual(code('DENIED'));
    await expect(judgeHistories(objects, 30)).rejects.toEqual(code('DENIED'));
    await expect(objects.read('checkpoints/1')).rejects.toEqual(code('DENIED'));
    await expect(all(objects.list('checkpoints/'))).rejects.toEqual(code('DENIED'));
    double.intercept = null;
    expect(verifyChain(await createSlotLedger(await open(double)).read(0, 6)).verdict).toBe('verified');
  });

  it('that may list nothing sees that a slot was deleted, by the marker that S3 tells of', async () => {
    const { double, objects } = await world(isVersions, isNames);
    double.mark(`custody/${slotName(2)}`);
    const appended = appendEvents(createSlotLedger(objects), [ledgerEvent(9)], patient());
    await expect(appended).rejects.toEqual(code('LEDGER_BROKEN'));
  });

  it('that may list versions is told by them that a bundle is not there, where S3 answers 403 for it', async () => {
    const { double, objects } = await world();
    const [there = ''] = await all(objects.list('bundles/'));
    const gone = `bundles/${'a'.repeat(64)}`;
    double.intercept = ({ method, path }) =>
      method === 'GET' && path.includes('/bundles/') ? s3Error(403, 'AccessDenied') : null;
    expect(await objects.read(gone)).toBeNull();
    await expect(objects.read(there)).rejects.toEqual(code('DENIED'));
    double.intercept = ({ method, path }) => (method === 'GET' && path.endsWith(gone) ? s3Error(500, 'Oops') : null);
    await expect(objects.read(gone)).rejects.toEqual(code('UNAVAILABLE'));
  });

  it('to which S3 answers 403 for a free name learns nothing from it: DENIED, not an empty ledger', async () => {
    const { objects } = await world(() => true);
    await expect(createSlotLedger(objects).head()).rejects.toEqual(code('DENIED'));
    await expect(objects.create(SLOT, bytes)).rejects.toEqual(code('DENIED'));
  });
});

describe('answers of S3', () => {
  it.each([
    [404, 'NoSuchBucket', 'NOT_FOUND'],
    [403, 'InvalidObjectState', 'REFUSED'],
    [301, 'PermanentRedirect', 'REFUSED'],
    [403, 'InvalidAccessKeyId', 'CREDENTIALS_MISSING'],
    [503, 'SlowDown', 'THROTTLED'],
    [500, 'InternalError', 'UNAVAILABLE'],
    [400, 'EntityTooLarge', 'LIMIT_EXCEEDED'],
  ])('%i %s is %3$s, never an absent object, and no secret is told (T46)', async (status, name, expected) => {
    const double = createS3Double();
    double.intercept = () => s3Error(status, name);
    const objects = await open(double);
    for (const work of [objects.read(SLOT), objects.create(SLOT, bytes), all(objects.list(''))]) {
      const error: unknown = await work.catch((cause: unknown) => cause);
      expect(error).toEqual(code(expected));
      expect(JSON.stringify(error) + String(error)).not.toContain(SECRET);
    }
  });

  it('that are too large, break off, or never end in memory are errors', async () => {
    const double = createS3Double();
    const objects = await open(double);
    await objects.create(SLOT, bytes);
    const answer = (headers: Record<string, string>, body: Buffer | Readable) => {
      double.intercept = (request) => ('versionId' in request.query ? { status: 200, headers, body } : null);
    };
    answer({ 'content-length': String(MAX_OBJECT_BYTES + 1) }, bytes);
    await expect(objects.read(SLOT)).rejects.toEqual(code('LIMIT_EXCEEDED'));
    answer({ 'content-length': '9' }, bytes);
    await expect(objects.read(SLOT)).rejects.toEqual(code('UNAVAILABLE'));
    let given = 0;
    const endless = Readable.from(
      (async function* () {
        for (;;) {
          given++;
          yield Buffer.alloc(1024 * 1024);
        }
      })(),
    );
    answer({}, endless);
    await expect(objects.read(SLOT)).rejects.toEqual(code('LIMIT_EXCEEDED'));
    expect(given).toBeLessThan(MAX_OBJECT_BYTES / (1024 * 1024) + 20);
  });

  it('that go round in circles, or name keys outside of the folder, are no list', async () => {
    const double = createS3Double();
    const objects = await open(double);
    const list = (inside: string) => {
      double.intercept = () => ({ status: 200, body: `<ListVersionsResult>${inside}</ListVersionsResult>` });
    };
    list('<IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker>');
    await expect(all(objects.list(''))).rejects.toEqual(code('UNAVAILABLE'));
    list('<IsTruncated>true</IsTruncated>');
    await expect(all(objects.list(''))).rejects.toEqual(code('UNAVAILABLE'));
    const page = (next: string) => `<IsTruncated>true</IsTruncated><NextKeyMarker>${next}</NextKeyMarker>`;
    double.intercept = ({ query }) => {
      const next = query['key-marker'] === 'custody/b' ? 'custody/c' : 'custody/b';
      return { status: 200, body: `<ListVersionsResult>${page(next)}</ListVersionsResult>` };
    };
    await expect(all(objects.list(''))).rejects.toEqual(code('UNAVAILABLE'));
    const version = (name: string) => `<Version><Key>custody/${name}</Key><VersionId>1</VersionId></Version>`;
    double.intercept = ({ query }) => {
      const second = query['key-marker'] === 'custody/b';
      const inside = second ? version('a') : `${version('b')}${page('custody/b')}`;
      return { status: 200, body: `<ListVersionsResult>${inside}</ListVersionsResult>` };
    };
    await expect(all(objects.list(''))).rejects.toEqual(code('UNAVAILABLE'));
    list('<Version><Key>other/slots/000000000</Key><VersionId>1</VersionId></Version>');
    await expect(all(objects.list(''))).rejects.toEqual(code('UNAVAILABLE'));
  });
});

describe('names as S3 shows them', () => {
  it('that go round in circles are no list', async () => {
    const double = createS3Double();
    const objects = await open(double);
    double.intercept = ({ query }) => {
      if ('versions' in query) return s3Error(403, 'AccessDenied');
      const next = query['continuation-token'] === 'b' ? 'c' : 'b';
      const inside = `<IsTruncated>true</IsTruncated><NextContinuationToken>${next}</NextContinuationToken>`;
      return { status: 200, body: `<ListBucketResult>${inside}</ListBucketResult>` };
    };
    await expect(all(objects.list('slots/'))).rejects.toEqual(code('UNAVAILABLE'));
  });
});

describe('T60 the way to S3', () => {
  it.each([
    ['custody-ledger.s3.eu-central-1.amazonaws.com', true],
    ['s3.eu-central-1.amazonaws.com', true],
    ['custody-ledger.s3-fips.dualstack.us-gov-west-1.amazonaws.com', true],
    ['custody-ledger.s3.cn-north-1.amazonaws.com.cn', true],
    ['a.b.s3.eu-central-1.amazonaws.com', false],
    ['custody-ledger.s3.amazonaws.com', false],
    ['custody-ledger.s3.eu-central-1.amazonaws.com.evil.example', false],
    ['s3.eu-central-1.evil.example', false],
    ['evil.example/.s3.eu-central-1.amazonaws.com', false],
    ['custody-ledger.s3-website.eu-central-1.amazonaws.com', false],
    ['kms.s3.amazonaws.com', false],
  ])('%s: %s', (hostname, passes) => {
    const look = () => assertTarget('aws', { protocol: 'https:', hostname });
    if (passes) expect(look).not.toThrow();
    else expect(look).toThrow();
  });

  it('is by the name of the bucket at AWS, and another endpoint is refused', async () => {
    const double = createS3Double();
    const options = {
      environmentKind: 'aws' as const,
      account: '111122223333',
      region: 'eu-central-1',
      environment: { HOME: '/nonexistent', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: SECRET },
      timeoutMillis: 1000,
      requestHandler: double.requestHandler,
      ledger: ledgerAt({ retentionDays: 1 }),
    };
    const hosts: string[] = [];
    double.intercept = (request) => {
      hosts.push(request.hostname);
      return s3Error(404, 'NoSuchKey');
    };
    const place = {
      region: 'eu-central-1',
      bucket: 'custody-ledger',
      prefix: 'custody/',
      keyArn: LEDGER_KEY,
      retentionDays: 1,
      now: () => instantFromMillis(Date.now()),
    };
    await createS3Objects(await openAws(options), place)
      .create(SLOT, bytes)
      .catch(() => undefined);
    expect(hosts).toEqual(['custody-ledger.s3.eu-central-1.amazonaws.com']);
    for (const name of ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL']) {
      const environment = { ...options.environment, [name]: 'https://s3.evil.example' };
      await expect(openAws({ ...options, environment })).rejects.toEqual(code('ENDPOINT_REFUSED'));
    }
  });
});
