import { bundleFromJSON, isBundleWithDsseEnvelope, isBundleWithPublicKey } from '@sigstore/bundle';
import { describe, expect, it } from 'vitest';
import { preAuthEncoding } from '../../../src/lib/base/dsse.js';
import { hintOf, verifySignature } from '../../../src/lib/base/signature.js';
import { open, seal } from '../../../src/lib/record/envelope.js';
import { localSigner } from '../../support/sealed.js';

/** A reader of Sigstore bundles that is not ours: what it sees is what we wrote. */
describe('a record in the eyes of sigstore-js', () => {
  it('is a bundle v0.3 with one DSSE signature and a public key hint', async () => {
    const { signer, heartbeat } = localSigner();
    const file = await seal(heartbeat, signer);
    const bundle = bundleFromJSON(JSON.parse(Buffer.from(file).toString('utf8')));
    expect(bundle.mediaType).toBe('application/vnd.dev.sigstore.bundle.v0.3+json');
    if (!isBundleWithDsseEnvelope(bundle) || !isBundleWithPublicKey(bundle)) throw new Error('another kind of bundle');
    const { payload, payloadType, signatures } = bundle.content.dsseEnvelope;
    expect(signatures).toHaveLength(1);
    expect(bundle.verificationMaterial.content.publicKey.hint).toBe(hintOf(signer.publicKey));
    expect(Buffer.from(payload)).toEqual(Buffer.from(open(file).payload));
    const [signature] = signatures;
    expect(
      verifySignature(signer.publicKey, preAuthEncoding(payloadType, payload), signature?.sig ?? Buffer.alloc(0)),
    ).toBe(true);
  });
});
