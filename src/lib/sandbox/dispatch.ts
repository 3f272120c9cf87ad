import { timingSafeEqual } from 'node:crypto';
import { sha256 } from '../base/bytes.js';
import type { JsonObject } from '../base/canonical-json.js';
import type { Authority } from './authority.js';
import { type OpenCall, openCall } from './calls.js';
import type { SandboxClock } from './clock.js';
import type { Trail } from './cloudtrail/trail.js';
import type { Outcome } from './cloudtrail/witnessed.js';
import type { Faults } from './faults.js';
import { withForward } from './forward.js';
import type { Principals } from './principals.js';
import type { Quotas } from './quotas.js';
import { type Caller, type Operation, type Service, ServiceError } from './service.js';
import type { DurableStore } from './state.js';
import { refusalOf, strikeAfter, strikeBefore } from './strike.js';
import { callerOf, type RoleTagEffect, type Session } from './sts/session.js';
import { type Dialect, wireFault } from './wire/faults.js';
import { type HttpRequest, type HttpResponse, MAX_BODY_BYTES, MAX_S3_BODY_BYTES } from './wire/message.js';
import type { Payload } from './wire/query.js';
import { dialectOf, encodeError, routeOf, unknownOperation } from './wire/route.js';
import type { Route } from './wire/routed.js';
import { parseSignature, type Signature, verifySignature } from './wire/sigv4.js';

/** What one request needs of the model. */
export interface Dispatch {
  readonly store: DurableStore;
  readonly clock: SandboxClock;
  readonly principals: Principals;
  readonly authority: Authority;
  readonly services: readonly Service[];
  readonly faults: Faults;
  readonly trail: Trail;
  readonly quotas: Quotas;
  readonly account: string;
  readonly regions: readonly string[];
  readonly roleTags: RoleTagEffect;
  readonly isDown: (region: string) => boolean;
  readonly onKill: (point: 'before' | 'after', operation: string) => void;
  readonly onBug: (cause: unknown) => void;
}

/** Carries out one AWS request: route, signature, Region, fault, operation, durable state, answer. Never throws. */
export async function dispatch(model: Dispatch, request: HttpRequest, requestId: string): Promise<HttpResponse> {
  const dialect = dialectOf(request);
  const respond = responder(model, requestId);
  try {
    const prepared = prepare(model, request, dialect, requestId);
    const fault = model.faults.strike(prepared);
    const gone = await strikeBefore(model, request.signal, fault, prepared.operation);
    if (gone) return { ...respond(503, { contentType: 'text/plain', text: '' }), cut: true };
    const output = carryOut(model, prepared, refusalOf(fault, dialect));
    const payload = prepared.route.answer(output, requestId);
    return { ...respond(payload.status ?? 200, payload), ...strikeAfter(model, fault, prepared.operation) };
  } catch (cause) {
    if (!(cause instanceof ServiceError)) model.onBug(cause);
    const internal = wireFault(dialect, 'internal', 'the sandbox failed');
    const error = cause instanceof ServiceError ? cause : internal;
    const payload = encodeError(request, dialect, error, requestId);
    const named: Record<string, string> = dialect === 's3' ? {} : { 'x-amzn-errortype': error.code };
    return respond(error.status, { ...payload, headers: { ...named, ...payload.headers } });
  }
}

function responder({ clock }: Dispatch, requestId: string) {
  return (status: number, { contentType, text, body, headers }: Payload): HttpResponse => ({
    status,
    headers: {
      ...(contentType !== '' && { 'content-type': contentType }),
      'x-amzn-requestid': requestId,
      // SDKs set their signing clock by this header: sandbox time reaches them through it.
      date: new Date(clock.nowMillis()).toUTCString(),
      ...headers,
    },
    body: body ?? Buffer.from(text, 'utf8'),
  });
}

interface Prepared {
  readonly route: Route;
  readonly service: Service['name'];
  readonly operation: string;
  readonly region: string;
  readonly run: Operation;
  readonly input: JsonObject;
  readonly session: Session | null;
  readonly userAgent: string;
  readonly open: OpenCall;
}

