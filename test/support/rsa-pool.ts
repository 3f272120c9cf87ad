import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Practice keys `test/vectors/rsa/<bits>-<n>.pem`, which protect nothing: making one of 4096 bits takes seconds. */
const EACH = 3;
const known = new Map<string, Buffer>();

/** Gives RSA keys (PKCS#8) to one sandbox, in turns: one key and the next are never the same. */
export function rsaPool(): (bits: number) => Buffer {
  let next = 0;
  return (bits) => Buffer.from(practiceRsa(bits, next++ % EACH));
}

export function practiceRsa(bits: number, at = 0): Buffer {
  const name = `${bits}-${at}`;
  const found = known.get(name) ?? read(name);
  known.set(name, found);
  return found;
}

function read(name: string): Buffer {
  const pem = readFileSync(new URL(`../vectors/rsa/${name}.pem`, import.meta.url), 'utf8');
  return createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' });
}
