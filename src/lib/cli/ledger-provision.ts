import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createLedgerBuckets as openBuckets } from '../aws/s3-bucket.js';
import { s3LedgerOf } from '../setup/ledger-bucket.js';
import { ledgerTerraform } from '../setup/ledger-terraform.js';
import { checkLedgerBuckets, createLedgerBuckets, findEntryKeys, type Provisioned } from '../setup/provision-ledger.js';
import type { Context } from './context.js';
import { writeNew } from './write-new.js';

export interface ProvisionFlags {
  readonly create: boolean;
  readonly terraform?: string | undefined;
}

export type ProvisionReport = Provisioned & { readonly files: readonly string[] };

/** Checks the buckets of the plan's ledger, makes what is missing, or writes them as Terraform. @throws CustodyError */
export async function provisionLedger(context: Context, flags: ProvisionFlags): Promise<ProvisionReport> {
  const { plan, aws } = await context.visit('remote-if-reachable');
  s3LedgerOf(plan);
  const keys = await findEntryKeys(plan, aws.reader);
  const buckets = openBuckets(await context.access.connection(plan));
  const files =
    flags.terraform === undefined ? [] : [await writeTerraform(flags.terraform, ledgerTerraform(plan, keys))];
  if (flags.create) return { ...(await createLedgerBuckets(plan, keys, buckets)), files };
  return { ...(await checkLedgerBuckets(plan, keys, buckets)), made: [], files };
}

async function writeTerraform(dir: string, text: string): Promise<string> {
  await mkdir(dir, { recursive: true });
  const path = join(dir, 'custody-ledger.tf');
  await writeNew(path, text);
  return path;
}
