import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isKeyArn, type KeyAlias, type KeyReader, partsOf, type Rotation } from '../key/key.js';
import type { ActionName } from '../record/action-names.js';
import type { RequestPredicate } from '../record/statement.js';

/** What an action's state depends on. */
export type Subject = Pick<RequestPredicate, 'action' | 'region' | 'key'>;

type Observe = (reader: KeyReader, subject: Subject) => Promise<JsonObject>;

/** THE column of the action table that looks at AWS: only the fields that the action depends on (T13). */
const OBSERVE: Readonly<Record<Exclude<ActionName, 'plan.update' | 'roster.update'>, Observe>> = {
  'key.create': async (reader, { region, key }) => ({
    aliasTarget: await aliasTarget(reader, region, key?.alias ?? ''),
  }),
  'key.rotate': async (reader, subject) => {
    const [common, status, rotations] = await Promise.all([
      commonState(reader, subject),
      reader.rotationStatus(subject.region, arnOf(subject)),
      reader.rotations(subject.region, arnOf(subject)),
    ]);
    return {
      ...common,
      rotationCount: rotations?.length ?? 0,
      lastRotation: rotationFields(rotations?.at(-1)),
      onDemandStartedAt: status?.onDemandStartedAt ?? null,
    };
  },
  'key.rotation': async (reader, subject) => {
    const [common, status] = await Promise.all([
      commonState(reader, subject),
      reader.rotationStatus(subject.region, arnOf(subject)),
    ]);
    return { ...common, enabled: status?.enabled ?? false, periodDays: status?.periodDays ?? null };
  },
};

/**
 * The state at AWS that an action depends on, canonical fields only: signed in the request, read again before and after.
 * @throws CustodyError NOT_FOUND for a key that is not there; what the reader throws
 */
export async function observe(reader: KeyReader, subject: Subject): Promise<JsonObject> {
  const { action } = subject;
  if (action === 'plan.update' || action === 'roster.update') {
    throw new CustodyError('BUG', `${action} does not look at AWS`);
  }
  return OBSERVE[action](reader, subject);
}

async function commonState(reader: KeyReader, subject: Subject): Promise<JsonObject> {
  const description = await reader.describe(subject.region, arnOf(subject));
  if (!description) throw new CustodyError('NOT_FOUND', `there is no key ${arnOf(subject)}`);
  return {
    arn: description.arn,
    state: description.state,
    aliasTarget: await aliasTarget(reader, subject.region, subject.key?.alias ?? ''),
  };
}

/** Which key an alias stands for now: it may have been moved since (T5). */
export async function aliasTarget(reader: KeyReader, region: string, alias: string): Promise<string | null> {
  return targetIn(await reader.aliases(region), alias);
}

export function targetIn(aliases: readonly KeyAlias[], alias: string): string | null {
  return aliases.find(({ name }) => name === alias)?.keyId ?? null;
}

function rotationFields(rotation: Rotation | undefined): JsonObject | null {
  return rotation ? { type: rotation.type, at: rotation.at, keyMaterialId: rotation.keyMaterialId } : null;
}

function arnOf({ key }: Subject): string {
  if (key?.arn && isKeyArn(key.arn) && partsOf(key.arn).keyId === key.keyId) return key.arn;
  throw new CustodyError('RECORD_MALFORMED', 'the request names no key');
}
