import { ACCOUNT, KEY } from '../../lib/policy/cases.js';
import {
  ALLOW_ALL,
  type Block,
  type Call,
  type Policy,
  policyOf,
  type Statement,
  type Values,
  type Who,
} from './policy.js';
import type { Draw } from './random.js';

const FOREIGN = '444455556666';
const ALIAS = `arn:aws:kms:us-east-1:${ACCOUNT}:alias/app`;
const role = (name: string, account = ACCOUNT) => `arn:aws:iam::${account}:role/${name}`;
const session = (name: string, account = ACCOUNT) => `arn:aws:sts::${account}:assumed-role/${name}/session`;
const variable = (inner: string) => `$${'{'}${inner}}`;

export const PRINCIPALS = [
  ...[
    'role/App',
    'role/App',
    'role/App',
    'role/team/App',
    'role/Other',
    'user/bob',
    'root',
    'service/s3.amazonaws.com',
  ],
  ...[`role/App@${FOREIGN}`, `user/eve@${FOREIGN}`, `root@${FOREIGN}`],
];
const NAMED = [
  ...[role('App'), role('App'), session('App'), role('team/App'), role('app'), role('Other'), session('Other')],
  ...[`arn:aws:iam::${ACCOUNT}:user/bob`, `arn:aws:iam::${ACCOUNT}:root`, ACCOUNT, 'AROAEXAMPLEID1234567'],
  ...[
    role('App', FOREIGN),
    session('App', FOREIGN),
    `arn:aws:iam::${FOREIGN}:user/eve`,
    `arn:aws:iam::${FOREIGN}:root`,
  ],
];
const ACTIONS = ['kms:Decrypt', 'kms:Encrypt', 'kms:PutKeyPolicy', 'kms:ScheduleKeyDeletion', 'kms:CreateGrant'];
const PATTERNS = [...ACTIONS, 'kms:*', 'kms:*', 'kms:De*', 'KMS:decrypt', 'kms:?ncrypt', 's3:*', '*'];
const RESOURCES = [
  ...['*', '*', '*', KEY, KEY, `arn:aws:kms:*:${ACCOUNT}:key/*`, `arn:aws:kms:us-east-1:${ACCOUNT}:*`],
  ...['arn:aws:kms:*', 'arn:aws:kms:us-east-1:*', KEY.replace('us-east-1', 'eu-west-1'), KEY.replace('mrk-', 'mrk-?')],
  ...[KEY.replace('0123', '????'), KEY.toUpperCase().replace('ARN:AWS:KMS', 'arn:aws:kms'), 'arn:aws:s3:::bucket/*'],
  ...[KEY.replace('us-east-1', 'US-EAST-1'), KEY.replace(':key/', ':k*/'), KEY.replace(':kms:', ':k?s:'), ALIAS],
  ...[`arn:aws:kms:*:*:key/${variable('aws:PrincipalTag/key')}`, `arn:aws:kms:*:*:${variable('aws:PrincipalTag/no')}`],
];

type Kind = 'text' | 'many' | 'number' | 'date' | 'bool' | 'ip' | 'arn' | 'binary';

/** Condition keys, what a request may say under them, and what a policy may compare that with. */
const KEYS: readonly { readonly key: string; readonly kind: Kind; readonly given: readonly Values[] }[] = [
  { key: 'aws:SourceIdentity', kind: 'text', given: ['architect', 'Architect', 'ci', 'a*c', ''] },
  { key: 'aws:PrincipalTag/team', kind: 'text', given: ['red', 'blue', 'RED', 'architect'] },
  { key: 'aws:PrincipalTag/key', kind: 'text', given: [KEY.slice(KEY.indexOf('mrk-')), 'mrk-*', 'other'] },
  { key: 'aws:ResourceTag/team', kind: 'text', given: ['red'] },
  { key: 'kms:ViaService', kind: 'text', given: ['s3.us-east-1.amazonaws.com', 'sqs.us-east-1.amazonaws.com'] },
  { key: 'kms:EncryptionContext:app', kind: 'text', given: ['red', 'blue', 'Red'] },
  { key: 'kms:NoSuchKey', kind: 'text', given: [] },
  { key: 'aws:TagKeys', kind: 'many', given: [['red'], ['red', 'blue'], ['RED', 'green'], [''], []] },
  { key: 'kms:GrantOperations', kind: 'many', given: [['Decrypt'], ['Decrypt', 'Encrypt'], ['', '']] },
  { key: 'kms:EncryptionContextKeys', kind: 'many', given: [['red'], ['red', 'blue']] },
  { key: 'kms:ScheduleKeyDeletionPendingWindowInDays', kind: 'number', given: ['7', '30', '30.0', '7 days', '-1'] },
  {
    key: 'aws:CurrentTime',
    kind: 'date',
    given: ['2026-01-01T00:00:00Z', '2027-06-01T12:00:00Z', '1767225600', 'now'],
  },
  { key: 'aws:EpochTime', kind: 'date', given: ['1767225600', '1811851200'] },
  { key: 'aws:SecureTransport', kind: 'bool', given: ['true', 'false', 'TRUE', 'yes'] },
  {
    key: 'aws:SourceIp',
    kind: 'ip',
    given: ['203.0.113.7', '10.0.0.1', '2001:db8::1', '2001:DB8:0:0:0:0:0:1', 'home'],
  },
  { key: 'aws:SourceArn', kind: 'arn', given: ['arn:aws:s3:::bucket', role('App'), role('team/App'), 'no ARN'] },
  { key: 'aws:PrincipalTag/hash', kind: 'binary', given: ['QUI=', 'QQ==', 'no base64'] },
];

