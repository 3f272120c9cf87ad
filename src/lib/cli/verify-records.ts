import { dirname, join } from 'node:path';
import { asksForBackup, besideOf, verifySeal } from '../backup/seal-file.js';
import { readFileBounded } from '../fs/files.js';
import { verdictOf } from '../inspect/check.js';
import type { GivenFile, RecordsReport } from '../inspect/records.js';
import type { Roster } from '../roster/roster.js';
import { identitiesOf } from '../roster/rules.js';
import { keyStatementVerifier, MAX_STATEMENT_BUNDLE_BYTES } from '../signing/key-statement.js';
import { readGiven } from './draft.js';
import { verifyFiles } from './verify-files.js';

/** Records and seals of backups, each by the keys of one roster. @throws CustodyError NOT_FOUND */
export async function verifyGivenRecords(paths: readonly string[], roster: Roster): Promise<RecordsReport> {
  const read = async (path: string) => ({ path, bytes: await readGiven(path, MAX_STATEMENT_BUNDLE_BYTES + 1) });
  const files = await Promise.all(paths.map(read));
  const seals = files.filter(({ bytes }) => asksForBackup(bytes));
  if (seals.length === 0) return verifyFiles(files, roster);
  const verifier = keyStatementVerifier([...identitiesOf(roster).values()].map(({ key }) => key));
  const judged = await Promise.all(seals.map(async (file) => verifySeal(await withBeside(file), roster, verifier)));
  const others = files.filter((file) => !seals.includes(file));
  const records = others.length === 0 ? { checks: [], records: [] } : await verifyFiles(others, roster);
  const checks = [...records.checks, ...judged.flatMap((one) => one.checks)];
  return { verdict: verdictOf(checks), checks, records: [...records.records, ...judged.map(({ facts }) => facts)] };
}

/** A list of 10,000 keys has some 8 MB. */
const MAX_BESIDE_BYTES = 64 * 1024 * 1024;

async function withBeside({ path, bytes }: GivenFile) {
  const beside = join(dirname(path), besideOf(bytes));
  return { path, bytes, beside: { path: beside, bytes: await readFileBounded(beside, MAX_BESIDE_BYTES) } };
}
