import { type KeyBundle, openBundle, sealBundle } from '../base/bundle.js';
import { type Digest, digestOf, encodeBase32, encodeBase64 } from '../base/bytes.js';
import type { Signer } from '../base/signature.js';
import { formatStatement, parseStatement, type RecordKind, type Statement } from './statement.js';

/** A record file: a statement of ours in a bundle that one key signed (base/bundle). */
export interface OpenRecord<K extends RecordKind = RecordKind> extends KeyBundle {
  readonly statement: Statement<K>;
  /** SHA-256 of the DSSE payload: what the other records name. */
  readonly digest: Digest;
  /** SHA-256 of the file: its name. */
  readonly fileDigest: Digest;
}

export const MAX_RECORD_BYTES = 256 * 1024;

/** Signs a statement and gives the file's bytes; the signature is verified before anyone sees it. */
export async function seal(statement: Statement, signer: Signer): Promise<Uint8Array> {
  const file = await sealBundle(formatStatement(statement), signer);
  // What could not be read back must not be published.
  open(file);
  return file;
}

/**
 * Takes a record file apart; says nothing about who signed it.
 * @throws CustodyError RECORD_MALFORMED
 */
export function open(file: Uint8Array, what = 'record'): OpenRecord {
  const bundle = openBundle(file, what, MAX_RECORD_BYTES);
  const { payload } = bundle;
  return {
    ...bundle,
    statement: parseStatement(payload, what),
    digest: digestOf(payload),
    fileDigest: digestOf(file),
  };
}

/** Narrows by kind; a record of another kind is `null`, not an error. */
export function ofKind<K extends RecordKind>(record: OpenRecord, kind: K): OpenRecord<K> | null {
  return record.statement.kind === kind ? (record as unknown as OpenRecord<K>) : null;
}

/** `r-` and the first 10 base32 characters (50 bits) of the request's digest. */
export function requestIdOf(digest: Digest): string {
  return `r-${encodeBase32(Buffer.from(digest.slice('sha256:'.length), 'hex')).slice(0, 10)}`;
}

/** The hint of a key by its id, to look one up without parsing keys. */
export function hintOfKeyId(keyId: Digest): string {
  return encodeBase64(Buffer.from(keyId.slice('sha256:'.length), 'hex'));
}
