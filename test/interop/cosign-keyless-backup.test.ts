import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HEARTBEAT_TYPE, MANIFEST_TYPE } from '../../src/lib/backup/manifest.js';
import { digestOf } from '../../src/lib/base/bytes.js';
import { at } from '../../src/lib/rehearse/expect.js';
import { normalizeTrustedRoot } from '../../src/lib/signing/sigstore/trusted-root.js';
import type { Ceremony, CliOutcome } from '../support/cli.js';
import { foundOneKey } from '../support/one-key.js';
import { EMAIL, MISSING, PEERS, SigstoreServers } from '../support/sigstore-servers.js';

const run = promisify(execFile);

/** `policy backup --sign keyless` at real Fulcio, Rekor v2 and timestamp authority; stock Cosign and `policy verify` judge it. */
describe.skipIf(MISSING.length > 0)(
  `backups signed by an identity${MISSING.length > 0 ? ` (skipped: ${MISSING.join(', ')} not set)` : ''}`,
  { timeout: 240_000 },
  () => {
    let servers: SigstoreServers;
    let ceremony: Ceremony;
    beforeAll(async () => {
      servers = await SigstoreServers.start();
      const root = normalizeTrustedRoot(await servers.trustedRoot(), 'root');
      writeFileSync(file('given.json'), root);
      ceremony = await foundOneKey(sectionOf(servers, digestOf(root)));
      await ceremony.ok('architect', 'trust', 'update', '--from', file('given.json'));
    }, 240_000);
    afterAll(async () => {
      await ceremony?.end();
      await servers?.stop();
    });

    const file = (name: string) => join(servers.dir, name);
    const backUp = (email: string, ...words: string[]): Promise<CliOutcome> =>
      ceremony.run('architect', ['policy', 'backup', ...words, '--json'], {
        SIGSTORE_ID_TOKEN: servers.rawToken(email),
      });
    const keyless = (email = EMAIL) => backUp(email, '--sign', 'keyless');

    function plainClone(name: string): string {
      execFileSync('git', ['clone', '--quiet', join(ceremony.dir, 'origin.git'), file(name)]);
      return join(file(name), 'backups');
    }

    function cosign(cwd: string, who: readonly string[], type: string, bundle: string, about: string): Promise<number> {
      const by = ['--bundle', bundle, '--trusted-root', 'trusted_root.json', '--use-signed-timestamps', '--type', type];
      const env = { PATH: process.env.PATH, HOME: servers.dir };
      return run(String(PEERS.cosign), ['verify-blob-attestation', ...by, ...who, about], { cwd, env }).then(
        () => 0,
        (cause: { code?: number }) => cause.code ?? -1,
      );
    }
    const named = (subject: string) => [
      ...['--certificate-identity', subject, '--certificate-oidc-issuer', servers.issuer],
      '--insecure-ignore-sct',
    ];
    const manifest = ['manifest.sigstore.json', 'SHA256SUMS'] as const;

    it('T20 another identity than the plan lists is refused, and signs nothing', async () => {
      const outcome = await keyless('somebody@acme.test');
      expect([outcome.exit, outcome.json]).toMatchObject([3, { error: { code: 'SIGNER_UNKNOWN' } }]);
      expect((await ceremony.run('privacy', ['policy', 'verify', '--json'])).json).toMatchObject({ backups: 0 });
    });

    it('the identity of the plan is verified by cosign, by sha256sum and by machines without its root', async () => {
      const made = await keyless();
      expect([made.exit, made.json], made.stderr).toMatchObject([
        0,
        { backup: { sequence: 1, complete: true, signer: { id: 'keyless', key: `${EMAIL} (${servers.issuer})` } } },
      ]);
      const again = await keyless();
      expect(at(again.json, 'backup', 'changed')).toBe(false);
      const backups = plainClone('plain');
      execFileSync('sha256sum', ['--quiet', '-c', 'SHA256SUMS'], { cwd: backups });
      expect(await cosign(backups, named(EMAIL), MANIFEST_TYPE, ...manifest)).toBe(0);
      const beat = ['heartbeat.sigstore.json', 'manifest.sigstore.json'] as const;
      expect(await cosign(backups, named(EMAIL), HEARTBEAT_TYPE, ...beat)).toBe(0);
      expect(await cosign(backups, named('backup@acme.tes'), MANIFEST_TYPE, ...manifest)).not.toBe(0);
      expect(await cosign(backups, named(EMAIL), HEARTBEAT_TYPE, ...manifest)).not.toBe(0);
      await ceremony.ok('privacy', 'policy', 'verify');
      const given = [...['--trusted-root', 'trusted_root.json', '--artifact', 'SHA256SUMS'], 'manifest.sigstore.json'];
      const words = given.map((word) => (word.startsWith('--') ? word : join(backups, word)));
      await ceremony.ok('privacy', 'verify', ...words, '--issuer', servers.issuer, '--subject', EMAIL);
    });

    it('keys go on with the same history, bare and witnessed', async () => {
      const bare = await backUp(EMAIL);
      expect([bare.exit, bare.json]).toMatchObject([0, { backup: { sequence: 2, signer: { id: 'architect' } } }]);
      const witnessed = await backUp(EMAIL, '--witness');
      expect([witnessed.exit, witnessed.json], witnessed.stdout).toMatchObject([0, { backup: { sequence: 3 } }]);
      const backups = plainClone('witnessed');
      expect(await cosign(backups, ['--key', 'signer.pub'], MANIFEST_TYPE, ...manifest)).toBe(0);
      const report = await ceremony.ok('deputy', 'policy', 'verify');
      expect(report.json).toMatchObject({ verdict: 'verified', backups: 3 });
    });
  },
);

function sectionOf({ instance, issuer }: SigstoreServers, trustedRoot: string): string {
  return [
    'sigstore:',
    `  trustedRoot: "${trustedRoot}"`,
    '  identities:',
    `    - issuer: "${issuer}"`,
    `      subject: "${EMAIL}"`,
    '  instance:',
    `    fulcioUrl: "${instance.fulcioUrl}"`,
    `    rekor: { url: "${instance.rekor?.url}", api: 2 }`,
    `    tsaUrl: "${instance.tsaUrl}"`,
    '',
  ].join('\n');
}
