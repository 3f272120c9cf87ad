import { CustodyError } from '../base/errors.js';
import { parseEntry } from '../ledger/chain.js';
import { parseSignedCheckpoint } from '../ledger/checkpoint.js';
import { entryDigest } from '../ledger/entry.js';
import { type EntryProof, isProof, parseProof } from '../ledger/proof.js';
import { leafHash } from '../ledger/tree.js';
import { provesInclusion } from '../ledger/tree-proof.js';
import type { Roster } from '../roster/roster.js';
import { type Check, check } from './check.js';
import { rosterSigners } from './checkpoints.js';
import type { GivenFile, RecordFacts } from './records.js';

/** Whether a file is the proof of an entry of a ledger. */
export function isEntryProof({ bytes }: GivenFile): boolean {
  return isProof(bytes);
}

/**
 * Verifies the proof of an entry with nothing but a roster: somebody of it signed the checkpoint, and the entry stands in
 * the ledger that the checkpoint is of. Whether there is a newer one is not claimed.
 */
export function verifyEntryProof(
  { path, bytes }: GivenFile,
  roster: Roster,
): { checks: readonly Check[]; records: readonly RecordFacts[] } {
  try {
    const proof = parseProof(bytes, path);
    const { checks, signers } = proofChecks(path, proof, roster);
    const entry = parseEntry(proof.entry, path);
    const told = `entry ${proof.index}: ${entry.kind} by ${entry.by} at ${entry.at}`;
    const form = check(
      `${path} entry`,
      entry.sequence === proof.index,
      entry.sequence === proof.index ? told : `it says that it is entry ${entry.sequence}, not ${proof.index}`,
    );
    const facts = {
      path,
      kind: 'ledger-entry',
      digest: entryDigest(proof.entry),
      signer: signers[0] ?? null,
      requestId: entry.requestId,
    };
    return { checks: [...checks, form], records: [facts] };
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    return { checks: [check(`${path} form`, false, cause.message)], records: [] };
  }
}

function proofChecks(path: string, { entry, index, hashes, checkpoint: note }: EntryProof, roster: Roster) {
  const checkpoint = parseSignedCheckpoint(note, path);
  const { origin, size, root } = checkpoint;
  const signers = rosterSigners(checkpoint.note, origin, roster, path);
  const signed = signers.length > 0;
  const included = provesInclusion(hashes, { leaf: leafHash(entry), index, size, root });
  const of = `${origin} with ${size} entries`;
  return {
    signers,
    checks: [
      check(
        `${path} checkpoint`,
        signed,
        signed ? `${of}, signed by ${signers.join(', ')}` : `${of} is signed by no key of the roster`,
      ),
      check(
        `${path} inclusion`,
        included,
        included ? `entry ${index} is in it` : `entry ${index} does not lead to its root`,
      ),
    ],
  };
}
