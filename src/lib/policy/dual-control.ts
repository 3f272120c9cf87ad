import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { allow, oneOrMany } from './statements.js';

/** A custodian's seat: the id is the SourceIdentity of its sessions. */
export interface Seat {
  readonly id: string;
  readonly roleArn: string;
}

/**
 * The root key has no standing Decrypt: each seat may grant another one a single unwrapping.
 * @throws CustodyError PLAN_INVALID for one seat
 */
export function dualControl(seats: readonly Seat[]): readonly JsonObject[] {
  if (seats.length === 1) throw new CustodyError('PLAN_INVALID', 'dual control by grants needs at least two seats');
  const sorted = [...seats].sort((a, b) => (a.id < b.id ? -1 : 1));
  return sorted.map((grantor) =>
    unwrapGrant(
      grantor,
      sorted.filter((seat) => seat !== grantor).map((seat) => seat.roleArn),
    ),
  );
}

/** A seat lets another seat unwrap, never itself; the set operator holds without its key, hence `Null`. */
function unwrapGrant(grantor: Seat, others: readonly string[]): JsonObject {
  const id = grantor.id.replaceAll('-', '');
  return allow(`UnwrapGrantBy${id}`, [grantor.roleArn], ['CreateGrant'], {
    StringEquals: {
      'aws:SourceIdentity': grantor.id,
      'kms:GranteePrincipal': oneOrMany(others),
      'kms:RetiringPrincipal': grantor.roleArn,
      'kms:GrantConstraintType': 'EncryptionContextEquals',
      'kms:EncryptionContext:custody:purpose': 'unwrap',
    },
    'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Decrypt', 'GenerateDataKeyWithoutPlaintext'] },
    Null: { 'kms:GrantOperations': 'false' },
  });
}
