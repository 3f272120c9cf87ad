import { CustodyError } from '../base/errors.js';
import { KEY_ID, type SlotClass, slotClassOf } from './slot.js';

/** A signed call, as far as slots depend on it. */
export interface SlotCall {
  readonly service: string;
  readonly region: string;
  readonly operation: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What a key's policy asks for before a call: a slot of this class, for this key in this Region. */
export interface SlotPlace {
  readonly class: SlotClass;
  readonly region: string;
  readonly keyId: string;
}

/** One seat is enough for it, in a session of its own. */
const VETO = 'CancelKeyDeletion';
const KEY_ARN = /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/(.+)$/;

/**
 * The slots that a request's calls need, in steps. A slot holds one value, so calls of several API actions or Regions come one
 * after another: when a step is done its slots are cleared, and the custodians set those of the next. Most requests have one
 * step; a call on two keys (an alias that moves) needs both slots at once. None for a request that makes a key: what it makes
 * stands under no interlock until a `key.policy` request puts it there, since only then is its id known. None for a veto.
 * @param keyId the key that the request names; null where it makes one
 * @throws CustodyError REFUSED for a call that no slot can let through
 */
export function slotStepsOf(calls: readonly SlotCall[], keyId: string | null): readonly (readonly SlotPlace[])[] {
  const steps: (readonly SlotPlace[])[] = [];
  if (keyId === null || calls.some(({ operation }) => operation === 'CreateKey')) return steps;
  for (const call of calls.filter(({ service, operation }) => service === 'kms' && operation !== VETO)) {
    const places = placesOf(call, keyId);
    if (!isSame(places, steps.at(-1))) steps.push(places);
  }
  return steps;
}

function isSame(places: readonly SlotPlace[], before: readonly SlotPlace[] | undefined): boolean {
  return JSON.stringify(places) === JSON.stringify(before);
}

function placesOf({ operation, region, parameters }: SlotCall, keyId: string): readonly SlotPlace[] {
  const name = slotClassOf(operation);
  if (name === null) throw new CustodyError('REFUSED', `no approval slot lets ${operation} through`);
  const target = parameters.TargetKeyId;
  switch (name) {
    // KMS asks the policies of the key in both Regions, and both take the Region that it is to become.
    case 'promote':
      return [{ class: name, region: String(parameters.PrimaryRegion), keyId }];
    case 'alias-create':
      return [{ class: name, region, keyId: idIn(target) }];
    case 'alias-move':
      return [keyId, ...(idIn(target) === keyId ? [] : [idIn(target)])].map((id) => ({
        class: name,
        region,
        keyId: id,
      }));
    case 'alias-delete':
      return [{ class: name, region, keyId }];
    default:
      return [{ class: name, region, keyId: idIn(parameters.KeyId) }];
  }
}

function idIn(key: unknown): string {
  const id = typeof key === 'string' ? (KEY_ARN.exec(key)?.[1] ?? key) : '';
  if (KEY_ID.test(id)) return id;
  throw new CustodyError('REFUSED', 'a call names no key by its id', { details: { found: String(key).slice(0, 200) } });
}
