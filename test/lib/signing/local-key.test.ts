import { createPrivateKey, createPublicKey, randomBytes, scryptSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeBase64 } from '../../../src/lib/base/bytes.js';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { verifySignature } from '../../../src/lib/base/signature.js';
import { createLocalKey, openLocalKey, readLocalPublicKey } from '../../../src/lib/signing/local-key.js';
import { formatLocalKeyFile, type LocalKeyFile, parseLocalKeyFile } from '../../../src/lib/signing/local-key-file.js';

const PASSPHRASE = 'correct horse battery staple';
const secret = (text = PASSPHRASE) => Buffer.from(text);
const DATA = Buffer.from('what is signed');

interface Vector {
  readonly name: string;
  readonly why: string;
  readonly input: string;
  readonly expect: string;
}
const VECTORS = JSON.parse(
  readFileSync(new URL('../../vectors/signing/local-key-file.json', import.meta.url), 'utf8'),
) as Vector[];

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (cause: unknown) => cause,
  );
  return error instanceof CustodyError ? error.code : `not a CustodyError: ${String(error)}`;
}

describe('local key', () => {
  let file: Buffer;
  beforeAll(async () => {
    file = (await createLocalKey(secret(), 'ecdsa-p256-sha256', randomBytes)).file;
  });

  const edited = (change: Partial<LocalKeyFile>) => formatLocalKeyFile({ ...parseLocalKeyFile(file), ...change });

  it.each(['ecdsa-p256-sha256', 'ed25519'] as const)('%s: created, opened, signs', async (algorithm) => {
    const created = await createLocalKey(secret(), algorithm, randomBytes);
    expect(readLocalPublicKey(created.file).keyId).toBe(created.publicKey.keyId);
    const signer = openLocalKey(created.file, async () => secret());
    expect(signer.publicKey.algorithm).toBe(algorithm);
    expect(verifySignature(created.publicKey, DATA, await signer.sign(DATA))).toBe(true);
  });

  it('asks once, wipes the passphrase and what was given at creation', async () => {
    const given = [secret()];
    let asked = 0;
    const signer = openLocalKey(file, async () => {
      asked++;
      return given[0] ?? secret();
    });
    await Promise.all([signer.sign(DATA), signer.sign(DATA)]);
    await signer.sign(DATA);
    const forNew = secret();
    await createLocalKey(forNew, 'ed25519', randomBytes);
    expect(asked).toBe(1);
    expect([given[0], forNew].map((bytes) => bytes?.every((byte) => byte === 0))).toEqual([true, true]);
  });

  it('a wrong passphrase is SIGNER_LOCKED (exit 4), is wiped, and may be tried again', async () => {
    const tries = [secret('wrong'), secret()];
    const asked: Buffer[] = [];
    const signer = openLocalKey(file, async () => {
      const next = tries.shift() ?? secret();
      asked.push(next);
      return next;
    });
    const error = await signer.sign(DATA).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'SIGNER_LOCKED', exit: 4 });
    expect(JSON.stringify(error)).not.toContain('wrong');
    expect(verifySignature(signer.publicKey, DATA, await signer.sign(DATA))).toBe(true);
    expect(asked.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true);
  });

  it('refuses a short passphrase and wipes it', async () => {
    const short = secret('only eleven');
    expect(await codeOf(createLocalKey(short, 'ed25519', randomBytes))).toBe('USAGE');
    expect(short.every((byte) => byte === 0)).toBe(true);
  });

  it('holds neither passphrase nor private half in the clear', async () => {
    const seed = Buffer.alloc(32, 0x5a);
    const { file: known } = await createLocalKey(secret(), 'ed25519', () => Buffer.from(seed));
    expect(known.toString()).not.toContain(PASSPHRASE);
    expect(Buffer.from(parseLocalKeyFile(known).pkcs8.split('\n').slice(1, -2).join(''), 'base64').includes(seed)).toBe(
      false,
    );
  });

  it('a key swapped in under a known passphrase does not sign for the file’s name', async () => {
    const attacker = parseLocalKeyFile((await createLocalKey(secret(), 'ecdsa-p256-sha256', randomBytes)).file);
    const planted = edited({ kdf: attacker.kdf, pkcs8: attacker.pkcs8 });
    expect(await codeOf(openLocalKey(planted, async () => secret()).sign(DATA))).toBe('SIGNER_LOCKED');
  });

  it('a public key that is not the named one is refused before anything is asked', async () => {
    const other = await createLocalKey(secret(), 'ecdsa-p256-sha256', randomBytes);
    const planted = edited({ publicKey: encodeBase64(other.publicKey.spki) });
    expect(() => openLocalKey(planted, () => Promise.reject(new Error('asked')))).toThrowError(
      expect.objectContaining({ code: 'RECORD_MALFORMED' }),
    );
    expect(() => readLocalPublicKey(edited({ algorithm: 'ed25519' }))).toThrowError(
      expect.objectContaining({ code: 'RECORD_MALFORMED' }),
    );
  });

  it('damaged ciphertext is SIGNER_LOCKED, never a crash', async () => {
    const lines = parseLocalKeyFile(file).pkcs8.split('\n');
    const damaged = lines.map((line, at) => (at === 3 ? [...line].reverse().join('') : line)).join('\n');
    expect(await codeOf(openLocalKey(edited({ pkcs8: damaged }), async () => secret()).sign(DATA))).toBe(
      'SIGNER_LOCKED',
    );
  });

  it('passes on what the asking threw', async () => {
    const signer = openLocalKey(file, () => Promise.reject(new CustodyError('INTERRUPTED', 'no')));
    expect(await codeOf(signer.sign(DATA))).toBe('INTERRUPTED');
  });

  it('opens with any reader of PKCS#8 under the derived password', () => {
    const { kdf, pkcs8, publicKey } = parseLocalKeyFile(file);
    const salt = Buffer.from(kdf.salt, 'base64');
    const password = scryptSync(secret(), salt, 32, { N: kdf.N, r: kdf.r, p: kdf.p, maxmem: 2 ** 28 }).toString('hex');
    const opened = createPublicKey(createPrivateKey({ key: pkcs8, passphrase: password }));
    expect(encodeBase64(opened.export({ format: 'der', type: 'spki' }))).toBe(publicKey);
  });
});

describe('key file vectors', () => {
  it.each(VECTORS)('$name', ({ input, expect: expected }) => {
    const bytes = Buffer.from(input, 'utf8');
    const read = () => readLocalPublicKey(bytes).keyId;
    if (expected.startsWith('sha256:')) {
      expect(read()).toBe(expected);
      expect(formatLocalKeyFile(parseLocalKeyFile(bytes)).equals(bytes)).toBe(true);
    } else expect(read).toThrowError(expect.objectContaining({ code: expected }));
  });
});
