import { generateKeyPairSync, sign } from 'node:crypto';
import { digestOf } from '../../src/lib/base/bytes.js';
import { parsePublicKey, type Signer } from '../../src/lib/base/signature.js';
import { instantFromMillis } from '../../src/lib/base/time.js';
import type { Statement } from '../../src/lib/record/statement.js';

/** A signer of its own and the smallest statement that it can sign. */
export function localSigner(): { readonly signer: Signer; readonly heartbeat: Statement<'heartbeat'> } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = {
    publicKey: parsePublicKey(publicKey.export({ format: 'der', type: 'spki' })),
    sign: async (data: Uint8Array) => sign('sha256', data, privateKey),
  };
  const at = instantFromMillis(Date.UTC(2026, 0, 31));
  const heartbeat: Statement<'heartbeat'> = {
    kind: 'heartbeat',
    subjects: [{ name: 'genesis', digest: digestOf('genesis') }],
    predicate: {
      tool: { name: 'custody', version: '0.0.0', digest: digestOf('tool') },
      repository: '0123456789abcdef',
      by: 'architect',
      at,
      seen: { head: null, expiresAt: at },
    },
  };
  return { signer, heartbeat };
}
