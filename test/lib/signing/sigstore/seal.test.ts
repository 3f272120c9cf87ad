import { bundleFromJSON } from '@sigstore/bundle';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { instantFromMillis } from '../../../../src/lib/base/time.js';
import { createCertifier } from '../../../../src/lib/net/fulcio.js';
import { createWitnesses } from '../../../../src/lib/net/witnesses.js';
import { createKeyStatementSigner, openKeylessStatementSigner } from '../../../../src/lib/signing/sigstore/seal.js';
import { parseTrustedRoot } from '../../../../src/lib/signing/sigstore/trusted-root.js';
import { createStatementVerifier, verifyBundle } from '../../../../src/lib/signing/sigstore/verify.js';
import { localSigner } from '../../../support/sealed.js';
import { ISSUER, rawToken, SigstoreWorld, SUBJECT } from '../../../support/sigstore-world.js';

const clock = { now: () => instantFromMillis(Date.now()) };
const statement = Buffer.from('{"_type":"https://in-toto.io/Statement/v1","secret-policy":"kms:*"}');
const identity = { issuer: ISSUER, subject: SUBJECT };
const whole = [
  [1, true],
  [1, false],
  [2, true],
  [null, true],
] as const;

describe('a statement sealed with a Sigstore instance', () => {
  let world: SigstoreWorld;
  beforeAll(async () => {
    world = await SigstoreWorld.start();
  });
  afterAll(() => world.stop());

  const keyless = async (
    api: 1 | 2 | null,
    tsa = true,
    allowed: { issuer: string; subject: string }[] | null = null,
  ) => {
    const instance = world.instance(api, tsa);
    const certify = createCertifier(instance.fulcioUrl ?? '', async () => world.token(), clock);
    return openKeylessStatementSigner(
      certify,
      allowed,
      createWitnesses(instance, () => true),
      parseTrustedRoot(world.root(api)),
    );
  };

  it.each(whole)('keyless, Rekor v%s, timestamp %s: opens to statement and identity', async (api, tsa) => {
    const signer = await keyless(api, tsa);
    expect(signer.identity).toEqual({ kind: 'keyless', ...identity });
    const file = await signer.seal(statement);
    const trust = { keys: [], identities: [identity], root: parseTrustedRoot(world.root(api)) };
    const opened = await createStatementVerifier(trust).open(file);
    expect(Buffer.from(opened.statement)).toEqual(statement);
    expect(opened.signer).toEqual(signer.identity);
    const { times, logged } = await verifyBundle(file, trust);
    expect({ times: times.length, logged }).toEqual({
      times: (api === 1 ? 1 : 0) + (tsa ? 1 : 0),
      logged: api ? 1 : 0,
    });
    expect(bundleFromJSON(JSON.parse(Buffer.from(file).toString('utf8'))).mediaType).toContain('v0.3');
  });

  it.each([1, 2] as const)('key with Rekor v%s and timestamp: opens with the key and the trusted root', async (api) => {
    const { signer } = localSigner();
    const root = parseTrustedRoot(world.root(api));
    const file = await createKeyStatementSigner(
      signer,
      createWitnesses(world.instance(api), () => true),
      root,
    ).seal(statement);
    const trust = { keys: [signer.publicKey], identities: [], root };
    expect(await verifyBundle(file, trust)).toMatchObject({ logged: 1, signer: { keyId: signer.publicKey.keyId } });
    await expect(verifyBundle(file, { ...trust, root: null })).rejects.toMatchObject({ code: 'UNPROVEN' });
  });

  it('never tells a log of Rekor v2 what was signed, only its digest', async () => {
    world.logged.length = 0;
    await (await keyless(2)).seal(statement);
    expect(world.logged).toHaveLength(1);
    for (const sent of world.logged) {
      expect(sent).not.toContain(statement.toString('base64').slice(0, 40));
      expect(sent).not.toContain('secret-policy');
    }
  });

  it('tells a log of Rekor v1 nothing but manifests: anything else is refused before it is sent', async () => {
    world.logged.length = 0;
    const certify = createCertifier(world.url, async () => world.token(), clock);
    const root = parseTrustedRoot(world.root(1));
    const isManifest = (bytes: Uint8Array) => !Buffer.from(bytes).includes('secret-policy');
    for (const mayPublish of [undefined, isManifest]) {
      const signer = await openKeylessStatementSigner(
        certify,
        null,
        createWitnesses(world.instance(1), mayPublish),
        root,
      );
      await expect(signer.seal(statement)).rejects.toMatchObject({ code: 'REFUSED', exit: 3 });
      expect(world.logged).toEqual([]);
    }
    const witnesses = createWitnesses(world.instance(1), isManifest);
    await (await openKeylessStatementSigner(certify, null, witnesses, root)).seal(Buffer.from('{}'));
    expect(world.logged).toHaveLength(1);
  });

  it('does not seal for an identity that may not sign, nor what would not verify', async () => {
    const other = [{ issuer: ISSUER, subject: `${SUBJECT}-evil` }];
    await expect(keyless(1, true, other)).rejects.toMatchObject({ code: 'SIGNER_UNKNOWN' });
    const instance = world.instance(1, true);
    const certify = createCertifier(world.url, async () => world.token(), clock);
    // The log that answers is not in the trusted root.
    const root = parseTrustedRoot(world.root(2));
    const signer = await openKeylessStatementSigner(
      certify,
      null,
      createWitnesses(instance, () => true),
      root,
    );
    await expect(signer.seal(statement)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  describe('services that fail', () => {
    const paths = [
      ['/api/v2/signingCert', 401, 'DENIED'],
      ['/api/v2/signingCert', 400, 'REFUSED'],
      ['/api/v2/log/entries', 429, 'THROTTLED'],
      ['/api/v2/log/entries', 409, 'CONFLICT'],
      ['/api/v2/log/entries', 400, 'REFUSED'],
      ['/api/v1/timestamp', 403, 'DENIED'],
    ] as const;
    it.each(paths)('%s answers %i: %s, without the token', async (path, status, code) => {
      const token = rawToken();
      world.faults.set(path, { status, body: JSON.stringify({ message: 'no' }) });
      try {
        await (await keyless(2)).seal(statement);
        expect.unreachable();
      } catch (cause) {
        expect(cause).toMatchObject({ code });
        expect(everything(cause)).not.toContain(token.split('.')[1]);
      } finally {
        world.faults.clear();
      }
    });

    it('nobody listens: exit 5', async () => {
      const certify = createCertifier('http://127.0.0.1:9', async () => world.token(), clock);
      await expect(certify()).rejects.toMatchObject({ code: 'REMOTE_UNREACHABLE', exit: 5 });
    });

    it.each([
      ['nonsense', '{"logIndex":1}'],
      ['no JSON', '<html>'],
      ['another tree', JSON.stringify({})],
    ])('a log that answers %s', async (_, body) => {
      world.faults.set('/api/v2/log/entries', { status: 201, body });
      const signer = await keyless(2);
      await expect(signer.seal(statement)).rejects.toMatchObject({ code: 'RECORD_MALFORMED' });
      world.faults.clear();
    });
  });
});

/** All that a log or a crash report could print of an error. */
function everything(cause: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = cause; at instanceof Error; at = at.cause) {
    parts.push(String(at), JSON.stringify(at, Object.getOwnPropertyNames(at)), at.stack ?? '');
  }
  return parts.join('\n');
}
