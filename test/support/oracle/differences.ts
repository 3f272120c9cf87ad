import { ACCOUNT, principalOf } from '../../lib/policy/cases.js';
import {
  ALLOW_ALL,
  type Call,
  listOf,
  type Policy,
  rewritten,
  type Statement,
  type Test,
  type Verdict,
  withTests,
} from './policy.js';
import * as read from './readings.js';
import { simulate } from './simulate.js';

/** Something that custody and iam-simulate see differently, and who is right about it. */
export interface Difference {
  readonly name: string;
  /** What iam-simulate does, what custody does. */
  readonly reason: string;
  /** The page of AWS's documentation that decides. */
  readonly source: string;
  /**
   * `custody`: the page says so. `safe`: the page leaves it open, custody takes what denies, and names it in
   * `unresolved`. `entry`: a limit of iam-simulate's interface, not of its judgement.
   */
  readonly right: 'custody' | 'safe' | 'entry';
  /** The call as iam-simulate must be asked so that this difference is gone; the same object when it does not touch it. */
  readonly bridge: (call: Call) => Call | Promise<Call>;
}

const CONDITIONS = 'IAM JSON policy elements: Condition operators';
const SETS = 'Set operators for multivalued context keys';
const VARIABLES = 'IAM policy elements: Variables and tags';

/** Statement by statement, every test of its condition. */
function tests(call: Call, replace: (test: Test, statement: Statement, policy: Policy) => Verdict): Call {
  return rewritten(call, (statement, _place, policy) =>
    withTests(statement, (test) => replace(test, statement, policy)),
  );
}

/** Tests of a present key by operators with these names. */
function typed(call: Call, names: RegExp, isReadable: (text: string, ofPolicy: boolean) => boolean): Call {
  return tests(call, (test, statement) => {
    const operator = read.operatorOf(test);
    const given = read.givenFor(call, test.key);
    if (operator === null || !names.test(operator.name) || given === undefined) return test;
    if (operator.set !== '' && given.every((value) => value === '')) return test;
    if (!given.every((value) => isReadable(value, false))) return read.unclear(statement);
    return read.weakened(test, statement, (value) => !isReadable(value, true));
  });
}

const takesVariables = (name: string) => /^(?:String|Arn)/.test(name);

/** Variables of texts and ARNs, and of resources, that are of one reading; each value as `replace` says. */
function variables(call: Call, replace: (value: string) => string): Call {
  const change = (statement: Statement): Statement => ({
    ...statement,
    ...(statement.Resource && { Resource: listOf(statement.Resource).map(replace) }),
    ...(statement.NotResource && { NotResource: listOf(statement.NotResource).map(replace) }),
  });
  return rewritten(call, (statement, _place, policy) =>
    policy.Version === '2008-10-17'
      ? statement
      : withTests(change(statement), (test) => {
          const operator = read.operatorOf(test);
          if (operator === null || !takesVariables(operator.name)) return test;
          return { ...test, values: test.values.map(replace) };
        }),
  );
}

/** Patterns of resources that cannot be told, on the safe side. */
function resources(call: Call, isUnclear: (pattern: string, policy: Policy) => boolean): Call {
  return rewritten(call, (statement, _place, policy) => {
    const negated = statement.NotResource !== undefined;
    const all = listOf(statement.Resource ?? statement.NotResource);
    const clear = all.filter((pattern) => !isUnclear(pattern, policy));
    if (clear.length === all.length || all.includes('*')) return statement;
    const { Resource: _resource, NotResource: _not, ...rest } = statement;
    if (negated !== (statement.Effect === 'Deny')) return negated ? null : { ...rest, Resource: '*' };
    if (clear.length > 0) return negated ? { ...rest, NotResource: clear } : { ...rest, Resource: clear };
    return negated ? { ...rest, Resource: '*' } : null;
  });
}

const isUnset = (call: Call, value: string) =>
  read.variablesOf(value).some((variable) => read.readingOf(call, variable) === 'unset');

const isUnclear = (call: Call, value: string) =>
  read.isMalformed(value) || read.variablesOf(value).some((variable) => read.readingOf(call, variable) === 'unclear');

