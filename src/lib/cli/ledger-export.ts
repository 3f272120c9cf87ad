import { type FileHandle, open } from 'node:fs/promises';
import { CustodyError } from '../base/errors.js';
import { errnoOf } from '../fs/files.js';
import { formatEntry } from '../ledger/chain.js';
import { CSV_HEADER, csvLine } from '../ledger/csv.js';
import type { LedgerEntry } from '../ledger/entry.js';
import { visible } from './visible.js';

export const EXPORT_FORMATS = ['jsonl', 'csv'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** JSON lines are the stored bytes: whoever has them can compute every digest again. */
function lineOf(entry: LedgerEntry, format: ExportFormat): string {
  return format === 'csv' ? csvLine(entry) : `${Buffer.from(formatEntry(entry)).toString('utf8')}\n`;
}

/** One write a piece; a line for each would be a call of the system for each. */
const PIECE_CHARACTERS = 64 * 1024;

async function* piecesOf(entries: AsyncIterable<LedgerEntry>, format: ExportFormat, count: { entries: number }) {
  let piece = format === 'csv' ? CSV_HEADER : '';
  for await (const entry of entries) {
    piece += lineOf(entry, format);
    count.entries++;
    if (piece.length < PIECE_CHARACTERS) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

/** Writes entries as they are read, so that memory does not grow with them; how many they were. */
export async function exportEntries(
  entries: AsyncIterable<LedgerEntry>,
  format: ExportFormat,
  write: (text: string) => Promise<void>,
): Promise<number> {
  const count = { entries: 0 };
  for await (const piece of piecesOf(entries, format, count)) await write(piece);
  return count.entries;
}

/** The same to a new file. @throws CustodyError CONFLICT when there is one, STORAGE */
export async function exportToFile(
  entries: AsyncIterable<LedgerEntry>,
  format: ExportFormat,
  path: string,
): Promise<number> {
  const file = await create(path);
  try {
    return await exportEntries(entries, format, async (text) => {
      await file.writeFile(text, 'utf8');
    });
  } finally {
    await file.close();
  }
}

async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (cause) {
    const exists = errnoOf(cause) === 'EEXIST';
    throw new CustodyError(
      exists ? 'CONFLICT' : 'STORAGE',
      exists ? `${path} is there already` : `${path} cannot be written`,
      { cause },
    );
  }
}

/** Waits where the reader of a pipe is slower. On a terminal, nothing of others moves the cursor; a pipe gets the bytes. */
export function toStdout(text: string): Promise<void> {
  const shown = process.stdout.isTTY
    ? text
        .split('\n')
        .map((line) => visible(line, line.length))
        .join('\n')
    : text;
  return new Promise((resolve, reject) => process.stdout.write(shown, (cause) => (cause ? reject(cause) : resolve())));
}
