import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../src/lib/base/bytes.js';
import { parsePublicKeyBase64 } from '../../src/lib/base/signature.js';
import { instantFromMillis } from '../../src/lib/base/time.js';
import { createCertifier } from '../../src/lib/net/fulcio.js';
import { createWitnesses } from '../../src/lib/net/witnesses.js';
import { parseSigningConfig } from '../../src/lib/signing/sigstore/instance.js';
import { createKeyStatementSigner, openKeylessStatementSigner } from '../../src/lib/signing/sigstore/seal.js';
import { parseTrustedRoot } from '../../src/lib/signing/sigstore/trusted-root.js';
import { verifyBundle } from '../../src/lib/signing/sigstore/verify.js';
import { localSigner } from '../support/sealed.js';
import { EMAIL, MISSING, PEERS, publicPem, SigstoreServers } from '../support/sigstore-servers.js';
import { ISSUER, SigstoreWorld, SUBJECT } from '../support/sigstore-world.js';

const run = promisify(execFile);
const TYPE = 'https://custody.test/manifest/v1';
const BLOB = 'sums of a backup\n';
const statement = Buffer.from(
  JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'SHA256SUMS', digest: { sha256: sha256Hex(BLOB) } }],
    predicateType: TYPE,
    predicate: { sequence: 1 },
  }),
);
const clock = { now: () => instantFromMillis(Date.now()) };

