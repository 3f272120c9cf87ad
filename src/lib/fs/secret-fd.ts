import { read } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { wipe } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { errnoOf } from './files.js';

const readFd = promisify(read);

/**
 * Reads a secret from an open file descriptor up to its end, at most `maxBytes`; more is left unread and shows as one
 * byte too many. The caller wipes the buffer.
 * @param what for messages, `a passphrase`
 * @throws CustodyError USAGE for a descriptor that cannot be read
 */
export async function readSecretFd(fd: number, maxBytes: number, what: string): Promise<Buffer> {
  // 1 and 2 are for output: reading them would take what the person types for something else.
  if (!Number.isSafeInteger(fd) || fd < 0 || fd === 1 || fd === 2) {
    throw new CustodyError('USAGE', `not a file descriptor to read ${what} from: ${fd}`);
  }
  const scratch = Buffer.alloc(maxBytes + 1);
  try {
    const length = await fill(fd, scratch, what);
    const secret = Buffer.alloc(length);
    scratch.copy(secret, 0, 0, length);
    return secret;
  } finally {
    wipe(scratch);
  }
}

async function fill(fd: number, buffer: Buffer, what: string): Promise<number> {
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
        throw new CustodyError('USAGE', `cannot read ${what} from file descriptor ${fd}: ${errno}`, { cause });
      }
      await wait(20);
    }
  }
  return length;
}