function prepare(model: Dispatch, request: HttpRequest, dialect: Dialect, requestId: string): Prepared {
  const most = dialect === 's3' ? MAX_S3_BODY_BYTES : MAX_BODY_BYTES;
  if (request.body.length > most) throw wireFault(dialect, 'tooLarge', `at most ${most} bytes`);
  const route = routeOf(request, dialect);
  const { service, operation } = route;
  const { caller, session, region } = identify(model, request, route, dialect);
  const operations = model.services.find((item) => item.name === service)?.operations ?? {};
  const run = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
  if (run === undefined) throw unknownOperation(dialect, operation);
  const opened = openCall(model.authority, model.clock.nowMillis(), {
    caller,
    session,
    region,
    request,
    requestId,
    dialect,
  });
  const open = { ...opened, call: withForward(model, opened.call, session, service) };
  const userAgent = request.headers['user-agent']?.slice(0, 1024) ?? '';
  return { route, service, operation, region, run, input: route.input(), session, userAgent, open };
}

interface Identified {
  readonly caller: Caller;
  readonly session: Session | null;
  readonly region: string;
}

function identify(model: Dispatch, request: HttpRequest, route: Route, dialect: Dialect): Identified {
  const { account, principals, roleTags, clock } = model;
  if (request.headers.authorization === undefined && isWebIdentityCall(route)) {
    const region = model.regions[0] ?? 'us-east-1';
    assertUp(model, route, region, dialect);
    return { caller: principals.federation.identify(route.input(), clock.nowMillis()), session: null, region };
  }
  const signature = parseSignature(request, dialect);
  assertScope(model, route, signature, dialect);
  const session = authenticate(model, request, signature, dialect);
  const caller = callerOf(session, principals.roles, account, roleTags);
  if (caller === null) throw invalidToken(dialect);
  return { caller, session, region: signature.region };
}

/** The one operation that AWS's clients send unsigned. */
function isWebIdentityCall({ service, operation }: Route): boolean {
  return service === 'sts' && operation === 'AssumeRoleWithWebIdentity';
}

/** IAM is one for the whole partition; STS, KMS and S3 live in a Region and go down with it. */
function assertScope(model: Dispatch, route: Route, { region, service }: Signature, dialect: Dialect): void {
  if (service !== route.service) {
    throw wireFault(dialect, 'badSignature', `Credential should be scoped to correct service: '${route.service}'.`);
  }
  const global = !['kms', 's3'].includes(route.service) && region === 'us-east-1';
  if (!model.regions.includes(region) && !global) {
    throw wireFault(
      dialect,
      'badSignature',
      `Credential should be scoped to a valid Region: ${model.regions.join(', ')}.`,
    );
  }
  assertUp(model, route, region, dialect);
}

function assertUp(model: Dispatch, route: Route, region: string, dialect: Dialect): void {
  if (route.service !== 'iam' && model.isDown(region)) {
    throw wireFault(dialect, 'unavailable', `Region ${region} is down in this sandbox`);
  }
}

function authenticate(
  { principals, clock }: Dispatch,
  request: HttpRequest,
  signature: Signature,
  dialect: Dialect,
): Session {
  const session = principals.sessions.find(signature.accessKeyId);
  if (session === undefined) throw invalidToken(dialect);
  const clocksMillis = [clock.nowMillis(), clock.wallMillis()];
  verifySignature(request, signature, session.secretAccessKey, { clocksMillis }, dialect);
  if (!sameText(request.headers['x-amz-security-token'] ?? '', session.sessionToken ?? '')) throw invalidToken(dialect);
  if (session.expiresAtMillis !== null && clock.nowMillis() >= session.expiresAtMillis) {
    throw wireFault(dialect, 'expiredToken', 'The security token included in the request is expired');
  }
  return session;
}

function sameText(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}

function invalidToken(dialect: Dialect): ServiceError {
  return wireFault(dialect, 'unknownKey', 'The security token included in the request is invalid.');
}

/**
 * What happened, its CloudTrail event and what time alone brought about are durable, as one unit, before the answer
 * leaves; also when the call fails. `refusal` takes the place of the operation.
 */
function carryOut(model: Dispatch, prepared: Prepared, refusal: ServiceError | null): JsonObject {
  const { services, store, quotas } = model;
  const { run, input, open } = prepared;
  try {
    for (const service of services) service.settle(open.call.nowMillis, prepared.service);
    if (refusal) throw refusal;
    quotas.admit(prepared, open.call);
    const answer = run(input, open.call);
    witness(model, prepared, { answer });
    return answer;
  } catch (cause) {
    if (cause instanceof ServiceError) witness(model, prepared, { error: cause });
    throw cause;
  } finally {
    store.flush();
  }
}

function witness({ trail }: Dispatch, prepared: Prepared, outcome: Outcome): void {
  const { service, operation, input, session, userAgent, open } = prepared;
  const { call, resources } = open;
  trail.witness({ service, operation, input, call, session, userAgent, resources, notes: open.notes(), outcome });
}
