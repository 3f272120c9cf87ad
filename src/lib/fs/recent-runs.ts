import { PRIVATE_FILE, readFileBounded, writeFileAtomic } from './files.js';

const RUN = /^[0-9a-f]{16}$/;
const MOST = 20;
const MAX_BYTES = 4096;

/**
 * Writes down that a run begins on this machine. Whoever calls this holds the machine's lock of such runs, so the others are over.
 * @param runId 16 hex characters
 * @returns the runs that began here before, the last 20; none where the file is not what was written
 * @throws CustodyError STORAGE
 */
export async function rememberRun(path: string, runId: string): Promise<ReadonlySet<string>> {
  const bytes = await readFileBounded(path, MAX_BYTES);
  const before = (bytes?.toString('utf8') ?? '').split('\n').filter((line) => RUN.test(line));
  const lines = [...before, runId].slice(-MOST);
  await writeFileAtomic(path, Buffer.from(`${lines.join('\n')}\n`, 'utf8'), PRIVATE_FILE);
  return new Set(before);
}
