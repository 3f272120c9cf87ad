/** A policy document of IAM with its name, JSON text. */
export interface AccountPolicy {
  readonly name: string;
  readonly document: string;
}

/** A role or user of the account, with everything that its own policies say. */
export interface AccountIdentity {
  readonly arn: string;
  /** JSON text; null for users. */
  readonly trust: string | null;
  /** Inline and attached policies, those of a user's groups too. */
  readonly policies: readonly AccountPolicy[];
  readonly boundary: AccountPolicy | null;
}

/** PORT: who is in the account, for a proof over everyone. */
export interface AccountReader {
  /** Every role and user, all pages. @throws CustodyError DENIED, UNAVAILABLE */
  identities(): Promise<readonly AccountIdentity[]>;
}
