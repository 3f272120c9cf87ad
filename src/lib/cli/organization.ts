import { Flags } from '@oclif/core';
import type { Organization } from '../inspect/proof.js';
import { type PolicyDocument, parsePolicy } from '../policy/document.js';
import { FULL_ACCESS } from '../policy/evaluate.js';
import { readKeyPolicy } from '../policy/validate.js';
import { readGiven } from './draft.js';

const MAX_POLICY_BYTES = 256 * 1024;

/** The organization's policies as files: from within an account they cannot be read. */
export const organizationFlags = {
  scp: Flags.string({ multiple: true, description: 'a service control policy over the account', helpValue: 'FILE' }),
  rcp: Flags.string({ multiple: true, description: 'a resource control policy over the account', helpValue: 'FILE' }),
};

export interface OrganizationFlags {
  readonly scp?: readonly string[] | undefined;
  readonly rcp?: readonly string[] | undefined;
}

/** A policy document in a file. @throws CustodyError NOT_FOUND, LIMIT_EXCEEDED, POLICY_MALFORMED */
export async function policyIn(path: string): Promise<PolicyDocument> {
  return parsePolicy(await readGiven(path, MAX_POLICY_BYTES), path);
}

/** A key policy in a file. @throws CustodyError NOT_FOUND, LIMIT_EXCEEDED · POLICY_MALFORMED for what KMS would reject, too */
export async function keyPolicyIn(path: string): Promise<PolicyDocument> {
  return readKeyPolicy(await readGiven(path, MAX_POLICY_BYTES), path);
}

/** Each file is a policy of the account or of what is above it, beside AWS's own that allow everything. */
export async function organizationOf({ scp, rcp }: OrganizationFlags): Promise<Organization> {
  const levels = async (files: readonly string[] | undefined) =>
    files === undefined ? null : [[FULL_ACCESS, ...(await Promise.all(files.map(policyIn)))]];
  return { serviceControlPolicies: await levels(scp), resourceControlPolicies: await levels(rcp) };
}
