import type { ServiceError } from '../service.js';
import { type Dialect, wireFault } from './faults.js';
import { decodeJson, encodeJson, encodeJsonError } from './json.js';
import type { HttpRequest } from './message.js';
import { decodeQuery, encodeQuery, encodeQueryError, type Payload } from './query.js';
import type { Route, ServiceName } from './routed.js';
import { encodeS3Error, isS3, s3Route } from './s3-route.js';

/** THE table of services on the wire: how each is addressed and, for AWS Query, its version and namespace. */
const JSON_TARGETS: Readonly<Record<string, ServiceName>> = {
  TrentService: 'kms',
  'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101': 'cloudtrail',
  CloudTrail_20131101: 'cloudtrail',
};
const QUERY_VERSIONS: Readonly<Record<string, { readonly service: ServiceName; readonly namespace: string }>> = {
  '2011-06-15': { service: 'sts', namespace: 'https://sts.amazonaws.com/doc/2011-06-15/' },
  '2010-05-08': { service: 'iam', namespace: 'https://iam.amazonaws.com/doc/2010-05-08/' },
};

/** S3 is recognised by its signature, AWS Query by its form; everything else is treated as AWS JSON. */
export function dialectOf(request: HttpRequest): Dialect {
  if (isS3(request)) return 's3';
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  return type === 'application/x-www-form-urlencoded' && request.headers['x-amz-target'] === undefined
    ? 'query'
    : 'json';
}

/** @throws ServiceError UnknownOperationException, MissingAction, InvalidAction, MalformedInput */
export function routeOf(request: HttpRequest, dialect: Dialect): Route {
  if (dialect === 's3') return s3Route(request);
  if (request.method !== 'POST' || request.target !== '/') {
    throw wireFault(dialect, 'missingAction', 'requests are POST / with an X-Amz-Target or an Action');
  }
  return dialect === 'json' ? jsonRoute(request) : queryRoute(request);
}

function jsonRoute(request: HttpRequest): Route {
  const target = request.headers['x-amz-target'] ?? '';
  const at = target.lastIndexOf('.');
  const prefix = target.slice(0, Math.max(at, 0));
  const service = Object.hasOwn(JSON_TARGETS, prefix) ? JSON_TARGETS[prefix] : undefined;
  if (service === undefined) throw wireFault('json', 'missingAction', 'X-Amz-Target names no service of this endpoint');
  return { service, operation: target.slice(at + 1), input: () => decodeJson(request.body), answer: encodeJson };
}

function queryRoute(request: HttpRequest): Route {
  const form = decodeQuery(request.body);
  const known = Object.hasOwn(QUERY_VERSIONS, form.version) ? QUERY_VERSIONS[form.version] : undefined;
  if (known === undefined) throw unknownAction(form.action, form.version);
  const { service, namespace } = known;
  return {
    service,
    operation: form.action,
    input: () => form.input,
    answer: (output, requestId) => encodeQuery(namespace, form.action, output, requestId),
  };
}

/** The fault of an operation that the service does not have. */
export function unknownOperation(dialect: Dialect, operation: string): ServiceError {
  if (dialect === 'query') return unknownAction(operation, '');
  return wireFault(dialect, 'unknownOperation', `the sandbox has no operation ${operation.slice(0, 64)}`);
}

function unknownAction(action: string, version: string): ServiceError {
  const which = version === '' ? '' : ` for version ${version.slice(0, 32)}`;
  return wireFault('query', 'unknownOperation', `Could not find operation ${action.slice(0, 64)}${which}`);
}

/** An error as the service that the request was for writes it. */
export function encodeError(request: HttpRequest, dialect: Dialect, error: ServiceError, requestId: string): Payload {
  if (dialect === 's3') return encodeS3Error(request, error, requestId);
  return dialect === 'json' ? encodeJsonError(error) : encodeQueryError(namespaceOf(request), error, requestId);
}

/** By the version alone: the error may be that the rest of the form cannot be read. STS's where there is none. */
function namespaceOf({ body }: HttpRequest): string {
  const version = /(?:^|&)Version=([\d-]{10})(?:&|$)/.exec(Buffer.from(body).toString('latin1'))?.[1] ?? '';
  const known = Object.hasOwn(QUERY_VERSIONS, version) ? QUERY_VERSIONS[version] : undefined;
  return known?.namespace ?? 'https://sts.amazonaws.com/doc/2011-06-15/';
}
