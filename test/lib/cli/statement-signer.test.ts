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
