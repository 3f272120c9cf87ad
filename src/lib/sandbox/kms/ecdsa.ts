import { createECDH, createPrivateKey } from 'node:crypto';
import { CustodyError } from '../../base/errors.js';

/**
 * ECDSA over a digest that the caller has made (FIPS 186-5 section 6): node:crypto hashes for itself and cannot.
 * Both ways need only multiples of the base point, because the sandbox holds the private key. KMS pairs each curve with
 * a hash that is no longer than its order, so that digests are never cut.
 */

interface Curve {
  readonly openssl: string;
  /** The order of the base point (SP 800-186 section 3.2.1). */
  readonly order: bigint;
}

const CURVES: Readonly<Record<string, Curve>> = {
  'P-256': { openssl: 'prime256v1', order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n },
  'P-384': {
    openssl: 'secp384r1',
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  'P-521': {
    openssl: 'secp521r1',
    order:
      0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
};

interface PrivateKey extends Curve {
  readonly secret: bigint;
}

/** A DER signature (RFC 3279 section 2.2.3) of `digest`. */
export function signDigest(pkcs8: Buffer, digest: Buffer, random: (bytes: number) => Buffer): Buffer {
  const key = readKey(pkcs8);
  for (;;) {
    const nonce = number(random(byteLength(key.order) + 8)) % key.order;
    if (nonce === 0n) continue;
    const r = abscissa(key, nonce) % key.order;
    const s = modulo(inverse(nonce, key.order) * (number(digest) + r * key.secret), key.order);
    if (r !== 0n && s !== 0n) return formatDer(r, s);
  }
}

/** True only for a signature of `digest` by this key; malformed ones are false. */
export function verifyDigest(pkcs8: Buffer, digest: Buffer, signature: Buffer): boolean {
  const key = readKey(pkcs8);
  const pair = parseDer(signature);
  if (pair === null) return false;
  const { r, s } = pair;
  if (r <= 0n || s <= 0n || r >= key.order || s >= key.order) return false;
  const nonce = modulo(inverse(s, key.order) * (number(digest) + r * key.secret), key.order);
  return nonce !== 0n && abscissa(key, nonce) % key.order === r;
}

function readKey(pkcs8: Buffer): PrivateKey {
  const { crv = '', d = '' } = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' });
  const curve = CURVES[crv];
  if (curve === undefined) throw new CustodyError('BUG', `no such curve: ${crv}`);
  return { ...curve, secret: number(Buffer.from(d, 'base64url')) };
}

/** The x coordinate of `scalar` times the base point. */
function abscissa({ openssl, order }: Curve, scalar: bigint): bigint {
  const ecdh = createECDH(openssl);
  ecdh.setPrivateKey(bytes(scalar, byteLength(order)));
  const point = ecdh.getPublicKey();
  return number(point.subarray(1, 1 + (point.length - 1) / 2));
}

function inverse(value: bigint, order: bigint): bigint {
  let [low, high] = [modulo(value, order), order];
  let [a, b] = [1n, 0n];
  while (low > 1n) {
    const quotient = high / low;
    [low, high] = [high - quotient * low, low];
    [a, b] = [b - quotient * a, a];
  }
  return modulo(a, order);
}

function modulo(value: bigint, order: bigint): bigint {
  return ((value % order) + order) % order;
}

function number(data: Uint8Array): bigint {
  return data.length === 0 ? 0n : BigInt(`0x${Buffer.from(data).toString('hex')}`);
}

function bytes(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex');
}

function byteLength(order: bigint): number {
  return Math.ceil(order.toString(16).length / 2);
}

function formatDer(r: bigint, s: bigint): Buffer {
  const body = Buffer.concat([r, s].map(derInteger));
  return Buffer.concat([Buffer.from(body.length < 128 ? [0x30, body.length] : [0x30, 0x81, body.length]), body]);
}

function derInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const plain = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  const unsigned = (plain[0] ?? 0) >= 128 ? Buffer.concat([Buffer.from([0]), plain]) : plain;
  return Buffer.concat([Buffer.from([0x02, unsigned.length]), unsigned]);
}

/** Accepts only what `formatDer` writes: a signature has one encoding. */
function parseDer(signature: Buffer): { r: bigint; s: bigint } | null {
  const start = signature[1] === 0x81 ? 3 : 2;
  const rLength = signature[start + 1] ?? 0;
  const sLength = signature[start + 3 + rLength] ?? 0;
  const r = number(signature.subarray(start + 2, start + 2 + rLength));
  const s = number(signature.subarray(start + 4 + rLength, start + 4 + rLength + sLength));
  return formatDer(r, s).equals(signature) ? { r, s } : null;
}
