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
  /** Inline and attached policies, those of a user's groups too; null where they, or the boundary, could not all be read. */
  readonly policies: readonly AccountPolicy[] | null;
  readonly boundary: AccountPolicy | null;
}

/** PORT: who is in the account, for a proof over everyone. */
export interface AccountReader {
  /** Every role and user, all pages. @throws CustodyError DENIED, UNAVAILABLE */
  identities(): Promise<readonly AccountIdentity[]>;
  /**
   * One role by its ARN, as far as these credentials may read it; null where there is none.
   * @throws CustodyError DENIED where not even the role itself may be read · UNAVAILABLE
   */
  role(roleArn: string): Promise<AccountIdentity | null>;
}
