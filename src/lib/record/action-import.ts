import type { JsonObject, JsonValue } from '../base/canonical-json.js';
import { isObject, list, nullable, object, oneOf, type Reader, text, where } from '../base/fields.js';
import { WRAPPING_ALGORITHMS, WRAPPING_KEY_SPEC } from '../base/material.js';
import { digest } from '../base/readers.js';
import { type Instant, isInstant, millisOf } from '../base/time.js';
import { type ActionSubject, arnOf, type Change, kms, row } from './action-row.js';
import type { SignedCall } from './statement.js';

/**
 * An import's token and ciphertext are known only when it runs: KMS draws a new wrapping key each time. In the signed
 * calls these two stand for them: what GetParametersForImport, called just before in the same Region, answered, and the
 * material of this commitment, wrapped under the public key of that answer. Nothing else is ever filled in.
 */
export const IMPORT_TOKEN = '$importToken';
export const ENCRYPTED_KEY_MATERIAL = '$encryptedKeyMaterial';

/** What an import says of new material, so that a run that was cut off knows its own. */
export function materialNote(nonce: string): string {
  return `custody:request ${nonce}`;
}

const materialId = text({ max: 64, pattern: /^[0-9a-f]{64}$/, expected: '64 hex characters' });
const regions = list(text({ max: 32 }), { max: 4 });
const wholeSecond = where(
  (value): value is Instant => isInstant(value) && millisOf(value) % 1000 === 0,
  'an instant of a whole second, like 2027-01-31T09:00:00.000Z',
);

/** Said in each import, never left to KMS, whose default is material that goes by itself. */
const shared = {
  /** `commitmentOf` the 32 bytes. */
  commitment: digest,
  wrapping: oneOf(WRAPPING_ALGORITHMS),
  /** Null: KEY_MATERIAL_DOES_NOT_EXPIRE. */
  expiresAt: nullable(wholeSecond),
};

const importParameters = object({
  ...shared,
  /** Null: NEW_KEY_MATERIAL. Else this very material again: into another Region, after its end, or with another end. */
  materialId: nullable(materialId),
});
const rotateParameters = object({ ...shared, replicas: regions });

type ImportParameters = typeof importParameters extends Reader<infer T> ? T : never;
type RotateParameters = typeof rotateParameters extends Reader<infer T> ? T : never;
type Import = Pick<ImportParameters, 'commitment' | 'wrapping' | 'expiresAt'>;

