import { isDigest } from '../base/bytes.js';
import type { JsonObject, JsonValue } from '../base/canonical-json.js';
import { integer, isObject, object, where } from '../base/fields.js';
import type { ActionName } from './action-names.js';
import { type ActionRow, arnOf, type Change, kms, row } from './action-row.js';

/** Whether a key may be used, and whether it is to exist. */
type StateAction = Extract<
  ActionName,
  'key.rotation-off' | 'key.enable' | 'key.disable' | 'key.delete' | 'key.cancel-deletion' | 'key.confirm-destroyed'
>;

/**
 * Days from the call to the end of a key. KMS takes 7 to 30 (API reference, ScheduleKeyDeletion); the plan wants 30 at
 * least, for a veto, so there is no choice.
 */
export const DELETION_DAYS = 30;

const nothing = object({});

const rotationOff = row({
  class: 'rotation-off',
  risk: 'medium',
  parameters: nothing,
  calls: (subject) => [kms(subject, 'DisableKeyRotation', { KeyId: arnOf(subject) })],
  sentence: (name) => `Stop rotating the key ${name} automatically: it then rotates only when a quorum says so.`,
  changes: (before) => [{ what: 'automatic rotation', from: automaticRotation(before), to: 'off' }],
  undo: (name, before) =>
    `custody keys rotation ${name}${before.enabled === true ? ` --period-days ${before.periodDays}` : ''}`,
});

const enable = row({
  class: 'enable',
  risk: 'medium',
  parameters: nothing,
  calls: (subject) => [kms(subject, 'EnableKey', { KeyId: arnOf(subject) })],
  sentence: (name) => `Enable the key ${name}: whoever its policy names can use it again.`,
  changes: (before) => [stateChange(before, 'Enabled')],
  undo: (name, before) => `custody keys disable ${name}${placeFlag(before)}`,
});

const disable = row({
  class: 'disable',
  risk: 'high',
  parameters: nothing,
  calls: (subject) => [kms(subject, 'DisableKey', { KeyId: arnOf(subject) })],
  sentence: (name) => `Disable the key ${name}: nothing can be encrypted or decrypted with it until it is enabled.`,
  changes: (before) => [stateChange(before, 'Disabled')],
  undo: (name, before) => `custody keys enable ${name}${placeFlag(before)}`,
});

const remove = row<{ readonly windowDays: number }>({
  class: 'delete',
  risk: 'critical',
  parameters: object({ windowDays: integer(DELETION_DAYS, DELETION_DAYS) }),
  calls: (subject, { windowDays }) => [
    kms(subject, 'ScheduleKeyDeletion', { KeyId: arnOf(subject), PendingWindowInDays: windowDays }),
  ],
  sentence: (name, { windowDays }) =>
    `Delete the key ${name}: it cannot be used from the call on, and ${windowDays} days later it is gone for ever, with everything that is encrypted under it.`,
  changes: deletionChanges,
  undo: (name, before, { windowDays }) =>
    `custody keys cancel-deletion ${name}${placeFlag(before)}, by any one custodian, until ${windowDays} days after the call`,
});

const cancelDeletion = row({
  class: 'veto',
  risk: 'low',
  veto: true,
  parameters: nothing,
  calls: (subject) => [kms(subject, 'CancelKeyDeletion', { KeyId: arnOf(subject) })],
  sentence: (name) =>
    `Cancel the deletion of the key ${name}. It stays disabled: enabling it is another request, for the quorum.`,
  changes: (before) => [
    stateChange(before, 'Disabled'),
    { what: 'end of the key', from: textOr(before.deletionAt, 'when its replicas are gone'), to: 'none' },
  ],
  undo: (name, before) => `custody keys delete ${name}${placeFlag(before)}, which begins anew`,
});

const confirmDestroyed = row<{ readonly deletion: string }>({
  class: 'certify',
  risk: 'low',
  parameters: object({ deletion: where(isDigest, 'the digest of the request that deleted the key') }),
  calls: (subject, { deletion }) => [
    {
      service: 'custody',
      region: subject.region,
      operation: 'CertifyDestruction',
      parameters: { KeyArn: arnOf(subject), Deletion: deletion },
    },
  ],
  sentence: (name) => `Certify that the key ${name} is destroyed. Nothing is called at AWS.`,
  changes: (before) => [
    {
      what: 'key at KMS',
      from: `deleted by ${textOf(before, 'request')} on ${textOf(before, 'at')}, to exist until ${textOf(before, 'endsAt')}`,
      to: 'KMS does not know it any more',
    },
  ],
});

/** Rows of the action table. */
export const STATE_ACTIONS: Readonly<Record<StateAction, ActionRow>> = {
  'key.rotation-off': rotationOff,
  'key.enable': enable,
  'key.disable': disable,
  'key.delete': remove,
  'key.cancel-deletion': cancelDeletion,
  'key.confirm-destroyed': confirmDestroyed,
};

export function automaticRotation({ enabled, periodDays }: JsonObject): string {
  return enabled === true ? `every ${periodDays} days` : 'off';
}

function stateChange({ state }: JsonObject, to: string): Change {
  return { what: 'state', from: String(state), to };
}

/** What goes with the key, from the signed pre-state alone; what nobody can know is said, too. */
function deletionChanges(before: JsonObject, { windowDays }: { readonly windowDays: number }): readonly Change[] {
  const replicas = textsOf(before.replicas);
  const lost = (what: string, from: string, to = 'gone with the key') => ({ what, from, to });
  const all = (what: string, value: JsonValue | undefined, to?: string) => {
    const items = textsOf(value);
    return items.length === 0 ? lost(what, 'none', 'nothing is lost') : lost(what, items.join(', '), to);
  };
  return [
    stateChange(before, replicas.length > 0 ? 'PendingReplicaDeletion' : 'PendingDeletion'),
    lost('last use', lastUseOf(before), 'none ever again; to see what still needs it, disable it for a while first'),
    lost('ciphertexts', 'custody keeps no list of what is encrypted under it', 'all of it unreadable, for ever'),
    all('aliases', before.aliases),
    all('grants', before.grants),
    all('keys below it in the plan', before.dependants, 'without the key that wraps them'),
    ...(replicas.length > 0
      ? [
          lost(
            'replicas',
            replicas.join(', '),
            `they go first: the key waits as PendingReplicaDeletion, and its ${windowDays} days begin when the last one is gone`,
          ),
        ]
      : []),
  ];
}

function lastUseOf({ lastUse }: JsonObject): string {
  if (!isObject(lastUse)) return 'unknown: KMS does not tell';
  const { operation, at, trackedSince, createdAt } = lastUse;
  if (typeof at === 'string') return `${operation}, ${at}`;
  return trackedSince === createdAt
    ? 'never since it was created'
    : `none since ${trackedSince}; KMS does not know about before`;
}

function textsOf(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))) : [];
}

function textOf({ deletion }: JsonObject, field: string): string {
  return isObject(deletion) ? textOr(deletion[field], 'unknown') : 'unknown';
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

/** A multi-Region key is one key in each Region: the command that takes it back must name the same one. */
function placeFlag({ arn }: JsonObject): string {
  const [, , , region, , id] = typeof arn === 'string' ? arn.split(':') : [];
  return id?.startsWith('key/mrk-') ? ` --in ${region}` : '';
}
