import { timingSafeEqual } from 'node:crypto';
import { sha256 } from '../base/bytes.js';
import { type JsonObject, parseJson } from '../base/canonical-json.js';
import { isObject } from '../base/fields.js';
import type { FaultRule } from './faults.js';
import type { OrganizationPolicies } from './organization.js';
import type { Sandbox } from './sandbox.js';
import { ServiceError } from './service.js';
import type { TokenWish } from './sts/federation.js';
import type { HttpRequest, HttpResponse } from './wire/message.js';

/** `/_custody/…`: what moves the sandbox itself, beside the AWS services on the same port. */
export const ADMIN_PATH = '/_custody/';

export interface AdminOptions {
  /** Whoever holds it may do anything here; it lies in the sandbox's directory, readable by its owner alone. */
  readonly token: string;
  /** Ends the server, after the answer has left. */
  readonly stop: () => void;
}

type Action = (sandbox: Sandbox, input: JsonObject, options: AdminOptions) => JsonObject;

const ok = (sandbox: Sandbox): JsonObject => ({ sandbox: { ...sandbox.status() } });

/** THE table of administrative operations. */
const ACTIONS: Readonly<Record<string, Action>> = {
  'GET status': ok,
  'POST advance': (sandbox, { seconds }) => {
    sandbox.advance(typeof seconds === 'number' ? seconds : Number.NaN);
    return ok(sandbox);
  },
  'POST region': (sandbox, { region, up }) => {
    if (typeof region !== 'string' || typeof up !== 'boolean')
      throw new ServiceError('ValidationException', 'region and up are needed');
    sandbox.setRegion(region, up);
    return ok(sandbox);
  },
  'GET organization': (sandbox) => ({ ...sandbox.organization.get() }),
  'POST organization': (sandbox, { serviceControlPolicies = [], resourceControlPolicies = [] }) => {
    // `set` checks every level.
    const given: unknown = { serviceControlPolicies, resourceControlPolicies };
    sandbox.organization.set(given as OrganizationPolicies);
    return { ...sandbox.organization.get() };
  },
  'POST token': (sandbox, input) => {
    // Whoever issues the token reads every member.
    const wish: unknown = input;
    return { token: sandbox.issueToken(wish as TokenWish) };
  },
  'GET data-events': (sandbox) => ({ records: [...sandbox.dataEvents()] }),
  'POST reset': (sandbox) => {
    sandbox.reset();
    return ok(sandbox);
  },
  'GET faults': (sandbox) => ({ faults: sandbox.faults.list().map((item) => ({ ...item, rule: { ...item.rule } })) }),
  'POST faults': (sandbox, input) => {
    // The rule's own check reads every field.
    sandbox.faults.add(input as unknown as FaultRule);
    return {};
  },
  'DELETE faults': (sandbox) => {
    sandbox.faults.clear();
    return {};
  },
  'POST stop': (_sandbox, _input, { stop }) => {
    stop();
    return {};
  },
};

/** Answers a request under `/_custody/`; only the time is told to everyone. Never throws. */
export function administer(sandbox: Sandbox, request: HttpRequest, options: AdminOptions): HttpResponse {
  try {
    const name = `${request.method} ${request.target.slice(ADMIN_PATH.length)}`;
    if (name === 'GET clock') return respond(200, clock(sandbox));
    if (!holdsToken(request, options.token)) throw new ServiceError('AccessDenied', 'a bearer token is needed', 401);
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (action === undefined) throw new ServiceError('NotFound', 'no such operation', 404);
    return respond(200, action(sandbox, readBody(request.body), options));
  } catch (cause) {
    const error =
      cause instanceof ServiceError ? cause : new ServiceError('InternalFailure', 'the sandbox failed', 500);
    return respond(error.status, { error: { code: error.code, message: error.message } });
  }
}

function clock(sandbox: Sandbox): JsonObject {
  const { now, offsetSeconds, account } = sandbox.status();
  return { now, offsetSeconds, account };
}

function holdsToken({ headers }: HttpRequest, token: string): boolean {
  return timingSafeEqual(sha256(headers.authorization ?? ''), sha256(`Bearer ${token}`));
}

function readBody(body: Uint8Array): JsonObject {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = parseJson(body, 'the body');
  } catch {
    value = null;
  }
  if (!isObject(value)) throw new ServiceError('ValidationException', 'the body must be one JSON object');
  return value as JsonObject;
}

function respond(status: number, body: JsonObject): HttpResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(body), 'utf8') };
}
