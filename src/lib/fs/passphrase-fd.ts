import { wipe } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { readSecretFd } from './secret-fd.js';

const MAX_BYTES = 1024;

/**
 * Reads a passphrase from an open file descriptor up to its end; one trailing newline is not part of it. The caller
 * wipes the buffer.
 * @throws CustodyError USAGE for a descriptor that cannot be read or more than 1 KiB; INPUT_MISSING when nothing came
 */
export async function readPassphraseFd(fd: number): Promise<Buffer> {
  const read = await readSecretFd(fd, MAX_BYTES + 1, 'a passphrase');
  try {
    const { length } = read;
    const end = length > 0 && read[length - 1] === 0x0a ? length - 1 : length;
    if (end > MAX_BYTES) throw new CustodyError('USAGE', `a passphrase has at most ${MAX_BYTES} bytes`);
    if (end === 0) throw new CustodyError('INPUT_MISSING', `file descriptor ${fd} holds no passphrase`);
    // Not Buffer.from: that copies into memory which is shared with others.
    const passphrase = Buffer.alloc(end);
    read.copy(passphrase, 0, 0, end);
    return passphrase;
  } finally {
    wipe(read);
  }
}
