import type { JsonObject } from '../base/canonical-json.js';
import { CYCLE_KEY } from '../base/cycle.js';
import { statement } from './seed-statement.js';

/** Reading alone, of everything that a proof needs. */
export const READ = ['kms:Describe*', 'kms:Get*', 'kms:List*', 'iam:Get*', 'iam:List*', 'cloudtrail:LookupEvents'];

/** The tags of the executors that are one seat's own, those for keys of exercises too. */
export function slotKeys(keyNames: readonly string[], seat: string): readonly string[] {
  return [...keyNames, CYCLE_KEY].map((name) => `custody:${seat}:${name}`);
}

/** Without `Null`, a set operator holds for no tags at all; without the set operator one call could plant both approvals. */
export function ownSlots(executors: readonly string[], slots: readonly string[], sourceIdentity: string): JsonObject {
  return {
    ...statement('OwnSlotsOnly', ['iam:TagRole', 'iam:UntagRole'], executors),
    Condition: {
      'ForAllValues:StringEquals': { 'aws:TagKeys': slots },
      Null: { 'aws:TagKeys': 'false' },
      StringEquals: { 'aws:SourceIdentity': sourceIdentity },
    },
  };
}

/** A seat makes keys to sign with, and no other tags than that they are such. */
export function ownSigner(): readonly JsonObject[] {
  return [
    {
      ...statement('MakeOwnSigner', ['kms:CreateKey'], '*'),
      Condition: { StringEquals: { 'kms:KeyUsage': 'SIGN_VERIFY' } },
    },
    {
      ...statement('TagOwnSigner', ['kms:TagResource'], '*'),
      Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'custody:signer' }, Null: { 'aws:TagKeys': 'false' } },
    },
  ];
}
