import type { Digest } from '../base/bytes.js';
import type { KeyArn } from './key.js';

/** A value under a key, told by digests alone. */
export interface MadeCanary {
  readonly ciphertext: Uint8Array;
  /** SHA-256 of the value. */
  readonly digest: Digest;
  /** 64 hex characters; null where AWS does not say. */
  readonly materialId: string | null;
}

/** What a canary turned out to be. */
export interface OpenCanary {
  readonly digest: Digest;
  readonly materialId: string | null;
}

/**
 * PORT: one who may make and open canaries of keys, and nothing else of theirs. The values never leave the adapter (T46).
 */
export interface CanaryKeeper {
  /**
   * Encrypts 32 random bytes, which nobody keeps.
   * @throws CustodyError DENIED, REFUSED with `details.awsCode`, UNAVAILABLE
   */
  make(key: KeyArn, context: Readonly<Record<string, string>>): Promise<MadeCanary>;
  /** Decrypts one under that key and no other. @throws CustodyError as `make`; REFUSED also for another key or context */
  open(key: KeyArn, ciphertext: Uint8Array, context: Readonly<Record<string, string>>): Promise<OpenCanary>;
}
