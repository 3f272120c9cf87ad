import { dirname, join, resolve } from 'node:path';
import { sha256Hex } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { millisOf } from '../base/time.js';
import { makePrivateDirectory, readFileBounded, writeFileAtomic } from '../fs/files.js';
import { requireFolder, SIGNING_CONFIG_NAME, TRUSTED_ROOT_NAME } from '../fs/folder.js';
import { type Environment, tufDirectory } from '../fs/places.js';
import { MAX_SIGNING_CONFIG_BYTES, parseSigningConfig } from '../signing/sigstore/instance.js';
import {
  MAX_TRUSTED_ROOT_BYTES,
  normalizeTrustedRoot,
  parsePinnedRoot,
  parseTrustedRoot,
  type TrustedRoot,
} from '../signing/sigstore/trusted-root.js';
import { systemClock } from './clock.js';
import type { Context } from './context.js';
import { readGiven } from './draft.js';

type TrustContext = Pick<Context, 'flags' | 'environment' | 'progress'>;

export interface TrustFlags {
  readonly from?: string | undefined;
  readonly mirror?: string | undefined;
  readonly root?: string | undefined;
  readonly out?: string | undefined;
}

export interface TrustUpdate {
  readonly trustedRoot: {
    readonly path: string;
    readonly digest: string;
    /** The digest of the file that was there; null when none was. */
    readonly previousDigest: string | null;
    readonly changed: boolean;
    readonly source: string;
    readonly logs: readonly string[];
    readonly certificateAuthorities: number;
    readonly timestampAuthorities: number;
  };
  /** Where the instance's services are today; null where the source says nothing of it. */
  readonly signingConfig: {
    readonly path: string;
    readonly digest: string;
    readonly changed: boolean;
    /** Why it was not written: what custody cannot go by stays out of the way. */
    readonly refused: string | null;
  } | null;
}

const MAX_ROOT_METADATA_BYTES = 512 * 1024;

/**
 * Gets the trusted root, which counts only once a plan pins its digest, and the SigningConfig, which names nobody whom that root
 * does not know; puts both beside the draft.
 */
export async function updateTrust(context: TrustContext, flags: TrustFlags): Promise<TrustUpdate> {
  const path = await target(context, flags.out);
  const { bytes, signingConfig, source } = await obtain(context, flags);
  const normal = normalizeTrustedRoot(bytes, source);
  const root = parseTrustedRoot(normal, source);
  const before = await readFileBounded(path, MAX_TRUSTED_ROOT_BYTES);
  const previousDigest = before === null ? null : `sha256:${sha256Hex(before)}`;
  const changed = previousDigest !== root.digest;
  if (changed) await writeFileAtomic(path, normal, 0o644);
  return {
    trustedRoot: {
      path,
      digest: root.digest,
      previousDigest,
      changed,
      source,
      logs: root.logs.map(({ baseUrl }) => baseUrl),
      certificateAuthorities: root.certificateAuthorities.length,
      timestampAuthorities: root.timestampAuthorities.length,
    },
    signingConfig:
      signingConfig === null ? null : await keepConfig(join(dirname(path), SIGNING_CONFIG_NAME), signingConfig),
  };
}

async function keepConfig(path: string, bytes: Uint8Array): Promise<TrustUpdate['signingConfig']> {
  const found = { path, digest: `sha256:${sha256Hex(bytes)}` };
  try {
    parseSigningConfig(bytes, new Date(millisOf(systemClock.now())), 'its signing config');
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    return { ...found, changed: false, refused: cause.message };
  }
  const before = await readFileBounded(path, MAX_SIGNING_CONFIG_BYTES);
  const changed = before === null || sha256Hex(before) !== sha256Hex(bytes);
  if (changed) await writeFileAtomic(path, bytes, 0o644);
  return { ...found, changed, refused: null };
}

async function target({ flags }: TrustContext, out: string | undefined): Promise<string> {
  if (out !== undefined) return resolve(out);
  return join(await requireFolder(flags.repo, process.cwd()), TRUSTED_ROOT_NAME);
}

async function obtain({ environment, progress }: TrustContext, { from, mirror, root }: TrustFlags) {
  if (from !== undefined)
    return { bytes: await readGiven(from, MAX_TRUSTED_ROOT_BYTES), signingConfig: null, source: from };
  const cacheDir = await cacheFor(environment, root);
  progress.tell('Asking the TUF repository');
  // Only this command loads the TUF client.
  const { fetchTargets } = await import('../net/tuf.js');
  const got = await fetchTargets({ mirror: mirror ?? null, rootPath: root ?? null, cacheDir });
  return { bytes: got.trustedRoot, signingConfig: got.signingConfig, source: mirror ?? 'public-good' };
}

/** The client believes a root that it has cached; so each root that was handed over has a memory of its own. */
async function cacheFor(environment: Environment, root: string | undefined): Promise<string> {
  const name = root === undefined ? 'built-in' : sha256Hex(await readGiven(root, MAX_ROOT_METADATA_BYTES)).slice(0, 32);
  const folder = join(tufDirectory(environment), name);
  await makePrivateDirectory(folder);
  return folder;
}

/** For people: what was written, and the lines by which a plan pins it. */
export function trustText({ trustedRoot, signingConfig }: TrustUpdate): string {
  const { path, digest, changed, logs, certificateAuthorities, timestampAuthorities } = trustedRoot;
  return [
    `${path}: ${changed ? 'written' : 'as it was'}`,
    `${certificateAuthorities} certificate authorities, ${timestampAuthorities} timestamp authorities, logs: ${logs.join(', ') || 'none'}`,
    ...configText(signingConfig),
    '',
    'It counts once the plan in force pins it. In custody.yaml:',
    'sigstore:',
    `  trustedRoot: ${digest}`,
  ].join('\n');
}

function configText(config: TrustUpdate['signingConfig']): readonly string[] {
  if (config === null) return [];
  const { path, changed, refused } = config;
  return [refused === null ? `${path}: ${changed ? 'written' : 'as it was'}` : `${path}: not written: ${refused}`];
}

/** The trusted root beside the draft, whichever it is; null where there is none. */
export function readRootFile(folder: string): Promise<Uint8Array | null> {
  return readFileBounded(join(folder, TRUSTED_ROOT_NAME), MAX_TRUSTED_ROOT_BYTES);
}

/**
 * The trusted root that a plan pins: the file given, else the one beside the draft.
 * @throws CustodyError NOT_FOUND; REFUSED for another digest; RECORD_MALFORMED
 */
export async function readPinnedRoot(
  folder: string,
  pinned: string,
  file: string | undefined,
): Promise<{ readonly root: TrustedRoot; readonly bytes: Uint8Array }> {
  const path = file ?? join(folder, TRUSTED_ROOT_NAME);
  const bytes = await readFileBounded(path, MAX_TRUSTED_ROOT_BYTES);
  if (bytes !== null) return { root: parsePinnedRoot(bytes, pinned, path), bytes };
  throw new CustodyError('NOT_FOUND', `there is no ${path}, which the plan pins`, {
    details: { expected: pinned },
    suggestions: ['custody trust update gets it; custody trust update --from FILE takes it from a file.'],
  });
}
