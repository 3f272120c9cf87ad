import type { FaultRule } from './faults.js';
import { ServiceError } from './service.js';
import { type Dialect, wireFault } from './wire/faults.js';
import type { HttpResponse } from './wire/message.js';

/** What a fault rule does to a call. */

const HANG_SECONDS = 60;
/** What a proxy in between says when it has lost the service behind it. */
const BAD_GATEWAY = '<html><body>502 Bad Gateway</body></html>';

interface Killer {
  readonly onKill: (point: 'before' | 'after', operation: string) => void;
}

/** Before the operation runs. @returns whether the connection breaks instead */
export async function strikeBefore(
  { onKill }: Killer,
  signal: AbortSignal | undefined,
  fault: FaultRule | null,
  operation: string,
): Promise<boolean> {
  if (fault?.kind === 'kill-before') onKill('before', operation);
  if (fault?.kind === 'hang') await hang(fault.seconds ?? HANG_SECONDS, signal);
  return fault?.kind === 'kill-before' || fault?.kind === 'hang';
}

/** The error that takes the place of the operation; null when it runs. */
export function refusalOf(fault: FaultRule | null, dialect: Dialect): ServiceError | null {
  if (fault?.kind === 'throttle') return wireFault(dialect, 'throttled', 'Rate exceeded');
  return fault?.kind === 'before' ? injectedError(fault, 'InternalFailure') : null;
}

/** After the operation ran: what becomes of its answer. @throws ServiceError the error that hides it */
export function strikeAfter({ onKill }: Killer, fault: FaultRule | null, operation: string): Partial<HttpResponse> {
  if (fault?.kind === 'kill-after') onKill('after', operation);
  if (fault?.kind === 'after' && fault.code !== undefined) throw injectedError(fault, fault.code);
  if (fault?.kind === 'instead') return insteadOf(fault);
  return fault?.kind === 'after' || fault?.kind === 'kill-after' ? { cut: true } : {};
}

function insteadOf({ status, body }: FaultRule): Partial<HttpResponse> {
  return {
    status: status ?? 502,
    headers: { 'content-type': 'text/html' },
    body: Buffer.from(body ?? BAD_GATEWAY, 'utf8'),
  };
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
