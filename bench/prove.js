// Proving who can change keys: the questions of a roster-less proof (keys × actions × principals), the whole proof of
// interlocked keys, and how both grow.
import { parsePolicy } from '../build/lib/policy/document.js';
import { prove } from '../build/lib/policy/prove.js';
import { median } from './measure.js';

/** Numbers of interlocked keys to prove beside, like 100,1000. */
const MANY = (process.env.BENCH_PROVE_MANY ?? '').split(',').filter(Boolean).map(Number);
const ACCOUNT = '111122223333';
const arn = (name) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const SEATS = ['architect', 'privacy', 'deputy'].map((id) => ({ id, roleArn: arn(id) }));
const EXECUTOR = arn('custody-executor');
const CLASSES = Object.entries({
  rotate: 'RotateKeyOnDemand',
  rotation: 'EnableKeyRotation',
  'rotation-off': 'DisableKeyRotation',
  policy: 'PutKeyPolicy',
  disable: 'DisableKey',
  enable: 'EnableKey',
  delete: 'ScheduleKeyDeletion',
  grant: 'CreateGrant',
  revoke: 'RevokeGrant',
  promote: 'UpdatePrimaryRegion',
}).map(([id, operation]) => ({ id, operations: [operation], pins: [] }));

/** @returns {Promise<{ name: string, direct: object, interlocked: object }>} */
export async function benchProve(rounds = 3) {
  const direct = {};
  for (const count of [100, 300, 1000]) direct[count] = measured(() => plainSubject(count, 10), rounds);
  const interlocked = {};
  for (const count of [1, 3, 10]) interlocked[count] = measured(() => interlockedSubject(count), rounds);
  // Large ones take minutes, so once and without a round for warming up.
  for (const count of MANY) interlocked[count] = measured(() => interlockedSubject(count), 1, 0);
  const principals = {};
  for (const count of [10, 30, 100]) principals[count] = measured(() => plainSubject(100, count), rounds);
  return { name: 'prove', direct, principals, interlocked };
}

/** Policies are read anew in each round, so that nothing prepared is left from the one before. */
function measured(subject, rounds, first = -1) {
  const times = [];
  let questions = 0;
  for (let round = first; round < rounds; round++) {
    const given = subject();
    const start = process.cpuUsage();
    const { claims } = prove(given);
    const { user, system } = process.cpuUsage(start);
    questions = claims.reduce((sum, { tried }) => sum + tried, 0);
    if (round >= 0) times.push((user + system) / 1000);
  }
  return { cpuMillis: median(times), questions };
}

function keyId(number) {
  return `mrk-${String(number).padStart(32, '0')}`;
}

function keyOf(number, statements, classes) {
  const id = keyId(number);
  return {
    name: `key-${number}`,
    arn: `arn:aws:kms:us-east-1:${ACCOUNT}:key/${id}`,
    keyId: id,
    region: 'us-east-1',
    policy: parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }), id),
    grants: 'not-asked',
    primaryRegion: null,
    users: null,
    classes,
  };
}

function plainSubject(keys, principals) {
  const roles = Array.from({ length: principals }, (_, at) => arn(`service-${at}`));
  const statements = roles.map((role) => ({
    Effect: 'Allow',
    Principal: { AWS: role },
    Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
    Resource: '*',
  }));
  const manage = { Effect: 'Allow', Principal: { AWS: arn('admin') }, Action: 'kms:PutKeyPolicy', Resource: '*' };
  return {
    account: ACCOUNT,
    keys: Array.from({ length: keys }, (_, at) => keyOf(at, [...statements, manage], [])),
    interlock: null,
    principals: null,
    serviceControlPolicies: null,
    resourceControlPolicies: null,
  };
}

function interlockedSubject(count) {
  const interlock = {
    threshold: 2,
    seats: SEATS,
    automation: [{ id: 'ci', roleArn: arn('ci') }],
    executors: [{ roleArn: EXECUTOR, classes: null, automation: true }],
    installers: [],
    auditor: null,
    drills: [],
    repository: null,
  };
  const keys = Array.from({ length: count }, (_, at) => keyOf(at, interlockStatements(at), CLASSES));
  return { ...plainSubject(0, 0), keys, interlock };
}

function interlockStatements(number) {
  const slot = (id) => `aws:PrincipalTag/custody:${id}:key-${number}`;
  const pairs = SEATS.flatMap((one, at) => SEATS.slice(at + 1).map((other) => [one.id, other.id]));
  return CLASSES.flatMap(({ id, operations }) =>
    pairs.map(([one, other]) => ({
      Effect: 'Allow',
      Principal: { AWS: EXECUTOR },
      Action: `kms:${operations[0]}`,
      Resource: '*',
      Condition: {
        StringLike: { [slot(one)]: `${id}/us-east-1/${keyId(number)}/${'?'.repeat(64)}/\${aws:SourceIdentity}` },
        StringEquals: { [slot(one)]: `\${${slot(other)}}` },
      },
    })),
  );
}
