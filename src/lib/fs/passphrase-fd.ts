import { read } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { wipe } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { errnoOf } from './files.js';

const MAX_BYTES = 1024;
const readFd = promisify(read);

/**
 * Reads a passphrase from an open file descriptor up to its end; one trailing newline is not part of it. The caller
 * wipes the buffer.
 * @throws CustodyError USAGE for a descriptor that cannot be read or more than 1 KiB; INPUT_MISSING when nothing came
 */
export async function readPassphraseFd(fd: number): Promise<Buffer> {
  // 1 and 2 are for output: reading them would take what the person types for something else.
  if (!Number.isSafeInteger(fd) || fd < 0 || fd === 1 || fd === 2) {
    throw new CustodyError('USAGE', `not a file descriptor to read a passphrase from: ${fd}`);
  }
  const scratch = Buffer.alloc(MAX_BYTES + 2);
  try {
    const length = await fill(fd, scratch);
    const end = length > 0 && scratch[length - 1] === 0x0a ? length - 1 : length;
    if (end > MAX_BYTES) throw new CustodyError('USAGE', `a passphrase has at most ${MAX_BYTES} bytes`);
    if (end === 0) throw new CustodyError('INPUT_MISSING', `file descriptor ${fd} holds no passphrase`);
    const passphrase = Buffer.alloc(end);
    scratch.copy(passphrase, 0, 0, end);
    return passphrase;
  } finally {
    wipe(scratch);
  }
}

async function fill(fd: number, buffer: Buffer): Promise<number> {
  let length = 0;
  while (length < buffer.length) {
    try {
      const { bytesRead } = await readFd(fd, buffer, length, buffer.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    } catch (cause) {
      const errno = errnoOf(cause);
      if (errno === 'EOF') break;
      // A pipe without blocking that its writer has not filled yet.
      if (errno !== 'EAGAIN') {
        throw new CustodyError('USAGE', `cannot read a passphrase from file descriptor ${fd}: ${errno}`, { cause });
      }
      await wait(20);
    }
  }
  return length;
}
