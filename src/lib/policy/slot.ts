import type { RuledClass } from '../base/action-class.js';
import { CustodyError } from '../base/errors.js';
import { KEY_NAME, PERSON_ID, REGION } from '../plan/grammar.js';

/**
 * Approval slots. At AWS an approval is a tag of the executor role: its key says whose slot it is and for which key, its
 * value says what was approved. Key policies compare the values (interlock.ts), so the grammar has to be exact: a colon or a
 * slash more would shift a part into the place of another one.
 */

interface SlotRow {
  /** The KMS operations that the class lets through: one that changes a key, and what it cannot be called without. */
  readonly operations: readonly string[];
  /** The class of the plan's rules that it falls under. */
  readonly rule: RuledClass;
  /**
   * `standing`: in the policy for good. `if-it-fits`: left out where the policy would be too long. `opened`: never for good.
   * What is left out a policy change under quorum opens, and another one closes.
   */
  readonly stands: 'standing' | 'if-it-fits' | 'opened';
  /** Only for keys of this origin. */
  readonly origin?: 'AWS_KMS' | 'EXTERNAL';
  /** Only for keys in several Regions. */
  readonly multiRegion?: true;
}

/**
 * THE table of slot classes: one changing API action each. Wider ones would let an approved rotation switch rotation off, and
 * an approved description move an alias. GetParametersForImport changes nothing, but nothing can be imported without it.
 */
const SLOT_ROWS = {
  rotate: { stands: 'standing', operations: ['RotateKeyOnDemand'], rule: 'rotate' },
  // Automatic rotation is for material that KMS makes (EnableKeyRotation).
  rotation: { stands: 'standing', operations: ['EnableKeyRotation'], rule: 'rotation', origin: 'AWS_KMS' },
  'rotation-off': { stands: 'standing', operations: ['DisableKeyRotation'], rule: 'rotation-off', origin: 'AWS_KMS' },
  policy: { stands: 'standing', operations: ['PutKeyPolicy'], rule: 'policy' },
  disable: { stands: 'standing', operations: ['DisableKey'], rule: 'disable' },
  enable: { stands: 'standing', operations: ['EnableKey'], rule: 'enable' },
  delete: { stands: 'standing', operations: ['ScheduleKeyDeletion'], rule: 'delete' },
  grant: { stands: 'standing', operations: ['CreateGrant'], rule: 'grant' },
  revoke: { stands: 'standing', operations: ['RevokeGrant'], rule: 'revoke' },
  retire: { stands: 'if-it-fits', operations: ['RetireGrant'], rule: 'revoke' },
  promote: { stands: 'standing', operations: ['UpdatePrimaryRegion'], rule: 'promote', multiRegion: true },
  replicate: { stands: 'opened', operations: ['ReplicateKey'], rule: 'replicate', multiRegion: true },
  'alias-create': { stands: 'if-it-fits', operations: ['CreateAlias'], rule: 'alias' },
  'alias-move': { stands: 'if-it-fits', operations: ['UpdateAlias'], rule: 'alias' },
  'alias-delete': { stands: 'if-it-fits', operations: ['DeleteAlias'], rule: 'alias' },
  tag: { stands: 'if-it-fits', operations: ['TagResource'], rule: 'label' },
  untag: { stands: 'if-it-fits', operations: ['UntagResource'], rule: 'label' },
  describe: { stands: 'if-it-fits', operations: ['UpdateKeyDescription'], rule: 'label' },
  import: {
    stands: 'standing',
    operations: ['GetParametersForImport', 'ImportKeyMaterial'],
    rule: 'import',
    origin: 'EXTERNAL',
  },
  'material-off': {
    stands: 'standing',
    operations: ['DeleteImportedKeyMaterial'],
    rule: 'material-off',
    origin: 'EXTERNAL',
  },
} as const satisfies Readonly<Record<string, SlotRow>>;

export type SlotClass = keyof typeof SLOT_ROWS;

export const SLOTS: Readonly<Record<SlotClass, SlotRow>> = SLOT_ROWS;
export const SLOT_CLASSES = Object.keys(SLOT_ROWS) as readonly SlotClass[];

const CLASS_OF = new Map(SLOT_CLASSES.flatMap((name) => SLOTS[name].operations.map((operation) => [operation, name])));

/** The class that lets a KMS operation through; null for one that needs no slot, or that no slot lets through. */
export function slotClassOf(operation: string): SlotClass | null {
  return CLASS_OF.get(operation) ?? null;
}

