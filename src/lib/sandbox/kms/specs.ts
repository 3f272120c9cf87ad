import { generateKeyPairSync } from 'node:crypto';
import { unsupported, validation } from './errors.js';

/** Where new key material comes from. */
export interface Sources {
  readonly random: (bytes: number) => Buffer;
  /** A new RSA private key, PKCS#8. */
  readonly rsaPair: (bits: number) => Buffer;
}

/** What a key spec is: its family, its usages, its algorithms. One table, so that a new spec is one row. */
export interface KeySpecRow {
  readonly family: 'symmetric' | 'rsa' | 'ecc' | 'hmac';
  readonly usages: readonly string[];
  /** By usage. */
  readonly algorithms: Readonly<Record<string, readonly string[]>>;
  /** New key material: raw bytes, or PKCS#8 for key pairs. */
  readonly generate: (sources: Sources) => Buffer;
}

const RSA_SIGNING = ['RSASSA_PKCS1_V1_5', 'RSASSA_PSS'].flatMap((scheme) =>
  ['256', '384', '512'].map((bits) => `${scheme}_SHA_${bits}`),
);
const ENCRYPT = 'ENCRYPT_DECRYPT';
const SIGN = 'SIGN_VERIFY';
const MAC = 'GENERATE_VERIFY_MAC';
const AGREE = 'KEY_AGREEMENT';

const CURVES: Readonly<Record<string, string>> = {
  ECC_NIST_P256: 'P-256',
  ECC_NIST_P384: 'P-384',
  ECC_NIST_P521: 'P-521',
};

function rsa(bits: number): KeySpecRow {
  return {
    family: 'rsa',
    usages: [ENCRYPT, SIGN],
    algorithms: { [ENCRYPT]: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'], [SIGN]: RSA_SIGNING },
    generate: (sources) => sources.rsaPair(bits),
  };
}

function ecc(spec: string, algorithm: string): KeySpecRow {
  return {
    family: 'ecc',
    usages: [SIGN, AGREE],
    algorithms: { [SIGN]: [algorithm], [AGREE]: ['ECDH'] },
    generate: () => eccPair(CURVES[spec] ?? spec),
  };
}

function hmac(bits: number): KeySpecRow {
  return {
    family: 'hmac',
    usages: [MAC],
    algorithms: { [MAC]: [`HMAC_SHA_${bits}`] },
    generate: (sources) => sources.random(bits / 8),
  };
}

const SPECS: Readonly<Record<string, KeySpecRow>> = {
  SYMMETRIC_DEFAULT: {
    family: 'symmetric',
    usages: [ENCRYPT],
    algorithms: { [ENCRYPT]: ['SYMMETRIC_DEFAULT'] },
    generate: (sources) => sources.random(32),
  },
  RSA_2048: rsa(2048),
  RSA_3072: rsa(3072),
  RSA_4096: rsa(4096),
  ECC_NIST_P256: ecc('ECC_NIST_P256', 'ECDSA_SHA_256'),
  ECC_NIST_P384: ecc('ECC_NIST_P384', 'ECDSA_SHA_384'),
  ECC_NIST_P521: ecc('ECC_NIST_P521', 'ECDSA_SHA_512'),
  HMAC_224: hmac(224),
  HMAC_256: hmac(256),
  HMAC_384: hmac(384),
  HMAC_512: hmac(512),
};

/** @throws ServiceError UnsupportedOperationException for specs that AWS has and the sandbox does not model. */
export function specOf(keySpec: string): KeySpecRow {
  const row = SPECS[keySpec];
  if (row === undefined) throw unsupported(`KeySpec ${keySpec} is not supported in this Region.`);
  return row;
}

/** The usage of a new key: given, or the only one that needs no word. */
export function usageOf(keySpec: string, given: string | null): string {
  const { usages, family } = specOf(keySpec);
  if (given === null && family !== 'symmetric')
    throw validation(`You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.`);
  const usage = given ?? ENCRYPT;
  if (!usages.includes(usage)) throw validation(`KeyUsage ${usage} is not compatible with KeySpec ${keySpec}`);
  return usage;
}

export function rsaPair(bits: number): Buffer {
  return generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ format: 'der', type: 'pkcs8' });
}

function eccPair(namedCurve: string): Buffer {
  return generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'der', type: 'pkcs8' });
}
