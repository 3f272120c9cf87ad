import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../src/lib/base/bytes.js';
import { instantFromMillis } from '../../../src/lib/base/time.js';
import { verifyBundles } from '../../../src/lib/inspect/bundles.js';
import { createCertifier } from '../../../src/lib/net/fulcio.js';
import { createWitnesses } from '../../../src/lib/net/witnesses.js';
import { createKeyStatementSigner, openKeylessStatementSigner } from '../../../src/lib/signing/sigstore/seal.js';
import { parseTrustedRoot } from '../../../src/lib/signing/sigstore/trusted-root.js';
import { localSigner } from '../../support/sealed.js';
import { ISSUER, SigstoreWorld, SUBJECT } from '../../support/sigstore-world.js';

const artifact = Buffer.from('sums');
const TYPE = 'https://custody.test/manifest/v1';
const statement = (digest: object = { sha256: sha256Hex(artifact) }) =>
  Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'SHA256SUMS', digest }],
      predicateType: TYPE,
      predicate: {},
    }),
  );

describe('bundles given to an outsider', () => {
  let world: SigstoreWorld;
  let keyless: Uint8Array;
  beforeAll(async () => {
    world = await SigstoreWorld.start();
    const certify = createCertifier(world.url, async () => world.token(), { now: () => instantFromMillis(Date.now()) });
    const root = parseTrustedRoot(world.root(1));
    const signer = await openKeylessStatementSigner(
      certify,
      null,
      createWitnesses(world.instance(1), () => true),
      root,
    );
    keyless = await signer.seal(statement());
  });
  afterAll(() => world.stop());
  const trust = () => ({
    keys: [],
    identities: [{ issuer: ISSUER, subject: SUBJECT }],
    root: parseTrustedRoot(world.root(1)),
  });
  const files = () => [{ path: 'm.json', bytes: keyless }];

  it('verified: by whom, when, about what', async () => {
    const report = await verifyBundles(files(), trust(), artifact);
    expect(report).toMatchObject({
      verdict: 'verified',
      bundles: [
        {
          path: 'm.json',
          signer: { kind: 'keyless', issuer: ISSUER, subject: SUBJECT },
          predicateType: TYPE,
          subjects: [{ name: 'SHA256SUMS', digest: `sha256:${sha256Hex(artifact)}` }],
          logged: 1,
        },
      ],
    });
    expect(report.checks.map(({ id, status }) => [id, status])).toEqual([
      ['m.json signature', 'pass'],
      ['m.json subject', 'pass'],
    ]);
  });

  it('refused: another file, another identity, an edited bundle, one of two', async () => {
    const other = await verifyBundles(files(), trust(), Buffer.from('other'));
    expect(other.verdict).toBe('refused');
    const nobody = { ...trust(), identities: [{ issuer: ISSUER, subject: 'https://github.com/acme/' }] };
    expect((await verifyBundles(files(), nobody, artifact)).verdict).toBe('refused');
    const edited = { path: 'e.json', bytes: Buffer.from(String(Buffer.from(keyless)).replace('v0.3', 'v0.4')) };
    expect((await verifyBundles([edited], trust(), null)).verdict).toBe('refused');
    const both = await verifyBundles([...files(), edited], trust(), null);
    expect(both).toMatchObject({ verdict: 'refused', bundles: [{ logged: 1 }, { signer: null, logged: 0 }] });
  });

  it('unproven: nothing given, or no trusted root (T23)', async () => {
    expect((await verifyBundles([], trust(), artifact)).verdict).toBe('unproven');
    expect((await verifyBundles(files(), { ...trust(), root: null }, artifact)).verdict).toBe('unproven');
  });

  it.each([
    ['no statement', Buffer.from('[]')],
    ['no subject', Buffer.from(String(statement()).replace(/"subject":\[[^\]]*\]/, '"subject":[]'))],
    ['another type of document', Buffer.from(String(statement()).replace('Statement/v1', 'Statement/v9'))],
    ['digest under an inherited name', statement({ constructor: 'ab' })],
    ['one name twice', Buffer.from(String(statement()).replace('{"_type"', '{"predicateType":"x","_type"'))],
  ])('a well signed payload with %s is never about the file', async (_, payload) => {
    const { signer } = localSigner();
    const bytes = await createKeyStatementSigner(signer, {}, null).seal(payload);
    const keys = { keys: [signer.publicKey], identities: [], root: null };
    expect((await verifyBundles([{ path: 'k.json', bytes }], keys, artifact)).verdict).toBe('refused');
  });
});
