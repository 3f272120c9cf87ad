// The guard: what its start costs a command that calls AWS, and what each decision costs after that. The floor is the JSON
// that goes into the evaluator and comes back.
import { readFileSync } from 'node:fs';
import { decisionOf } from '../build/lib/guard/decision.js';

const WASM = new URL('../policies/custody.wasm', import.meta.url);
const ROUNDS = 20_000;

export async function benchGuard() {
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
    startup,
    decrypt: percentiles(() => policy.decide('guard', call('kms', 'Decrypt', 'use'))),
    append: percentiles(() => policy.decide('guard', call('s3', 'PutObject', 'ledger.append'))),
    delete: percentiles(() => policy.decide('guard', call('s3', 'DeleteObject', 'ledger.append'))),
    floorMicros: percentiles(() => decisionOf(JSON.parse(JSON.stringify([{ result: { allow: true, rules: [] } }])))),
  };
}

function call(service, operation, purpose) {
  const params = { Bucket: 'acme-ledger', Key: 'custody/slots/0', IfNoneMatch: '*' };
  const common = { source: 'process', endpoint: 'aws', region: 'eu-central-1', now: 1790000000, quorum: null };
  return { ...common, service, operation, purpose, bucket: 'acme-ledger', key: params.Key, resources: [], params };
}

/** Microseconds. */
function percentiles(work) {
  for (let at = 0; at < 1000; at++) work();
  const times = Array.from({ length: ROUNDS }, () => {
    const started = performance.now();
    work();
    return (performance.now() - started) * 1000;
  }).sort((a, b) => a - b);
  return { p50: times[ROUNDS / 2], p99: times[Math.floor(ROUNDS * 0.99)] };
}
