import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sha256Hex } from '../../../src/lib/base/bytes.js';
import { readPinnedRoot, trustText, updateTrust } from '../../../src/lib/cli/trust.js';
import { parseTrustedRoot } from '../../../src/lib/signing/sigstore/trusted-root.js';
import { SigstoreWorld } from '../../support/sigstore-world.js';
import { TufRepository } from '../../support/tuf-repository.js';

describe('the trusted root is updated', () => {
  let dir: string;
  let world: SigstoreWorld;
  let tuf: TufRepository;
  let given: Buffer;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'custody-trust-'));
    writeFileSync(join(dir, 'custody.yaml'), '');
    world = await SigstoreWorld.start();
    const json = world.rootJson(2);
    const tlogs = json.tlogs.map((log) => ({ ...log, operator: 'acme' }));
    given = Buffer.from(JSON.stringify({ ...json, tlogs }));
    tuf = await TufRepository.start(given);
    writeFileSync(join(dir, 'root.json'), tuf.rootJson);
  });
  afterEach(async () => {
    vi.useRealTimers();
    await tuf.stop();
    await world.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const context = () => ({
    flags: { repo: dir },
    environment: { XDG_STATE_HOME: join(dir, 'state') },
    progress: { tell: () => undefined, done: () => undefined },
  });
  const update = (more: object = {}) =>
    updateTrust(context(), { mirror: tuf.url, root: join(dir, 'root.json'), ...more });
  const path = () => join(dir, 'trusted_root.json');
  const configPath = () => join(dir, 'signing_config.json');
  const signingConfig = (more: object = {}) =>
    Buffer.from(
      JSON.stringify({
        mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
        rekorTlogUrls: [{ url: world.url, majorApiVersion: 2, operator: 'acme' }],
        rekorTlogConfig: { selector: 'ANY' },
        ...more,
      }),
    );
  /** Another operator, who hands out where the services are, too. */
  const serveConfig = async (config: Buffer) => {
    await tuf.stop();
    tuf = await TufRepository.start(given, config);
    writeFileSync(join(dir, 'root.json'), tuf.rootJson);
  };

  it('from a TUF repository: written beside the draft, without operators, in one form', async () => {
    const { trustedRoot, signingConfig } = await update();
    expect(signingConfig).toBeNull();
    expect(existsSync(configPath())).toBe(false);
    const bytes = readFileSync(path());
    expect(trustedRoot).toMatchObject({
      path: path(),
      digest: `sha256:${sha256Hex(bytes)}`,
      changed: true,
      previousDigest: null,
    });
    expect(String(bytes)).not.toContain('operator');
    expect(parseTrustedRoot(bytes).logs).toHaveLength(1);
    expect(trustText({ trustedRoot, signingConfig })).toContain(`  trustedRoot: ${trustedRoot.digest}`);
    expect((await readPinnedRoot(dir, trustedRoot.digest, undefined)).root.digest).toBe(trustedRoot.digest);
    // What was seen is remembered, for this user alone.
    expect(statSync(join(dir, 'state/custody/tuf')).mode & 0o077).toBe(0);
    const again = await update();
    expect(again.trustedRoot).toMatchObject({ changed: false, previousDigest: trustedRoot.digest });
  });

  it('from a file: the same digest, and nobody is asked', async () => {
    const { trustedRoot } = await update();
    await tuf.stop();
    rmSync(path());
    writeFileSync(join(dir, 'given.json'), given);
    const taken = await updateTrust(context(), { from: join(dir, 'given.json') });
    expect(taken.trustedRoot.digest).toBe(trustedRoot.digest);
    tuf = await TufRepository.start(given);
  });

  it('with a SigningConfig beside it, as it came', async () => {
    await serveConfig(signingConfig());
    const first = await update();
    const digest = `sha256:${sha256Hex(signingConfig())}`;
    expect(first.signingConfig).toEqual({ path: configPath(), digest, changed: true, refused: null });
    expect(readFileSync(configPath())).toEqual(signingConfig());
    expect(trustText(first)).toContain(`${configPath()}: written`);
    expect((await update()).signingConfig).toMatchObject({ changed: false });
    // One that this machine's owner wrote is replaced by what the repository signs.
    writeFileSync(configPath(), 'old');
    expect((await update()).signingConfig).toMatchObject({ changed: true });
  });

  it.each([
    ['asks for every log', () => signingConfig({ rekorTlogConfig: { selector: 'ALL' } }), /asks for several/],
    ['goes in the clear', () => signingConfig({ caUrls: [{ url: 'http://ca.test', majorApiVersion: 1 }] }), /http:/],
    ['is of another version', () => signingConfig({ mediaType: 'v0.1' }), /mediaType/],
    ['is none', () => Buffer.from('[]'), /signing config/],
  ])('and a SigningConfig that %s is told of, not kept', async (_, config, reason) => {
    await serveConfig(config());
    writeFileSync(configPath(), 'old');
    const told = await update();
    expect(told.trustedRoot.changed).toBe(true);
    expect(told.signingConfig).toMatchObject({ changed: false, refused: expect.stringMatching(reason) });
    expect(trustText(told)).toContain(`${configPath()}: not written: `);
    expect(readFileSync(configPath(), 'utf8')).toBe('old');
  });

  it('elsewhere: --out, without a repository', async () => {
    const out = join(dir, 'elsewhere.json');
    const { trustedRoot } = await updateTrust(
      { ...context(), flags: {} },
      { mirror: tuf.url, root: join(dir, 'root.json'), out },
    );
    expect(trustedRoot.path).toBe(out);
    expect(existsSync(path())).toBe(false);
  });

  describe('refused, and the old file stays', () => {
    const refused = async (code: string, more: object = {}) => {
      writeFileSync(path(), 'old');
      const cause: unknown = await update(more).catch((found: unknown) => found);
      expect(cause).toMatchObject({ name: 'CustodyError', code });
      expect(readFileSync(path(), 'utf8')).toBe('old');
      expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
      return cause;
    };

    it('nobody answers: exit 5', async () => {
      expect(await refused('REMOTE_UNREACHABLE', { mirror: 'http://127.0.0.1:9' })).toMatchObject({ exit: 5 });
    });

    it.each(['timestamp.json', 'snapshot.json', 'targets.json', 'trusted_root.json'])(
      '%s is missing: exit 5',
      async (name) => {
        tuf.faults.set(name, { status: 503, body: '' });
        expect(await refused('UNAVAILABLE')).toMatchObject({ exit: 5 });
      },
    );

    it('another repository than the root is of', async () => {
      const other = await TufRepository.start(given);
      expect(await refused('SIGNATURE_INVALID', { mirror: other.url })).toMatchObject({ exit: 3 });
      await other.stop();
    });

    it.each(['timestamp.json', 'snapshot.json', 'targets.json'])('%s is edited', async (name) => {
      const { body } = await file(name);
      const edited = body.replace(/"version":\s*1/, '"version":9');
      expect(edited).not.toBe(body);
      tuf.faults.set(name, { status: 200, body: edited });
      expect(await refused('SIGNATURE_INVALID')).toMatchObject({ exit: 3 });
    });

    it('the trusted root is edited, at the same length', async () => {
      tuf.faults.set('trusted_root.json', { status: 200, body: String(given).replace('acme', 'evil') });
      expect(await refused('SIGNATURE_INVALID')).toMatchObject({ exit: 3 });
    });

    it.each([
      ['is edited', { status: 200, body: '{"mediaType":"x"}' }, 'SIGNATURE_INVALID'],
      ['is missing', { status: 503, body: '' }, 'UNAVAILABLE'],
    ])('the SigningConfig %s', async (_, fault, code) => {
      await serveConfig(signingConfig());
      tuf.faults.set('signing_config.v0.2.json', fault);
      await refused(code);
      expect(existsSync(configPath())).toBe(false);
    });

    it('the metadata has expired', async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3650 * 86_400_000 });
      expect(await refused('STALE')).toMatchObject({ exit: 3 });
    });

    it('no root is known of the mirror', async () => {
      expect(await refused('USAGE', { root: undefined })).toMatchObject({ exit: 2 });
    });

    it('in the clear over the network', async () => {
      await refused('ENDPOINT_REFUSED', { mirror: 'http://tuf.acme.test' });
    });

    it.each([
      ['no such file', null, 'NOT_FOUND'],
      ['no trusted root', '{}', 'RECORD_MALFORMED'],
      ['a log without a start', '', 'RECORD_MALFORMED'],
    ])('%s', async (_, content, code) => {
      const json = world.rootJson(2);
      delete json.tlogs[0]?.publicKey.validFor;
      const from = join(dir, 'given.json');
      if (content !== null) writeFileSync(from, content || JSON.stringify(json));
      await refused(code, { from });
    });
  });

  it('what the plan pins is read, and no other', async () => {
    const { trustedRoot } = await update();
    const pin = `sha256:${'0'.repeat(64)}`;
    await expect(readPinnedRoot(dir, pin, undefined)).rejects.toMatchObject({ code: 'REFUSED', exit: 3 });
    await expect(readPinnedRoot(dir, trustedRoot.digest, join(dir, 'none.json'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    writeFileSync(path(), ` ${readFileSync(path(), 'utf8')}`);
    await expect(readPinnedRoot(dir, trustedRoot.digest, undefined)).rejects.toMatchObject({ code: 'REFUSED' });
  });

  async function file(name: string) {
    return { body: await (await fetch(`${tuf.url}/${name}`)).text() };
  }
});
