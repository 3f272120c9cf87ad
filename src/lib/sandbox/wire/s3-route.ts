import { decodeUtf8 } from '../../base/bytes.js';
import type { JsonObject, JsonValue } from '../../base/canonical-json.js';
import { isObject } from '../kms/input.js';
import { ServiceError } from '../service.js';
import { decodeAwsChunked } from './aws-chunked.js';
import { wireFault } from './faults.js';
import type { HttpRequest } from './message.js';
import type { Payload } from './query.js';
import type { Route } from './routed.js';
import { addressOf, type S3Address } from './s3-address.js';
import { ANSWER_HEADERS, BINDINGS, type Binding, CHECKSUMS } from './s3-bindings.js';
import { fromXml, SHAPES, type XmlRoot } from './s3-shapes.js';
import { type Element, formatXml } from './xml.js';
import { parseXmlDocument } from './xml-document.js';

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
const METADATA = 'x-amz-meta-';
/** What says nothing that an operation has to know, or is checked elsewhere. */
const PLAIN_HEADERS: ReadonlySet<string> = new Set([
  'x-amz-date',
  'x-amz-content-sha256',
  'x-amz-security-token',
  'x-amz-user-agent',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-decoded-content-length',
  'x-amz-trailer',
  'x-amz-te',
  'x-amz-checksum-type',
]);
/** Headers of HTTP that change what an operation does. */
const CONDITIONAL = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'range',
  'content-encoding',
  'expires',
  'cache-control',
  'content-disposition',
  'content-language',
];

/** Whether a request is one to S3: its signature says so, in the header or in the query. */
export function isS3({ target, headers }: Pick<HttpRequest, 'target' | 'headers'>): boolean {
  const { authorization } = headers;
  return /\/s3\/aws4_request\b/.test(authorization ?? '') || /[?&]X-Amz-Credential=[^&]*%2Fs3%2F/i.test(target);
}

/** Which operation of S3 a request asks for. @throws ServiceError NotImplemented, MalformedXML and the like */
export function s3Route(request: HttpRequest): Route {
  const address = addressOf(request);
  if (address === null) throw new ServiceError('InvalidURI', "Couldn't parse the specified URI.", 400);
  const binding = bindingOf(request, address);
  return {
    service: 's3',
    operation: binding.operation,
    input: () => inputOf(request, address, binding),
    answer: (output, requestId) => encodeAnswer(binding, output, requestId),
  };
}

function bindingOf({ method }: HttpRequest, { bucket, key, query }: S3Address): Binding {
  const level = bucket === null ? 'service' : key === null ? 'bucket' : 'object';
  const here = BINDINGS.filter((binding) => binding.method === method && binding.level === level);
  const found = here.find(({ by }) => by !== undefined && names(query, by)) ?? here.find(({ by }) => by === undefined);
  if (found === undefined) throw notImplemented(`${method} of this resource`);
  const [tells = ''] = found.by?.split('=') ?? [];
  for (const name of query.keys()) {
    const known = name === tells || name === 'x-id' || Object.hasOwn(found.query ?? {}, name);
    if (!known) throw notImplemented(`the parameter ${name.slice(0, 64)} of ${found.operation}`);
  }
  return found;
}

function names(query: ReadonlyMap<string, string>, by: string): boolean {
  const [name = '', value] = by.split('=');
  return value === undefined ? query.has(name) : query.get(name) === value;
}

function inputOf(request: HttpRequest, { bucket, key, query }: S3Address, binding: Binding): JsonObject {
  const headers = { ...request.headers, ...Object.fromEntries(checksumsIn(request)) };
  refuseUnknown(headers, binding);
  const input: Record<string, JsonValue> = {
    ...(bucket !== null && { Bucket: bucket }),
    ...(key !== null && { Key: key }),
    ...named(binding.query ?? {}, (name) => query.get(name)),
    ...named(binding.headers ?? {}, (name) => headers[name]),
  };
  if (headers['x-amz-expected-bucket-owner'] !== undefined) {
    input.ExpectedBucketOwner = headers['x-amz-expected-bucket-owner'];
  }
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith(METADATA));
  if (metadata.length > 0) {
    input.Metadata = Object.fromEntries(metadata.map(([name, value]) => [name.slice(METADATA.length), value]));
  }
  return { ...input, ...bodyOf(request, binding.body) };
}

function named(table: Readonly<Record<string, string>>, find: (name: string) => string | undefined): JsonObject {
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, member]) => {
      const value = find(name);
      return value === undefined ? [] : [[member, value] as const];
    }),
  );
}

/** A header that would change what happens is never ignored. */
function refuseUnknown(headers: Readonly<Record<string, string>>, binding: Binding): void {
  const odd = Object.keys(headers).find((name) => {
    if (Object.hasOwn(binding.headers ?? {}, name)) return false;
    if (name === 'content-encoding') return headers[name] !== 'aws-chunked';
    if (CONDITIONAL.includes(name)) return true;
    if (!name.startsWith('x-amz-') || PLAIN_HEADERS.has(name) || name === 'x-amz-expected-bucket-owner') return false;
    return binding.body !== 'bytes' || !name.startsWith(METADATA);
  });
  if (odd !== undefined) throw notImplemented(`the header ${odd.slice(0, 64)} of ${binding.operation}`);
}

function chunked({ headers }: HttpRequest): boolean {
  return headers['x-amz-content-sha256'] === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
}

