import { createKeyReader } from '../aws/kms-reader.js';
import { CustodyError } from '../base/errors.js';
import type { Clock } from '../base/time.js';
import { createObjectDirectory } from '../fs/object-directory.js';
import type { CarryingLedger } from '../ledger/carried.js';
import type { ObjectStore } from '../ledger/objects.js';
import { createSlotLedger } from '../ledger/slots.js';
import type { Plan, S3Ledger } from '../plan/plan.js';
import type { MachineMemory } from '../record/memory.js';
import type { AwsAccess } from './aws-access.js';
import { tailMemory } from './ledger-memory.js';

/** The folder in the bucket where a plan names none. */
export const DEFAULT_PREFIX = 'custody/';

/** Whose credentials are used: one's own look the key up, the ledger's write or read it. They may be the same. */
export interface LedgerAccess {
  readonly own: AwsAccess;
  readonly ledger: AwsAccess;
  /** Who reads where the ledger's role only writes, as its bucket's policy wants it; null: the ledger's role itself. */
  readonly reader: AwsAccess | null;
}

/**
 * What the audit ledger of a plan lies in.
 * @throws CustodyError USAGE when the plan has none beside the repository's chain; NOT_FOUND for a bucket's key that is not there
 */
export async function openLedgerObjects(plan: Plan, access: LedgerAccess, clock: Clock): Promise<ObjectStore> {
  const { store, directory, s3 } = plan.ledger;
  if (store === 'directory' && directory !== undefined) return createObjectDirectory(directory);
  if (store === 's3' && s3 !== undefined) return openS3(plan, s3, access, clock);
  throw new CustodyError('USAGE', "the plan has no audit ledger beside the repository's chain", {
    suggestions: [
      'ledger.store in custody.yaml says where it lies; --repository looks at the chain of the repository.',
    ],
  });
}

/** The copy in another Region, to be read; null where the plan names none. */
export function ledgerCopy(
  plan: Plan,
  { ledger, reader }: LedgerAccess,
  clock: Clock,
): (() => Promise<ObjectStore>) | null {
  const { store, s3, retentionDays } = plan.ledger;
  if (store !== 's3' || s3?.replica === undefined) return null;
  const { region, bucket } = s3.replica;
  // Nothing is written there, so no key is needed.
  const place = {
    region,
    bucket,
    prefix: s3.prefix ?? DEFAULT_PREFIX,
    keyArn: '',
    retentionDays,
    now: () => clock.now(),
  };
  return async () => {
    const { createS3Objects } = await import('../aws/s3-objects.js');
    return createS3Objects(await (reader ?? ledger).connection(plan), place, 'ledger.read');
  };
}

/** The machine that a ledger is written from. */
export interface WritingMachine {
  readonly environment: Parameters<typeof tailMemory>[0];
  /** Of which repository it is. */
  readonly memory: MachineMemory;
}

/**
 * The audit ledger of a plan, to be written to. It must go on from where this machine has seen it end, and each append of
 * this one's is remembered. @throws CustodyError as `openLedgerObjects`
 */
export async function openAuditLedger(
  plan: Plan,
  access: LedgerAccess,
  clock: Clock,
  { environment, memory }: WritingMachine,
): Promise<CarryingLedger> {
  const objects = await openLedgerObjects(plan, access, clock);
  const known = await memory.read();
  return createSlotLedger(
    objects,
    known === null ? {} : { memory: tailMemory(environment, known.genesis, plan.ledger) },
  );
}

async function openS3(
  plan: Plan,
  s3: S3Ledger,
  { own, ledger, reader }: LedgerAccess,
  clock: Clock,
): Promise<ObjectStore> {
  const { createS3Objects } = await import('../aws/s3-objects.js');
  const { bucket, region, prefix = DEFAULT_PREFIX } = s3;
  const alias = plan.keys[s3.key]?.alias ?? s3.key;
  const key = await createKeyReader(await own.connection(plan)).describe(region, alias);
  if (key === null)
    throw new CustodyError('NOT_FOUND', `${alias} of the audit ledger is not there in ${region}`, {
      suggestions: ['A ledger in S3 comes after its key and its bucket: until then ledger.store is git.'],
    });
  const { retentionDays } = plan.ledger;
  const place = { region, bucket, prefix, keyArn: key.arn, retentionDays, now: () => clock.now() };
  const objects = createS3Objects(await ledger.connection(plan), place);
  if (reader === null) return objects;
  return { ...createS3Objects(await reader.connection(plan), place, 'ledger.read'), create: objects.create };
}
