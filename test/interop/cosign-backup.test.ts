import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKmsSigner } from '../../src/lib/aws/kms-signer.js';
import { createKmsSigningKey } from '../../src/lib/aws/kms-signer-create.js';
import { HEARTBEAT_TYPE, MANIFEST_TYPE } from '../../src/lib/backup/manifest.js';
import { formatPublicKeyPem, type Signer } from '../../src/lib/base/signature.js';
import { custodianSignerPolicy } from '../../src/lib/policy/synthesize.js';
import { keyStatementSigner } from '../../src/lib/signing/key-statement.js';
import { createLocalKey, openLocalKey } from '../../src/lib/signing/local-key.js';
import { openWorld, scratch } from '../lib/aws/support.js';
import { backupDesk, createBackupOffice } from '../support/backup-desk.js';

const run = promisify(execFile);
const cosign = process.env.CUSTODY_PEER_COSIGN;

/** Stock Cosign and sha256sum verify a backup in a plain folder: docs/backups.md gives the lines. */
describe.skipIf(!cosign)(
  `stock cosign and backups${cosign ? '' : ' (skipped: CUSTODY_PEER_COSIGN is not set)'}`,
  () => {
    let dir: string;
    let backups: string;
    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'custody-cosign-'));
      const office = await createBackupOffice();
      const desk = backupDesk(office.desk('architect'));
      await desk.backUp();
      await desk.backUp();
      for (const [path, bytes] of office.remote.files()) {
        mkdirSync(dirname(join(dir, path)), { recursive: true });
        writeFileSync(join(dir, path), bytes);
      }
      backups = join(dir, 'backups');
    });
    afterAll(() => rmSync(dir, { recursive: true, force: true }));

    const verify = (bundle: string, key: string, type: string, blob: string): Promise<number> =>
      run(
        String(cosign),
        ['verify-blob-attestation', '--bundle', bundle, '--key', key, '--insecure-ignore-tlog', '--type', type, blob],
        { cwd: backups, env: { PATH: process.env.PATH, HOME: dir } },
      ).then(
        () => 0,
        (cause: { code?: number }) => cause.code ?? -1,
      );

    it('the lines of docs/backups.md verify a backup and its heartbeat, in a plain folder', async () => {
      expect(await verify('manifest.sigstore.json', 'signer.pub', MANIFEST_TYPE, 'SHA256SUMS')).toBe(0);
      expect(await verify('heartbeat.sigstore.json', 'signer.pub', HEARTBEAT_TYPE, 'manifest.sigstore.json')).toBe(0);
      execFileSync('sha256sum', ['--quiet', '-c', 'SHA256SUMS'], { cwd: backups });
    });

    it('another list, another type and another key are refused', async () => {
      expect(await verify('manifest.sigstore.json', 'signer.pub', HEARTBEAT_TYPE, 'SHA256SUMS')).not.toBe(0);
      expect(await verify('manifest.sigstore.json', 'signer.pub', MANIFEST_TYPE, 'signer.pub')).not.toBe(0);
      expect(await verify('heartbeat.sigstore.json', 'signer.pub', MANIFEST_TYPE, 'SHA256SUMS')).not.toBe(0);
    });

    /** A statement of a backup over this very list, by any signer. */
    async function verifiesBy(signer: Signer): Promise<number> {
      const { readFileSync } = await import('node:fs');
      const old = JSON.parse(readFileSync(join(backups, 'manifest.sigstore.json'), 'utf8')) as {
        dsseEnvelope: { payload: string };
      };
      const bundle = await keyStatementSigner(signer).seal(Buffer.from(old.dsseEnvelope.payload, 'base64'));
      writeFileSync(join(dir, 'bundle.json'), bundle);
      writeFileSync(join(dir, 'key.pem'), formatPublicKeyPem(signer.publicKey));
      return verify(join(dir, 'bundle.json'), join(dir, 'key.pem'), MANIFEST_TYPE, 'SHA256SUMS');
    }

    it.each(['ecdsa-p256-sha256', 'ed25519'] as const)('by a local key: %s', async (algorithm) => {
      const phrase = () => Buffer.from('a passphrase of some length');
      const { file } = await createLocalKey(phrase(), algorithm, randomBytes);
      expect(await verifiesBy(await openLocalKey(file, async () => phrase()))).toBe(0);
    });

    it('by an AWS KMS key', async () => {
      const { as } = openWorld(scratch());
      const aws = await as('architect');
      const roleArn = (await import('../../src/lib/aws/authority.js')).createKeyAuthority(aws).whoAmI();
      const role = /assumed-role\/([^/]+)/.exec((await roleArn).arn)?.[1] ?? '';
      const { arn } = await createKmsSigningKey(aws, {
        region: 'eu-central-1',
        policy: custodianSignerPolicy({ roleArn: `arn:aws:iam::000000000000:role/${role}` }),
        description: 'signs backups',
        tags: {},
      });
      expect(await verifiesBy(await openKmsSigner(aws, arn))).toBe(0);
    });
  },
);
