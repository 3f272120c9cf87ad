import type { Digest } from '../base/bytes.js';
import type { WrappingAlgorithm } from '../base/material.js';
import type { Instant } from '../base/time.js';

/** One material of a key as one Region's KMS lists it (ListKeyRotations with ALL_KEY_MATERIAL). */
export interface ListedMaterial {
  /** 64 hex characters; the same in every Region of a multi-Region key. */
  readonly id: string;
  readonly state: 'CURRENT' | 'NON_CURRENT' | 'PENDING_ROTATION' | 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION';
  /** Whether imported material is there in this Region; null for material that KMS made itself. */
  readonly importState: 'IMPORTED' | 'PENDING_IMPORT' | null;
  /** When imported material goes by itself; null when it stays, or is not there. */
  readonly expiresAt: Instant | null;
  /** What the import said of it; null without. */
  readonly description: string | null;
}

/** PORT: key material that its owner brings along. It leaves the process only wrapped for KMS. */
export interface KeyMaterial {
  /** The digest by which a request names it. */
  readonly commitment: Digest;
  /**
   * The material, encrypted for the import.
   * @param publicKey the wrapping key of GetParametersForImport, DER SubjectPublicKeyInfo
   * @throws CustodyError UNAVAILABLE for a wrapping key that is none
   */
  wrap(publicKey: Uint8Array, algorithm: WrappingAlgorithm): Uint8Array;
  /** Lets an adapter see the bytes, to have KMS encrypt them; nothing may be kept of them. */
  lend<T>(use: (bytes: Uint8Array) => Promise<T>): Promise<T>;
  /** Overwrites the material; nothing can be wrapped afterwards. */
  wipe(): void;
}
