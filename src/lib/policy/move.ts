import { CANARY_CONTEXT } from '../base/canary.js';
import { formatCanonical, type JsonObject } from '../base/canonical-json.js';
import type { KeyUse } from '../plan/plan.js';
import { contextKeys, whenEquals } from './context-keys.js';
import { allow } from './statements.js';

/** A role that moves ciphertexts from a key to the one that replaces it. */
export interface Mover {
  readonly roleArn: string;
  readonly encryptionContext: Readonly<Record<string, string>>;
}

interface MoverCandidate {
  readonly roleArn: string;
  readonly operations: readonly KeyUse[];
  readonly encryptionContext?: Readonly<Record<string, string>>;
  readonly viaService?: string | null;
}

/**
 * Who may move ciphertexts: those that the plan lets decrypt with calls of their own, since ReEncrypt to another key gives
 * them nothing that they do not have (T56). A service that uses the key for them moves its data by itself; canaries
 * stay where they are, since the key that replaces gets its own.
 */
export function moversOf(users: readonly MoverCandidate[]): readonly Mover[] {
  // The Deny is lifted for a whole role: one that may re-encrypt what it may not decrypt would gain by it.
  const gains = new Set(users.filter(mayOnlyReEncrypt).map(({ roleArn }) => roleArn));
  const movers = users
    .filter(
      (user) =>
        user.operations.includes('decrypt') && !user.viaService && !gains.has(user.roleArn) && !readsCanaries(user),
    )
    .map(({ roleArn, encryptionContext }) => ({ roleArn, encryptionContext: { ...encryptionContext } }));
  const order = ({ roleArn, encryptionContext }: Mover) => formatCanonical([roleArn, encryptionContext]);
  const byOrder = new Map(movers.map((mover) => [order(mover), mover]));
  return [...byOrder].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, mover]) => mover);
}

/** One that has no ciphertexts of its own with the key but canaries. */
export function readsCanaries({ encryptionContext = {} }: Pick<MoverCandidate, 'encryptionContext'>): boolean {
  return Object.hasOwn(encryptionContext, CANARY_CONTEXT);
}

function mayOnlyReEncrypt({ operations }: MoverCandidate): boolean {
  return operations.includes('re-encrypt') && !operations.includes('decrypt');
}

export function rolesOf(movers: readonly Mover[]): readonly string[] {
  return [...new Set(movers.map(({ roleArn }) => roleArn))];
}

/** On the key that is replaced: out of it, under the context that each user is held to anyway. */
export function moveOutStatements(movers: readonly Mover[]): readonly JsonObject[] {
  return movers.map((mover, at) => moving(`MoveOut${at + 1}`, mover, ['ReEncryptFrom']));
}

/**
 * On the key that replaces it: into it, under the same context, and a look at its tags, which say what it replaces.
 * They carry no encryption context. From there to itself, too: so a run that is made again sees what was moved before.
 */
export function moveInStatements(movers: readonly Mover[]): readonly JsonObject[] {
  if (movers.length === 0) return [];
  return [
    ...movers.map((mover, at) => moving(`MoveIn${at + 1}`, mover, ['ReEncryptFrom', 'ReEncryptTo'])),
    allow('MoveCheck', rolesOf(movers), ['DescribeKey', 'ListResourceTags']),
  ];
}

function moving(sid: string, { roleArn, encryptionContext }: Mover, operations: readonly string[]): JsonObject {
  return allow(sid, [roleArn], operations, whenEquals(contextKeys(encryptionContext)));
}
