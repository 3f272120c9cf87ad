import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Serving, serve } from '../../src/lib/sandbox/serve.js';
import { awsEnvironment, python, runScript } from '../support/python-peer.js';

const moto = process.env.CUSTODY_PEER_MOTO && python;

/** What the sandbox answers, and what moto does where it is known to be wrong: when moto mends one of these, we want to know. */
const DEFECTS = {
  'a replica decrypts what its primary encrypted': ['x', 'AccessDeniedException'],
  'a multi-Region key decrypts what it encrypted': ['x', 'AccessDeniedException'],
  'a rotation changes the material': ['another', 'the same'],
  '{a: bc} is another context than {ab: c}': ['InvalidCiphertextException', 'x'],
  'aws:ResourceTag in a key policy': ['MalformedPolicyDocumentException', 'accepted'],
  'a key policy that denies': ['AccessDeniedException', 'encrypted'],
  'a session of 300 seconds': ['ValidationError', 'a session'],
  'a signature of another message': ['KMSInvalidSignatureException', false],
  'import of material': ['parameters', '500'],
};

/** moto, a server that others wrote, gets the same requests; its path comes in CUSTODY_PEER_MOTO, its Python in CUSTODY_PEER_PYTHON. */
describe.skipIf(!moto)(`the sandbox beside moto${moto ? '' : ' (skipped: CUSTODY_PEER_MOTO is not set)'}`, () => {
  let dir: string;
  let serving: Serving;
  let report: Record<string, unknown>;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'custody-moto-'));
    serving = await serve({ dir });
    report = await runScript('against_moto.py', awsEnvironment(serving.info, 'admin'));
  });

  afterAll(async () => {
    await serving?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  // Read every line before it is taken (-u): each must be moto's fault or a freedom that AWS leaves.
  it('answers as moto does, but for what is listed', async () => {
    const { compared, differences } = report as { compared: number; differences: string[] };
    expect(compared).toBeGreaterThan(150);
    const differing = new Set(differences.map((line) => line.slice(0, line.indexOf(':')))).size;
    expect(compared - differing).toBeGreaterThan(70);
    await expect(`${differences.join('\n')}\n`).toMatchFileSnapshot('peer/moto-differences.txt');
  });

  it('is right where moto is known to be wrong', () => {
    expect(report.defects).toEqual(DEFECTS);
  });
});
