import { CustodyError } from '../base/errors.js';
import { formatNote } from '../ledger/note.js';
import { formatProof } from '../ledger/proof.js';
import type { LedgerReader } from '../ledger/read.js';
import { type HashSubtree, proveInclusion } from '../ledger/subtrees.js';
import { leafHash, type TreeHash } from '../ledger/tree.js';
import { provesInclusion } from '../ledger/tree-proof.js';
import type { FoundCheckpoint } from './checkpoints.js';

export interface ProvenEntry {
  readonly proof: Uint8Array;
  readonly size: number;
  readonly signers: readonly string[];
}

/**
 * The proof that entry `index` stands in the ledger, with the newest signed checkpoint that covers it.
 * @param sources of hashes, the fastest first: where one does not lead to the signed root, the next is asked
 * @throws CustodyError NOT_FOUND without such an entry, PENDING without such a checkpoint, LEDGER_BROKEN when the stored
 *   ledger is not the signed one
 */
export async function proveEntry(
  index: number,
  reader: LedgerReader,
  sources: readonly HashSubtree[],
  checkpoints: readonly FoundCheckpoint[],
): Promise<ProvenEntry> {
  const head = await reader.head();
  if (index >= head.size)
    throw new CustodyError('NOT_FOUND', `the ledger has ${head.size} entries, and no entry ${index}`);
  const covering = checkpoints.filter(({ checkpoint: { size } }) => size > index && size <= head.size);
  const newest = Math.max(...covering.map(({ checkpoint }) => checkpoint.size));
  const [first, ...others] = covering.filter(({ checkpoint }) => checkpoint.size === newest);
  if (first === undefined) {
    throw new CustodyError('PENDING', `no signed checkpoint covers entry ${index} yet`, {
      suggestions: ['A custodian runs: custody ledger checkpoint'],
    });
  }
  const { checkpoint } = first;
  const alike = [first, ...others.filter((other) => other.checkpoint.note.text === checkpoint.note.text)];
  const signatures = alike.flatMap((one) => one.checkpoint.note.signatures);
  const [entry] = await reader.read(index, index + 1);
  const claim = { leaf: leafHash(entry ?? new Uint8Array()), index, size: checkpoint.size, root: checkpoint.root };
  const hashes = await leadingHashes(claim, sources);
  if (entry === undefined || hashes === null) {
    throw new CustodyError('LEDGER_BROKEN', `entry ${index} does not lead to the root that ${first.signers} signed`, {
      suggestions: ['custody ledger verify says where the ledger was changed.'],
    });
  }
  const note = formatNote({ text: checkpoint.note.text, signatures });
  const signers = [...new Set(alike.flatMap((one) => one.signers))];
  return { proof: formatProof({ entry, index, hashes, checkpoint: note }), size: checkpoint.size, signers };
}

async function leadingHashes(
  claim: Parameters<typeof provesInclusion>[1],
  sources: readonly HashSubtree[],
): Promise<readonly TreeHash[] | null> {
  for (const hashOf of sources) {
    const hashes = await proveInclusion(claim.index, claim.size, hashOf);
    if (provesInclusion(hashes, claim)) return hashes;
  }
  return null;
}
