/** Who signed a statement: a pinned public key, or an OIDC identity that a Sigstore instance certified. */
export type StatementSignerIdentity =
  | { readonly kind: 'key'; readonly keyId: string }
  | { readonly kind: 'keyless'; readonly issuer: string; readonly subject: string };

/** Seals the bytes of an in-toto Statement into a Sigstore bundle v0.3 (DSSE), as bytes. */
export interface StatementSigner {
  readonly identity: StatementSignerIdentity;
  seal(statement: Uint8Array): Promise<Uint8Array>;
}

/** Opens a bundle: the statement's bytes and who signed them. @throws CustodyError for anything that does not verify */
export interface StatementVerifier {
  open(bundle: Uint8Array): Promise<{ readonly statement: Uint8Array; readonly signer: StatementSignerIdentity }>;
}
