import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MANIFEST_TYPE } from '../../src/lib/backup/manifest.js';
import { formatPublicKeyPem, type Signer } from '../../src/lib/base/signature.js';
import { verifyFiles } from '../../src/lib/cli/verify-files.js';
import { DRILL_TYPE } from '../../src/lib/drill/evidence.js';
import type { Drill } from '../../src/lib/drill/run.js';
import { PACKAGE_ROOT } from '../support/built.js';
import { createDrillStage, type Stage } from '../support/drill-stage.js';

const run = promisify(execFile);
const cosign = process.env.CUSTODY_PEER_COSIGN;
const PLAN = 'plan/1.json';

/** Stock Cosign verifies the evidence of a drill with a key and the plan in force alone: docs/drills.md gives the line. */
describe.skipIf(!cosign)(`stock cosign and drills${cosign ? '' : ' (skipped: CUSTODY_PEER_COSIGN is not set)'}`, () => {
  let dir: string;
  let stage: Stage;
  let drill: Drill;
  let signer: Signer;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'custody-cosign-'));
    stage = await createDrillStage();
    drill = await stage.drill({ only: ['data', 'ledger'] });
    ({ signer } = stage.office.desk('architect').actor);
    put('signer.pub', formatPublicKeyPem(signer.publicKey));
    put('other.pub', formatPublicKeyPem(stage.office.desk('deputy').actor.signer.publicKey));
    for (const [path, bytes] of stage.office.remote.files()) if (/^(plan|drills)\//.test(path)) put(path, bytes);
  });
  afterAll(() => {
    stage?.office.close();
    rmSync(dir, { recursive: true, force: true });
  });

  function put(path: string, content: string | Uint8Array): string {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
    return path;
  }

  /** How the documented line ends, with other words in place of some of its own. */
  function verify(instead: Readonly<Record<string, string>> = {}): Promise<number> {
    const words = documented().map((word) => instead[word] ?? word);
    return run(String(cosign), words, { cwd: dir, env: { PATH: process.env.PATH, HOME: dir } }).then(
      () => 0,
      (cause: { code?: number }) => cause.code ?? -1,
    );
  }

  /** What docs/drills.md tells people to type, for this drill. */
  function documented(): readonly string[] {
    const page = readFileSync(join(PACKAGE_ROOT, 'docs/drills.md'), 'utf8');
    const [, line = ''] = /^cosign ((?:.*\\\n)*.*)$/m.exec(page) ?? [];
    const own = line.replaceAll('\\\n', ' ').replace(/drills\/\S+/, drill.path);
    return own.split(/\s+/).filter(Boolean);
  }

  it('verifies what `dr verify --report` wrote by the documented line', async () => {
    expect(documented()).toContain(DRILL_TYPE);
    expect(await verify()).toBe(0);
    expect(await verify({ [drill.path]: put('drill.sigstore.json', drill.bytes) })).toBe(0);
  });

  it('refuses another key, another type and another plan', async () => {
    expect(await verify({ 'signer.pub': 'other.pub' })).not.toBe(0);
    expect(await verify({ [DRILL_TYPE]: MANIFEST_TYPE })).not.toBe(0);
    const plan = readFileSync(join(dir, PLAN), 'utf8');
    expect(await verify({ [PLAN]: put('plan.json', `${plan} `) })).not.toBe(0);
  });

  type Bundle = { dsseEnvelope: { payload: string; signatures: { sig: string }[] } };

  function edited(name: string, edit: (bundle: Bundle) => void): string {
    const bundle = JSON.parse(Buffer.from(drill.bytes).toString('utf8')) as Bundle;
    edit(bundle);
    return put(`${name}.json`, JSON.stringify(bundle));
  }

  /** A byte of base64 content, at so many parts of its length, with one bit flipped. */
  function flipped(base64: string, share: number): string {
    const bytes = Buffer.from(base64, 'base64');
    const at = Math.floor((bytes.length - 1) * share);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes.toString('base64');
  }

  it('takes a bundle that a program has read and written again', async () => {
    const file = edited('same', () => undefined);
    expect(await verify({ [drill.path]: file })).toBe(0);
    expect((await ours(file)).verdict).toBe('verified');
  });

  it.each([0, 0.25, 0.5, 0.75, 1])('neither cosign nor custody takes it with a byte flipped at %s', async (share) => {
    const files = [
      edited('payload', ({ dsseEnvelope: envelope }) => {
        envelope.payload = flipped(envelope.payload, share);
      }),
      edited('signature', ({ dsseEnvelope: { signatures } }) => {
        for (const one of signatures) one.sig = flipped(one.sig, share);
      }),
    ];
    for (const file of files) {
      expect(await verify({ [drill.path]: file }), file).not.toBe(0);
      expect((await ours(file)).verdict, file).toBe('refused');
    }
  });

  const ours = (path: string) =>
    verifyFiles([{ path, bytes: readFileSync(join(dir, path)) }], stage.office.team.roster);

  it('custody verify takes the same file, and says that its drill was not verified', async () => {
    const { verdict, checks } = await ours(drill.path);
    expect(verdict).toBe('verified');
    expect(checks.map(({ detail }) => detail)).toEqual([expect.stringContaining('not-verified, signed by architect')]);
  });
});
