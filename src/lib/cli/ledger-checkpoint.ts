import { CustodyError } from '../base/errors.js';
import { millisOf } from '../base/time.js';
import type { FoundCheckpoint } from '../inspect/checkpoints.js';
import { formatCheckpoint, keyNameIn } from '../ledger/checkpoint.js';
import { hexOf } from '../ledger/memory.js';
import { cosignText, formatNote, signText } from '../ledger/note.js';
import { hashOfBytes } from '../ledger/tree.js';
import type { Actor } from '../request/ports.js';
import type { Seat } from './context.js';
import { verifyAndRemember } from './ledger-verify.js';
import type { LedgerPlace } from './ledger-view.js';

/** A checkpoint as it was signed and published. */
export interface CheckpointJson {
  readonly ledger: string;
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  readonly signer: string;
  /** Whether another's checkpoint was cosigned. */
  readonly cosigned: boolean;
  readonly path: string;
}

/**
 * Verifies the ledger, then signs what it is: its newest state, or with `cosign` the newest checkpoint of somebody else.
 * @throws CustodyError LEDGER_BROKEN when the ledger is not verified, NOT_FOUND with nothing to cosign
 */
export async function signCheckpoint(
  { actor }: Pick<Seat, 'actor'>,
  place: LedgerPlace,
  cosign: boolean,
): Promise<CheckpointJson> {
  const { origin } = place;
  const { head, root, verdict, checks } = await verifyAndRemember(place, { sinceRemembered: true, forms: true });
  if (verdict !== 'verified' || origin === null) {
    const wrong = checks.find(({ status }) => status !== 'pass');
    throw new CustodyError(
      'LEDGER_BROKEN',
      `the ledger is ${verdict}, so nothing was signed: ${wrong?.detail ?? 'no repository'}`,
    );
  }
  const own = { origin, size: head.size, root: hashOfBytes(Buffer.from(root, 'hex')) ?? '', extensions: [] };
  const text = formatCheckpoint(own);
  // What verified holds each signed checkpoint against the ledger: any of them may be cosigned.
  const others = (await place.checkpoints()).filter(({ signers }) => !signers.includes(actor.identity.id));
  const target = newestOf(cosign ? others : others.filter(({ checkpoint }) => checkpoint.note.text === text));
  if (cosign && target === null) throw new CustodyError('NOT_FOUND', 'there is no checkpoint of another to cosign');
  const { size, note } = target?.checkpoint ?? { size: own.size, note: { text } };
  const signed = await signedNote(
    note.text,
    origin,
    actor,
    target === null ? null : Math.floor(millisOf(place.clock.now()) / 1000),
  );
  const path = await place.publish(size, signed);
  const rootOf = hexOf(target?.checkpoint.root ?? own.root);
  return { ledger: place.name, origin, size, root: rootOf, signer: actor.identity.id, cosigned: target !== null, path };
}

function newestOf(found: readonly FoundCheckpoint[]): FoundCheckpoint | null {
  return found.reduce<FoundCheckpoint | null>(
    (most, one) => (most !== null && most.checkpoint.size >= one.checkpoint.size ? most : one),
    null,
  );
}

async function signedNote(
  text: string,
  origin: string,
  { identity, signer }: Actor,
  seconds: number | null,
): Promise<Uint8Array> {
  const name = keyNameIn(origin, identity.id);
  if (name === null) throw new CustodyError('BUG', `${origin} is no origin`);
  const signature =
    seconds === null ? await signText(text, name, signer) : await cosignText(text, name, signer, seconds);
  return formatNote({ text, signatures: [signature] });
}
