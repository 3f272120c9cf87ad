import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { instantFromMillis } from '../../../src/lib/base/time.js';
import { openStatementSigner, type StatementSignerChoice } from '../../../src/lib/cli/statement-signer.js';
import type { SigstorePlan } from '../../../src/lib/plan/plan.js';
import { parseTrustedRoot } from '../../../src/lib/signing/sigstore/trusted-root.js';
import { verifyBundle } from '../../../src/lib/signing/sigstore/verify.js';
import { OpenIdProvider } from '../../support/openid-provider.js';
import { localSigner } from '../../support/sealed.js';
import { ISSUER, rawToken, SigstoreWorld, SUBJECT } from '../../support/sigstore-world.js';

const statement = Buffer.from('{}');
const identity = { issuer: ISSUER, subject: SUBJECT };

describe('the signer of statements', () => {
  let dir: string;
  let world: SigstoreWorld;
  let provider: OpenIdProvider;
  let sigstore: SigstorePlan;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'custody-signer-'));
    world = await SigstoreWorld.start();
    provider = await OpenIdProvider.start();
    writeFileSync(join(dir, 'trusted_root.json'), world.root(2));
    const { fulcioUrl = '', ...rest } = world.instance(2);
    const instance = { ...rest, fulcioUrl, oidcUrl: provider.issuer };
    sigstore = { trustedRoot: digestOf(world.root(2)), identities: [identity], instance };
  });
  afterAll(async () => {
    await world.stop();
    await provider.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const around = (environment: Record<string, string> = { SIGSTORE_ID_TOKEN: rawToken() }, told: string[] = []) => ({
    environment,
    interactive: false,
    clock: { now: () => instantFromMillis(Date.now()) },
    tell: (text: string) => {
      told.push(text);
    },
    folder: dir,
    isManifest: () => false,
  });
  const ambient: StatementSignerChoice = { mode: 'keyless' };
  const trust = () => ({ keys: [], identities: [identity], root: parseTrustedRoot(world.root(2)) });

  it('keyless in CI: certified, logged, stamped', async () => {
    const signer = await openStatementSigner(ambient, { sigstore }, around());
    expect(signer.identity).toEqual({ kind: 'keyless', ...identity });
    expect(await verifyBundle(await signer.seal(statement), trust())).toMatchObject({ logged: 1 });
    // Another seal, another signature, by the same certificate.
    expect(await verifyBundle(await signer.seal(Buffer.from('[]')), trust())).toMatchObject({ logged: 1 });
  });

  it('keyless by a person on another device', async () => {
    const told: string[] = [];
    const subject = '1';
    provider.claims = { sub: subject };
    const plan = { sigstore: { ...sigstore, identities: [{ issuer: provider.issuer, subject }] } };
    const signer = await openStatementSigner({ mode: 'keyless', identity: 'device' }, plan, around({}, told));
    expect(signer.identity).toEqual({ kind: 'keyless', issuer: provider.issuer, subject });
    expect(told).toEqual([expect.stringContaining('ABCD-EFGH')]);
  });

  it('a key: bare without a plan for Sigstore, witnessed with one', async () => {
    const { signer } = localSigner();
    const keys = { keys: [signer.publicKey], identities: [], root: parseTrustedRoot(world.root(2)) };
    const bare = await openStatementSigner({ mode: 'key', signer, witnessed: false }, {}, around());
    expect(bare.identity).toEqual({ kind: 'key', keyId: signer.publicKey.keyId });
    expect(await verifyBundle(await bare.seal(statement), { ...keys, root: null })).toMatchObject({ logged: 0 });
    const witnessed = await openStatementSigner({ mode: 'key', signer, witnessed: true }, { sigstore }, around());
    expect(await verifyBundle(await witnessed.seal(statement), keys)).toMatchObject({
      logged: 1,
      times: [expect.any(String)],
    });
  });

  describe('a SigningConfig', () => {
    const withUris = () => {
      const json = world.rootJson(2);
      const placed = (uri: string) => (one: object) => ({ ...one, uri });
      const certificateAuthorities = json.certificateAuthorities.map(placed(world.url));
      const timestampAuthorities = json.timestampAuthorities.map(placed(`${world.url}/api/v1/timestamp`));
      return Buffer.from(JSON.stringify({ ...json, certificateAuthorities, timestampAuthorities }));
    };
    /** The plan's own instance is where nobody listens. */
    const gone = { fulcioUrl: 'http://127.0.0.1:9', oidcUrl: 'http://127.0.0.1:9/auth' };
    const written = (more: object, root: Buffer) => {
      const folder = mkdtempSync(join(dir, 'config-'));
      const service = (url: string, majorApiVersion = 1) => [{ url, majorApiVersion, operator: '' }];
      const config = {
        mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
        caUrls: service(world.url),
        rekorTlogUrls: service(world.url, 2),
        tsaUrls: service(`${world.url}/api/v1/timestamp`),
        ...more,
      };
      const signingConfigFile = join(folder, 'signing_config.json');
      writeFileSync(signingConfigFile, JSON.stringify(config));
      writeFileSync(join(folder, 'trusted_root.json'), root);
      return { folder, signingConfigFile, trustedRoot: digestOf(root) };
    };
    const open = (more: object = {}, root: Buffer = withUris()) => {
      const { trustedRoot, ...files } = written(more, root);
      const plan = { sigstore: { ...sigstore, trustedRoot, instance: gone } };
      return openStatementSigner(ambient, plan, { ...around(), ...files });
    };
    /** Nobody names the file: it lies where `trust update` puts it. */
    const openBeside = (instance: SigstorePlan['instance'], more: object = {}) => {
      const { folder, trustedRoot } = written(more, withUris());
      const { instance: _, ...rest } = sigstore;
      const plan = { sigstore: { ...rest, trustedRoot, ...(instance && { instance }) } };
      return openStatementSigner(ambient, plan, { ...around(), folder });
    };
    const elsewhere = (path = '') => [{ url: `http://127.0.0.1:9${path}`, majorApiVersion: 1 }];

    it('says where the services of the pinned root are today', async () => {
      const bundle = await (await open()).seal(statement);
      const root = parseTrustedRoot(withUris());
      expect(await verifyBundle(bundle, { ...trust(), root })).toMatchObject({ logged: 1 });
      // A sign-in that the plan names, too, is no other one.
      await open({ oidcUrls: elsewhere('/auth') });
    });

    it('that came with the trusted root says it for a plan that names no instance', async () => {
      const bundle = await (await openBeside(undefined)).seal(statement);
      const root = parseTrustedRoot(withUris());
      expect(await verifyBundle(bundle, { ...trust(), root })).toMatchObject({ logged: 1 });
      await expect(openBeside(undefined, { caUrls: elsewhere() })).rejects.toMatchObject({ code: 'REFUSED' });
      await expect(openBeside(undefined, { caUrls: 7 })).rejects.toMatchObject({ code: 'RECORD_MALFORMED' });
    });

    it('that came with the trusted root says nothing of an instance that the plan names', async () => {
      const { fulcioUrl = '', ...rest } = world.instance(2);
      await openBeside({ ...rest, fulcioUrl }, { caUrls: elsewhere() });
      await expect(openBeside(gone)).rejects.toMatchObject({ code: 'REMOTE_UNREACHABLE' });
    });

    it.each([
      ['another Fulcio', () => open({ caUrls: elsewhere() }), /Fulcio http:\/\/127.0.0.1:9, expected one of/],
      ['another log', () => open({ rekorTlogUrls: elsewhere() }), /Rekor http:\/\/127.0.0.1:9, expected one of/],
      ['another timestamp authority', () => open({ tsaUrls: elsewhere('/api/v1/timestamp') }), /timestamp authority/],
      ['another place to sign in', () => open({ oidcUrls: elsewhere('/other') }), /OpenID provider .* the plan's/],
      ['a Fulcio, and the root says of none where it is', () => open({}, world.root(2)), /it names none/],
      [
        'the same host by another name',
        () => open({ caUrls: [{ url: world.url.replace('127.0.0.1', 'localhost'), majorApiVersion: 1 }] }),
        /Fulcio/,
      ],
    ] as const)('that names %s: refused', async (_, opening, message) => {
      await expect(opening()).rejects.toMatchObject({ code: 'REFUSED', message: expect.stringMatching(message) });
    });

    it('that is malformed: refused', async () => {
      await expect(open({ more: 1 })).rejects.toMatchObject({ code: 'RECORD_MALFORMED' });
    });
  });

  it.each([
    ['a plan without Sigstore', () => [ambient, {}, around()], 'PLAN_INVALID'],
    [
      'a witness of an instance that has none',
      () => [
        { mode: 'key', signer: localSigner().signer, witnessed: true },
        { sigstore: { ...sigstore, instance: { fulcioUrl: world.url } } },
        around(),
      ],
      'PLAN_INVALID',
    ],
    [
      'an identity that the plan does not list',
      () => [ambient, { sigstore }, around({ SIGSTORE_ID_TOKEN: rawToken({ sub: `${SUBJECT}2` }) })],
      'SIGNER_UNKNOWN',
    ],
    [
      'another trusted root',
      () => [ambient, { sigstore: { ...sigstore, trustedRoot: digestOf('') } }, around()],
      'REFUSED',
    ],
    ['no trusted root', () => [ambient, { sigstore }, { ...around(), folder: join(dir, 'none') }], 'NOT_FOUND'],
    ['no identity', () => [ambient, { sigstore }, around({})], 'CREDENTIALS_MISSING'],
    [
      'a token that expired',
      () => [ambient, { sigstore }, around({ SIGSTORE_ID_TOKEN: rawToken({ exp: 1 }) })],
      'DENIED',
    ],
    [
      'an instance without a provider',
      () => [
        { mode: 'keyless', identity: 'browser' },
        { sigstore: { ...sigstore, instance: world.instance(2) } },
        around(),
      ],
      'PLAN_INVALID',
    ],
    [
      'an instance in the clear',
      () => [ambient, { sigstore: { ...sigstore, instance: { fulcioUrl: 'http://fulcio.acme.test' } } }, around()],
      'ENDPOINT_REFUSED',
    ],
  ] as const)('%s: refused before the work, no token told', async (_, given, code) => {
    const [choice, plan, where] = given() as unknown as Parameters<typeof openStatementSigner>;
    const cause: unknown = await openStatementSigner(choice, plan, where).catch((found: unknown) => found);
    expect(cause).toMatchObject({ name: 'CustodyError', code });
    expect(inspect(cause, { depth: 9 })).not.toContain('c2lnbmF0dXJl');
  });
});
