import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { CustodyError } from '../../src/lib/base/errors.js';
import { instantFromMillis } from '../../src/lib/base/time.js';
import { createCertifier } from '../../src/lib/net/fulcio.js';
import { createWitnesses } from '../../src/lib/net/witnesses.js';
import { readDer } from '../../src/lib/signing/sigstore/der.js';
import { parseSigningConfig } from '../../src/lib/signing/sigstore/instance.js';
import { openKeylessStatementSigner } from '../../src/lib/signing/sigstore/seal.js';
import { parseIdentityToken } from '../../src/lib/signing/sigstore/token.js';
import { parseTrustedRoot } from '../../src/lib/signing/sigstore/trusted-root.js';
import { type Trust, verifyBundle } from '../../src/lib/signing/sigstore/verify.js';
import { ISSUER, rawToken, SigstoreWorld, SUBJECT } from '../support/sigstore-world.js';

const clock = { now: () => instantFromMillis(Date.now()) };

/** Any bytes give a value or a CustodyError, also where libraries of others read them. */
describe('Sigstore documents', () => {
  let world: SigstoreWorld;
  let trust: Trust;
  let root: Buffer;
  const bundles: Buffer[] = [];
  beforeAll(async () => {
    world = await SigstoreWorld.start();
    for (const api of [1, 2] as const) {
      root = world.root(api);
      trust = { keys: [], identities: [{ issuer: ISSUER, subject: SUBJECT }], root: parseTrustedRoot(root) };
      const certify = createCertifier(world.url, async () => world.token(), clock);
      const signer = await openKeylessStatementSigner(
        certify,
        null,
        createWitnesses(world.instance(api), () => true),
        parseTrustedRoot(root),
      );
      bundles.push(Buffer.from(await signer.seal(Buffer.from('{}'))));
    }
  });
  afterAll(() => world.stop());

  const readers: [string, (bytes: Uint8Array) => unknown][] = [
    ['bundle', (bytes) => verifyBundle(bytes, trust)],
    ['bundle over a file', (bytes) => verifyBundle(bytes, trust, Buffer.from('file'))],
    ['trusted root', (bytes) => parseTrustedRoot(bytes)],
    ['signing config', (bytes) => parseSigningConfig(bytes, new Date(0))],
    ['identity token', (bytes) => parseIdentityToken(Buffer.from(bytes).toString('latin1'), clock.now())],
    ['DER', (bytes) => readDer(Buffer.from(bytes))],
  ];

  it.each(readers)('%s: any bytes', async (_, read) => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), (bytes) => ours(() => read(bytes))));
  });

  it('a bundle, a root or a token with bytes of it replaced', { timeout: 60_000 }, async () => {
    const documents = [...bundles, root, Buffer.from(rawToken())];
    const change = fc.record({ at: fc.nat(), byte: fc.constantFrom(...'"0159AZaz{}[],:\\/+=-.—\n\u0000') });
    const changes = fc.array(change, { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.nat(documents.length - 1), changes, async (which, many) => {
        const bytes = Buffer.from(documents[which] ?? Buffer.alloc(0));
        for (const { at, byte } of many) bytes.write(byte, at % bytes.length);
        for (const [, read] of readers.slice(0, 5)) await ours(() => read(bytes));
      }),
      { numRuns: 400 },
    );
  });

  it('a bundle whose binary parts have bytes replaced', { timeout: 60_000 }, async () => {
    const change = fc.record({ part: fc.nat(), at: fc.nat(), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bundles.length - 1),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        async (which, many) => {
          let text = String(bundles[which]);
          for (const { part, at, byte } of many) {
            const parts = [...text.matchAll(/"([A-Za-z0-9+/]{40,}={0,2})"/g)];
            const found = parts[part % parts.length]?.[1] ?? '';
            const bytes = Buffer.from(found, 'base64');
            bytes[at % bytes.length] = byte;
            text = text.replace(found, bytes.toString('base64'));
          }
          await ours(() => verifyBundle(Buffer.from(text), trust));
        },
      ),
      { numRuns: 400 },
    );
  });
});

async function ours(read: () => unknown): Promise<void> {
  try {
    await read();
  } catch (cause) {
    if (!(cause instanceof CustodyError) || cause.code === 'BUG') throw cause;
  }
}