const COMPARED: Readonly<Record<Kind, readonly string[]>> = {
  text: [
    ...['architect', 'red', 'RED', 'blue', 'a*c', 'r?d', '*', 'arch*', '', 's3.*.amazonaws.com'],
    ...[variable('aws:SourceIdentity'), variable('aws:PrincipalTag/team'), variable('AWS:principaltag/TEAM')],
    ...[`${variable('aws:SourceIdentity')}*`, `a${variable('*')}c`, `r${variable('?')}d`, `${variable('$')}x`],
    ...[variable("aws:PrincipalTag/no, 'red'"), variable("aws:PrincipalTag/team, 'blue'"), variable('aws:TagKeys')],
    ...[variable('aws:PrincipalTag/no'), variable("aws:PrincipalTag/no, ''"), variable('kms:NoSuchKey')],
    ...[`$${'{'}aws:SourceIdentity`, variable(''), variable(variable('aws:SourceIdentity'))],
  ],
  many: [
    'red',
    'RED',
    'blue',
    'r*',
    '*',
    'Decrypt',
    'Encrypt',
    '',
    variable('aws:PrincipalTag/team'),
    variable('aws:username'),
  ],
  number: ['7', '30', '30.0', '29.5', '07', '30 days', 'x', variable('aws:PrincipalTag/team')],
  date: [
    '2026-01-01T00:00:00Z',
    '2026-01-01',
    '2026-01-01T01:00:00+01:00',
    '1767225600',
    '2027-01-01T00:00:00Z',
    'soon',
  ],
  bool: ['true', 'false', 'True', 'FALSE', '1', variable('aws:SecureTransport')],
  ip: ['203.0.113.0/24', '203.0.113.7', '10.0.0.0/8', '2001:db8::/32', '2001:db8::1', '0.0.0.0/0', '::/0', 'anywhere'],
  arn: [
    ...[role('App'), role('*'), 'arn:aws:s3:::*', 'arn:*:*:*:*:*', 'arn:aws:iam::*:role/team/*', 'arn:aws:iam:*', '*'],
    ...[
      role(variable('aws:PrincipalTag/team')),
      role(variable('aws:PrincipalTag/no')),
      `arn:aws:iam::${'?'.repeat(12)}:role/App`,
    ],
  ],
  binary: ['QUI=', 'QQ==', 'no base64', variable('aws:PrincipalTag/hash')],
};

const STRINGS = [
  'StringEquals',
  'StringNotEquals',
  'StringEqualsIgnoreCase',
  'StringNotEqualsIgnoreCase',
  'StringLike',
  'StringNotLike',
];
const NUMBERS = ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals'];
const OPERATORS: Readonly<Record<Kind, readonly string[]>> = {
  text: STRINGS,
  many: STRINGS,
  number: NUMBERS.map((name) => `Numeric${name}`),
  date: NUMBERS.map((name) => `Date${name}`),
  bool: ['Bool'],
  ip: ['IpAddress', 'NotIpAddress'],
  arn: ['ArnEquals', 'ArnLike', 'ArnNotEquals', 'ArnNotLike'],
  binary: ['BinaryEquals'],
};

/** What a case may hold beside the plain: things that custody and the other one see differently come in measure. */
export function generate(draw: Draw): Call {
  const [action, resource] = draw.pick<readonly [string, string]>([
    ...ACTIONS.map((name) => [name, KEY] as const),
    ...(draw.chance(20)
      ? ([
          ['kms:CreateKey', '*'],
          ['kms:DeleteAlias', ALIAS],
        ] as const)
      : []),
  ]);
  const authority = resource === KEY;
  const principal = draw.pick(PRINCIPALS);
  const kind = principal.split('/')[0] ?? '';
  const inIam = kind === 'role' || kind === 'user';
  return {
    action,
    resource,
    principal,
    authority,
    context: contextOf(draw, principal),
    ...(authority && { resourcePolicy: keyPolicy(draw, principal) }),
    identityPolicies: inIam ? times(draw.below(3), () => attached(draw, 60)) : [],
    sessionPolicies: kind === 'role' && draw.chance(25) ? [attached(draw, 60)] : [],
    ...(inIam && draw.chance(25) && { boundary: attached(draw, 60) }),
    scp: draw.chance(30)
      ? times(1 + draw.below(2), () => [policyOf(ALLOW_ALL), attached(draw, 10)].slice(draw.chance(20) ? 1 : 0))
      : [],
    rcp: draw.chance(20) ? [[policyOf(ALLOW_ALL), policyOf(denied(draw))]] : [],
  };
}

