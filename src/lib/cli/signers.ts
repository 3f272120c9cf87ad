import { randomBytes } from 'node:crypto';
import { createKmsSigningKey } from '../aws/kms-signer-create.js';
import { encodeBase64, wipe } from '../base/bytes.js';
import { parseJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isObject, object, oneOf, type Reader, readFields, text } from '../base/fields.js';
import { type AlgorithmName, formatPublicKeyPem, type PublicKey, parsePublicKeyBase64 } from '../base/signature.js';
import { readFileBounded } from '../fs/files.js';
import { writeKeyFile } from '../fs/key-files.js';
import type { CustodianDraft } from '../plan/roster-draft.js';
import { SIGNER_TAG } from '../policy/role-policies.js';
import { custodianSignerPolicy } from '../policy/synthesize.js';
import { DUTIES } from '../roster/roster.js';
import { createLocalKey } from '../signing/local-key.js';
import type { Context } from './context.js';
import { readPassphrase } from './passphrase.js';
import { pairs } from './render.js';

/** The public part of a signer, as `signer create` prints it and `init` takes it. */
export interface PublicSigner {
  readonly id: string;
  readonly name: string;
  readonly duty: string;
  readonly roleArn: string;
  readonly keyId: string;
  readonly algorithm: string;
  /** `local` or the ARN of a KMS key. */
  readonly home: string;
  /** DER SubjectPublicKeyInfo, base64. */
  readonly publicKey: string;
  /** The same as PEM, for cosign and openssl. */
  readonly pem: string;
}

type SeatFacts = Pick<PublicSigner, 'id' | 'name' | 'duty' | 'roleArn'>;

/** The seat's role is given, or it is the one of the AWS credentials. @throws CustodyError INPUT_MISSING */
export async function seatOf(
  context: Context,
  given: Omit<SeatFacts, 'roleArn'> & { readonly roleArn: string | undefined },
): Promise<SeatFacts> {
  if (given.roleArn) return { ...given, roleArn: given.roleArn };
  const { arn, account, partition } = await (await context.access.bareAws()).whoAmI();
  const role = /:assumed-role\/([^/]+)\//.exec(arn)?.[1];
  if (role) return { ...given, roleArn: `arn:${partition}:iam::${account}:role/${role}` };
  throw new CustodyError('INPUT_MISSING', 'these credentials are not of an IAM role: --role-arn is needed', {
    details: { caller: arn },
  });
}

/** A signing key in KMS with which only the seat's role may sign. @throws CustodyError INPUT_MISSING, DENIED, UNAVAILABLE */
export async function createKms(context: Context, seat: SeatFacts): Promise<PublicSigner> {
  const connection = await context.access.bareConnection();
  const region = connection.region;
  if (region === null)
    throw new CustodyError('INPUT_MISSING', 'no AWS Region is set', { suggestions: ['Give --region.'] });
  context.progress.tell(`Making a signing key in ${region}`);
  const { arn, publicKey } = await createKmsSigningKey(connection, {
    region,
    policy: custodianSignerPolicy({ roleArn: seat.roleArn }),
    description: `Signing key of the custodian ${seat.id}`,
    tags: { [SIGNER_TAG]: seat.id },
  });
  return publicPart(seat, publicKey, arn);
}

/** A signing key on this machine, encrypted under a passphrase. @throws CustodyError SIGNER_LOCKED, STORAGE */
export async function createLocal(context: Context, seat: SeatFacts, algorithm: AlgorithmName): Promise<PublicSigner> {
  const passphrase = await readPassphrase(
    context.flags.passphraseFd,
    context.interactive,
    'Passphrase for the new key (12 characters or more)',
  );
  try {
    const { file, publicKey } = await createLocalKey(passphrase, algorithm, randomBytes);
    await writeKeyFile(context.environment, publicKey.keyId, file);
    return publicPart(seat, publicKey, 'local');
  } finally {
    wipe(passphrase);
  }
}

function publicPart(seat: SeatFacts, key: PublicKey, home: string): PublicSigner {
  return {
    ...seat,
    keyId: key.keyId,
    algorithm: key.algorithm,
    home,
    publicKey: encodeBase64(key.spki),
    pem: formatPublicKeyPem(key),
  };
}

/** The public part for people. */
export function signerText({ id, name, duty, roleArn, keyId, algorithm, home, pem }: PublicSigner): string {
  const rows = [
    ['custodian', `${id}, ${name}, ${duty}`],
    ['role', roleArn],
    ['key', keyId],
    ['algorithm', algorithm],
    ['home', home],
  ] as const;
  return `${pairs(rows)}\n\n${pem.trimEnd()}`;
}

const field = (max: number): Reader<string> => text({ max });
const publicSigner = object({
  id: field(31),
  name: field(100),
  duty: oneOf(DUTIES),
  roleArn: field(600),
  keyId: field(71),
  algorithm: field(40),
  home: field(200),
  publicKey: field(1000),
  pem: field(2000),
});

/** Reads what `signer create --json` printed. @throws CustodyError NOT_FOUND, USAGE, ROSTER_INVALID */
export async function readPublicSigner(file: string): Promise<CustodianDraft> {
  const bytes = await readFileBounded(file, 64 * 1024);
  if (bytes === null) throw new CustodyError('NOT_FOUND', `there is no file ${file}`);
  return parsePublicSigner(bytes, file);
}

/** @throws CustodyError USAGE · ROSTER_INVALID for a key that no roster takes */
export function parsePublicSigner(bytes: Uint8Array, file: string): CustodianDraft {
  const value = parseJson(bytes, file, undefined, 'USAGE');
  const inner = isObject(value) && 'signer' in value ? value.signer : value;
  const said = readFields(publicSigner, inner, file, 'USAGE');
  assertOneKey(said, file);
  const { id, name, duty, roleArn, home, publicKey } = said;
  const where = home === 'local' ? ({ type: 'local' } as const) : ({ type: 'kms', arn: home } as const);
  return { id, name, duty, roleArn, keys: [{ home: where, publicKey }] };
}

/** Whoever compares a key id or a PEM by telephone must have compared the key that is taken (T21). */
function assertOneKey({ keyId, algorithm, publicKey, pem }: PublicSigner, file: string): void {
  const key = parsePublicKeyBase64(publicKey);
  if (key.keyId === keyId && key.algorithm === algorithm && formatPublicKeyPem(key).trimEnd() === pem.trimEnd()) return;
  throw new CustodyError('USAGE', `${file}: keyId, algorithm, publicKey and pem are not of one key`, {
    details: { keyId, found: key.keyId },
    suggestions: ['Ask its owner for the file again, as custody signer create --json printed it.'],
  });
}
