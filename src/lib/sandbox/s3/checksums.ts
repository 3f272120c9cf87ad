import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { JsonObject } from '../../base/canonical-json.js';
import { s3Error } from './errors.js';

/** "Checking object integrity": what a client says of its bytes, and what S3 computes itself. */

/** Reflected polynomials, high and low half; a CRC of 32 bits has the high half 0. */
const CRC32C = crcTable(0, 0x82f63b78);
/** CRC-64/NVME (NVM Express, "64b CRC"). */
const CRC64NVME = crcTable(0x9a6c9329, 0xac4bc9b5);

/** THE table of algorithms, by the member that carries the value. */
const ALGORITHMS: Readonly<Record<string, (bytes: Uint8Array) => Buffer>> = {
  ChecksumCRC32: (bytes) => word(crc32(bytes)),
  ChecksumCRC32C: (bytes) => crc(CRC32C, 0, bytes).subarray(4),
  ChecksumCRC64NVME: (bytes) => crc(CRC64NVME, 0xffffffff, bytes),
  ChecksumSHA1: (bytes) => createHash('sha1').update(bytes).digest(),
  ChecksumSHA256: (bytes) => createHash('sha256').update(bytes).digest(),
};

/**
 * Holds the bytes against every checksum of the request. @returns those, or CRC-64/NVME where it has none
 * @throws ServiceError BadDigest, InvalidDigest, InvalidRequest for two checksums
 */
export function verifiedChecksums(input: JsonObject, bytes: Uint8Array): Readonly<Record<string, string>> {
  const md5 = input.ContentMD5;
  if (md5 !== undefined) assertMd5(String(md5), bytes);
  const given = Object.keys(ALGORITHMS).filter((name) => input[name] !== undefined);
  if (given.length > 1) throw s3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header.');
  const [name = 'ChecksumCRC64NVME'] = given;
  const computed = checksum(name, bytes);
  if (given.length === 0 || input[name] === computed) return { [name]: computed };
  throw s3Error('BadDigest', `The ${name.slice(8)} you specified did not match the calculated checksum.`);
}

export function hasIntegrity(input: JsonObject): boolean {
  return input.ContentMD5 !== undefined || Object.keys(ALGORITHMS).some((name) => input[name] !== undefined);
}

/** Base64. */
export function checksum(name: string, bytes: Uint8Array): string {
  return (ALGORITHMS[name] ?? (() => Buffer.alloc(0)))(bytes).toString('base64');
}

function assertMd5(claimed: string, bytes: Uint8Array): void {
  if (Buffer.from(claimed, 'base64').length !== 16) {
    throw s3Error('InvalidDigest', 'The Content-MD5 you specified is not valid.');
  }
  if (createHash('md5').update(bytes).digest('base64') === claimed) return;
  throw s3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.');
}

interface CrcTable {
  readonly high: Int32Array;
  readonly low: Int32Array;
}

function crcTable(polyHigh: number, polyLow: number): CrcTable {
  const table = { high: new Int32Array(256), low: new Int32Array(256) };
  for (let index = 0; index < 256; index++) {
    let [high, low] = [0, index];
    for (let bit = 0; bit < 8; bit++) {
      const odd = (low & 1) === 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (odd) {
        low ^= polyLow;
        high ^= polyHigh;
      }
    }
    table.high[index] = high;
    table.low[index] = low;
  }
  return table;
}

function crc(table: CrcTable, first: number, bytes: Uint8Array): Buffer {
  let [high, low] = [first, 0xffffffff];
  for (const byte of bytes) {
    const index = (low ^ byte) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ (table.low[index] ?? 0);
    high = (high >>> 8) ^ (table.high[index] ?? 0);
  }
  return Buffer.concat([word(first === 0 ? 0 : ~high), word(~low)]);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