/** Two calls: the wrapping key, and the import under it. @param which what KMS must take it for */
function importCalls(subject: ActionSubject, region: string, p: Import, which: JsonObject): readonly SignedCall[] {
  const key = { KeyId: arnOf(subject).replace(`:kms:${subject.region}:`, `:kms:${region}:`) };
  return [
    kms({ region }, 'GetParametersForImport', {
      ...key,
      WrappingAlgorithm: p.wrapping,
      WrappingKeySpec: WRAPPING_KEY_SPEC,
    }),
    kms({ region }, 'ImportKeyMaterial', {
      ...key,
      ImportToken: IMPORT_TOKEN,
      EncryptedKeyMaterial: `${ENCRYPTED_KEY_MATERIAL} ${p.commitment}`,
      ...which,
      ...(p.expiresAt === null
        ? { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
        : { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: millisOf(p.expiresAt) / 1000 }),
    }),
  ];
}

function asNew({ nonce }: ActionSubject): JsonObject {
  return { ImportType: 'NEW_KEY_MATERIAL', KeyMaterialDescription: materialNote(nonce) };
}

const importMaterial = row<ImportParameters>({
  class: 'import',
  risk: 'high',
  material: true,
  parameters: importParameters,
  calls: (subject, p) =>
    importCalls(
      subject,
      subject.region,
      p,
      p.materialId === null ? asNew(subject) : { ImportType: 'EXISTING_KEY_MATERIAL', KeyMaterialId: p.materialId },
    ),
  sentence: (name, p) =>
    p.materialId === null
      ? `Import key material of your own into the key ${name}.`
      : `Import the key material ${short(p.materialId)} of the key ${name} again.`,
  changes: (before, p) => [
    { what: 'key state', from: String(before.state), to: stateAfter(before, p) },
    ...materialChanges(before, p),
  ],
  undo: (name, _, p) =>
    `custody keys material-off ${name}${p.materialId === null ? '' : ` --material ${p.materialId}`}`,
});

function materialChanges(before: JsonObject, p: ImportParameters): readonly Change[] {
  const known = materialsIn(before.materials);
  const from = p.materialId === null ? 'none' : presence(known.find(({ id }) => id === p.materialId));
  const to = p.materialId === null && known.length > 0 ? 'waits for a rotation on demand' : 'there';
  return [
    { what: p.materialId === null ? 'new material' : `material ${short(p.materialId)}`, from, to },
    { what: 'its commitment', from: 'none', to: p.commitment },
    { what: 'it expires', from: 'none', to: expiry(p) },
  ];
}

/** Every material but those that wait must be there; then the key works. */
function stateAfter({ state, materials }: JsonObject, p: ImportParameters): string {
  const lacking = materialsIn(materials).filter(
    (item) => item.importState !== 'IMPORTED' && !String(item.state).startsWith('PENDING') && item.id !== p.materialId,
  );
  return state === 'PendingImport' && lacking.length === 0 ? 'Enabled' : String(state);
}

const materialOff = row<{ readonly materialId: string }>({
  class: 'material-off',
  risk: 'critical',
  parameters: object({ materialId }),
  calls: (subject, p) => [
    kms(subject, 'DeleteImportedKeyMaterial', { KeyId: arnOf(subject), KeyMaterialId: p.materialId }),
  ],
  sentence: (name, p) =>
    `Delete the imported material ${short(p.materialId)} of the key ${name} at once: without waiting, and in this Region only.`,
  changes: (before, p) => {
    const found = materialsIn(before.materials).find(({ id }) => id === p.materialId);
    const pending = String(found?.state).startsWith('PENDING');
    return [
      { what: `material ${p.materialId}`, from: presence(found), to: 'deleted' },
      { what: 'key state', from: String(before.state), to: pending ? String(before.state) : 'PendingImport' },
      {
        what: 'encrypt and decrypt here',
        from: before.state === 'Enabled' ? 'possible' : 'not possible',
        to: pending ? 'as before' : 'not possible until the very same material is imported again',
      },
    ];
  },
  undo: (name, _, p) =>
    `custody keys import ${name} --material ${p.materialId}, by whoever still has the very same 32 bytes; nobody else can`,
});

/** Its Region is the primary's. In `replicas` are all others of the key: KMS rotates only when every Region has the material. */
const rotateImported = row<RotateParameters>({
  class: 'import',
  risk: 'high',
  material: true,
  parameters: rotateParameters,
  calls: (subject, p) => [
    ...importCalls(subject, subject.region, p, asNew(subject)),
    ...p.replicas.flatMap((region) => importCalls(subject, region, p, { ImportType: 'EXISTING_KEY_MATERIAL' })),
    kms(subject, 'RotateKeyOnDemand', { KeyId: arnOf(subject) }),
  ],
  sentence: (name, { replicas }) =>
    `Import new key material of your own into the key ${name}${replicas.length === 0 ? '' : `, there and in ${replicas.join(', ')}`}, and rotate to it: ` +
    'it encrypts from then on, and what was imported before still decrypts.',
  changes: (before, p) => [
    { what: 'current key material', from: currentIn(before.materials), to: `the material of ${p.commitment}` },
    { what: 'it expires', from: 'none', to: expiry(p) },
    {
      what: 'rotations so far',
      from: String(before.rotationCount),
      to: String(Number(before.rotationCount) + 1),
    },
  ],
});

interface ObservedMaterial {
  readonly id: string;
  readonly state: string;
  readonly importState: string | null;
}

/** The materials that a pre-state lists; it was signed as JSON, so nothing of its form is taken for granted. */
function materialsIn(value: JsonValue | undefined): readonly ObservedMaterial[] {
  return Array.isArray(value)
    ? value.filter(isObject).map(({ id, state, importState }) => ({
        id: String(id),
        state: String(state),
        importState: typeof importState === 'string' ? importState : null,
      }))
    : [];
}

function currentIn(value: JsonValue | undefined): string {
  return materialsIn(value).find(({ state }) => state === 'CURRENT')?.id ?? 'none';
}

function presence(found: ObservedMaterial | undefined): string {
  if (found === undefined) return 'not known';
  return found.importState === 'IMPORTED' ? `there, ${found.state}` : `not there, ${found.state}`;
}

function expiry({ expiresAt }: Import): string {
  return expiresAt === null ? 'never' : `${expiresAt}: then nothing under it can be read until it is imported again`;
}

function short(id: string): string {
  return `${id.slice(0, 12)}…`;
}

export const IMPORT_ACTIONS = {
  'key.import': importMaterial,
  'key.material-off': materialOff,
  'key.rotate-imported': rotateImported,
} as const;
