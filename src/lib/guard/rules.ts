/** THE table of the policies' rules: what is wrong when one says no. Their Rego is policies/custody. */
export const RULES = {
  'action-unknown': 'The request names an action that no quorum can authorise.',
  'bucket-is-the-ledger': 'Log files of CloudTrail are read, but the bucket is the ledger’s.',
  'bucket-not-the-ledger': 'The call is for the ledger, and the bucket is another one.',
  'bucket-unresolved':
    'Which bucket it is cannot be told (an access point, an alias, a value known later): it could be the ledger.',
  'bucket-without-lock': 'The bucket of the ledger is made without Object Lock.',
  'call-not-signed': 'The operation is none of those that the quorum has signed.',
  'change-unreadable': 'The planned change is of a form that is not known.',
  'class-of-another-action': 'The request’s class is not that of its action.',
  'encryption-not-by-the-ledger-key': 'The ledger is encrypted by its own key in KMS, and by nothing else.',
  'executor-not-named': 'Nobody is named who executes.',
  'force-destroy': 'The bucket could be destroyed with everything in it.',
  'input-unreadable': 'The call has no parameters that can be read.',
  'key-changed-without-quorum': 'A key is changed past its quorum: custody keys … asks for it.',
  'key-deleted': 'A key is deleted, forgotten or replaced past its quorum.',
  'key-policy-changed': 'A key policy is changed past its quorum.',
  'ledger-deleted': 'A part of the ledger is deleted, forgotten or replaced.',
  'ledger-key-destroyed': 'Without its key nobody can read the ledger: no quorum may end or disable it.',
  'lifecycle-not-allowed':
    'Only the rule of ledger provision is allowed: bundles to GLACIER_IR after 90 days; nothing expires.',
  'lock-not-compliance': 'The lock is not COMPLIANCE, or shorter than the plan’s retention.',
  'lockout-check-bypassed': 'KMS’s check against locking everybody out is switched off.',
  'no-answer': 'The policy gave no answer.',
  'not-a-scratch-key': 'A drill may make and delete its own keys, and this is none.',
  'not-a-signing-key': 'A custodian’s own key signs, with ECC_NIST_P256, and does nothing else.',
  'not-the-sandbox': 'Attacks are rehearsed against the sandbox alone.',
  'operation-not-allowed': 'The operation is not on the list of what this purpose may do.',
  'ownership-with-acls': 'Objects belong to the bucket’s owner, without access control lists.',
  'policy-not-of-the-ledger':
    'The bucket policy lets more than append and read, or does not deny deletion to everybody.',
  'public-access-not-blocked': 'Public access is not blocked in all four ways.',
  'purpose-unknown': 'The call has no purpose that would let it do this.',
  'quorum-missing': 'A change of a key that no request stands for.',
  'quorum-not-met': 'Too few people have approved.',
  'record-unreadable': 'The record is none of CloudTrail’s.',
  'replication-not-of-the-ledger': 'The copy is switched off, goes elsewhere, or takes delete markers along.',
  'request-not-named': 'The request’s id or digest is missing.',
  'resource-not-allowed': 'A resource of this kind may not touch the ledger.',
  'restore-writes': 'A restore may make a readable copy and nothing else.',
  'retention-too-short': 'The entry would be kept for less than the plan’s retention.',
  undecided: 'The policies have nothing to say about such a call, so it is not made.',
  'versioning-not-enabled': 'Versions are not kept.',
  'veto-of-another-kind': 'Only the end of a deletion is a veto.',
  'window-too-short': 'A key must wait 30 days before it is gone.',
  'write-not-once': 'An entry is written only if there is none (If-None-Match: *).',
  'write-outside-the-ledger': 'The object lies outside of the ledger’s folder.',
  'write-parameter-not-allowed': 'The write has a parameter that changes how the entry is kept.',
} as const satisfies Readonly<Record<string, string>>;

/** A rule in words; one that the table does not know is named as it is. */
export function meaningOf(rule: string): string {
  const found = Object.entries(RULES).find(([name]) => name === rule);
  return found?.[1] ?? rule;
}
