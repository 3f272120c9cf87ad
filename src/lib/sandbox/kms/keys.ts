import { authorizeAccount } from './access.js';
import { invalidState } from './errors.js';
import { keyArn } from './identifiers.js';
import { optionalNumber, text } from './input.js';
import { createKey } from './key-creation.js';
import { metadataOf } from './metadata.js';
import { BY_ALIAS, type Operations, openKey } from './operation.js';
import { page } from './paging.js';
import { resumeRotation } from './rotation-schedule.js';
import { copiesOf, DAY, putKey, rowId, seconds } from './state.js';
import { stateOf } from './states.js';

export const keyOperations: Operations = (world) => ({
  CreateKey: (input, call) => createKey(world, input, call),

  DescribeKey(input, call) {
    const { row } = openKey(world, call, input, 'DescribeKey', BY_ALIAS);
    return { KeyMetadata: metadataOf(world, row, call.nowMillis) };
  },

  ListKeys(input, call) {
    authorizeAccount(call, 'ListKeys');
    const here = world.keys.values().filter((row) => row.region === call.region);
    return page(
      input,
      'Keys',
      { byDefault: 100, most: 1000 },
      here,
      (row) => row.keyId,
      (row) => ({
        KeyId: row.keyId,
        KeyArn: keyArn(world, row.region, row.keyId),
      }),
    );
  },

  UpdateKeyDescription(input, call) {
    const { row } = openKey(world, call, input, 'UpdateKeyDescription');
    putKey(world, { ...row, description: text(input, 'Description') });
    return {};
  },

  EnableKey(input, call) {
    const { row, set } = openKey(world, call, input, 'EnableKey');
    putKey(world, { ...row, enabled: true });
    if (!row.enabled) resumeRotation(world, set, call.nowMillis);
    return {};
  },

  DisableKey(input, call) {
    const { row } = openKey(world, call, input, 'DisableKey');
    putKey(world, { ...row, enabled: false });
    return {};
  },

  ScheduleKeyDeletion(input, call) {
    const days = optionalNumber(input, 'PendingWindowInDays') ?? 30;
    const context = { 'kms:ScheduleKeyDeletionPendingWindowInDays': String(days) };
    const { row, set, arn } = openKey(world, call, input, 'ScheduleKeyDeletion', { context });
    // A primary outlives its replicas: its own window starts when the last of them is gone.
    const waits = set.primaryRegion === row.region && copiesOf(world, row.keyId).length > 1;
    const deleteAtMillis = waits ? null : call.nowMillis + days * DAY;
    const after = putKey(world, { ...row, deletionWindowDays: days, deleteAtMillis });
    return {
      KeyId: arn,
      KeyState: stateOf(world, after, call.nowMillis),
      PendingWindowInDays: days,
      ...(deleteAtMillis !== null && { DeletionDate: seconds(deleteAtMillis) }),
    };
  },

  CancelKeyDeletion(input, call) {
    const { row, arn } = openKey(world, call, input, 'CancelKeyDeletion');
    if (row.deletionWindowDays === null) throw invalidState(`${arn} is not pending deletion.`);
    putKey(world, { ...row, enabled: false, deletionWindowDays: null, deleteAtMillis: null });
    return { KeyId: arn };
  },

  GetKeyLastUsage(input, call) {
    const { row } = openKey(world, call, input, 'GetKeyLastUsage');
    const used = world.usage.get(rowId(row.region, row.keyId));
    return {
      KeyId: row.keyId,
      KeyCreationDate: seconds(row.createdMillis),
      TrackingStartDate: seconds(row.createdMillis),
      ...(used !== undefined && {
        KeyLastUsage: { Operation: used.operation, Timestamp: seconds(used.atMillis), KmsRequestId: used.requestId },
      }),
    };
  },
});