/** A set variable whose value has wildcards: whether they are some, AWS does not say. */
const hasWildcardValue = (call: Call, value: string) =>
  read
    .variablesOf(value)
    .some((variable) => read.readingOf(call, variable) === 'set' && /[*?]/.test(read.textOf(call, variable)));

const matchesPatterns = (name: string) => /Like$|^Arn/.test(name);

/** As `matches` in words: a wildcard pattern against a text, with case. */
const like = (pattern: string, text: string) =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  ).test(text);

function listed({ Principal, NotPrincipal }: Statement): readonly string[] {
  const element = Principal ?? NotPrincipal;
  return element === undefined || element === '*' ? [] : listOf(element.AWS);
}

/** Whether a NotPrincipal names all that a caller is: account, user or role, session ("NotPrincipal"). */
function spares(call: Call, statement: Statement): boolean {
  const { kind, account, principalArn, callerArn } = principalOf(call.principal);
  const names = listed(statement);
  const services = statement.NotPrincipal === '*' ? [] : listOf(statement.NotPrincipal?.Service);
  if (kind === 'service') return services.includes(principalArn);
  if (names.includes('*')) return true;
  const inAccount = names.includes(account) || names.includes(`arn:aws:iam::${account}:root`);
  return inAccount && (kind === 'root' || (names.includes(principalArn) && names.includes(callerArn)));
}

/** Whether one of its statements names the caller beyond its account and role, which limits do not touch. */
function namesDirectly(call: Call, { Effect, Principal }: Statement): boolean {
  if (Effect !== 'Allow' || Principal === undefined) return false;
  return (
    Principal === '*' ||
    listOf(Principal.AWS).some((name) => [principalOf(call.principal).callerArn, '*'].includes(name))
  );
}

const open = (policy: Policy): Policy => ({
  ...policy,
  Statement: [ALLOW_ALL, ...policy.Statement.filter(({ Effect }) => Effect === 'Deny')],
});

/** With everything that names the caller directly, and without what the session's policies and the boundary do not allow. */
function directOnly(call: Call): Call {
  const only = call.resourcePolicy && {
    ...call.resourcePolicy,
    Statement: call.resourcePolicy.Statement.filter(
      (one) => one.Effect === 'Deny' || namesDirectly(call, one) || one.NotPrincipal !== undefined,
    ),
  };
  return { ...call, ...(only && { resourcePolicy: only }), sessionPolicies: call.sessionPolicies.map(open) };
}

async function sessionEscape(call: Call): Promise<Call> {
  const own = principalOf(call.principal).account === ACCOUNT;
  if (call.sessionPolicies.length === 0 || !own || call.resourcePolicy === undefined) return call;
  const direct = await simulate(whole(withListedKeys(directOnly({ ...call, identityPolicies: [] }))));
  return direct === 'allowed' ? { ...call, sessionPolicies: call.sessionPolicies.map(open) } : call;
}

/** Keys that iam-simulate's data does not list for every action, under names that it lists. */
const LISTED: Readonly<Record<string, string>> = {
  'kms:grantoperations': 'aws:CalledVia',
  'kms:encryptioncontextkeys': 'aws:PrincipalServiceNamesList',
};

function renamed(key: string): string {
  const lower = key.toLowerCase();
  if (!lower.startsWith('kms:') && !lower.startsWith('aws:resourcetag/')) return key;
  return LISTED[lower] ?? `aws:PrincipalTag/listed-${lower.replace(/[:/]/g, '-')}`;
}

function withListedKeys(call: Call): Call {
  const inValue = (value: string) =>
    read
      .variablesOf(value)
      .reduce((text, { text: old, key }) => text.replace(old, old.replace(key, renamed(key))), value);
  const context = Object.fromEntries(Object.entries(call.context).map(([key, values]) => [renamed(key), values]));
  const replaced = tests(call, (test) => ({ ...test, key: renamed(test.key), values: test.values.map(inValue) }));
  return { ...replaced, context };
}

