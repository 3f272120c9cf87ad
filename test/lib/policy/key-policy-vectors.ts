import { readFileSync } from 'node:fs';

/** Documents, and what becomes of each when somebody gives it for a key policy. */

export interface Vector {
  readonly name: string;
  readonly why: string;
  readonly source: string;
  /** The text; `@size N` and `@size-latin N` stand for a policy of that many bytes. */
  readonly input: string;
  /** `accepted`, `POLICY_MALFORMED`, or the code of what is found. */
  readonly expect: string;
  /** `open`: what KMS says is not documented, or in two ways. */
  readonly kms?: 'open';
}

const file = new URL('../../vectors/policy/key-policies.json', import.meta.url);
export const vectors = JSON.parse(readFileSync(file, 'utf8')) as readonly Vector[];

/** Stored by KMS, and without effect (PutKeyPolicy). */
export const STORED = ['accepted', 'ACTION_MISSING', 'RESOURCE_MISSING'];

export function textOf(input: string): string {
  const [, latin, size] = /^@size(-latin)? (\d+)$/.exec(input) ?? [];
  if (size === undefined) return input;
  const statement = { Effect: 'Allow', Principal: '*', Action: 'kms:Decrypt', Resource: '*' };
  const bare = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const left = Number(size) - bare.length;
  if (latin === undefined) return bare + ' '.repeat(left);
  const room = left - JSON.stringify({ Id: '' }).length + 1;
  return `{"Id":"${'é'.repeat(Math.floor(room / 2))}",${bare.slice(1)}${' '.repeat(room % 2)}`;
}
