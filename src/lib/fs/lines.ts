import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import { CustodyError } from '../base/errors.js';
import { errnoOf, PRIVATE_FILE, storageError } from './files.js';

const LINE_FEED = 0x0a;

/**
 * The lines of a file without their ends, however large it is.
 * @param maxBytes a longer line is given cut to one byte more than this, so that its reader refuses it
 * @throws CustodyError NOT_FOUND, STORAGE
 */
export async function* readLines(path: string, maxBytes: number): AsyncGenerator<Buffer> {
  const file = await openFor(path, 'r', 'read');
  try {
    yield* linesOf(file.createReadStream({ autoClose: false }), maxBytes);
  } catch (cause) {
    throw storageError(cause, 'read', path);
  } finally {
    await file.close();
  }
}

/** The lines of a stream of bytes, as `readLines` gives them. */
export async function* linesOf(stream: AsyncIterable<unknown>, maxBytes: number): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    let bytes: Buffer = Buffer.concat([rest, chunk as Buffer]);
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED)) {
      yield withoutReturn(bytes.subarray(0, Math.min(end, maxBytes + 1)));
      bytes = bytes.subarray(end + 1);
    }
    rest = bytes.subarray(0, maxBytes + 1);
  }
  if (rest.length > 0) yield withoutReturn(rest);
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}

/** A file that grows line by line next to the one it will become; a run that was cut off goes on at its end. */
export interface LineFile {
  append(lines: readonly string[]): Promise<void>;
  /** Makes it durable and gives it its name. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** Where the lines wait until all are there. */
export function partOf(path: string): string {
  return `${path}.part`;
}

/**
 * Opens `path`'s part for appending; a line that a crash has left half written is taken away.
 * @returns the file, and how many whole lines it has
 * @throws CustodyError CONFLICT when `path` itself exists; STORAGE
 */
export async function openLineFile(path: string): Promise<{ readonly file: LineFile; readonly lines: number }> {
  if (await exists(path)) {
    throw new CustodyError('CONFLICT', `${path} exists already`, {
      details: { path },
      suggestions: ['Name another file, or move that one away.'],
    });
  }
  const part = partOf(path);
  const { lines, bytes } = await wholeLines(part);
  const file = await openFor(part, 'a', 'write');
  const attempt = async (work: () => Promise<unknown>) => {
    await work().catch((cause: unknown) => {
      throw storageError(cause, 'write', part);
    });
  };
  try {
    await attempt(() => file.truncate(bytes));
  } catch (cause) {
    await file.close();
    throw cause;
  }
  return {
    lines,
    file: {
      append: (text) => attempt(() => file.appendFile(text.map((line) => `${line}\n`).join(''))),
      finish: () => attempt(async () => [await file.sync(), await rename(part, path)]),
      close: () => file.close(),
    },
  };
}

async function wholeLines(path: string): Promise<{ readonly lines: number; readonly bytes: number }> {
  if (!(await exists(path))) return { lines: 0, bytes: 0 };
  const file = await openFor(path, 'r', 'read');
  let [lines, bytes, at] = [0, 0, 0];
  try {
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      for (const byte of chunk as Buffer) {
        at++;
        if (byte === LINE_FEED) [lines, bytes] = [lines + 1, at];
      }
    }
    return { lines, bytes };
  } catch (cause) {
    throw storageError(cause, 'read', path);
  } finally {
    await file.close();
  }
}

async function openFor(path: string, flags: 'r' | 'a', doing: string): Promise<FileHandle> {
  try {
    return await open(path, flags, PRIVATE_FILE);
  } catch (cause) {
    if (flags === 'r' && errnoOf(cause) === 'ENOENT') throw new CustodyError('NOT_FOUND', `there is no file ${path}`);
    throw storageError(cause, doing, path);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return false;
    throw storageError(cause, 'read', path);
  }
}
