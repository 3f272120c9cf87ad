import type { KeyArn } from './key.js';
import type { KeyMaterial } from './material.js';

/** PORT: one who may put key material under a root, and cannot open it again. */
export interface CopyKeeper {
  /**
   * The material, encrypted under the root, and tried: KMS could move it within the root.
   * @throws CustodyError DENIED, REFUSED with `details.awsCode`, UNAVAILABLE
   */
  keep(root: KeyArn, material: KeyMaterial, context: Readonly<Record<string, string>>): Promise<Uint8Array>;
}
