import { AsyncLocalStorage } from 'node:async_hooks';
import type { Instant } from '../base/time.js';

/** What happened to one call on the wire; filled by the request handler, which sees what the SDK really sends. */
export interface Trace {
  /** The `X-Amz-Target` of a JSON protocol's call; null for the query protocols of STS and IAM. */
  readonly target: string | null;
  /** Throws when the body to be sent is not what was asked for. */
  readonly assertBody: ((body: unknown) => void) | null;
  /** True from the moment that the request was handed to the network. */
  sent: boolean;
  /** AWS's clock at the answer. */
  serverTime: Instant | null;
}

const current = new AsyncLocalStorage<Trace>();

/** Runs one SDK call so that its requests find `trace`. */
export function traced<T>(trace: Trace, call: () => Promise<T>): Promise<T> {
  return current.run(trace, call);
}

/** The trace of the call that this request belongs to; null for the SDK's own requests (credentials of a profile). */
export function traceOf(headers: Readonly<Record<string, string>>): Trace | null {
  const trace = current.getStore() ?? null;
  const target = Object.entries(headers).find(([name]) => name.toLowerCase() === 'x-amz-target')?.[1] ?? null;
  return trace !== null && trace.target === target ? trace : null;
}
