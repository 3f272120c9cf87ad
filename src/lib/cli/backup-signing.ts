import type { BackupSigning } from '../backup/backup.js';
import { parseBackupStatement } from '../backup/manifest.js';
import { SIGNER_PATH, TRUSTED_ROOT_PATH } from '../backup/paths.js';
import { KEYLESS, publicKeyPem } from '../backup/signer.js';
import { CustodyError } from '../base/errors.js';
import type { Files } from '../record/store.js';
import type { Actor } from '../request/ports.js';
import type { StatementSigner } from '../signing/statement-signer.js';
import type { OpenPlace } from './backup-place.js';
import { verifierOf } from './backup-trust.js';
import { systemClock } from './clock.js';
import type { Context, Visit } from './context.js';
import { type IdentitySource, openStatementSigner, type StatementSignerChoice } from './statement-signer.js';
import { readPinnedRoot } from './trust.js';

export const SIGN_MODES = ['key', 'keyless'] as const;

export interface SigningFlags {
  readonly sign: (typeof SIGN_MODES)[number];
  /** With a key: a log and a timestamp authority are to testify, too. */
  readonly witness: boolean;
  readonly identity?: IdentitySource | undefined;
  /** A SigningConfig file, where an instance is asked. */
  readonly 'signing-config'?: string | undefined;
}

/** @throws CustodyError USAGE for flags that say nothing together */
export function assertSigningFlags(flags: SigningFlags): void {
  const { sign, witness, identity, 'signing-config': config } = flags;
  if (sign === 'keyless' && witness) throw usage('--witness goes with keys: an identity is always witnessed');
  if (sign === 'key' && identity !== undefined) throw usage('--identity goes with --sign keyless');
  if (sign === 'key' && !witness && config !== undefined)
    throw usage('--signing-config goes with --sign keyless and --witness: a key alone asks nobody');
}

function usage(message: string): CustodyError {
  return new CustodyError('USAGE', message, { suggestions: ['custody policy backup --help'] });
}

/**
 * Who signs a backup: the one who acts, by the key that the roster lists; or whoever the plan's Sigstore instance certifies.
 * What strangers verify with lies beside the manifest.
 * @param actor null where an identity signs
 * @throws CustodyError what opening a signer throws
 */
export async function signingOf(
  context: Context,
  visit: Visit,
  place: OpenPlace,
  actor: Actor | null,
  flags: SigningFlags,
): Promise<BackupSigning> {
  const { state, plan, folder } = visit;
  const signer = await openStatementSigner(choiceOf(actor, flags), plan, {
    environment: context.environment,
    interactive: context.interactive,
    // Tokens and certificates live by the real time, whatever a sandbox's is.
    clock: systemClock,
    tell: (text) => process.stderr.write(`${text}\n`),
    isManifest,
    folder,
    signingConfigFile: flags['signing-config'],
  });
  const witnessed = actor === null || flags.witness;
  const beside = new Map([...keyBeside(signer, visit), ...(witnessed ? await rootBeside(visit) : [])]);
  const verifier = verifierOf(state, { folder, store: place.store });
  return { signer, verifier, by: actor?.identity.id ?? KEYLESS, beside };
}

function choiceOf(actor: Actor | null, { witness, identity }: SigningFlags): StatementSignerChoice {
  if (actor !== null) return { mode: 'key', signer: actor.signer, witnessed: witness };
  return { mode: 'keyless', ...(identity !== undefined && { identity }) };
}

function keyBeside({ identity }: StatementSigner, { state }: Visit): Files {
  const pem = publicKeyPem(identity, [state.roster]);
  return new Map(pem === null ? [] : [[SIGNER_PATH, pem]]);
}

async function rootBeside({ folder, plan: { sigstore } }: Visit): Promise<Files> {
  if (!sigstore) return new Map();
  const { bytes } = await readPinnedRoot(folder, sigstore.trustedRoot, undefined);
  return new Map([[TRUSTED_ROOT_PATH, bytes]]);
}

/** Digests, counts, and names of what is missing: the only statements that a log of Rekor v1 is told. */
export function isManifest(statement: Uint8Array): boolean {
  try {
    parseBackupStatement(statement, 'the statement');
    return true;
  } catch (cause) {
    if (cause instanceof CustodyError) return false;
    throw cause;
  }
}
