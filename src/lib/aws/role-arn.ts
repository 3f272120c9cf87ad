import { CustodyError } from '../base/errors.js';

const ROLE_ARN = /^arn:(?:aws|aws-cn|aws-us-gov):iam::(\d{12}):role\/(?:[\w+=,.@-]+\/)*([\w+=,.@-]{1,64})$/;

/** Account and name of an IAM role; null for anything else. IAM's calls take the name without its path. */
export function roleIn(arn: string): { readonly account: string; readonly name: string } | null {
  const [, account, name] = ROLE_ARN.exec(arn) ?? [];
  return account === undefined || name === undefined ? null : { account, name };
}

/** @throws CustodyError USAGE for what is not the ARN of a role */
export function nameOfRole(arn: string): string {
  const role = roleIn(arn);
  if (role) return role.name;
  throw new CustodyError('USAGE', `not the ARN of an IAM role: ${arn.slice(0, 100)}`);
}
