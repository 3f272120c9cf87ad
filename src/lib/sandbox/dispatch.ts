import { timingSafeEqual } from 'node:crypto';
import { sha256 } from '../base/bytes.js';
import type { JsonObject } from '../base/canonical-json.js';
import { type Authority, accessDenied, type Circumstances } from './authority.js';
import type { SandboxClock } from './clock.js';
import type { FaultRule, Faults } from './faults.js';
import type { Principals } from './principals.js';
import { type Authorization, type Call, type Caller, type Operation, type Service, ServiceError } from './service.js';
import type { DurableStore } from './state.js';
import { callerOf, type RoleTagEffect, type Session } from './sts/session.js';
import { type Dialect, wireFault } from './wire/faults.js';
import { type HttpRequest, type HttpResponse, MAX_BODY_BYTES } from './wire/message.js';
import { dialectOf, encodeError, type Route, routeOf, unknownOperation } from './wire/route.js';
import { parseSignature, type Signature, verifySignature } from './wire/sigv4.js';

/** What one request needs of the model. */
export interface Dispatch {
  readonly store: DurableStore;
  readonly clock: SandboxClock;
  readonly principals: Principals;
  readonly authority: Authority;
  readonly services: readonly Service[];
  readonly faults: Faults;
  readonly account: string;
  readonly regions: readonly string[];
  readonly roleTags: RoleTagEffect;
  readonly isDown: (region: string) => boolean;
  readonly onKill: (point: 'before' | 'after', operation: string) => void;
  readonly onBug: (cause: unknown) => void;
}

const HANG_SECONDS = 60;

/** Carries out one AWS request: route, signature, Region, fault, operation, durable state, answer. Never throws. */
export async function dispatch(model: Dispatch, request: HttpRequest, requestId: string): Promise<HttpResponse> {
  const dialect = dialectOf(request);
  const respond = responder(model, requestId);
  try {
    const prepared = prepare(model, request, dialect, requestId);
    const fault = model.faults.strike(prepared);
    await strikeBefore(model, request, fault, dialect, prepared.operation);
    const output = carryOut(model, prepared);
    const { contentType, text } = prepared.route.answer(output, requestId);
    const lost = strikeAfter(model, fault, prepared.operation);
    return { ...respond(200, contentType, text), ...lost };
  } catch (cause) {
    if (cause instanceof ConnectionCut) return { ...respond(503, 'text/plain', ''), cut: true };
    if (!(cause instanceof ServiceError)) model.onBug(cause);
    const internal = wireFault(dialect, 'internal', 'the sandbox failed');
    const error = cause instanceof ServiceError ? cause : internal;
    const { contentType, text } = encodeError(request, dialect, error, requestId);
    return respond(error.status, contentType, text, { 'x-amzn-errortype': error.code });
  }
}

class ConnectionCut extends Error {}

function responder({ clock }: Dispatch, requestId: string) {
  return (status: number, type: string, text: string, more: Readonly<Record<string, string>> = {}): HttpResponse => ({
    status,
    headers: {
      'content-type': type,
      'x-amzn-requestid': requestId,
      // SDKs set their signing clock by this header: sandbox time reaches them through it.
      date: new Date(clock.nowMillis()).toUTCString(),
      ...more,
    },
    body: Buffer.from(text, 'utf8'),
  });
}

interface Prepared {
  readonly route: Route;
  readonly service: string;
  readonly operation: string;
  readonly region: string;
  readonly run: Operation;
  readonly input: JsonObject;
  readonly call: Call;
}

