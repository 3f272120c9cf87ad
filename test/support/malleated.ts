import { encodeBase64 } from '../../src/lib/base/bytes.js';
import { type OpenRecord, open } from '../../src/lib/record/envelope.js';
import type { RecordKind } from '../../src/lib/record/statement.js';

/** The order of P-256 (FIPS 186-5, SP 800-186 section 3.2.1.3). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The other valid ECDSA signature of the same bytes, (r, n − s): anyone can make it without the key. */
export function malleateSignature(der: Uint8Array): Uint8Array {
  const [r, s] = readIntegers(der);
  const body = Buffer.concat([integer(r), integer(ORDER - s)]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

/** The same record as another file. */
export function malleated<K extends RecordKind>(record: OpenRecord<K>): OpenRecord<K> {
  const file =
    `{"dsseEnvelope":{"payload":"${encodeBase64(record.payload)}","payloadType":"application/vnd.in-toto+json",` +
    `"signatures":[{"keyid":"","sig":"${encodeBase64(malleateSignature(record.signature))}"}]},` +
    `"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"${record.hint}"}}}`;
  return open(Buffer.from(file)) as unknown as OpenRecord<K>;
}

function readIntegers(der: Uint8Array): readonly [bigint, bigint] {
  const rLength = der[3] ?? 0;
  const r = der.subarray(4, 4 + rLength);
  const s = der.subarray(6 + rLength);
  return [bigint(r), bigint(s)];
}

function bigint(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function integer(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  const positive = (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return Buffer.concat([Buffer.from([2, positive.length]), positive]);
}
