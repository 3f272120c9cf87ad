import type { JsonObject, JsonValue } from '../../src/lib/base/canonical-json.js';
import { type Expectation, type Fact, operationOf, type StateFact } from '../support/facts/fact.js';
import { MULTI_REGION, TRANSIENT } from '../support/facts/key-state.js';
import { isObject } from '../support/facts/modelled.js';

/** What may be tried on a real account: everything else says why not. */

type Story = Pick<Fact, 'service' | 'requests' | 'live' | 'given' | 'options'> & { readonly expect?: Expectation };

const MOST_SECONDS = 120;
const MOST_TIMES = 12;
/** Seconds since 1970 of the years that the sandbox's clock shows. */
const INSTANT = /\b1[789]\d{8}\b/;
const WHOLE_ACCOUNT = [
  'ListKeys',
  'ListAliases',
  'ListRoles',
  'ListPolicies',
  'ListUsers',
  'ListGroups',
  'ListSAMLProviders',
  'ListOpenIDConnectProviders',
  'GetAccountAuthorizationDetails',
];

/** THE table of reasons. */
const REASONS: readonly (readonly [(story: Story) => boolean, string])[] = [
  [asRoot, "needs the account's root user"],
  [(story) => seconds(story) > MOST_SECONDS, 'needs more time than a run may take'],
  [({ requests }) => requests.some(([, , how]) => (how?.times ?? 1) > MOST_TIMES), 'needs too many requests'],
  [onlyAsked, 'is about what KMS asks IAM, which only the sandbox shows'],
  [(story) => INSTANT.test(JSON.stringify(story)), "names an instant of the sandbox's clock"],
  [controlled, 'needs an organization or an identity provider that the run would own'],
  [({ options = {} }) => options.quotas === true, 'uses up a request quota that other programs of the account need'],
  [findsEvents, 'finds events, which LookupEvents shows minutes later; every fact about a record looks one up'],
  [listsAccount, 'lists what else is in the account'],
  [(story) => policiesOf(story).some((policy) => !leavesDeletion(policy)), 'could leave a key that nobody can delete'],
];

/** Null for a story that may be played on a real account. */
export function whyNotLive(story: Story): string | null {
  return story.live?.not ?? ruleAgainst(story);
}

/** What the table says, whatever the row says of itself. */
export function ruleAgainst(story: Story): string | null {
  return REASONS.find(([applies]) => applies(story))?.[1] ?? null;
}

/** Null for a state that a live run can bring a key into and wait for. */
export function whyStateNotLive(fact: StateFact): string | null {
  return fact.live?.not ?? stateRuleAgainst(fact);
}

export function stateRuleAgainst({ operation, state }: StateFact): string | null {
  if (TRANSIENT.includes(state)) return 'is about a state that passes in a moment';
  return MULTI_REGION.includes(operation) ? 'makes keys in further Regions' : null;
}

function asRoot({ requests }: Story): boolean {
  return requests.some(([, , how]) => how?.as === 'root');
}

function seconds({ requests }: Story): number {
  return requests.reduce((sum, [, , how]) => sum + (how?.wait ?? 0) * (how?.times ?? 1), 0);
}

function onlyAsked({ expect: { asked, askedAll, answer, error, refused } = {} }: Story): boolean {
  return (asked ?? askedAll) !== undefined && answer === undefined && error === undefined && refused === undefined;
}

function controlled({ requests }: Story): boolean {
  return requests.some(([name]) => name.startsWith('sandbox:'));
}

/** Errors of LookupEvents, and records, which are looked up late, do not need the events to be there. */
function findsEvents({ service, requests, expect: { answer, record } = {} }: Story): boolean {
  const finds = requests.map(([name]) => operationOf({ service }, name)[1] === 'LookupEvents');
  return finds.slice(0, -1).includes(true) || (finds.at(-1) === true && answer !== undefined && record === undefined);
}

function listsAccount({ requests, expect: { answer = {} } = {} }: Story): boolean {
  const lists = requests.map(
    ([name, input, how]) => WHOLE_ACCOUNT.includes(name.replace(/^\w+:/, '')) && !('KeyId' in input) && { how },
  );
  const [last] = lists.slice(-1);
  return (
    (last !== false && Object.keys(answer).length > 0) || lists.some((list) => list && list.how?.save !== undefined)
  );
}

function policiesOf({ requests, given = {} }: Story): readonly JsonValue[] {
  const inputs = [
    ...requests.filter(([name]) => !/^(?:iam|sts):/.test(name)).map(([, input]) => input),
    ...Object.values(given),
  ];
  return inputs.flatMap(({ Policy, RoleArn }) => (Policy === undefined || RoleArn !== undefined ? [] : [Policy]));
}

/**
 * Whether the account's root keeps the right to delete a key with this policy, by the plainest reading: a statement
 * for it without condition, and no Deny that could be about deletion. A text that is no JSON is never stored.
 */
export function leavesDeletion(policy: JsonValue): boolean {
  const document = isObject(policy) && policy.document !== undefined ? policy.document : parse(policy);
  if (document === undefined) return true;
  if (isObject(policy) && typeof policy.policyBytes === 'number') return true;
  if (!isObject(document)) return false;
  const statements = [document.Statement ?? []]
    .flat()
    .filter((item): item is JsonObject => isObject(item as JsonValue));
  return statements.some(allowsDeletion) && !statements.some(mayDenyDeletion);
}

function parse(policy: JsonValue): JsonValue | undefined {
  if (typeof policy !== 'string') return policy;
  try {
    return JSON.parse(policy) as JsonValue;
  } catch {
    return undefined;
  }
}

function allowsDeletion(statement: JsonObject): boolean {
  const { Effect, Principal, Condition, Resource } = statement;
  const root =
    isObject(Principal) && [Principal.AWS].flat().some((arn) => /^arn:aws:iam::\d{12}:root$/.test(String(arn)));
  return Effect === 'Allow' && root && Condition === undefined && Resource === '*' && coversDeletion(statement);
}

function mayDenyDeletion(statement: JsonObject): boolean {
  return statement.Effect !== 'Allow' && coversDeletion(statement);
}

function coversDeletion({ Action, NotAction }: JsonObject): boolean {
  if (NotAction !== undefined) return ![NotAction].flat().includes('kms:ScheduleKeyDeletion');
  return [Action ?? []].flat().some((action) => /^(?:\*|kms:\*|kms:Sch.*|kms:.*[*?].*)$/i.test(String(action)));
}
