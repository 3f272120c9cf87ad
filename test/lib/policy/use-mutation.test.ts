import { expect, it } from 'vitest';
import { parsePolicy } from '../../../src/lib/policy/document.js';
import { evaluate } from '../../../src/lib/policy/evaluate.js';
import type { Context } from '../../../src/lib/policy/keys.js';
import { synthesizeInterlocked } from '../../../src/lib/policy/synthesize.js';
import { KEY, principalOf } from './cases.js';
import { inputOf, interlockOf, roleArn } from './interlock-cases.js';
import { mutantsOf } from './mutants.js';

/** What is beside the interlock in a key's policy: who uses it, and the root's dual control. */

const interlock = interlockOf(2, 3);
const { policy } = synthesizeInterlocked({
  ...inputOf(interlock, {
    users: [
      {
        roleArn: roleArn('writer'),
        operations: ['encrypt', 'generate-data-key'],
        encryptionContext: { purpose: 'audit' },
      },
      { roleArn: roleArn('table'), operations: ['decrypt', 'describe'], viaService: 'dynamodb' },
    ],
    dualControlGrants: interlock.seats,
  }),
  interlock,
});

type Probe = readonly [as: string, operation: string, context: Context, expected: boolean | 'never'];

const AUDIT = { 'kms:EncryptionContext:purpose': 'audit' };
const VIA = { 'kms:ViaService': 'dynamodb.us-east-1.amazonaws.com' };
const users: readonly Probe[] = [
  ['role/writer', 'Encrypt', AUDIT, true],
  ['role/writer', 'GenerateDataKey', AUDIT, true],
  ['role/writer', 'Encrypt', {}, false],
  ['role/writer', 'Decrypt', AUDIT, 'never'],
  ['role/writer', 'ReEncryptFrom', { ...AUDIT, 'kms:ReEncryptOnSameKey': 'true' }, 'never'],
  ['role/table', 'ReEncryptFrom', {}, 'never'],
  ['role/table', 'ReEncryptFrom', { 'kms:ReEncryptOnSameKey': 'false' }, 'never'],
  ['role/table', 'Decrypt', VIA, true],
  ['role/table', 'Decrypt', {}, false],
  ['role/table', 'DescribeKey', VIA, true],
  ['role/table', 'DescribeKey', {}, false],
  ['role/table', 'CreateGrant', { ...VIA, 'kms:GrantIsForAWSResource': 'true' }, true],
  ['role/table', 'CreateGrant', VIA, false],
  ['role/table', 'CreateGrant', { 'kms:GrantIsForAWSResource': 'true' }, false],
];

/** A seat lets another one unwrap; whatever is left out or other than it should be, it may not. */
const grants = interlock.seats.flatMap(({ id, roleArn: grantor }): readonly Probe[] => {
  const others = interlock.seats.filter((seat) => seat.id !== id).map((seat) => seat.roleArn);
  const keys: Context = {
    'aws:SourceIdentity': id,
    'kms:GranteePrincipal': others[0] ?? '',
    'kms:RetiringPrincipal': grantor,
    'kms:GrantConstraintType': 'EncryptionContextEquals',
    'kms:EncryptionContext:custody:purpose': 'unwrap',
    'kms:GrantOperations': ['Decrypt', 'GenerateDataKeyWithoutPlaintext'],
  };
  const as = `role/${grantor.split('/')[1]}`;
  const without = (name: string) => Object.fromEntries(Object.entries(keys).filter(([key]) => key !== name));
  return [
    ...others.map((other): Probe => [as, 'CreateGrant', { ...keys, 'kms:GranteePrincipal': other }, true]),
    [as, 'CreateGrant', { ...keys, 'kms:GranteePrincipal': grantor }, false],
    [as, 'CreateGrant', { ...keys, 'kms:GrantOperations': ['Decrypt', 'Encrypt'] }, false],
    ...Object.keys(keys).map((name): Probe => [as, 'CreateGrant', without(name), false]),
    ...Object.keys(keys).map((name): Probe => [as, 'CreateGrant', { ...keys, [name]: 'other' }, false]),
  ];
});

function keeps(text: string): boolean {
  const resourcePolicy = parsePolicy(text, 'key policy');
  return [...users, ...grants].every(([as, operation, context, expected]) => {
    const input = { action: `kms:${operation}`, resource: KEY, principal: principalOf(as), context };
    const { allowed, reason } = evaluate({ ...input, resourcePolicy, resourceIsAuthority: true });
    return expected === 'never' ? reason === 'explicit-deny' : allowed === expected;
  });
}

it('T56 each part of what lets people use a key bears weight', () => {
  expect(keeps(policy)).toBe(true);
  const about = mutantsOf(policy).filter(({ what }) =>
    /^(?:Use|Describe|ServiceGrant|WriteOnly|UnwrapGrantBy)/.test(what),
  );
  expect(about.length).toBeGreaterThan(40);
  const survivors = about.filter(({ policy: text }) => keeps(text)).map(({ what }) => what);
  expect(survivors).toEqual([]);
});
