import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeBase64 } from '../../../src/lib/base/bytes.js';
import { verifySignature } from '../../../src/lib/base/signature.js';
import type { KeyHome, RosterKey } from '../../../src/lib/roster/roster.js';
import { type CreatedLocalKey, createLocalKey, openLocalKey } from '../../../src/lib/signing/local-key.js';
import { openSigner, type SignerPorts } from '../../../src/lib/signing/signers.js';

const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/0000';
const DATA = Buffer.from('data');
const askPassphrase = async () => Buffer.from('correct horse battery staple');

describe('openSigner', () => {
  let key: CreatedLocalKey;
  let other: CreatedLocalKey;
  beforeAll(async () => {
    key = await createLocalKey(await askPassphrase(), 'ed25519', randomBytes);
    other = await createLocalKey(await askPassphrase(), 'ed25519', randomBytes);
  });

  const rosterKey = (home: KeyHome): RosterKey => ({
    keyId: key.publicKey.keyId,
    algorithm: 'ed25519',
    publicKey: encodeBase64(key.publicKey.spki),
    home,
  });
  const ports = (change: Partial<SignerPorts>): SignerPorts => ({
    kms: () => Promise.reject(new Error('not asked for')),
    localKeyFile: () => Promise.reject(new Error('not asked for')),
    askPassphrase,
    ...change,
  });

  it('local: opens this machine’s file', async () => {
    const signer = await openSigner(rosterKey({ type: 'local' }), ports({ localKeyFile: async () => key.file }));
    expect(verifySignature(key.publicKey, DATA, await signer.sign(DATA))).toBe(true);
  });

  it('kms: asks for exactly the ARN in the roster', async () => {
    const asked: string[] = [];
    const kms = async (arn: string) => {
      asked.push(arn);
      return openLocalKey(key.file, askPassphrase);
    };
    await openSigner(rosterKey({ type: 'kms', arn: ARN }), ports({ kms }));
    expect(asked).toEqual([ARN]);
  });

  it('a machine without the file gets CREDENTIALS_MISSING (exit 4)', async () => {
    await expect(
      openSigner(rosterKey({ type: 'local' }), ports({ localKeyFile: async () => null })),
    ).rejects.toMatchObject({ code: 'CREDENTIALS_MISSING', exit: 4 });
  });

  it.each([{ type: 'local' }, { type: 'kms', arn: ARN }] as const)(
    '$type: another key behind the home is refused',
    async (home) => {
      const swapped = ports({
        kms: async () => openLocalKey(other.file, askPassphrase),
        localKeyFile: async () => other.file,
      });
      await expect(openSigner(rosterKey(home), swapped)).rejects.toMatchObject({ code: 'SIGNER_UNKNOWN' });
    },
  );
});
