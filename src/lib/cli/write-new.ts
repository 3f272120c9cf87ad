import { createFileOnce } from '../fs/files.js';

/** Writes a file that a person asked for, and never over one that is there. @throws CustodyError CONFLICT, STORAGE */
export function writeNew(path: string, text: string): Promise<void> {
  return createFileOnce(path, Buffer.from(text, 'utf8'), 0o644);
}
