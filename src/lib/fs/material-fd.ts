import { MATERIAL_BYTES } from '../base/material.js';
import { readSecretFd } from './secret-fd.js';

/**
 * Reads key material from an open file descriptor up to its end: raw bytes, and nothing is cut off, neither a newline. The
 * caller wipes the buffer.
 * @throws CustodyError USAGE for a descriptor that cannot be read
 */
export function readMaterialFd(fd: number): Promise<Buffer> {
  return readSecretFd(fd, MATERIAL_BYTES, 'key material');
}
