import { digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { type Check, check } from '../inspect/check.js';
import type { Roster } from '../roster/roster.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import { MANIFEST_TYPE, parseBackupStatement } from './manifest.js';
import { nameOfSigner, signerText } from './signer.js';

/** A manifest or heartbeat as it was handed over, with the file beside it that it is about. */
export interface GivenSeal {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** `SHA256SUMS` for a manifest, the manifest for a heartbeat; null where it is not there. */
  readonly beside: { readonly path: string; readonly bytes: Uint8Array | null };
}

export interface SealFacts {
  readonly path: string;
  readonly kind: string;
  readonly digest: string;
  readonly signer: string | null;
  readonly requestId: null;
}

const MARK = Buffer.from('"predicateType":"urn:custody:backup:');

/** What a payload says of itself: a seal of a backup. Nothing is verified. */
export function isSeal(payload: Uint8Array): boolean {
  return Buffer.from(payload).includes(MARK);
}

/** The name of the file beside, by what the seal says that it is. */
export function besideOf(payload: Uint8Array): string {
  return Buffer.from(payload).includes(`"predicateType":"${MANIFEST_TYPE}"`) ? 'SHA256SUMS' : 'manifest.sigstore.json';
}

/**
 * Verifies a seal by what an outsider trusts: form, signature, the roster's repository, and that it is about the file beside it.
 * The files of the list are for `sha256sum -c`, the history for `policy verify`.
 * @param verifier pins the keys of the roster, and nobody's identity but one that the outsider trusts
 */
export async function verifySeal(
  { path, bytes, beside }: GivenSeal,
  roster: Roster,
  verifier: StatementVerifier,
): Promise<{ readonly checks: readonly Check[]; readonly facts: SealFacts }> {
  const facts = { path, kind: 'backup', digest: digestOf(bytes), signer: null, requestId: null };
  try {
    const { statement, signer } = await verifier.open(bytes);
    const said = parseBackupStatement(statement, path);
    const by = signer.kind === 'keyless' ? signerText(signer) : nameOfSigner(signer, [roster], []);
    const kind = said.type === MANIFEST_TYPE ? 'backup manifest' : 'backup heartbeat';
    const { repository, sequence, createdAt } = said.predicate;
    const checks = [
      check(
        `${path} signature`,
        by !== null,
        `${kind} ${sequence} of ${createdAt}, signed by ${by ?? 'nobody listed'}`,
      ),
      check(`${path} repository`, repository === roster.repository, `repository ${repository}`),
      subjectCheck(path, said.subject, beside),
    ];
    return { checks, facts: { ...facts, kind, signer: by } };
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    const status = cause.code === 'UNPROVEN' ? 'skip' : 'fail';
    return { checks: [{ id: `${path} signature`, status, detail: cause.message }], facts };
  }
}

/** Without the file, only that something was signed is known. */
function subjectCheck(path: string, signed: string, { path: name, bytes }: GivenSeal['beside']): Check {
  const id = `${path} subject`;
  if (bytes === null) return { id, status: 'skip', detail: `there is no ${name}, which it is about` };
  const found = digestOf(bytes);
  return check(
    id,
    found === signed,
    found === signed ? `it is about ${name}` : `${name} is ${found}, signed is ${signed}`,
  );
}