/** A private Sigstore of the real programs, between stock Cosign and us. */
describe.skipIf(MISSING.length > 0)(
  `a private Sigstore${MISSING.length > 0 ? ` (skipped: ${MISSING.join(', ')} not set)` : ''}`,
  () => {
    let servers: SigstoreServers;
    beforeAll(async () => {
      servers = await SigstoreServers.start();
      writeFileSync(file('blob'), BLOB);
      writeFileSync(file('root.json'), await servers.trustedRoot());
      writeFileSync(file('root-tsa.json'), await servers.trustedRoot(false));
      writeFileSync(file('signing.json'), servers.signingConfig());
      writeFileSync(file('token'), servers.rawToken(), { mode: 0o600 });
    });
    afterAll(() => servers?.stop());

    const file = (name: string) => join(servers.dir, name);
    const root = (name = 'root.json') => parseTrustedRoot(readFileSync(file(name)));
    const identity = (subject = EMAIL) => ({ issuer: servers.issuer, subject });
    const trust = (subject = EMAIL, name = 'root.json') => ({
      keys: [],
      identities: [identity(subject)],
      root: root(name),
    });

    async function cosign(...words: readonly string[]): Promise<{ exit: number; said: string }> {
      const env = { PATH: process.env.PATH, HOME: servers.dir, COSIGN_PASSWORD: '' };
      return run(String(PEERS.cosign), words, { env, cwd: servers.dir }).then(
        ({ stderr }) => ({ exit: 0, said: stderr }),
        (cause: { code?: number; stderr?: string }) => ({ exit: cause.code ?? -1, said: cause.stderr ?? '' }),
      );
    }
    const who = (subject = EMAIL) => [
      ...['--certificate-identity', subject, '--certificate-oidc-issuer', servers.issuer],
      '--insecure-ignore-sct',
    ];
    /** Stock Cosign on a bundle of ours. */
    function attested(bundle: Uint8Array, more: readonly string[], name = 'root.json', type = TYPE) {
      writeFileSync(file('ours.json'), bundle);
      const given = ['--bundle', 'ours.json', '--trusted-root', name, '--type', type, ...more];
      return cosign('verify-blob-attestation', ...given, 'blob');
    }
    const keyless = async (parts: 'all' | 'tsa') => {
      const instance = parts === 'all' ? servers.instance : { tsaUrl: servers.instance.tsaUrl };
      const name = parts === 'all' ? 'root.json' : 'root-tsa.json';
      const certify = createCertifier(servers.instance.fulcioUrl, servers.token, clock);
      return openKeylessStatementSigner(
        certify,
        [identity()],
        createWitnesses(instance, () => true),
        root(name),
      );
    };
    const TSA_ONLY = ['--insecure-ignore-tlog', '--use-signed-timestamps'];
    const STAMPED = ['--use-signed-timestamps'];

    it('reads the signing config that cosign signs by', () => {
      const read = parseSigningConfig(readFileSync(file('signing.json')), new Date());
      expect(read).toEqual({ ...servers.instance, oidcUrl: servers.issuer });
    });

    it('cosign verifies our keyless bundle with Rekor v2 and a timestamp; tampering, another identity and type are refused', async () => {
      const bundle = await (await keyless('all')).seal(statement);
      expect(await attested(bundle, [...who(), ...STAMPED])).toMatchObject({ exit: 0 });
      expect(await verifyBundle(bundle, trust())).toMatchObject({ logged: 1, signer: { kind: 'keyless' } });
      expect((await attested(bundle, [...who('backup@acme.tes'), ...STAMPED])).exit).not.toBe(0);
      expect((await attested(bundle, [...who(), ...STAMPED], 'root.json', `${TYPE}x`)).exit).not.toBe(0);
      for (const edited of edits(bundle)) {
        expect((await attested(edited, [...who(), ...STAMPED])).exit).not.toBe(0);
        await expect(verifyBundle(edited, trust())).rejects.toMatchObject({ exit: 3 });
      }
    });

    it('cosign verifies our keyless bundle with a timestamp alone', async () => {
      const bundle = await (await keyless('tsa')).seal(statement);
      expect(await attested(bundle, [...who(), ...TSA_ONLY], 'root-tsa.json')).toMatchObject({ exit: 0 });
      // A root that lists a log wants its word.
      await expect(verifyBundle(bundle, trust())).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    });

    it('cosign verifies our key bundles: with Rekor v2 and a timestamp, and bare', async () => {
      const { signer } = localSigner();
      writeFileSync(file('key.pem'), publicPem(signer.publicKey.spki));
      const witnessed = await createKeyStatementSigner(signer, createWitnesses(servers.instance), root()).seal(
        statement,
      );
      expect(await attested(witnessed, ['--key', 'key.pem', ...STAMPED])).toMatchObject({ exit: 0 });
      const bare = await createKeyStatementSigner(signer, {}, null).seal(statement);
      expect(await attested(bare, ['--key', 'key.pem', '--insecure-ignore-tlog'])).toMatchObject({ exit: 0 });
    });

    it('cosign verifies our keyless bundle with Rekor v1, its promise as the time', async () => {
      // The log is sigstore-js's mock: the program of Rekor v1 wants a database.
      const world = await SigstoreWorld.start();
      writeFileSync(file('root-v1.json'), world.root(1));
      const certify = createCertifier(world.url, async () => world.token(), clock);
      const witnesses = createWitnesses(world.instance(1), () => true);
      const signer = await openKeylessStatementSigner(certify, null, witnesses, root('root-v1.json'));
      const bundle = await signer.seal(statement);
      const name = ['--certificate-identity', SUBJECT, '--certificate-oidc-issuer', ISSUER];
      expect(await attested(bundle, name, 'root-v1.json')).toMatchObject({ exit: 0 });
      expect(await attested(bundle, [...name, ...STAMPED], 'root-v1.json')).toMatchObject({ exit: 0 });
      await world.stop();
    });

    it('we verify what cosign signs keyless: blob and attestation', async () => {
      const by = [
        '--signing-config',
        'signing.json',
        '--trusted-root',
        'root.json',
        '--identity-token',
        'token',
        '--yes',
      ];
      expect(await cosign('sign-blob', ...by, '--bundle', 'blob.json', 'blob')).toMatchObject({ exit: 0 });
      const blob = readFileSync(file('blob.json'));
      expect(await verifyBundle(blob, trust(), Buffer.from(BLOB))).toMatchObject({ statement: null, logged: 1 });
      await expect(verifyBundle(blob, trust(), Buffer.from('other'))).rejects.toMatchObject({
        code: 'SIGNATURE_INVALID',
      });
      await expect(verifyBundle(blob, trust('other@acme.test'), Buffer.from(BLOB))).rejects.toMatchObject({
        code: 'SIGNER_UNKNOWN',
      });
      writeFileSync(file('predicate.json'), '{"sequence":1}');
      const words = [...by, '--predicate', 'predicate.json', '--type', TYPE, '--bundle', 'attested.json', 'blob'];
      expect(await cosign('attest-blob', ...words)).toMatchObject({ exit: 0 });
      const { statement: said } = await verifyBundle(readFileSync(file('attested.json')), trust());
      expect(JSON.parse(Buffer.from(said ?? []).toString('utf8'))).toMatchObject({ predicateType: TYPE });
    });

    it('we verify what cosign signs by key: blob and attestation, bare and witnessed', async () => {
      expect(await cosign('generate-key-pair')).toMatchObject({ exit: 0 });
      const key = parsePublicKeyBase64(readFileSync(file('cosign.pub'), 'utf8').replace(/-----[^-]+-----|\s/g, ''));
      const bare = ['--key', 'cosign.key', '--use-signing-config=false', '--tlog-upload=false', '--yes'];
      const witnessed = [
        '--key',
        'cosign.key',
        '--signing-config',
        'signing.json',
        '--trusted-root',
        'root.json',
        '--yes',
      ];
      writeFileSync(file('predicate.json'), '{"sequence":1}');
      for (const [by, logged] of [
        [bare, 0],
        [witnessed, 1],
      ] as const) {
        expect(await cosign('sign-blob', ...by, '--bundle', 'k.json', 'blob')).toMatchObject({ exit: 0 });
        const trusted = { keys: [key], identities: [], root: root() };
        const blob = readFileSync(file('k.json'));
        expect(await verifyBundle(blob, trusted, Buffer.from(BLOB))).toMatchObject({ logged, signer: { kind: 'key' } });
        const words = ['--predicate', 'predicate.json', '--type', TYPE, '--bundle', 'ka.json', 'blob'];
        expect(await cosign('attest-blob', ...by, ...words)).toMatchObject({ exit: 0 });
        const attestedBundle = readFileSync(file('ka.json'));
        expect((await verifyBundle(attestedBundle, trusted)).statement).not.toBeNull();
        await expect(verifyBundle(attestedBundle, trust())).rejects.toMatchObject({ code: 'SIGNER_UNKNOWN' });
      }
    });
  },
);

