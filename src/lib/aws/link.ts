import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import type { Instant } from '../base/time.js';
import type { CredentialSource } from './credentials.js';
import { type About, mapAwsError } from './errors.js';
import { type Pace, type RetryPolicy, type Timer, withRetries } from './pace.js';
import { type Trace, traced } from './trace.js';

/** One SDK client of one service and Region, with the commands that go with it. */
export interface Loaded<Sdk, Client> {
  readonly sdk: Sdk;
  readonly client: Client;
}

type Send<Sdk, Client, Output> = (sdk: Sdk, client: Client) => Promise<Output>;

export interface Answered<Output> {
  readonly output: Output;
  readonly requestId: string;
  readonly serverTime: Instant | null;
}

interface WithMetadata {
  readonly $metadata: { readonly requestId?: string | undefined };
}

/** The way to a service in a Region: paced, typed errors, retried only where nothing is changed. */
export interface Link<Sdk, Client> {
  /** A call that changes nothing: paced and retried. @throws CustodyError as `mapAwsError` says */
  read<Output extends WithMetadata>(operation: string, send: Send<Sdk, Client, Output>): Promise<Answered<Output>>;
  /**
   * A call that is sent once. With `expected`, the body on the wire must say exactly that, else nothing is sent: the
   * SDK leaves out members that it does not know, and what is sent must be what was signed.
   */
  once<Output extends WithMetadata>(
    operation: string,
    send: Send<Sdk, Client, Output>,
    expected?: JsonObject,
  ): Promise<Answered<Output>>;
}

export interface LinkContext {
  readonly credentials: CredentialSource;
  readonly pace: Pace;
  readonly timer: Timer;
  readonly retry: RetryPolicy;
  readonly tell: (text: string) => void;
}

/**
 * Ties a service's SDK module to one Region: paced and retried for reads, sent once for changes.
 * @param load makes the client when the first call needs it
 */
export function createLink<Sdk, Client>(
  service: About['service'],
  region: string,
  load: () => Promise<Loaded<Sdk, Client>>,
  context: LinkContext,
): Link<Sdk, Client> {
  const once = async <Output extends WithMetadata>(
    operation: string,
    send: Send<Sdk, Client, Output>,
    expected?: JsonObject,
  ): Promise<Answered<Output>> => {
    const { sdk, client } = await load();
    const trace: Trace = {
      target: service === 'kms' ? `TrentService.${operation}` : null,
      assertBody: expected === undefined ? null : (body) => assertBody(body, expected, operation),
      sent: false,
      serverTime: null,
    };
    try {
      // Fetched first, so that a failure of theirs is not taken for one of the call.
      await context.credentials();
      await context.pace.turn(region, operation);
      const output = await traced(trace, () => send(sdk, client));
      return { output, requestId: output.$metadata.requestId ?? '', serverTime: trace.serverTime };
    } catch (cause) {
      const error = mapAwsError(cause, { service, region, operation }, trace);
      if (error.code === 'THROTTLED') context.pace.throttled(region, operation);
      throw error;
    }
  };
  return {
    once,
    read: (operation, send) => withRetries(context.timer, context.retry, () => once(operation, send), context.tell),
  };
}

function assertBody(body: unknown, expected: JsonObject, operation: string): void {
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : body;
  if (typeof text === 'string' && isDeepStrictEqual(JSON.parse(text), expected)) return;
  throw new CustodyError('REFUSED', `the parameters of ${operation} cannot be sent as they were signed`, {
    details: { operation, expected: Object.keys(expected) },
    suggestions: ['The request names parameters that this version of custody does not know: update custody.'],
  });
}
