import { isSignedByApart, openBundle, sealBundle } from '../base/bundle.js';
import { CustodyError } from '../base/errors.js';
import { hintOf, type PublicKey, type Signer } from '../base/signature.js';
import type { StatementSigner, StatementVerifier } from './statement-signer.js';

/** Bytes of one bundle: a manifest that lists what could not be read of 10,000 keys has some megabytes. */
export const MAX_STATEMENT_BUNDLE_BYTES = 16 * 1024 * 1024;

/** Statements signed by one key, wherever its private half lives (the table of homes is in signers.ts). */
export function keyStatementSigner(signer: Signer): StatementSigner {
  return {
    identity: { kind: 'key', keyId: signer.publicKey.keyId },
    seal: (statement) => sealBundle(statement, signer),
  };
}

/**
 * Opens what one of the pinned keys signed. The hint of a bundle only says which key to try (T21).
 * @returns a verifier that throws RECORD_MALFORMED · SIGNER_UNKNOWN for a key that is not pinned · SIGNATURE_INVALID
 */
export function keyStatementVerifier(pinned: Iterable<PublicKey>): StatementVerifier {
  const byHint = new Map([...pinned].map((key) => [hintOf(key), key]));
  return {
    open: async (file) => {
      const bundle = openBundle(file, 'the bundle', MAX_STATEMENT_BUNDLE_BYTES);
      const key = byHint.get(bundle.hint);
      if (!key) throw new CustodyError('SIGNER_UNKNOWN', 'it is signed by a key that nobody has pinned');
      if (!(await isSignedByApart(bundle, key)))
        throw new CustodyError('SIGNATURE_INVALID', 'its signature does not verify with the pinned key');
      return { statement: bundle.payload, signer: { kind: 'key', keyId: key.keyId } };
    },
  };
}
