import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue } from '../../../src/lib/base/canonical-json.js';
import { ROOT } from '../../lib/sandbox/kms/harness.js';
import { isObject } from './modelled.js';

export type Saved = ReadonlyMap<string, string>;

/** Puts in what was saved, and makes what is too long to write down. */
export function fill(value: JsonValue, saved: Saved, root = ROOT): JsonValue {
  if (typeof value === 'string')
    return value.replace(/\$([a-z]\w*(?:\.arn)?)/g, (word, name) => saved.get(String(name)) ?? word);
  if (Array.isArray(value)) return value.map((item: JsonValue) => fill(item, saved, root));
  if (!isObject(value)) return value;
  if (typeof value.repeat === 'string') return value.repeat.repeat(Number(value.times));
  if (typeof value.base64Bytes === 'number') return Buffer.alloc(value.base64Bytes).toString('base64');
  if (typeof value.sha256 === 'string') return createHash('sha256').update(value.sha256).digest('base64');
  if (typeof value.policyBytes === 'number') return policyOf(value.policyBytes, root);
  if (value.document !== undefined) return JSON.stringify(fill(value.document, saved, root));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fill(item, saved, root)]));
}

export function fillObject(value: JsonObject, saved: Saved, root?: string): JsonObject {
  return fill(value, saved, root) as JsonObject;
}

/** A valid policy of exactly so many bytes. */
function policyOf(bytes: number, root: string): string {
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Id: '',
    Statement: [{ Effect: 'Allow', Principal: { AWS: root }, Action: 'kms:*', Resource: '*' }],
  });
  return policy.replace('"Id":""', `"Id":"${'x'.repeat(bytes - policy.length)}"`);
}
