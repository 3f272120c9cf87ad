import { openKmsSigner } from '../aws/kms-signer.js';
import { CustodyError } from '../base/errors.js';
import type { Signer } from '../base/signature.js';
import { readKeyFile } from '../fs/key-files.js';
import type { CallerIdentity } from '../key/key.js';
import type { Actor, Aws } from '../request/ports.js';
import type { Roster, RosterKey } from '../roster/roster.js';
import { identitiesOf } from '../roster/rules.js';
import { openSigner } from '../signing/signers.js';
import type { Account, AwsAccess } from './aws-access.js';
import { readPassphrase } from './passphrase.js';

type Seats = readonly { readonly id: string; readonly roleArn: string }[];

/** A roster, or the draft of one. */
interface People {
  readonly custodians: Seats;
  readonly automation: Seats;
}

/** The seat whose IAM role the credentials are of; it only selects, the signature proves. */
export async function seatOfRole(aws: Pick<Aws, 'whoAmI'>, people: People): Promise<string | undefined> {
  return seatOfCaller(await aws.whoAmI(), people);
}

/** The same for a caller that is known. */
export function seatOfCaller({ arn }: Pick<CallerIdentity, 'arn'>, { custodians, automation }: People) {
  const role = /:assumed-role\/([^/]+)\//.exec(arn)?.[1];
  return [...custodians, ...automation].find(({ roleArn }) => role !== undefined && roleArn.endsWith(`/${role}`))?.id;
}

export interface SignerSources {
  readonly access: AwsAccess;
  readonly environment: NodeJS.ProcessEnv;
  readonly passphraseFd: number | undefined;
  readonly interactive: boolean;
}

/**
 * The identity of an id with its signer, from the key that the roster lists for it.
 * @throws CustodyError SIGNER_UNKNOWN, SIGNER_LOCKED, CREDENTIALS_MISSING, DENIED
 */
export async function openActor(sources: SignerSources, roster: Roster, account: Account, id: string): Promise<Actor> {
  const seats = [...roster.custodians, ...roster.automation];
  const [key] = seats.find((seat) => seat.id === id)?.keys ?? [];
  if (!key) {
    throw new CustodyError('SIGNER_UNKNOWN', `the roster does not list ${id}`, {
      suggestions: [`Listed: ${seats.map((seat) => seat.id).join(', ')}.`],
    });
  }
  const signer = await signerFor(sources, account, key);
  const identity = identitiesOf(roster).get(signer.publicKey.keyId);
  if (identity) return { identity, signer };
  throw new CustodyError('SIGNER_UNKNOWN', `the roster does not list the key of ${id}`);
}

function signerFor(
  { access, environment, passphraseFd, interactive }: SignerSources,
  account: Account,
  key: RosterKey,
): Promise<Signer> {
  return openSigner(key, {
    kms: async (arn) => openKmsSigner(await access.connection(account), arn),
    localKeyFile: (keyId) => readKeyFile(environment, keyId),
    askPassphrase: () => readPassphrase(passphraseFd, interactive),
  });
}
