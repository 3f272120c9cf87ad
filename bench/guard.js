// The guard: what its start costs a command that calls AWS, what each decision costs after that, and what the middleware adds to
// a call, with the decision in it. The floor is the JSON that goes into the evaluator and comes back.
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { attachGuard, underWarrant } from '../build/lib/aws/guard.js';
import { decisionOf } from '../build/lib/guard/decision.js';
import { createGuard } from '../build/lib/guard/guard.js';

const WASM = new URL('../policies/custody.wasm', import.meta.url);
const ROUNDS = 20_000;

export async function benchGuard() {
  const [loadBefore] = loadavg();
  const startup = {};
  const timed = async (name, work) => {
    const started = performance.now();
    const value = await work();
    startup[name] = performance.now() - started;
    return value;
  };
  const bytes = readFileSync(WASM);
  const { openPolicy } = await timed('importMillis', () => import('../build/lib/guard/wasm.js'));
  await timed('compileMillis', () => WebAssembly.compile(bytes));
  const config = {
    ledger: { buckets: ['acme-ledger'], accessPoints: {}, prefix: 'custody/', retentionDays: 1, key: 'k', kmsKeys: [] },
  };
  const policy = await timed('openMillis', () => openPolicy(new Uint8Array(bytes), config));
  return {
    name: 'guard: one process, one core',
    policyBytes: bytes.length,
    loadBefore,
    startup,
    decrypt: await percentilesOf(async () => policy.decide('guard', call('kms', 'Decrypt', 'use'))),
    append: await percentilesOf(async () => policy.decide('guard', call('s3', 'PutObject', 'ledger.append'))),
    delete: await percentilesOf(async () => policy.decide('guard', call('s3', 'DeleteObject', 'ledger.append'))),
    throughMiddleware: {
      decrypt: await throughMiddleware(policy, 'kms', 'DecryptCommand', { purpose: 'use' }, { KeyId: 'k' }),
      append: await throughMiddleware(
        policy,
        's3',
        'PutObjectCommand',
        { purpose: 'ledger.append' },
        {
          ...{ Bucket: 'acme-ledger', Key: 'custody/slots/0', IfNoneMatch: '*' },
          Body: new Uint8Array(1000),
        },
      ),
      none: await percentilesOf(async () => ({})),
    },
    floor: await percentilesOf(async () =>
      decisionOf(JSON.parse(JSON.stringify([{ result: { allow: true, rules: [] } }]))),
    ),
  };
}

function call(service, operation, purpose) {
  const params = { Bucket: 'acme-ledger', Key: 'custody/slots/0', IfNoneMatch: '*' };
  const common = { source: 'process', endpoint: 'aws', region: 'eu-central-1', now: 1790000000, quorum: null };
  return { ...common, service, operation, purpose, bucket: 'acme-ledger', key: params.Key, resources: [], params };
}

/** A call that the guard lets through, to a service that answers at once. */
function throughMiddleware(policy, service, commandName, warrant, input) {
  let layer;
  const client = { middlewareStack: { add: (middleware) => (layer = middleware) } };
  const guard = createGuard(policy, null);
  attachGuard(client, { service, region: 'eu-central-1', endpoint: 'aws', guard: async () => guard });
  const send = layer(async () => ({}), { commandName });
  return percentilesOf(() => underWarrant(warrant, () => send({ input })));
}

/** Microseconds of what is awaited: by the clock, and of the processor, which a busy machine does not lengthen. */
async function percentilesOf(work) {
  const [clock, processor] = [[], []];
  for (let at = 0; at < ROUNDS + 1000; at++) {
    const [started, before] = [performance.now(), process.cpuUsage()];
    await work();
    const { user, system } = process.cpuUsage(before);
    if (at < 1000) continue;
    clock.push((performance.now() - started) * 1000);
    processor.push(user + system);
  }
  return { clock: percentilesIn(clock), processor: percentilesIn(processor) };
}

function percentilesIn(times) {
  times.sort((a, b) => a - b);
  return { p50: times[ROUNDS / 2], p99: times[Math.floor(ROUNDS * 0.99)] };
}