/** The classes that apply to a key of this origin in these Regions. */
export function applicableClasses(key: {
  readonly origin: 'AWS_KMS' | 'EXTERNAL';
  readonly regions: readonly string[];
}): readonly SlotClass[] {
  return SLOT_CLASSES.filter((name) => {
    const { origin, multiRegion } = SLOTS[name];
    return (!origin || origin === key.origin) && (!multiRegion || key.regions.length > 1);
  });
}

/** What one custodian approved. */
export interface Slot {
  readonly class: SlotClass;
  /** Replicas share the key id, so an approval names the Region (T54). For `promote` it is the Region that becomes the primary. */
  readonly region: string;
  readonly keyId: string;
  /** SHA-256 of the request, 64 hex characters. */
  readonly digestHex: string;
  /** The SourceIdentity of the one who may use it (T53). */
  readonly executor: string;
}

/** Whose slot it is, for which key. */
export interface SlotName {
  readonly custodian: string;
  readonly keyName: string;
}

/** A key id: the same for all replicas of a multi-Region key. */
export const KEY_ID = /^(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const DIGEST_HEX = /^[0-9a-f]{64}$/;
const PREFIX = 'custody';

/** `custody:<custodian>:<key name>`. @throws CustodyError RECORD_MALFORMED for names that would shift its parts */
export function formatSlotName({ custodian, keyName }: SlotName): string {
  assertPart('custodian', custodian, PERSON_ID);
  assertPart('key name', keyName, KEY_NAME);
  return `${PREFIX}:${custodian}:${keyName}`;
}

/** The inverse of `formatSlotName`; null for a tag that is no slot. Case counts: IAM compares tag keys without it (T57). */
export function parseSlotName(tagKey: string): SlotName | null {
  const [prefix, custodian = '', keyName = '', ...more] = tagKey.split(':');
  if (prefix !== PREFIX || more.length > 0 || !PERSON_ID.test(custodian) || !KEY_NAME.test(keyName)) return null;
  return { custodian, keyName };
}

/** `<class>/<Region>/<key id>/<64 hex>/<executor>`. @throws CustodyError RECORD_MALFORMED */
export function formatSlot(slot: Slot): string {
  assertPart('class', slot.class, { test: isSlotClass });
  assertPart('Region', slot.region, REGION);
  assertPart('key id', slot.keyId, KEY_ID);
  assertPart('digest', slot.digestHex, DIGEST_HEX);
  assertPart('executor', slot.executor, PERSON_ID);
  return [slot.class, slot.region, slot.keyId, slot.digestHex, slot.executor].join('/');
}

/** The inverse of `formatSlot`; null for a value that no approval of this tool has. */
export function parseSlot(tagValue: string): Slot | null {
  const [name = '', region = '', keyId = '', digestHex = '', executor = '', ...more] = tagValue.split('/');
  if (more.length > 0 || !isSlotClass(name) || !REGION.test(region) || !KEY_ID.test(keyId)) return null;
  if (!DIGEST_HEX.test(digestHex) || !PERSON_ID.test(executor)) return null;
  return { class: name, region, keyId, digestHex, executor };
}

function isSlotClass(name: string): name is SlotClass {
  return Object.hasOwn(SLOTS, name);
}

function assertPart(what: string, value: string, grammar: { test(value: string): boolean }): void {
  if (grammar.test(value)) return;
  throw new CustodyError('RECORD_MALFORMED', `an approval slot: not a ${what}`, {
    details: { found: value.slice(0, 200) },
  });
}

/** IAM takes this many tags a role ("IAM and AWS STS quotas"). */
export const TAGS_A_ROLE = 50;

/** How many keys one executor role can hold the slots of. */
export function keysAnExecutor(seats: number): number {
  return Math.floor(TAGS_A_ROLE / seats);
}

/** @throws CustodyError LIMIT_EXCEEDED when the executor role cannot hold the slots of so many keys */
export function assertSlotsFit(seats: number, keys: number): void {
  const most = keysAnExecutor(seats);
  if (keys <= most) return;
  throw new CustodyError(
    'LIMIT_EXCEEDED',
    `one executor role holds the slots of ${most} keys for ${seats} seats, not of ${keys}`,
    {
      details: { keys, limit: most },
      suggestions: ['Give the other keys a plan, and with it an executor, of their own.'],
    },
  );
}
