import { join, resolve } from 'node:path';
import { sha256Hex } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { makePrivateDirectory, readFileBounded, writeFileAtomic } from '../fs/files.js';
import { requireFolder, TRUSTED_ROOT_NAME } from '../fs/folder.js';
import { type Environment, tufDirectory } from '../fs/places.js';
import {
  MAX_TRUSTED_ROOT_BYTES,
  normalizeTrustedRoot,
  parsePinnedRoot,
  parseTrustedRoot,
  type TrustedRoot,
} from '../signing/sigstore/trusted-root.js';
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
}

const MAX_ROOT_METADATA_BYTES = 512 * 1024;

/** Gets the trusted root and puts it beside the draft; it counts only once a plan pins its digest. */
export async function updateTrust(context: TrustContext, flags: TrustFlags): Promise<TrustUpdate> {
  const path = await target(context, flags.out);
  const { bytes, source } = await obtain(context, flags);
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
  };
}

async function target({ flags }: TrustContext, out: string | undefined): Promise<string> {
  if (out !== undefined) return resolve(out);
  return join(await requireFolder(flags.repo, process.cwd()), TRUSTED_ROOT_NAME);
}

async function obtain({ environment, progress }: TrustContext, { from, mirror, root }: TrustFlags) {
  if (from !== undefined) return { bytes: await readGiven(from, MAX_TRUSTED_ROOT_BYTES), source: from };
  const cacheDir = await cacheFor(environment, root);
  progress.tell('Asking the TUF repository');
  // Only this command loads the TUF client.
  const { fetchTrustedRoot } = await import('../net/tuf.js');
  const bytes = await fetchTrustedRoot({ mirror: mirror ?? null, rootPath: root ?? null, cacheDir });
  return { bytes, source: mirror ?? 'public-good' };
}

/** The client believes a root that it has cached; so each root that was handed over has a memory of its own. */
async function cacheFor(environment: Environment, root: string | undefined): Promise<string> {
  const name = root === undefined ? 'built-in' : sha256Hex(await readGiven(root, MAX_ROOT_METADATA_BYTES)).slice(0, 32);
  const folder = join(tufDirectory(environment), name);
  await makePrivateDirectory(folder);
  return folder;
}

/** For people: what was written, and the lines by which a plan pins it. */
export function trustText({ trustedRoot }: TrustUpdate): string {
  const { path, digest, changed, logs, certificateAuthorities, timestampAuthorities } = trustedRoot;
  return [
    `${path}: ${changed ? 'written' : 'as it was'}`,
    `${certificateAuthorities} certificate authorities, ${timestampAuthorities} timestamp authorities, logs: ${logs.join(', ') || 'none'}`,
    '',
    'It counts once the plan in force pins it. In custody.yaml:',
    'sigstore:',
    `  trustedRoot: ${digest}`,
  ].join('\n');
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