interface BundleJson {
  dsseEnvelope: { payload: string; signatures: { sig: string }[] };
  verificationMaterial: {
    tlogEntries: { logIndex: string; canonicalizedBody: string }[];
    timestampVerificationData: { rfc3161Timestamps: { signedTimestamp: string }[] };
  };
}

/** One thing changed in each. */
function edits(bundle: Uint8Array): readonly Uint8Array[] {
  const changes: ((json: BundleJson) => void)[] = [
    ({ dsseEnvelope }) => {
      dsseEnvelope.payload = flipped(dsseEnvelope.payload);
    },
    ({ dsseEnvelope: { signatures } }) => {
      for (const one of signatures) one.sig = flipped(one.sig);
    },
    ({ verificationMaterial: { tlogEntries } }) => {
      for (const one of tlogEntries) one.canonicalizedBody = flipped(one.canonicalizedBody);
    },
    ({ verificationMaterial: { timestampVerificationData: data } }) => {
      for (const one of data.rfc3161Timestamps) one.signedTimestamp = flipped(one.signedTimestamp);
    },
    ({ verificationMaterial }) => {
      verificationMaterial.tlogEntries = [];
    },
  ];
  return changes.map((change) => {
    const json = JSON.parse(Buffer.from(bundle).toString('utf8')) as BundleJson;
    change(json);
    return Buffer.from(JSON.stringify(json));
  });
}

function flipped(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  const at = bytes.length - 2;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes.toString('base64');
}
