/** The grammars of names and ARNs that a plan holds. Each is anchored and linear in the length of its input. */

/** Also a part of a tag key at AWS: a colon or an upper-case letter would shift or double an approval slot. */
export const KEY_NAME = /^[a-z][a-z0-9-]{1,30}$/;
export const PERSON_ID = /^[a-z][a-z0-9-]{1,30}$/;
export const ACCOUNT = /^[0-9]{12}$/;
export const REGION = /^[a-z]{2}(?:-[a-z]{2,16}){1,3}-[0-9]$/;

/** `alias/aws/` belongs to AWS (KMS Developer Guide, "Aliases in AWS KMS"). */
export const ALIAS = /^alias\/(?!aws\/)[A-Za-z0-9/_-]{1,250}$/;

/** Roles only: the ARN of a session in a key policy would escape that session's own policy. */
export const ROLE_ARN =
  /^arn:(?:aws|aws-cn|aws-us-gov):iam::[0-9]{12}:role\/(?:[A-Za-z0-9_+=,.@-]{1,128}\/){0,4}[A-Za-z0-9_+=,.@-]{1,64}$/;
export const KMS_KEY_ARN = /^arn:(?:aws|aws-cn|aws-us-gov):kms:[a-z0-9-]{1,32}:[0-9]{12}:key\/[0-9a-z-]{1,64}$/;
export const SERVICE_NAME = /^[a-z][a-z0-9-]{1,30}$/;

/** KMS: letters, digits, space and _.:/=+-@. `aws:` is AWS's, `custody:` is what this tool itself puts on keys. */
export const TAG_KEY = /^(?!aws:|custody:)[\p{L}\p{N} _.:/=+\-@]{1,128}$/u;
export const TAG_VALUE = /^[\p{L}\p{N} _.:/=+\-@]{0,256}$/u;

export const CONTEXT_NAME = /^[A-Za-z0-9_.:/=+@-]{1,128}$/;
/** No * or ? (wildcards) and no $ (policy variables): in a key policy they would match more than what was reviewed. */
export const CONTEXT_VALUE = /^[A-Za-z0-9_.:/=+@ -]{1,256}$/;

export const PUBLIC_KEY = /^[A-Za-z0-9+/]{40,600}={0,2}$/;

/** The addresses that git is given (git/url): no other helper, no password. Each alternative is linear. */
export const REMOTE =
  /^(?:(?:file:\/\/)?\/[A-Za-z0-9._~/+@%-]+|(?:https|ssh):\/\/(?:[A-Za-z0-9_][A-Za-z0-9._+-]*@)?[A-Za-z0-9][A-Za-z0-9._-]*(?::[0-9]{1,5})?\/[A-Za-z0-9._~/+@%-]+|[A-Za-z0-9_][A-Za-z0-9._+-]*@[A-Za-z0-9][A-Za-z0-9._-]*:(?!-|\/\/)[A-Za-z0-9._~/+@%-]+)$/;

/** One line without control, format (bidi, zero-width) or surrogate characters: it is shown on approval screens. */
export const PRINTABLE = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u;

export function accountOf(arn: string): string {
  return arn.split(':')[4] ?? '';
}

export function partitionOf(arn: string): string {
  return arn.split(':')[1] ?? '';
}
/** A day; whether it is one of the calendar, `isInstant` says. */
export const DATE = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