/** Checksums in trailing headers, which the request has to announce. */
function checksumsIn(request: HttpRequest): readonly (readonly [string, string])[] {
  if (!chunked(request)) return [];
  const unchunked = decodeAwsChunked(request.body);
  const announced = (request.headers['x-amz-trailer'] ?? '').split(',').map((name) => name.trim().toLowerCase());
  const trailers = Object.entries(unchunked?.trailers ?? {});
  const length = request.headers['x-amz-decoded-content-length'];
  const sound =
    unchunked !== null &&
    (length === undefined || Number(length) === unchunked.bytes.length) &&
    trailers.every(([name]) => announced.includes(name) && Object.hasOwn(CHECKSUMS, name));
  if (!sound)
    throw new ServiceError(
      'MalformedTrailerError',
      'The request contained trailing data that was not well-formed.',
      400,
    );
  return trailers;
}

function bodyOf(request: HttpRequest, kind: Binding['body']): JsonObject {
  const body = chunked(request)
    ? (decodeAwsChunked(request.body)?.bytes ?? Buffer.alloc(0))
    : Buffer.from(request.body);
  if (kind === undefined) {
    if (body.length > 0) throw notImplemented('a body of this request');
    return {};
  }
  const raw = { Body: body.toString('base64') };
  if (kind === 'bytes') return raw;
  if (kind === 'json') return { ...raw, Policy: textOf(body) };
  return kind === 'CreateBucketConfiguration' && body.length === 0 ? raw : { ...raw, [kind]: xmlOf(body, kind) };
}

function textOf(body: Buffer): string {
  const text = decodeUtf8(body);
  if (text === null) throw wireFault('s3', 'malformed', 'The body is not UTF-8.');
  return text;
}

function xmlOf(body: Buffer, root: XmlRoot): JsonValue {
  const node = parseXmlDocument(textOf(body));
  // SDKs name the root after the member, or after the type.
  const value = node !== null && node.name === root ? fromXml(node, SHAPES[root]) : null;
  if (value !== null) return value;
  throw wireFault(
    's3',
    'malformed',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}

function notImplemented(what: string): ServiceError {
  return wireFault('s3', 'unknownOperation', `The sandbox does not model ${what}.`);
}

function encodeAnswer({ status, root, operation }: Binding, output: JsonObject, requestId: string): Payload {
  const { Body, Policy, Metadata, ...members } = output;
  const headers: Record<string, string> = {};
  const shown: [string, JsonValue][] = [];
  const answered = root === undefined;
  for (const [name, value] of Object.entries(members)) {
    const header = answered && Object.hasOwn(ANSWER_HEADERS, name) ? ANSWER_HEADERS[name] : undefined;
    if (header === undefined) shown.push([name, value]);
    else headers[header] = String(value);
  }
  for (const [name, value] of Object.entries(isObject(Metadata) ? Metadata : {}))
    headers[METADATA + name] = String(value);
  const common = { status: status ?? 200, headers: { ...s3Headers(requestId), ...headers } };
  if (typeof Body === 'string') return { ...common, contentType: '', text: '', body: Buffer.from(Body, 'base64') };
  if (operation === 'GetBucketPolicy') return { ...common, contentType: 'application/json', text: String(Policy) };
  if (root === undefined) return { ...common, contentType: '', text: '' };
  const children =
    shown.length === 1 && shown[0]?.[0] === '' ? String(shown[0][1]) : elementsOf(Object.fromEntries(shown));
  return { ...common, contentType: 'application/xml', text: formatDocument(root, children) };
}

function formatDocument(name: string, children: Element['children']): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${formatXml({ name, attributes: { xmlns: NAMESPACE }, children })}`;
}

function elementsOf(value: JsonObject): readonly Element[] {
  return Object.entries(value).flatMap(([name, item]) =>
    (Array.isArray(item) ? (item as readonly JsonValue[]) : [item])
      .filter((one) => one !== null)
      .map((one) => ({ name, children: isObject(one) ? elementsOf(one) : String(one) })),
  );
}

/** Both of S3's names of a request. */
function s3Headers(requestId: string): Readonly<Record<string, string>> {
  return { 'x-amz-request-id': requestId, 'x-amz-id-2': Buffer.from(requestId).toString('base64') };
}

/** An error as S3 writes it ("Error responses"); the answer to HEAD has no body. */
export function encodeS3Error(request: HttpRequest, error: ServiceError, requestId: string): Payload {
  const { region, ...members } = error.members;
  const headers = {
    ...s3Headers(requestId),
    ...(typeof region === 'string' && { 'x-amz-bucket-region': region }),
    ...Object.fromEntries(
      Object.entries(members).flatMap(([name, value]) =>
        Object.hasOwn(ANSWER_HEADERS, name) ? [[ANSWER_HEADERS[name] ?? name, String(value)]] : [],
      ),
    ),
  };
  if (request.method === 'HEAD') return { contentType: '', text: '', headers };
  const detail: Element[] = [
    { name: 'Code', children: error.code },
    { name: 'Message', children: error.message },
    ...elementsOf(members),
    { name: 'Resource', children: request.target.split('?')[0] ?? '/' },
    { name: 'RequestId', children: requestId },
    { name: 'HostId', children: Buffer.from(requestId).toString('base64') },
  ];
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n${formatXml({ name: 'Error', children: detail })}`;
  return { contentType: 'application/xml', text, headers };
}
