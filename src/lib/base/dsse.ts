/** DSSE v1 (github.com/secure-systems-lab/dsse): the bytes that are signed. */

export const IN_TOTO_PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** Pre-authentication encoding: `DSSEv1 <len type> <type> <len payload> <payload>`. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(head) + payload.length);
  bytes.set(payload, bytes.write(head, 'utf8'));
  return bytes;
}
