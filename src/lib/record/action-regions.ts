import { CustodyError } from '../base/errors.js';
import { isObject, object, type Reader, text } from '../base/fields.js';
import { ownTags, policyText, tags } from './action-create.js';
import { type ActionSubject, arnOf, kms, row } from './action-row.js';
import { DELETION_DAYS } from './action-state.js';
import { digestOfJson, type SignedCall } from './statement.js';

const region = text({ max: 32, pattern: /^[a-z]{2,}(?:-[a-z0-9]+)+$/, expected: 'a Region' });

const replicateParameters = object({ to: region, description: text({ min: 0, max: 1000 }), policy: policyText, tags });

type ReplicateParameters = typeof replicateParameters extends Reader<infer T> ? T : never;

/** Its Region is the primary's, where ReplicateKey is called; `to` is the replica's. */
const replicate = row<ReplicateParameters>({
  class: 'replicate',
  risk: 'high',
  parameters: replicateParameters,
  calls: replicateCalls,
  sentence: (name, { to }) =>
    `Make a replica of the key ${name} in ${to}: the same material under a key policy of its own.`,
  changes: ({ replica, aliasThere }, { to, policy }) => [
    {
      what: `replica in ${to}`,
      from: isObject(replica) ? String(replica.state) : 'none',
      to: `the same key material, policy ${digestOfJson(policy)}`,
    },
    { what: `alias in ${to}`, from: typeof aliasThere === 'string' ? aliasThere : 'none', to: 'the replica' },
  ],
  undo: (name, _, { to }) => `custody keys delete ${name} --in ${to}, which waits ${DELETION_DAYS} days`,
});

function replicateCalls(subject: ActionSubject, p: ReplicateParameters): readonly SignedCall[] {
  assertElsewhere(subject, p.to);
  return [
    // Without a policy the replica would get the default one: the same material, open to the account's IAM (T49).
    kms(subject, 'ReplicateKey', {
      KeyId: arnOf(subject),
      ReplicaRegion: p.to,
      Description: p.description,
      Policy: p.policy,
      Tags: ownTags(subject, p.tags),
    }),
    kms({ region: p.to }, 'CreateAlias', {
      AliasName: subject.key?.alias ?? '',
      TargetKeyId: subject.key?.keyId ?? '',
    }),
  ];
}

interface PromoteParameters {
  /** The Region of the replica that becomes the primary. */
  readonly to: string;
  /** The plan's primary Region, so that approvers see whether the key leaves it. */
  readonly home: string;
}

/** Its Region is the one of the key that is the primary now. */
const promote = row<PromoteParameters>({
  class: 'promote',
  risk: 'medium',
  parameters: object({ to: region, home: region }),
  calls: (subject, { to }) => {
    assertElsewhere(subject, to);
    return [kms(subject, 'UpdatePrimaryRegion', { KeyId: arnOf(subject), PrimaryRegion: to })];
  },
  sentence: (name, { to }) =>
    `Make ${to} the primary Region of the key ${name}: rotation, new material and new replicas are then managed there.`,
  changes: ({ primaryRegion }, { to, home }) => [
    { what: 'primary Region', from: String(primaryRegion), to },
    { what: 'rotated and replicated in', from: String(primaryRegion), to },
    {
      what: 'against the plan',
      from: planSays(String(primaryRegion), home),
      to: planSays(to, home),
    },
  ],
  undo: (name, { primaryRegion }) => `custody keys promote ${name} --to ${primaryRegion}`,
});

function planSays(primary: string, home: string): string {
  return primary === home
    ? 'as planned'
    : `the plan's primary is ${home}: plan diff says so until it is promoted back or the plan is changed`;
}

/** @throws CustodyError RECORD_MALFORMED: a Region is not moved or copied to itself */
function assertElsewhere({ region: here }: ActionSubject, to: string): void {
  if (to === here) throw new CustodyError('RECORD_MALFORMED', `parameters: to: expected another Region than ${here}`);
}

export const REGION_ACTIONS = { 'key.replicate': replicate, 'key.promote': promote } as const;
