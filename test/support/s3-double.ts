import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { RequestHandlerInput } from '../../src/lib/aws/transport.js';

interface Version {
  readonly id: string;
  /** Null is a delete marker. */
  readonly body: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly at: Date;
}

interface S3Request {
  readonly method: string;
  readonly hostname: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | Readable;
}

/** What S3 does with write-once objects: versions, markers, conditions, retention, and pages of `pageSize`. */
export interface S3Double {
  readonly requestHandler: RequestHandlerInput;
  /** Versions by key, first to last. */
  readonly kept: Map<string, Version[]>;
  readonly sent: S3Request[];
  /** DELETE without a version: a marker. */
  mark(key: string): void;
  /** Answers in place of S3; null lets S3 answer. After `then`, S3 has done its part nevertheless. */
  intercept: ((request: S3Request, act: () => S3Answer) => S3Answer | Error | null) | null;
}

export function createS3Double(pageSize = 1000): S3Double {
  const kept = new Map<string, Version[]>();
  const double: S3Double = {
    kept,
    sent: [],
    intercept: null,
    mark: (key) => void kept.get(key)?.push({ id: randomUUID(), body: null, headers: {}, at: new Date() }),
    requestHandler: {
      metadata: { handlerProtocol: 'http/1.1' },
      handle: async (given: S3Request) => {
        const request = { ...given, query: { ...given.query }, headers: lowered(given.headers) };
        double.sent.push(request);
        const act = () => answer(kept, request, pageSize);
        const found = double.intercept?.(request, act) ?? act();
        if (found instanceof Error) throw found;
        const body = found.body instanceof Readable ? found.body : Readable.from([Buffer.from(found.body ?? '')]);
        return { response: { statusCode: found.status, headers: { ...found.headers }, body } };
      },
      updateHttpClientConfig: () => undefined,
      httpHandlerConfigs: () => ({}),
      destroy: () => undefined,
    } as unknown as RequestHandlerInput,
  };
  return double;
}

const lowered = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

export function s3Error(status: number, code: string, headers: Readonly<Record<string, string>> = {}): S3Answer {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>said S3</Message></Error>`;
  return { status, headers: { 'content-type': 'application/xml', ...headers }, body };
}

function answer(kept: Map<string, Version[]>, request: S3Request, pageSize: number): S3Answer {
  const key = decodeURIComponent(request.path.split('/').slice(2).join('/'));
  if (request.method === 'PUT') return put(kept, key, request);
  if (key === '')
    return 'versions' in request.query
      ? listVersions(kept, request.query, pageSize)
      : list(kept, request.query, pageSize);
  const versions = kept.get(key) ?? [];
  const id = request.query.versionId;
  const found = id === undefined ? versions.at(-1) : versions.find((version) => version.id === id);
  if (found === undefined) return s3Error(404, id === undefined ? 'NoSuchKey' : 'NoSuchVersion');
  if (found.body === null) return s3Error(404, 'NoSuchKey', { 'x-amz-delete-marker': 'true' });
  if ('retention' in request.query) return retention(found);
  return { status: 200, headers: { 'content-length': String(found.body.length) }, body: found.body };
}

function put(kept: Map<string, Version[]>, key: string, request: S3Request): S3Answer {
  const versions = kept.get(key) ?? [];
  if (request.headers['if-none-match'] === '*' && versions.at(-1)?.body) return s3Error(412, 'PreconditionFailed');
  const id = randomUUID();
  versions.push({ id, body: Buffer.from(request.body ?? []), headers: request.headers, at: new Date() });
  kept.set(key, versions);
  return { status: 200, headers: { 'x-amz-version-id': id } };
}

function retention({ headers }: Version): S3Answer {
  const mode = headers['x-amz-object-lock-mode'];
  if (!mode) return s3Error(404, 'NoSuchObjectLockConfiguration');
  const until = headers['x-amz-object-lock-retain-until-date'];
  return {
    status: 200,
    body: `<Retention><Mode>${mode}</Mode><RetainUntilDate>${until}</RetainUntilDate></Retention>`,
  };
}

function listVersions(
  kept: Map<string, Version[]>,
  query: Readonly<Record<string, string>>,
  pageSize: number,
): S3Answer {
  const { prefix = '', 'key-marker': after = '', 'version-id-marker': afterId } = query;
  const all = [...kept]
    .filter(([key]) => key.startsWith(prefix))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([key, versions]) => [...versions].reverse().map((version) => ({ key, version })));
  const start = afterId
    ? all.findIndex(({ key, version }) => key === after && version.id === afterId) + 1
    : all.filter(({ key }) => key <= after).length;
  const page = all.slice(start, start + pageSize);
  const rows = page.map(({ key, version }) => {
    const name = version.body === null ? 'DeleteMarker' : 'Version';
    return `<${name}><Key>${key}</Key><VersionId>${version.id}</VersionId><LastModified>${version.at.toISOString()}</LastModified></${name}>`;
  });
  const last = page.at(-1);
  const next =
    last && start + pageSize < all.length
      ? `<IsTruncated>true</IsTruncated><NextKeyMarker>${last.key}</NextKeyMarker><NextVersionIdMarker>${last.version.id}</NextVersionIdMarker>`
      : '<IsTruncated>false</IsTruncated>';
  return { status: 200, body: `<ListVersionsResult>${rows.join('')}${next}</ListVersionsResult>` };
}

function list(kept: Map<string, Version[]>, query: Readonly<Record<string, string>>, pageSize: number): S3Answer {
  const after = query['continuation-token'] ?? query['start-after'] ?? '';
  const keys = [...kept]
    .filter(([key, versions]) => key.startsWith(query.prefix ?? '') && key > after && versions.at(-1)?.body)
    .map(([key]) => key)
    .sort();
  const page = keys.slice(0, pageSize);
  const rows = page.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('');
  const next =
    keys.length > page.length
      ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${page.at(-1)}</NextContinuationToken>`
      : '<IsTruncated>false</IsTruncated>';
  return { status: 200, body: `<ListBucketResult>${rows}${next}</ListBucketResult>` };
}
