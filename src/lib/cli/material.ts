import { Errors, Flags } from '@oclif/core';
import { openKeyMaterial } from '../aws/key-material.js';
import { type Digest, isDigest } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { WRAPPING_ALGORITHMS, type WrappingAlgorithm } from '../base/material.js';
import { type Instant, instantFromMillis } from '../base/time.js';
import { readMaterialFd } from '../fs/material-fd.js';
import type { KeyMaterial } from '../key/material.js';
import type { Bringing } from '../request/import.js';

/** The way by which key material comes in; there is no flag that holds it, and no file that it is left in. */
export const materialFdFlag = Flags.integer({
  min: 0,
  description: 'file descriptor that gives the 32 raw bytes of key material',
  helpValue: 'N',
});

/** What the openers of imports take. */
export const bringFlags = {
  'material-fd': materialFdFlag,
  commitment: Flags.string({
    description: 'what stands for the material, where another machine has it',
    helpValue: 'sha256:…',
    exclusive: ['material-fd'],
  }),
  wrapping: Flags.option({
    options: WRAPPING_ALGORITHMS,
    default: 'RSAES_OAEP_SHA_256' as const,
    description: 'how it is wrapped on its way to KMS',
  })(),
  expires: Flags.custom<Instant>({
    description: 'when KMS deletes the material by itself, at most 365 days ahead',
    helpValue: 'INSTANT',
    exclusive: ['never-expires'],
    parse: async (text) => wholeSecond(text),
  })(),
  'never-expires': Flags.boolean({ default: false, description: 'the material stays until it is deleted' }),
};

export interface BringFlags {
  readonly 'material-fd'?: number | undefined;
  readonly commitment?: string | undefined;
  readonly wrapping: WrappingAlgorithm;
  readonly expires?: Instant | undefined;
  readonly 'never-expires': boolean;
}

/** Whether any of the flags speaks of material. */
export function bringsMaterial(flags: BringFlags): boolean {
  return flags['material-fd'] !== undefined || flags.commitment !== undefined;
}

/**
 * What a request says of the material. Opening wants its commitment only: material that is read for it is wiped at once.
 * @throws CustodyError INPUT_MISSING, USAGE · REFUSED for bytes that no random generator gives
 */
export async function bringingOf(flags: BringFlags): Promise<Bringing> {
  if (flags.expires === undefined && !flags['never-expires']) {
    throw new CustodyError('INPUT_MISSING', 'it must be said whether the material expires', {
      suggestions: ['Give --never-expires, or --expires INSTANT: then nothing under it can be read from then on.'],
    });
  }
  return { commitment: await commitmentFrom(flags), wrapping: flags.wrapping, expiresAt: flags.expires ?? null };
}

async function commitmentFrom({ commitment, 'material-fd': fd }: BringFlags): Promise<Digest> {
  if (commitment !== undefined) {
    if (isDigest(commitment)) return commitment;
    throw new CustodyError('USAGE', '--commitment takes a digest (sha256:…), as --material-fd with --dry-run shows it');
  }
  if (fd === undefined) {
    throw new CustodyError('INPUT_MISSING', 'the key material is missing', {
      suggestions: ['Give --material-fd N, for example --material-fd 3 3< FILE, or --commitment sha256:….'],
    });
  }
  const material = await materialFrom(fd);
  material.wipe();
  return material.commitment;
}

/** Reads the material and takes it over; the caller wipes it. @throws CustodyError USAGE, REFUSED */
export async function materialFrom(fd: number): Promise<KeyMaterial> {
  return openKeyMaterial(await readMaterialFd(fd));
}

/** KMS keeps an end to the second. */
function wholeSecond(text: string): Instant {
  const millis = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.000)?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(millis)) return instantFromMillis(millis);
  throw new Errors.CLIError('--expires takes an instant in UTC like 2027-01-31T09:00:00Z');
}
