import { constants, createHash, createPrivateKey, createPublicKey, privateEncrypt, publicDecrypt } from 'node:crypto';

/** RSA signatures over a digest that the caller has made (RFC 8017 sections 8 and 9). */

export type HashName = 'sha256' | 'sha384' | 'sha512';

/** DigestInfo without the digest (RFC 8017 section 9.2, note 1). */
const DIGEST_INFO: Readonly<Record<HashName, string>> = {
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
};

export function signPkcs1(pkcs8: Buffer, hash: HashName, digest: Buffer): Buffer {
  return privateEncrypt({ key: privateKey(pkcs8), padding: constants.RSA_PKCS1_PADDING }, digestInfo(hash, digest));
}

export function verifyPkcs1(pkcs8: Buffer, hash: HashName, digest: Buffer, signature: Buffer): boolean {
  const opened = open(pkcs8, signature, constants.RSA_PKCS1_PADDING);
  return opened?.equals(digestInfo(hash, digest)) ?? false;
}

/** The salt is as long as the digest, as KMS does it. */
export function signPss(pkcs8: Buffer, hash: HashName, digest: Buffer, random: (bytes: number) => Buffer): Buffer {
  const key = privateKey(pkcs8);
  const bits = (key.asymmetricKeyDetails?.modulusLength ?? 0) - 1;
  const length = Math.ceil(bits / 8);
  const salt = random(digest.length);
  const sealed = pssHash(hash, digest, salt);
  const block = Buffer.concat([Buffer.alloc(length - 2 * digest.length - 2), Buffer.from([1]), salt]);
  return privateEncrypt(
    { key, padding: constants.RSA_NO_PADDING },
    Buffer.concat([masked(block, hash, sealed, bits), sealed, Buffer.from([0xbc])]),
  );
}

/** True only for an RSASSA-PSS signature (RFC 8017 section 9.1.2) with a salt as long as the digest. */
export function verifyPss(pkcs8: Buffer, hash: HashName, digest: Buffer, signature: Buffer): boolean {
  const encoded = open(pkcs8, signature, constants.RSA_NO_PADDING);
  if (encoded === null || encoded.at(-1) !== 0xbc) return false;
  const bits = (privateKey(pkcs8).asymmetricKeyDetails?.modulusLength ?? 0) - 1;
  const sealed = encoded.subarray(-1 - digest.length, -1);
  const hidden = encoded.subarray(0, -1 - digest.length);
  if (((hidden[0] ?? 0) & ~firstByteMask(bits)) !== 0) return false;
  const block = masked(hidden, hash, sealed, bits);
  const salt = block.subarray(-digest.length);
  const padding = Buffer.concat([Buffer.alloc(block.length - digest.length - 1), Buffer.from([1])]);
  return block.subarray(0, -digest.length).equals(padding) && pssHash(hash, digest, salt).equals(sealed);
}

function digestInfo(hash: HashName, digest: Buffer): Buffer {
  return Buffer.concat([Buffer.from(DIGEST_INFO[hash], 'hex'), digest]);
}

function pssHash(hash: HashName, digest: Buffer, salt: Buffer): Buffer {
  return createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
}

/** `block` XOR MGF1 of `seed`, the bits above the modulus cleared. */
function masked(block: Buffer, hash: HashName, seed: Buffer, bits: number): Buffer {
  const parts: Buffer[] = [];
  for (let counter = 0; parts.length * seed.length < block.length; counter++) {
    const suffix = Buffer.alloc(4);
    suffix.writeUInt32BE(counter);
    parts.push(createHash(hash).update(seed).update(suffix).digest());
  }
  const mask = Buffer.concat(parts);
  const result = Buffer.from(block.map((byte, at) => byte ^ (mask[at] ?? 0)));
  result[0] = (result[0] ?? 0) & firstByteMask(bits);
  return result;
}

function firstByteMask(bits: number): number {
  return 0xff >> (Math.ceil(bits / 8) * 8 - bits);
}

/** Null also for one that is not as long as the modulus (RFC 8017 sections 8.1.2 and 8.2.2, step 1), which OpenSSL fills up. */
function open(pkcs8: Buffer, signature: Buffer, padding: number): Buffer | null {
  const key = createPublicKey(privateKey(pkcs8));
  if (signature.length !== Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)) return null;
  try {
    return publicDecrypt({ key, padding }, signature);
  } catch {
    return null;
  }
}

function privateKey(pkcs8: Buffer) {
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
}
