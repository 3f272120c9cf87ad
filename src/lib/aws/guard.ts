import { AsyncLocalStorage } from 'node:async_hooks';
import type { JsonObject, JsonValue } from '../base/canonical-json.js';
import { isObject } from '../base/fields.js';
import { readPolicyFile } from '../fs/policy-file.js';
import type { GuardedCall } from '../guard/decision.js';
import { createGuard, type Guard } from '../guard/guard.js';
import type { GuardSink } from '../guard/sink.js';
import type { Warrant } from '../key/warrant.js';

export type GuardSource = () => Promise<Guard>;

/** The guard over a plan's facts; the policy is read and started when the first call is made. */
export function guardOver(config: JsonObject, sink: GuardSink | null): GuardSource {
  let opened: Promise<Guard> | undefined;
  return () => {
    opened ??= openGuard(config, sink);
    return opened;
  };
}

async function openGuard(config: JsonObject, sink: GuardSink | null): Promise<Guard> {
  const [{ openPolicy }, bytes] = await Promise.all([import('../guard/wasm.js'), readPolicyFile('custody.wasm')]);
  return createGuard(await openPolicy(bytes, config), sink);
}

/** Calls that nothing was said about may read and use keys, and nothing else. */
const USE: Warrant = { purpose: 'use' };
const current = new AsyncLocalStorage<Warrant>();

/** Runs calls for a purpose. */
export function underWarrant<T>(warrant: Warrant, call: () => Promise<T>): Promise<T> {
  return current.run(warrant, call);
}

export interface GuardedClient {
  readonly service: GuardedCall['service'];
  readonly region: string;
  readonly endpoint: GuardedCall['endpoint'];
  readonly guard: GuardSource;
}

/** What is read of an SDK's client: any of them fits. */
interface MiddlewareStack {
  readonly middlewareStack: {
    add(middleware: Middleware, options: { step: 'initialize'; priority: 'low'; name: string }): void;
  };
}

interface Arguments {
  readonly input: object;
}

type Middleware = <Args extends Arguments, Result>(
  next: (args: Args) => Promise<Result>,
  context: { readonly commandName?: string },
) => (args: Args) => Promise<Result>;

/**
 * Puts the guard into a client: last of the first step, so that it sees the input as it will be sent, and calls that are only
 * signed (presigned addresses) too. Every client that can reach the ledger or a key needs it.
 */
export function attachGuard(client: MiddlewareStack, about: GuardedClient): void {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const guard = await about.guard();
        await guard.assertAllowed(callOf(commandName, args.input, about, current.getStore() ?? USE));
        return next(args);
      },
    { step: 'initialize', priority: 'low', name: 'custodyGuard' },
  );
}

/**
 * Asks the guard about calls that are to be made later, and sends nothing: what it would not let through must not be begun.
 * @throws CustodyError REFUSED, GUARD_BROKEN
 */
export async function assertAllowable(
  about: Omit<GuardedClient, 'region'>,
  calls: readonly { readonly region: string; readonly operation: string; readonly parameters: JsonObject }[],
  warrant: Warrant,
): Promise<void> {
  const guard = await about.guard();
  for (const { region, operation, parameters } of calls) {
    await guard.assertAllowable(callOf(operation, parameters, { ...about, region }, warrant));
  }
}

function callOf(commandName: string, input: object, about: GuardedClient, warrant: Warrant): GuardedCall {
  const params = redacted(input);
  const { service, region, endpoint } = about;
  return {
    service,
    operation: commandName.replace(/Command$/, ''),
    region,
    endpoint,
    bucket: typeof params.Bucket === 'string' ? params.Bucket : null,
    key: typeof params.Key === 'string' ? params.Key : '',
    now: Math.floor(Date.now() / 1000),
    purpose: warrant.purpose,
    params,
    quorum: warrant.quorum ?? null,
    ...(warrant.scratch === undefined ? {} : { scratch: warrant.scratch }),
  };
}

/** What is stored, encrypted or signed is no matter of the guard, and must reach no log (T46). */
const LEFT_OUT = new Set(['Body', 'Plaintext', 'Message', 'Mac', 'Signature']);
const SECRET =
  /^(?:SSECustomerKey|CopySourceSSECustomerKey|GrantTokens?|ImportToken|EncryptedKeyMaterial|CiphertextBlob|Recipient)$/;

function redacted(input: object): JsonObject {
  const members = Object.entries(input).filter(([name, value]) => value !== undefined && !LEFT_OUT.has(name));
  return Object.fromEntries(members.map(([name, value]) => [name, SECRET.test(name) ? 'redacted' : plain(value)]));
}

/** As the policies read it: times in seconds, bytes by their number. */
function plain(value: unknown): JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof Date) return Math.floor(value.getTime() / 1000);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return value.map(plain);
  return isObject(value) ? redacted(value) : typeof value;
}
