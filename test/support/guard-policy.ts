import { readFileSync } from 'node:fs';
import { readPolicyFile } from '../../src/lib/fs/policy-file.js';
import type { Entrypoint, Policy } from '../../src/lib/guard/policy.js';
import { openPolicy } from '../../src/lib/guard/wasm.js';

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../policies/vectors/${name}.json`, import.meta.url), 'utf8'));

export interface PolicyVector {
  readonly name: string;
  readonly entry: Entrypoint;
  readonly config: string;
  readonly input: Record<string, never>;
  readonly expect: { readonly allow: boolean; readonly rules: readonly string[] };
}

/** The vectors that `opa test` runs on, too. */
export const VECTORS: { configs: Record<string, Record<string, never>>; calls: PolicyVector[] } = read('vectors');
export const OPERATIONS: {
  names: { s3: string[]; kms: string[] };
  s3: Record<string, string[]>;
  kms: Record<string, string[]>;
  actions: Record<string, { class: string; calls: string[] }>;
} = read('operations').operations;

/** The compiled policy over one of the vectors' configurations. */
export async function policyOver(config: string): Promise<Policy> {
  return openPolicy(await readPolicyFile('custody.wasm'), VECTORS.configs[config] ?? {});
}
