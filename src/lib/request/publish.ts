import { CustodyError } from '../base/errors.js';
import { addSeconds } from '../base/time.js';
import { EMPTY_HEAD, link } from '../ledger/chain.js';
import { ledgerFiles, readLedgerHead } from '../ledger/view.js';
import { type OpenRecord, open, seal } from '../record/envelope.js';
import { intentPath, receiptPath, recordPath, requestFolder } from '../record/paths.js';
import type { Seen, Statement } from '../record/statement.js';
import type { Files, Published, PublishOptions, View } from '../record/store.js';
import { eventOf } from './events.js';
import type { Actor, Ports } from './ports.js';

/** A signed record on its way into the repository, with who signed it. */
export interface Draft {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly record: OpenRecord;
  readonly by: string;
}

/** Signs a statement as the actor and gives it its place. */
export async function draft(actor: Actor, statement: Statement, folder: string): Promise<Draft> {
  const bytes = await seal(statement, actor.signer);
  const record = open(bytes);
  return { path: recordPath(folder, record.fileDigest), bytes, record, by: actor.identity.id };
}

/** Signs a statement of a request; intent and receipt have fixed names there. */
export async function draftFor(actor: Actor, statement: Statement, requestId: string): Promise<Draft> {
  const made = await draft(actor, statement, requestFolder(requestId));
  if (statement.kind === 'intent') return { ...made, path: intentPath(requestId) };
  return statement.kind === 'receipt' ? { ...made, path: receiptPath(requestId) } : made;
}

/** The heartbeat that each record carries: the head that its signer saw, and until when that counts as fresh. */
export function seenNow({ clock }: Ports, head: string | null, freshnessSeconds: number): Seen {
  return { head, expiresAt: addSeconds(clock.now(), freshnessSeconds) };
}

export interface Publication extends PublishOptions {
  readonly message: string;
  /** Files beside the records, such as `plan/2.json`. */
  readonly also?: Files;
  /** Asked of the newest state before each attempt; what it throws ends the publication. */
  readonly assertStill?: (view: View) => Promise<void>;
}

/**
 * Adds records, with a ledger entry for each, in one commit. What waits in the outbox goes along. On a moved head the
 * ledger entries are linked anew; the records stay as they were signed.
 * @throws CustodyError CONFLICT, REMOTE_UNREACHABLE, TIMEOUT, LEDGER_BROKEN
 */
export async function publishRecords(
  { store, progress }: Ports,
  drafts: readonly Draft[],
  { message, also, assertStill, ...options }: Publication,
): Promise<Published> {
  const waiting = await store.outbox();
  const all = [...[...waiting].map(([path, bytes]) => reopened(path, bytes)), ...drafts];
  const build = async (view: View) => {
    await assertStill?.(view);
    return { message, files: await withLedger(view, all, also) };
  };
  return store.publish(build, { onProgress: progress, ...options });
}

/** Publishes what waited for the network; null when nothing did. */
export async function publishOutbox(ports: Ports): Promise<Published | null> {
  if ((await ports.store.outbox()).size === 0) return null;
  return publishRecords(ports, [], { message: 'Publish what waited offline' });
}

async function withLedger(view: View, drafts: readonly Draft[], also: Files = new Map()): Promise<Files> {
  const present = new Set(await view.paths());
  const events = drafts.filter(({ path }) => !present.has(path)).map(({ record, by }) => eventOf(record, by));
  const head = view.head === null ? EMPTY_HEAD : await readLedgerHead(view);
  const entries = ledgerFiles(head, link(events, head).entries);
  return new Map([...drafts.map(({ path, bytes }) => [path, bytes] as const), ...also, ...entries]);
}

function reopened(path: string, bytes: Uint8Array): Draft {
  const record = open(bytes, path);
  const { predicate } = record.statement;
  if (!('by' in predicate)) throw new CustodyError('RECORD_MALFORMED', `${path}: it cannot have waited in the outbox`);
  return { path, bytes, record, by: predicate.by };
}