function prepare(model: Dispatch, request: HttpRequest, dialect: Dialect, requestId: string): Prepared {
  if (request.body.length > MAX_BODY_BYTES) throw wireFault(dialect, 'tooLarge', `at most ${MAX_BODY_BYTES} bytes`);
  const route = routeOf(request, dialect);
  const signature = parseSignature(request, dialect);
  assertScope(model, route, signature, dialect);
  const session = authenticate(model, request, signature, dialect);
  const { account, principals, roleTags } = model;
  const caller = callerOf(session, principals.roles, account, roleTags);
  if (caller === null) throw invalidToken(dialect);
  const operations = model.services.find((service) => service.name === route.service)?.operations ?? {};
  const run = Object.hasOwn(operations, route.operation) ? operations[route.operation] : undefined;
  if (run === undefined) throw unknownOperation(dialect, route.operation);
  const call = newCall(model, { caller, session, region: signature.region, request, requestId, dialect });
  const { service, operation } = route;
  return { route, service, operation, region: signature.region, run, input: route.input(), call };
}

/** IAM is one for the whole partition; STS and KMS live in a Region and go down with it. */
function assertScope(model: Dispatch, route: Route, { region, service }: Signature, dialect: Dialect): void {
  if (service !== route.service) {
    throw wireFault(dialect, 'badSignature', `Credential should be scoped to correct service: '${route.service}'.`);
  }
  const global = route.service !== 'kms' && region === 'us-east-1';
  if (!model.regions.includes(region) && !global) {
    throw wireFault(
      dialect,
      'badSignature',
      `Credential should be scoped to a valid Region: ${model.regions.join(', ')}.`,
    );
  }
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

interface Origin {
  readonly caller: Caller;
  readonly session: Session;
  readonly region: string;
  readonly request: HttpRequest;
  readonly requestId: string;
  readonly dialect: Dialect;
}

function newCall(
  { authority, clock }: Dispatch,
  { caller, session, region, request, requestId, dialect }: Origin,
): Call {
  const nowMillis = clock.nowMillis();
  const { sourceIp } = request;
  const circumstances: Circumstances = { caller, sessionPolicy: session.policy, region, nowMillis, sourceIp };
  const decide = (question: Authorization) => authority.decide(question, circumstances);
  return {
    region,
    caller,
    nowMillis,
    requestId,
    sourceIp,
    allows: (question) => decide(question).allowed,
    authorize: (question) => {
      const decision = decide(question);
      if (!decision.allowed) throw accessDenied(caller, question, decision, dialect);
    },
  };
}

/** State is durable before the answer leaves, also what `settle` changed before a call that fails. */
function carryOut({ services, store }: Dispatch, { run, input, call }: Prepared): JsonObject {
  try {
    for (const service of services) service.settle(call.nowMillis);
    return run(input, call);
  } finally {
    store.flush();
  }
}

async function strikeBefore(
  model: Dispatch,
  request: HttpRequest,
  fault: FaultRule | null,
  dialect: Dialect,
  operation: string,
): Promise<void> {
  if (fault === null) return;
  if (fault.kind === 'throttle') throw wireFault(dialect, 'throttled', 'Rate exceeded');
  if (fault.kind === 'before') throw injectedError(fault, 'InternalFailure');
  if (fault.kind === 'kill-before') model.onKill('before', operation);
  if (fault.kind === 'hang') await hang(fault.seconds ?? HANG_SECONDS, request.signal);
  if (fault.kind === 'kill-before' || fault.kind === 'hang') throw new ConnectionCut();
}

function strikeAfter(model: Dispatch, fault: FaultRule | null, operation: string): { readonly cut?: true } {
  if (fault?.kind === 'kill-after') model.onKill('after', operation);
  if (fault?.kind === 'after' && fault.code !== undefined) throw injectedError(fault, fault.code);
  return fault?.kind === 'after' || fault?.kind === 'kill-after' ? { cut: true } : {};
}

function injectedError({ code, status }: FaultRule, fallback: string): ServiceError {
  return new ServiceError(code ?? fallback, 'a fault that was asked for', status ?? 500);
}

function hang(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    const gone = (): void => {
      clearTimeout(timer);
      resolve();
    };
    if (signal?.aborted) gone();
    else signal?.addEventListener('abort', gone, { once: true });
  });
}
