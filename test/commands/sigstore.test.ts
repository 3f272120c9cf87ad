import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../src/lib/base/bytes.js';
import { formatPublicKeyPem } from '../../src/lib/base/signature.js';
import { instantFromMillis } from '../../src/lib/base/time.js';
import { createCertifier } from '../../src/lib/net/fulcio.js';
import { createWitnesses } from '../../src/lib/net/witnesses.js';
import { createKeyStatementSigner, openKeylessStatementSigner } from '../../src/lib/signing/sigstore/seal.js';
import { parseTrustedRoot } from '../../src/lib/signing/sigstore/trusted-root.js';
import { assertBuilt } from '../support/built.js';
import { custody } from '../support/cli.js';
import { validateAnswer } from '../support/result-schemas.js';
import { localSigner } from '../support/sealed.js';
import { ISSUER, SigstoreWorld, SUBJECT } from '../support/sigstore-world.js';
import { TufRepository } from '../support/tuf-repository.js';

const BLOB = 'sums\n';
const statement = Buffer.from(
  JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'SHA256SUMS', digest: { sha256: sha256Hex(BLOB) } }],
    predicateType: 'https://custody.test/manifest/v1',
    predicate: {},
  }),
);

describe('bundles and their trusted root, by commands', () => {
  let dir: string;
  let world: SigstoreWorld;
  let tuf: TufRepository;
  beforeAll(async () => {
    assertBuilt();
    dir = mkdtempSync(join(tmpdir(), 'custody-bundles-'));
    world = await SigstoreWorld.start();
    tuf = await TufRepository.start(world.root(2));
    const certify = createCertifier(world.url, async () => world.token(), { now: () => instantFromMillis(Date.now()) });
    const root = parseTrustedRoot(world.root(2));
    const keyless = await openKeylessStatementSigner(certify, null, createWitnesses(world.instance(2)), root);
    const { signer } = localSigner();
    writeFileSync(at('keyless.json'), await keyless.seal(statement));
    writeFileSync(at('key.json'), await createKeyStatementSigner(signer, {}, null).seal(statement));
    writeFileSync(at('key.pem'), formatPublicKeyPem(signer.publicKey));
    writeFileSync(at('blob'), BLOB);
    writeFileSync(at('root.json'), tuf.rootJson);
    writeFileSync(at('custody.yaml'), '');
  });
  afterAll(async () => {
    await tuf.stop();
    await world.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const at = (name: string) => join(dir, name);
  const play = (...words: string[]) => custody(words, { PWD: dir, XDG_STATE_HOME: at('state') });

  it('trust update, then verify: an identity, a key, and what is neither', async () => {
    const from = ['--mirror', tuf.url, '--root', at('root.json')];
    const updated = await play('trust', 'update', ...from, '--json');
    expect(updated).toMatchObject({ exit: 0, json: { trustedRoot: { changed: true } } });
    validateAnswer(['trust', 'update'], updated);
    expect(updated.stdout).toContain(sha256Hex(readFileSync(at('trusted_root.json'))));

    const who = ['--trusted-root', at('trusted_root.json'), '--issuer', ISSUER];
    const about = ['--artifact', at('blob')];
    const verified = await play('verify', at('keyless.json'), ...who, '--subject', SUBJECT, ...about, '--json');
    expect(verified).toMatchObject({ exit: 0, json: { verdict: 'verified' } });
    validateAnswer(['verify'], verified);
    const [keyed, other, unnamed, mixed] = await Promise.all([
      play('verify', at('key.json'), '--key', at('key.pem'), ...about),
      play('verify', at('keyless.json'), ...who, '--subject', SUBJECT.slice(0, -1), '--json'),
      play('verify', at('keyless.json'), '--trusted-root', at('trusted_root.json')),
      play('verify', at('keyless.json'), '--key', at('key.pem'), '--json'),
    ]);
    expect(keyed).toMatchObject({ exit: 0, stdout: expect.stringContaining('verified') });
    expect(other).toMatchObject({ exit: 3, json: { verdict: 'refused' } });
    expect(unnamed).toMatchObject({ exit: 2, stderr: expect.stringContaining('--issuer') });
    expect(mixed).toMatchObject({ exit: 3, json: { verdict: 'refused' } });
  });

  it('trust update of an edited repository: exit 3, and the built tool still tells the errors apart', async () => {
    const other = await TufRepository.start(world.root(2));
    other.faults.set('snapshot.json', { status: 200, body: '{}' });
    writeFileSync(at('other.json'), other.rootJson);
    const [foreign, edited] = await Promise.all([
      play('trust', 'update', '--mirror', tuf.url, '--root', at('other.json'), '--json'),
      play('trust', 'update', '--mirror', other.url, '--root', at('other.json'), '--json'),
    ]);
    for (const { exit, json } of [foreign, edited]) {
      expect({ exit, json }).toMatchObject({ exit: 3, json: { error: { code: 'SIGNATURE_INVALID' } } });
    }
    await other.stop();
  });

  it('trust update offline: exit 5, the same with --json', async () => {
    const nobody = ['--mirror', 'http://127.0.0.1:9', '--root', at('root.json')];
    const [plain, json] = await Promise.all([
      play('trust', 'update', ...nobody),
      play('trust', 'update', ...nobody, '--json'),
    ]);
    expect(plain.exit).toBe(5);
    expect(json).toMatchObject({ exit: 5, json: { error: { code: 'REMOTE_UNREACHABLE' } } });
  });
});
