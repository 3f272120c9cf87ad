import { createHash } from 'node:crypto';
import { type LoadedPolicy, loadPolicy } from '@open-policy-agent/opa-wasm';
import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { type Decision, decisionOf, NO_ANSWER } from './decision.js';
import { POLICY_SHA256 } from './pinned.js';
import type { Entrypoint, Policy } from './policy.js';

/** 64 KiB pages: 1 MiB to begin with; what would need more than 64 MiB is denied. */
const MEMORY = { initial: 16, maximum: 1024 };

/**
 * Opens the compiled policies.
 * @param bytes policies/custody.wasm
 * @param config `data.config`
 * @throws CustodyError GUARD_BROKEN for other bytes than those that this program was built with, or that do not run
 */
export async function openPolicy(bytes: Uint8Array<ArrayBuffer>, config: JsonObject): Promise<Policy> {
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== POLICY_SHA256) {
    throw new CustodyError('GUARD_BROKEN', 'the guard’s policy is another one than this program was built with', {
      details: { expected: POLICY_SHA256, found: digest },
      suggestions: ['Install custody anew.'],
    });
  }
  const loaded = await load(bytes, config);
  return {
    decide: (entrypoint, input) => decide(loaded, entrypoint, input),
    purposes: () => purposesIn(loaded.evaluate({}, 'custody/guard/purposes')),
  };
}

async function load(bytes: Uint8Array<ArrayBuffer>, config: JsonObject): Promise<LoadedPolicy> {
  try {
    const loaded = await loadPolicy(bytes, { ...MEMORY });
    loaded.setData({ config });
    return loaded;
  } catch (cause) {
    throw new CustodyError('GUARD_BROKEN', 'the guard’s policy does not run on this machine', { cause });
  }
}

/** The evaluator throws texts and objects of its own, and a trap of WebAssembly is no error of ours either. */
function decide(loaded: LoadedPolicy, entrypoint: Entrypoint, input: JsonObject): Decision {
  try {
    return decisionOf(loaded.evaluate(input, `custody/${entrypoint}/decision`));
  } catch {
    return NO_ANSWER;
  }
}

function purposesIn(answer: unknown): Readonly<Record<string, string>> {
  const only: unknown = Array.isArray(answer) ? answer[0] : null;
  const result = isObject(only) && isObject(only.result) ? only.result : {};
  return Object.fromEntries(Object.entries(result).map(([name, reason]) => [name, String(reason)]));
}
