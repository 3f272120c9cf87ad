import { constants, createCipheriv, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto';
import type { Answer, Bench, Input } from './harness.js';

/** Wraps material as an owner of imported keys does. */
export function wrap(publicKey: string, algorithm: string, material: Buffer): string {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
  const oaep = {
    key,
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: algorithm.endsWith('_1') ? 'sha1' : 'sha256',
  };
  if (algorithm.startsWith('RSAES_')) return publicEncrypt(oaep, material).toString('base64');
  const aesKey = randomBytes(32);
  const wrapper = createCipheriv('id-aes256-wrap-pad', aesKey, Buffer.from('a65959a6', 'hex'));
  return Buffer.concat([publicEncrypt(oaep, aesKey), wrapper.update(material), wrapper.final()]).toString('base64');
}

export const DOES_NOT_EXPIRE = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } as const;

/** The input of ImportKeyMaterial for `material`, with fresh parameters. */
export function importInput(
  bench: Bench,
  KeyId: string,
  material: Buffer,
  more: Input = DOES_NOT_EXPIRE,
  WrappingAlgorithm = 'RSAES_OAEP_SHA_256',
): Input {
  const parameters = bench.run('GetParametersForImport', { KeyId, WrappingAlgorithm, WrappingKeySpec: 'RSA_2048' });
  return { KeyId, ...wrapped(parameters, material, WrappingAlgorithm), ...more };
}

/** Members of ImportKeyMaterial by what GetParametersForImport gave. */
export function wrapped({ ImportToken, PublicKey }: Answer, material: Buffer, algorithm: string) {
  const token = String(ImportToken);
  return { ImportToken: token, EncryptedKeyMaterial: wrap(String(PublicKey), algorithm, material) };
}

export function importMaterial(bench: Bench, KeyId: string, material: Buffer, more: Input = DOES_NOT_EXPIRE): Answer {
  return bench.run('ImportKeyMaterial', importInput(bench, KeyId, material, more));
}
