import { dirname, join } from 'node:path';
import { besideOf, isSeal, verifySeal } from '../backup/seal-file.js';
import { openBundle } from '../base/bundle.js';
import { CustodyError } from '../base/errors.js';
import { readFileBounded } from '../fs/files.js';
import { verdictOf } from '../inspect/check.js';
import type { GivenFile, RecordsReport } from '../inspect/records.js';
import type { Roster } from '../roster/roster.js';
import { identitiesOf } from '../roster/rules.js';
import { keyStatementVerifier, MAX_STATEMENT_BUNDLE_BYTES } from '../signing/key-statement.js';
import { parseBundle } from '../signing/sigstore/bundle.js';
import type { OidcIdentity } from '../signing/sigstore/certificate.js';
import type { TrustedRoot } from '../signing/sigstore/trusted-root.js';
import { createStatementVerifier } from '../signing/sigstore/verify.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import { readGiven } from './draft.js';
import { verifyFiles } from './verify-files.js';

/** Whom an outsider trusts beside the keys of a roster: nobody, where there is no root. */
export interface Vouching {
  readonly root: TrustedRoot | null;
  readonly identities: readonly OidcIdentity[];
}

/**
 * Records and seals of backups, each by the keys of one roster; a seal also by an identity, and with what its witnesses say, by the
 * trusted root given. Records are signed by keys alone.
 * @throws CustodyError NOT_FOUND
 */
export async function verifyGivenRecords(
  paths: readonly string[],
  roster: Roster,
  vouching: Vouching,
): Promise<RecordsReport> {
  const read = async (path: string) => ({ path, bytes: await readGiven(path, MAX_STATEMENT_BUNDLE_BYTES + 1) });
  const files = await Promise.all(paths.map(read));
  const seals = files.flatMap((file) => sealIn(file) ?? []);
  if (seals.length === 0) return verifyFiles(files, roster);
  const verifier = verifierOf(roster, vouching);
  const judged = await Promise.all(seals.map(async (seal) => verifySeal(await withBeside(seal), roster, verifier)));
  const others = files.filter((file) => !seals.some((seal) => seal.file === file));
  const records = others.length === 0 ? { checks: [], records: [] } : await verifyFiles(others, roster);
  const checks = [...records.checks, ...judged.flatMap((one) => one.checks)];
  return { verdict: verdictOf(checks), checks, records: [...records.records, ...judged.map(({ facts }) => facts)] };
}

/** Bare keys in the one form that custody writes; whatever witnesses speak for, by the root alone. */
function verifierOf(roster: Roster, { root, identities }: Vouching): StatementVerifier {
  const keys = [...identitiesOf(roster).values()].map(({ key }) => key);
  const bare = keyStatementVerifier(keys);
  const witnessed = root === null ? null : createStatementVerifier({ keys, identities, root });
  return {
    open: async (bytes) => {
      if (barePayload(bytes) !== null) return bare.open(bytes);
      if (witnessed !== null) return witnessed.open(bytes);
      throw new CustodyError(
        'UNPROVEN',
        'a Sigstore instance vouches for it: --trusted-root says whom to believe, --issuer and --subject who may have signed',
      );
    },
  };
}

interface Seal {
  readonly file: GivenFile;
  readonly payload: Uint8Array;
}

function sealIn(file: GivenFile): Seal | null {
  const payload = barePayload(file.bytes) ?? witnessedPayload(file.bytes);
  return payload !== null && isSeal(payload) ? { file, payload } : null;
}

function barePayload(bytes: Uint8Array): Uint8Array | null {
  return orNull(() => openBundle(bytes, 'bundle', MAX_STATEMENT_BUNDLE_BYTES).payload);
}

function witnessedPayload(bytes: Uint8Array): Uint8Array | null {
  return orNull(() => {
    const { content } = parseBundle(bytes);
    return content.kind === 'dsse' ? content.payload : null;
  });
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}

/** A list of 10,000 keys has some 8 MB. */
const MAX_BESIDE_BYTES = 64 * 1024 * 1024;

async function withBeside({ file: { path, bytes }, payload }: Seal) {
  const beside = join(dirname(path), besideOf(payload));
  return { path, bytes, beside: { path: beside, bytes: await readFileBounded(beside, MAX_BESIDE_BYTES) } };
}
