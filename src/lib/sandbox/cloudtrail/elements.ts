import type { JsonObject, JsonValue } from '../../base/canonical-json.js';
import { isObject } from '../kms/input.js';

/**
 * `requestParameters` and `responseElements`: an operation's members with a small first letter, instants as text,
 * without what AWS keeps out of its records (KMS Developer Guide, "Logging AWS KMS API calls with AWS CloudTrail").
 */

/** Never recorded: plaintext, ciphertext, messages, wrapped material, what proves a grant or an identity. */
const SECRET = new Set([
  'CiphertextBlob',
  'EncryptedKeyMaterial',
  'GrantToken',
  'GrantTokens',
  'ImportToken',
  'Mac',
  'Message',
  'Plaintext',
  'PrivateKeyCiphertextBlob',
  'PrivateKeyPlaintext',
  'PublicKey',
  'SecretAccessKey',
  'SharedSecret',
  'Signature',
  'WebIdentityToken',
]);

/** Maps whose keys are the caller's own words. */
const VERBATIM = new Set([
  'DestinationEncryptionContext',
  'EncryptionContext',
  'EncryptionContextEquals',
  'EncryptionContextSubset',
  'SourceEncryptionContext',
]);

const INSTANTS = new Set(['CreateDate', 'CreationDate', 'DeletionDate', 'Expiration', 'UpdateDate', 'ValidTo']);
/** AWS Query carries numbers as text. */
const NUMBERS = new Set(['DurationSeconds', 'MaxItems', 'MaxSessionDuration']);
const FLAGS = new Set(['OnlyAttached', 'SetAsDefault']);

/** The members of a structure as a record shows them; null when none is left. */
export function elementsOf(members: JsonObject): JsonObject | null {
  const shown = Object.entries(members)
    .filter(([name, value]) => !SECRET.has(name) && value !== null)
    .map(([name, value]): [string, JsonValue] => [small(name), shownValue(name, value)]);
  return shown.length === 0 ? null : Object.fromEntries(shown);
}

function shownValue(name: string, value: JsonValue): JsonValue {
  if (VERBATIM.has(name)) return value;
  if (Array.isArray(value)) return value.map((item: JsonValue) => (isObject(item) ? nested(item) : item));
  if (isObject(value)) return nested(value);
  if (INSTANTS.has(name) && typeof value === 'number') return formatInstant(value);
  if (NUMBERS.has(name) && typeof value === 'string' && /^\d{1,9}$/.test(value)) return Number(value);
  return FLAGS.has(name) && (value === 'true' || value === 'false') ? value === 'true' : value;
}

function nested(value: JsonObject): JsonObject {
  return elementsOf(value) ?? {};
}

/** AWS makes the first letter small, whatever follows it: `AWSAccountId` becomes `aWSAccountId`. */
function small(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** Epoch seconds as these members show them: `Aug 10, 2022, 10:38:27 PM`, UTC. */
function formatInstant(seconds: number): string {
  const at = new Date(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hour = at.getUTCHours();
  const clock = `${hour % 12 === 0 ? 12 : hour % 12}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  const day = `${MONTHS[at.getUTCMonth()]} ${at.getUTCDate()}, ${at.getUTCFullYear()}`;
  return `${day}, ${clock} ${hour < 12 ? 'AM' : 'PM'}`;
}