/** Without policies that have no statement left, which a document cannot be. */
export function whole(call: Call): Call {
  const never: Statement = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::nothing/*' };
  const filled = (policy: Policy, extra: object = {}): Policy =>
    policy.Statement.length > 0 ? policy : { ...policy, Statement: [{ ...never, ...extra }] };
  return {
    ...call,
    ...(call.resourcePolicy && { resourcePolicy: filled(call.resourcePolicy, { Principal: '*' }) }),
    ...(call.boundary && { boundary: filled(call.boundary) }),
    identityPolicies: call.identityPolicies.map((policy) => filled(policy)),
    sessionPolicies: call.sessionPolicies.map((policy) => filled(policy)),
    scp: call.scp.map((level) => level.map((policy) => filled(policy))),
    rcp: call.rcp.map((level) => level.map((policy) => filled(policy, { Principal: '*' }))),
  };
}

/** THE table: whatever is not explained by these is a fault. In this order each leaves less to the next. */
export const DIFFERENCES: readonly Difference[] = [
  {
    name: 'variables in a policy of 2008',
    reason: 'iam-simulate fills variables in whatever the Version says; before 2012-10-17 they are text',
    source: 'IAM JSON policy elements: Version',
    right: 'custody',
    bridge: (call) =>
      rewritten(call, (statement, _place, { Version }) => {
        if (Version === '2012-10-17') return statement;
        const literal = (value: string) => value.replaceAll('${', `$${'{$}{'}`);
        const { Resource, NotResource } = statement;
        const change = {
          ...statement,
          ...(Resource && { Resource: listOf(Resource).map(literal) }),
          ...(NotResource && { NotResource: listOf(NotResource).map(literal) }),
        };
        return withTests(change, (test) => ({ ...test, values: test.values.map(literal) }));
      }),
  },
  {
    name: 'a statement without Resource',
    reason: 'iam-simulate takes it for every resource; in a key policy such a statement has no effect',
    source: 'AWS KMS API reference: PutKeyPolicy',
    right: 'custody',
    bridge: (call) =>
      rewritten(call, (statement, place) =>
        place === 'resource' && statement.Resource === undefined && statement.NotResource === undefined
          ? null
          : statement,
      ),
  },
  {
    name: 'the root user',
    reason: 'iam-simulate asks for an identity policy of the root user, which has none and needs none',
    source: 'AWS account root user; Default key policy',
    right: 'custody',
    bridge: (call) =>
      principalOf(call.principal).kind === 'root'
        ? { ...call, identityPolicies: [{ Version: '2012-10-17', Statement: [ALLOW_ALL] }] }
        : call,
  },
  {
    name: 'SCPs and services',
    reason: 'iam-simulate binds services by service control policies, which are for the principals of the account',
    source: 'Service control policies (SCPs): Tasks and entities not restricted by SCPs',
    right: 'custody',
    bridge: (call) => (principalOf(call.principal).kind === 'service' ? { ...call, scp: [] } : call),
  },
  {
    name: 'the path and the case of a role',
    reason:
      'iam-simulate knows of a session only the name of its role; a role in a Principal is its whole ARN, with case',
    source: 'AWS JSON policy elements: Principal; IAM identifiers',
    right: 'custody',
    bridge: (call) => {
      const { kind, account, principalArn } = principalOf(call.principal);
      if (kind !== 'role') return call;
      const other = `arn:aws:iam::${account}:role/someone-else`;
      const isOther = (name: string) =>
        name !== principalArn &&
        name.split('/').at(-1)?.toLowerCase() === principalArn.split('/').at(-1)?.toLowerCase();
      const change = (name: string) =>
        name.includes(':role/') && name.includes(account) && isOther(name) ? other : name;
      return rewritten(call, (statement) => {
        for (const element of ['Principal', 'NotPrincipal'] as const) {
          const who = statement[element];
          if (who === undefined || who === '*' || who.AWS === undefined) continue;
          return { ...statement, [element]: { ...who, AWS: listOf(who.AWS).map(change) } };
        }
        return statement;
      });
    },
  },
  {
    name: 'NotPrincipal with Deny',
    reason:
      'iam-simulate spares whoever is named in any way; AWS checks account, then user or role, then session, each alone',
    source: 'AWS JSON policy elements: NotPrincipal',
    right: 'custody',
    bridge: (call) =>
      rewritten(call, (statement) => {
        if (statement.Effect === 'Allow' || statement.NotPrincipal === undefined) return statement;
        const { NotPrincipal: _not, ...rest } = statement;
        const bounded = call.boundary !== undefined && /^(?:role|user)\//.test(call.principal);
        return bounded || !spares(call, statement) ? { ...rest, Principal: '*' } : null;
      }),
  },
  {
    name: 'operators that AWS does not list',
    reason:
      'iam-simulate ignores the case of operators, takes Null with a suffix, and passes over an unknown one in a Deny',
    source: CONDITIONS,
    right: 'safe',
    bridge: (call) =>
      tests(call, (test, statement) =>
        test.operator === 'Null' || read.operatorOf(test) !== null ? test : read.unclear(statement),
      ),
  },
  {
    name: 'keys that AWS does not list',
    reason:
      'iam-simulate takes a key that no request can have for absent; custody lets it neither open nor spare anything',
    source: 'AWS global condition context keys; Condition keys for AWS KMS',
    right: 'safe',
    bridge: (call) =>
      tests(call, (test, statement) => (test.key.toLowerCase() === 'kms:nosuchkey' ? read.unclear(statement) : test)),
  },
  {
    name: 'resource tags in a key policy',
    reason: 'iam-simulate evaluates aws:ResourceTag in a key policy, where KMS does not permit it',
    source: 'ABAC for AWS KMS',
    right: 'safe',
    bridge: (call) =>
      rewritten(call, (statement, place) =>
        place !== 'resource'
          ? statement
          : withTests(statement, (test) =>
              test.key.toLowerCase().startsWith('aws:resourcetag/') ? read.unclear(statement) : test,
            ),
      ),
  },
  {
    name: 'Null with other values than true and false',
    reason: 'iam-simulate takes them for a test that does not hold, and heeds the others beside them',
    source: CONDITIONS,
    right: 'safe',
    bridge: (call) =>
      tests(call, (test, statement) =>
        test.operator !== 'Null' || test.values.every(read.isBoolean) ? test : read.unclear(statement),
      ),
  },
  {
    name: 'many values without a set operator',
    reason:
      'iam-simulate says that such a test does not hold; AWS asks for a set operator and does not say what happens without',
    source: 'Single-valued vs. multivalued context keys',
    right: 'safe',
    bridge: (call) =>
      tests(call, (test, statement) => {
        const present = read.givenFor(call, test.key) !== undefined;
        const needs = read.MANY.includes(test.key.toLowerCase()) && read.operatorOf(test)?.set === '';
        return present && needs ? read.unclear(statement) : test;
      }),
  },
  {
    name: 'ForAnyValue with IfExists',
    reason: 'without the key iam-simulate says no; AWS says both that ForAnyValue does not hold and that IfExists does',
    source: SETS,
    right: 'safe',
    bridge: (call) =>
      tests(call, (test, statement) => {
        const operator = read.operatorOf(test);
        const both = operator?.set === 'ForAnyValue' && operator.ifExists;
        return both && read.givenFor(call, test.key) === undefined ? read.unclear(statement) : test;
      }),
  },
  {
    name: 'set operators on empty values',
    reason: 'iam-simulate compares an empty text; ForAllValues holds for it, of ForAnyValue AWS says nothing',
    source: SETS,
    right: 'custody',
    bridge: (call) =>
      tests(call, (test, statement) => {
        const set = read.operatorOf(test)?.set ?? '';
        const given = read.givenFor(call, test.key);
        if (set === '' || given === undefined || !given.every((value) => value === '')) return test;
        if (set === 'ForAllValues') return true;
        return statement.Effect === 'Allow' ? false : test;
      }),
  },
  {
    name: 'variables that cannot be told',
    reason:
      'iam-simulate takes malformed variables for text, and those of unknown or many-valued keys for a test that does not hold',
    source: VARIABLES,
    right: 'safe',
    bridge: (call) =>
      resources(
        tests(call, (test, statement, { Version }) => {
          const operator = read.operatorOf(test);
          if (operator === null || !takesVariables(operator.name) || Version === '2008-10-17') return test;
          if (read.givenFor(call, test.key) === undefined) return test;
          return read.weakened(test, statement, (value) => isUnclear(call, value));
        }),
        (pattern, { Version }) => Version === '2012-10-17' && isUnclear(call, pattern),
      ),
  },
  {
    name: 'wildcards in the value of a variable',
    reason: 'iam-simulate takes them for text; AWS does not say whether they are wildcards',
    source: VARIABLES,
    right: 'safe',
    bridge: (call) =>
      resources(
        tests(call, (test, statement, { Version }) => {
          const operator = read.operatorOf(test);
          if (operator === null || !matchesPatterns(operator.name) || Version === '2008-10-17') return test;
          if (read.givenFor(call, test.key) === undefined) return test;
          return read.weakened(test, statement, (value) => hasWildcardValue(call, value));
        }),
        (pattern, { Version }) => Version === '2012-10-17' && hasWildcardValue(call, pattern),
      ),
  },
  {
    name: 'an unset variable in a condition',
    reason:
      'iam-simulate says that a negated test with one does not hold; no value is equal to or like a null one, so it holds',
    source: `${VARIABLES}: Policy variables with no value`,
    right: 'custody',
    bridge: (call) =>
      tests(call, (test, _statement, { Version }) => {
        const operator = read.operatorOf(test);
        if (operator === null || !takesVariables(operator.name) || Version === '2008-10-17') return test;
        if (read.givenFor(call, test.key) === undefined) return test;
        return read.without(test, (value) => isUnset(call, value));
      }),
  },
  {
    name: 'an unset variable in a resource',
    reason:
      'iam-simulate passes over the statement, a Deny too; AWS says once that no resource matches, once that the statement may be invalid',
    source: VARIABLES,
    right: 'safe',
    bridge: (call) => resources(call, (pattern, { Version }) => Version === '2012-10-17' && isUnset(call, pattern)),
  },
  {
    name: 'escaped characters where there are no wildcards',
    reason:
      'iam-simulate compares the text of an escaped asterisk in operators without wildcards; it stands for the asterisk wherever variables may be',
    source: VARIABLES,
    right: 'custody',
    bridge: (call) =>
      tests(call, (test, _statement, { Version }) => {
        const plain = (value: string) => value.replace(/\$\{([*?])\}/g, '$1').replace(/\$\{\$\}(?!\{)/g, '$$');
        const equality = /^String(?:Not)?Equals/.test(read.operatorOf(test)?.name ?? '');
        return equality && Version === '2012-10-17' ? { ...test, values: test.values.map(plain) } : test;
      }),
  },
  {
    name: 'an empty value of a variable',
    reason: 'iam-simulate takes an empty text, and an empty default, for no value',
    source: `${VARIABLES}: Specifying default values`,
    right: 'custody',
    bridge: (call) =>
      variables(call, (value) =>
        read
          .variablesOf(value)
          .filter((variable) => read.readingOf(call, variable) === 'empty')
          .reduce((text, variable) => text.replace(variable.text, ''), value),
      ),
  },
  {
    name: 'numbers that are none',
    reason: 'iam-simulate reads "7 days" as 7 and says of "x" that the test does not hold, in a Deny too',
    source: CONDITIONS,
    right: 'safe',
    bridge: (call) => typed(call, /^Numeric/, read.isNumber),
  },
  {
    name: 'dates that are none',
    reason: 'iam-simulate says of such a test that it does not hold, in a Deny too',
    source: CONDITIONS,
    right: 'safe',
    bridge: (call) => typed(call, /^Date/, read.isDate),
  },
  {
    name: 'seconds since 1970',
    reason: 'iam-simulate compares them with the milliseconds of a written date',
    source: CONDITIONS,
    right: 'custody',
    bridge: (call) => {
      const written = (text: string) => (/^\d{5,12}$/.test(text) ? new Date(Number(text) * 1000).toISOString() : text);
      const times = ['aws:CurrentTime', 'aws:EpochTime'].filter((key) => call.context[key] !== undefined);
      const context = Object.fromEntries(times.map((key) => [key, listOf(call.context[key]).map(written).join()]));
      const changed = tests(call, (test) =>
        /^(?:For\w+:)?Date/.test(test.operator) ? { ...test, values: test.values.map(written) } : test,
      );
      return { ...changed, context: { ...call.context, ...context } };
    },
  },
  {
    name: 'booleans that are none',
    reason: 'iam-simulate says of such a test that it does not hold, in a Deny too, and fills in variables',
    source: CONDITIONS,
    right: 'safe',
    bridge: (call) => typed(call, /^Bool$/, read.isBoolean),
  },
  {
    name: 'binary values that are none',
    reason: 'iam-simulate compares them as text',
    source: CONDITIONS,
    right: 'safe',
    bridge: (call) => typed(call, /^Binary/, read.isBase64),
  },
  {
    name: 'addresses that are none',
    reason: 'iam-simulate says of such a test that it does not hold, in a Deny too',
    source: CONDITIONS,
    right: 'safe',
    bridge: (call) => typed(call, /IpAddress$/, read.isAddress),
  },
  {
    name: 'single addresses',
    reason:
      'iam-simulate compares them as text, and says of one of the other family that it is neither inside nor outside',
    source: CONDITIONS,
    right: 'custody',
    bridge: (call) =>
      tests(call, (test) => {
        const block = (value: string) => (value.includes('/') ? value : `${value}/${value.includes(':') ? 128 : 32}`);
        return /IpAddress(?:IfExists)?$/.test(test.operator) ? { ...test, values: test.values.map(block) } : test;
      }),
  },
  {
    name: 'all addresses of IPv4',
    reason: 'iam-simulate finds in 0.0.0.0/0 only 0.0.0.0: its mask is shifted by 32 bits, which JavaScript does not',
    source: CONDITIONS,
    right: 'custody',
    bridge: (call) =>
      tests(call, (test) => {
        const halves = (value: string) => (value === '0.0.0.0/0' ? ['0.0.0.0/1', '128.0.0.0/1'] : [value]);
        return /IpAddress(?:IfExists)?$/.test(test.operator) ? { ...test, values: test.values.flatMap(halves) } : test;
      }),
  },
  {
    name: 'ARNs that are none',
    reason: 'iam-simulate says of such a test that it does not hold, in a Deny too',
    source: CONDITIONS,
    right: 'safe',
    bridge: (call) => typed(call, /^Arn/, read.isArn),
  },
  {
    name: 'the case of an ARN',
    reason: 'iam-simulate ignores the case of partition, service, Region and account; AWS does not say whether it does',
    source: 'IAM JSON policy elements: Resource',
    right: 'safe',
    bridge: (call) =>
      resources(call, (pattern) => {
        const parts = pattern.split(':');
        const lower = [...parts.slice(0, 5).map((part) => part.toLowerCase()), ...parts.slice(5)].join(':');
        return !like(pattern, call.resource) && like(lower, call.resource);
      }),
  },
  {
    name: 'NotResource with a short ARN, for actions without a resource',
    reason:
      'iam-simulate passes over the statement when the ARN has fewer than six parts, and heeds it when it has six; neither is the resource `*`',
    source: 'IAM JSON policy elements: NotResource',
    right: 'custody',
    bridge: (call) =>
      rewritten(call, (statement) => {
        if (call.resource !== '*' || statement.NotResource === undefined) return statement;
        const parts = (pattern: string) => pattern.split(':');
        const long = (pattern: string) =>
          pattern === '*' || parts(pattern).length >= 6 ? pattern : [...parts(pattern), '*', '*'].slice(0, 6).join(':');
        return { ...statement, NotResource: listOf(statement.NotResource).map(long) };
      }),
  },
  {
    name: 'wildcards in the service or the type of a resource',
    reason: 'iam-simulate matches one in the service and never one in the type; AWS permits neither',
    source: 'Identify AWS resources with Amazon Resource Names (ARNs): Incorrect wildcard usage',
    right: 'safe',
    bridge: (call) =>
      resources(call, (pattern) => {
        const [, , service = '', , , ...rest] = pattern.split(':');
        const type = rest.join(':').split('/')[0] ?? '';
        const odd = /[*?]/.test(service) || (rest.length > 0 && type !== '*' && /[*?]/.test(type));
        return odd && pattern.split(':').length >= 6 && like(pattern, call.resource);
      }),
  },
  {
    name: 'sessions that the key policy names',
    reason:
      'iam-simulate limits everyone by the session policy; whom a resource policy names by session, or as everyone, it does not limit',
    source: 'Session policies; AWS JSON policy elements: Principal',
    right: 'custody',
    bridge: sessionEscape,
  },
  {
    name: 'keys that iam-simulate drops',
    reason:
      'its validating entry passes over keys that its data does not list for the action: kms:EncryptionContext:* always',
    source: 'Condition keys for AWS KMS',
    right: 'entry',
    bridge: withListedKeys,
  },
];
