import { CustodyError } from '../base/errors.js';
import type { Signer } from '../base/signature.js';
import type { KeyHome, RosterKey } from '../roster/roster.js';
import { type AskPassphrase, openLocalKey } from './local-key.js';

/** What the homes need of the outside. */
export interface SignerPorts {
  /** A signer over an AWS KMS key. @throws CustodyError DENIED, CREDENTIALS_MISSING, NOT_FOUND, UNAVAILABLE */
  kms(arn: string): Promise<Signer>;
  /** The bytes of this machine's key file; null when it has none. @throws CustodyError STORAGE, DENIED */
  localKeyFile(keyId: RosterKey['keyId']): Promise<Uint8Array | null>;
  readonly askPassphrase: AskPassphrase;
}

type Homes = { readonly [Type in KeyHome['type']]: Extract<KeyHome, { readonly type: Type }> };
type OpenHome<Type extends KeyHome['type']> = (
  key: RosterKey,
  home: Homes[Type],
  ports: SignerPorts,
) => Promise<Signer>;

/** THE table of the places where a private half lives; a new kind of signer is one file and one row. */
const HOMES: { readonly [Type in KeyHome['type']]: OpenHome<Type> } = {
  kms: (_key, home, ports) => ports.kms(home.arn),
  local: async (key, _home, ports) => {
    const file = await ports.localKeyFile(key.keyId);
    if (file !== null) return openLocalKey(file, ports.askPassphrase);
    throw new CustodyError('CREDENTIALS_MISSING', 'this machine does not hold the private half of the key', {
      details: { keyId: key.keyId },
      suggestions: ['Run this on the machine on which `custody signer create` made the key.'],
    });
  },
};

/**
 * The signer for a key of the roster.
 * @throws CustodyError SIGNER_UNKNOWN when what the home holds is not the roster's key; else what the home throws
 */
export async function openSigner(key: RosterKey, ports: SignerPorts): Promise<Signer> {
  const signer = await openHome(key, key.home, ports);
  // Whoever can edit a home (a replaced file, another key behind the ARN) must not get records signed by it.
  if (signer.publicKey.keyId === key.keyId) return signer;
  throw new CustodyError('SIGNER_UNKNOWN', 'the signer found is not the key in the roster', {
    details: { expected: key.keyId, found: signer.publicKey.keyId, home: key.home.type },
  });
}

function openHome<Type extends KeyHome['type']>(
  key: RosterKey,
  home: Homes[Type] & { readonly type: Type },
  ports: SignerPorts,
): Promise<Signer> {
  return HOMES[home.type](key, home, ports);
}
