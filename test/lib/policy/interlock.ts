import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { ACCOUNT } from './cases.js';

/** The approval interlock as policies: the hardest texts that the evaluator must judge. */

const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const variable = (name: string) => `$${'{'}${name}}`;
export const EXECUTOR = role('custody-7f3a9c12-executor');
export const KEY_ID = 'mrk-0123456789abcdef0123456789abcdef';
export const SEATS = { architect: 'SecurityArchitect', privacy: 'PrivacyEngineer', deputy: 'SecurityArchitect-deputy' };
export const CLASSES: Readonly<Record<string, string>> = {
  rotate: 'kms:RotateKeyOnDemand',
  policy: 'kms:PutKeyPolicy',
  disable: 'kms:DisableKey',
  delete: 'kms:ScheduleKeyDeletion',
};
const PAIRS = [
  ['architect', 'privacy'],
  ['architect', 'deputy'],
  ['privacy', 'deputy'],
] as const;
const ids = Object.keys(SEATS);

/** The tag of one seat on the executor role, as the condition key that shows it. */
export function slot(seat: string): string {
  return `aws:PrincipalTag/custody:${seat}:root`;
}

export function keyPolicy(): JsonObject {
  return { Version: '2012-10-17', Statement: Object.entries(CLASSES).flatMap(([name, action]) => pairs(name, action)) };
}

function pairs(name: string, action: string): JsonObject[] {
  return PAIRS.map(([first, second]) => ({
    Sid: `${name}${first}${second}`,
    Effect: 'Allow',
    Principal: { AWS: EXECUTOR },
    Action: action,
    Resource: '*',
    Condition: {
      StringLike: {
        [slot(first)]: `${name}/us-east-1/${KEY_ID}/${'?'.repeat(64)}/${variable('aws:SourceIdentity')}`,
      },
      StringEquals: { [slot(first)]: variable(slot(second)) },
      ...(name === 'delete' && {
        NumericGreaterThanEquals: { 'kms:ScheduleKeyDeletionPendingWindowInDays': '30' },
      }),
    },
  }));
}

/** A seat's own policy: its own slots, and entering the executor role. `closed: false` leaves out the `Null` test. */
export function seatPolicy(seat: string, closed = true): JsonObject {
  return {
    Version: '2012-10-17',
    Statement: {
      Sid: 'OwnSlotsOnly',
      Effect: 'Allow',
      Action: ['iam:TagRole', 'iam:UntagRole'],
      Resource: EXECUTOR,
      Condition: {
        'ForAllValues:StringEquals': { 'aws:TagKeys': [`custody:${seat}:root`, `custody:${seat}:case-data`] },
        ...(closed && { Null: { 'aws:TagKeys': 'false' } }),
        StringEquals: { 'aws:SourceIdentity': seat },
      },
    },
  };
}

/** The executor's trust policy: each seat with its own SourceIdentity, automation once, never with session tags. */
export function trustPolicy(): JsonObject {
  return {
    Version: '2012-10-17',
    Statement: [
      ...ids.map((seat) => ({
        Sid: `Seat${seat}`,
        Effect: 'Allow',
        Principal: { AWS: role(SEATS[seat as keyof typeof SEATS]) },
        Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
        Condition: { StringEquals: { 'aws:SourceIdentity': seat } },
      })),
      {
        Sid: 'Ci',
        Effect: 'Allow',
        Principal: { AWS: role('custody-7f3a9c12-ci') },
        Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
        Condition: { StringEquals: { 'sts:SourceIdentity': 'ci' }, Null: { 'aws:SourceIdentity': 'true' } },
      },
      { Sid: 'NoSessionTags', Effect: 'Deny', Principal: '*', Action: 'sts:TagSession' },
    ],
  };
}

/** The organization's guard: seats tag only their own slots, nobody else tags, roles stay as they are. */
export function organizationPolicy(): JsonObject {
  const frozen = [...Object.values(SEATS), 'custody-7f3a9c12-executor'].map((name) => `arn:aws:iam::*:role/${name}`);
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'FreezeRoles',
        Effect: 'Deny',
        NotAction: ['iam:Get*', 'iam:List*', 'iam:TagRole', 'iam:UntagRole', 'sts:AssumeRole', 'sts:SetSourceIdentity'],
        Resource: frozen,
        Condition: { ArnNotEquals: { 'aws:PrincipalArn': role('custody-7f3a9c12-installer') } },
      },
      {
        Sid: 'OwnSlotsOnly',
        Effect: 'Deny',
        Action: 'iam:TagRole',
        Resource: frozen,
        Condition: {
          'ForAnyValue:StringNotLike': { 'aws:TagKeys': `custody:${variable('aws:SourceIdentity')}:*` },
        },
      },
    ],
  };
}