const times = <T>(count: number, make: () => T) => Array.from({ length: count }, make);

/** A resource control policy denies everyone something. */
function denied(draw: Draw): Statement {
  const { Condition } = statement(draw);
  return { Effect: 'Deny', Principal: '*', Action: draw.pick(ACTIONS), Resource: '*', ...(Condition && { Condition }) };
}

function contextOf(draw: Draw, principal: string): Record<string, Values> {
  const context: Record<string, Values> = {};
  for (const { key, given } of KEYS) if (given.length > 0 && draw.chance(45)) context[key] = draw.pick(given);
  // Keys of the principal come with every request; a service has its name.
  if (principal.startsWith('service/')) context['aws:PrincipalServiceName'] = principal.slice('service/'.length);
  return context;
}

function keyPolicy(draw: Draw, principal: string): Policy {
  const account = principal.split('@')[1] ?? ACCOUNT;
  const delegation: Statement = { ...ALLOW_ALL, Principal: { AWS: `arn:aws:iam::${account}:root` } };
  const statements = times(1 + draw.below(3), () => {
    const { Resource, NotResource, ...rest } = statement(draw);
    const about = draw.chance(3) ? {} : NotResource === undefined ? { Resource } : { NotResource };
    return { ...who(draw), ...rest, ...about } as Statement;
  });
  return { Version: version(draw), Statement: draw.chance(40) ? [delegation, ...statements] : statements };
}

function attached(draw: Draw, allowAll: number): Policy {
  const statements = times(1 + draw.below(2), () => statement(draw));
  return { Version: version(draw), Statement: draw.chance(allowAll) ? [ALLOW_ALL, ...statements] : statements };
}

const version = (draw: Draw) => (draw.chance(95) ? '2012-10-17' : '2008-10-17');

function who(draw: Draw): Pick<Statement, 'Principal' | 'NotPrincipal'> {
  const listed: Who = draw.chance(15)
    ? '*'
    : draw.chance(10)
      ? { Service: draw.pick(['s3.amazonaws.com', 'sqs.amazonaws.com']) }
      : { AWS: draw.some(NAMED, 1, 3) };
  if (!draw.chance(12)) return { Principal: listed };
  return { NotPrincipal: listed === '*' || draw.chance(50) ? { AWS: [ACCOUNT, role('App'), session('App')] } : listed };
}

function statement(draw: Draw): Statement {
  const actions = draw.some(PATTERNS, 1, 3);
  const resources = draw.some(RESOURCES, 1, 2);
  const Condition = draw.chance(65) ? block(draw) : undefined;
  return {
    Effect: draw.chance(68) ? 'Allow' : 'Deny',
    ...(draw.chance(88) ? { Action: actions } : { NotAction: actions }),
    ...(draw.chance(88) ? { Resource: resources } : { NotResource: resources }),
    ...(Condition && { Condition }),
  };
}

function block(draw: Draw): Block {
  const tests: Record<string, Record<string, Values>> = {};
  for (let count = 1 + draw.below(2); count > 0; count--) {
    const { key, kind } = draw.pick(KEYS);
    const operator = operatorFor(draw, kind);
    const values = operator.includes('Null')
      ? draw.some(['true', 'false', 'False', 'maybe'], 1, draw.chance(10) ? 2 : 1)
      : draw.some(COMPARED[kind], 1, 2);
    const name = draw.chance(10) ? key.toUpperCase().replace('KMS:', 'kms:') : key;
    tests[operator] = {
      ...tests[operator],
      [name]: values.length === 1 && draw.chance(70) ? (values[0] ?? '') : values,
    };
  }
  return tests;
}

function operatorFor(draw: Draw, kind: Kind): string {
  if (draw.chance(10)) return draw.chance(90) ? 'Null' : draw.pick(['NullIfExists', 'ForAnyValue:Null']);
  const base = draw.pick(OPERATORS[kind]);
  if (draw.chance(1)) return draw.pick([base.toLowerCase(), `${base}s`, `ForSomeValues:${base}`]);
  const set = draw.chance(kind === 'many' ? 85 : 12) ? draw.pick(['ForAllValues:', 'ForAnyValue:']) : '';
  return `${set}${base}${draw.chance(15) ? 'IfExists' : ''}`;
}
