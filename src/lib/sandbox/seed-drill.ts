import { CANARY_CONTEXT } from '../base/canary.js';
import type { JsonObject } from '../base/canonical-json.js';
import { statement } from './seed-statement.js';

/** Canaries under their context alone, and keys of its own, which it must tag; what it made it deletes by that key's own policy. */
export function drillPolicy(): JsonObject {
  const tag = 'custody:drill';
  const crypto = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'];
  return {
    Version: '2012-10-17',
    Statement: [
      {
        ...statement('Canaries', crypto, '*'),
        Condition: { Null: { [`kms:EncryptionContext:${CANARY_CONTEXT}`]: 'false' } },
      },
      statement('LookAtKeys', ['kms:DescribeKey', 'kms:ListAliases', 'kms:ListKeys', 'kms:ListResourceTags'], '*'),
      {
        ...statement('MakeScratchKeys', ['kms:CreateKey', 'kms:TagResource'], '*'),
        Condition: {
          'ForAllValues:StringEquals': { 'aws:TagKeys': tag },
          Null: { [`aws:RequestTag/${tag}`]: 'false' },
        },
      },
    ],
  };
}
