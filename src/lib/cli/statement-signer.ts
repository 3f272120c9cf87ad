import { join } from 'node:path';
import { CustodyError } from '../base/errors.js';
import type { Signer } from '../base/signature.js';
import { type Clock, millisOf } from '../base/time.js';
import { readFileBounded } from '../fs/files.js';
import { SIGNING_CONFIG_NAME } from '../fs/folder.js';
import type { Plan, SigstorePlan } from '../plan/plan.js';
import {
  assertInstance,
  type Instance,
  MAX_SIGNING_CONFIG_BYTES,
  PUBLIC_GOOD,
  parseSigningConfig,
} from '../signing/sigstore/instance.js';
import { instanceOfRoot } from '../signing/sigstore/instance-of-root.js';
import { createKeyStatementSigner, openKeylessStatementSigner } from '../signing/sigstore/seal.js';
import type { IdentityToken } from '../signing/sigstore/token.js';
import type { TrustedRoot } from '../signing/sigstore/trusted-root.js';
import type { StatementSigner } from '../signing/statement-signer.js';
import { readGiven } from './draft.js';
import { readPinnedRoot } from './trust.js';

/** Where an identity comes from: a CI job's surroundings, a browser on this machine, or any other device. */
export const IDENTITIES = ['ambient', 'browser', 'device'] as const;
export type IdentitySource = (typeof IDENTITIES)[number];

export type StatementSignerChoice =
  /** `witnessed`: with an entry of the plan's log and a timestamp, too. */
  | { readonly mode: 'key'; readonly signer: Signer; readonly witnessed: boolean }
  /** Without `identity`: a person at a terminal by browser, else ambient. */
  | { readonly mode: 'keyless'; readonly identity?: IdentitySource };

export interface SignerSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly interactive: boolean;
  readonly clock: Pick<Clock, 'now'>;
  /** Tells a person where to sign in; on stderr, whatever the output format. */
  readonly tell: (text: string) => void;
  /** True for a statement of digests and counts alone: only such a one is shown to a log of Rekor v1. */
  readonly isManifest: (statement: Uint8Array) => boolean;
  /** The folder with the draft and the trusted root. */
  readonly folder: string;
  /** A trusted root that lies elsewhere; the plan's digest must fit all the same. */
  readonly trustedRootFile?: string;
  /** A SigningConfig: where the services are today, whatever the plan says. */
  readonly signingConfigFile?: string | undefined;
}

const SIGN_IN_MILLIS = 5 * 60_000;

/**
 * The signer of statements that was chosen, after everything that can be refused before the work has been.
 * @throws CustodyError PLAN_INVALID where the plan has no `sigstore` but needs it; CREDENTIALS_MISSING, DENIED;
 *   SIGNER_UNKNOWN for an identity that the plan does not list; REFUSED for another trusted root; REMOTE_UNREACHABLE
 */
export async function openStatementSigner(
  choice: StatementSignerChoice,
  { sigstore }: Pick<Plan, 'sigstore'>,
  around: SignerSurroundings,
): Promise<StatementSigner> {
  if (choice.mode === 'key' && !choice.witnessed) return createKeyStatementSigner(choice.signer, {}, null);
  if (!sigstore) {
    throw new CustodyError('PLAN_INVALID', 'the plan names no Sigstore instance and no identities', {
      suggestions: ['Add sigstore: to custody.yaml, see docs/sigstore.md; then custody plan propose.'],
    });
  }
  const { root } = await readPinnedRoot(around.folder, sigstore.trustedRoot, around.trustedRootFile);
  const instance = await instanceFor(sigstore, root, around);
  if (choice.mode === 'key' && !instance.rekor && instance.tsaUrl === undefined)
    throw new CustodyError(
      'PLAN_INVALID',
      'the Sigstore instance of the plan has neither a log nor a timestamp authority',
    );
  // The clients of the instance are loaded only where they are asked.
  const { createWitnesses } = await import('../net/witnesses.js');
  const witnesses = createWitnesses(instance, around.isManifest);
  if (choice.mode === 'key') return createKeyStatementSigner(choice.signer, witnesses, root);
  const certify = await certifier(choice.identity, instance, around);
  return openKeylessStatementSigner(certify, sigstore.identities, witnesses, root);
}

/**
 * The services of today: those of a file that is given, of the plan, or of the file that came with the trusted root; as far as
 * the pinned root knows them.
 */
async function instanceFor(
  sigstore: SigstorePlan,
  root: TrustedRoot,
  { signingConfigFile, folder, clock }: SignerSurroundings,
): Promise<Instance> {
  const planned = assertInstance(sigstore.instance ?? PUBLIC_GOOD);
  const file = signingConfigFile ?? join(folder, SIGNING_CONFIG_NAME);
  const bytes = await configFor(sigstore, signingConfigFile, file);
  if (bytes === null) return planned;
  const named = parseSigningConfig(bytes, new Date(millisOf(clock.now())), file);
  return instanceOfRoot(named, planned, root, file);
}

async function configFor(
  { instance }: SigstorePlan,
  given: string | undefined,
  file: string,
): Promise<Uint8Array | null> {
  if (given !== undefined) return readGiven(given, MAX_SIGNING_CONFIG_BYTES);
  return instance === undefined ? readFileBounded(file, MAX_SIGNING_CONFIG_BYTES) : null;
}

async function certifier(identity: IdentitySource | undefined, instance: Instance, around: SignerSurroundings) {
  if (instance.fulcioUrl === undefined) {
    throw new CustodyError('PLAN_INVALID', 'the Sigstore instance of the plan has no Fulcio');
  }
  const source = identity ?? (around.interactive ? 'browser' : 'ambient');
  const token = await tokens(source, instance, around);
  const { createCertifier } = await import('../net/fulcio.js');
  return createCertifier(instance.fulcioUrl, token, around.clock);
}

async function tokens(
  source: IdentitySource,
  { oidcUrl }: Instance,
  { environment, clock, tell }: SignerSurroundings,
): Promise<() => Promise<IdentityToken>> {
  if (source === 'ambient') {
    const { ambientToken } = await import('../net/oidc-ambient.js');
    return () => ambientToken(environment, clock);
  }
  if (oidcUrl === undefined) {
    throw new CustodyError('PLAN_INVALID', 'the Sigstore instance of the plan has no OpenID provider');
  }
  const signIn = { issuer: oidcUrl, clock, tell, timeoutMillis: SIGN_IN_MILLIS };
  if (source === 'browser') {
    const { browserToken } = await import('../net/oidc-browser.js');
    return () => browserToken(signIn);
  }
  const { deviceToken } = await import('../net/oidc-device.js');
  return () => deviceToken(signIn);
}
