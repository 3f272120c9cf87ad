import { CONTEXT_NAME, CONTEXT_VALUE } from '../plan/grammar.js';
import type { KeyUse, KeyUser } from '../plan/plan.js';
import { KEY_USES } from '../plan/shape.js';
import { type PolicyStatement, parsePolicy } from './document.js';
import { compileAction } from './match.js';
import { MUTATING_OPERATIONS, USES } from './synthesize.js';
import { type PolicyLine, policyInWords } from './words.js';

/** What a key policy that somebody else wrote lets people do, as far as a plan can say it. */
export interface PolicyPowers {
  /** Roles that may use the key, as the plan names uses. */
  readonly users: readonly KeyUser[];
  /** Statements that let somebody change the key without anyone else's consent. */
  readonly changers: readonly PolicyLine[];
  /** The account's root is let in: then identity policies decide, which a key policy does not show. */
  readonly delegated: boolean;
  /** What a plan cannot say, in words. */
  readonly left: readonly string[];
}

const ROLE = /^arn:[a-z-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/;
const CONTEXT = /^kms:EncryptionContext:(.+)$/i;
/** What KMS calls each use of a plan. */
const operationsOf = (use: KeyUse) => (use === 'describe' ? ['DescribeKey'] : USES[use]);

/** The use of a plan that an operation is, as CloudTrail names it: ReEncrypt there, ReEncryptFrom in policies. */
export function useOf(operation: string): KeyUse | null {
  const exact = KEY_USES.find((use) => operationsOf(use).includes(operation));
  return exact ?? (operation === 'ReEncrypt' ? 're-encrypt' : null);
}

/** What the policy of a key in `account` lets people do. @throws CustodyError POLICY_MALFORMED */
export function powersOf(policy: string, where: string, account: string): PolicyPowers {
  const { statements } = parsePolicy(policy, where);
  const lines = policyInWords(policy, where, account);
  const allows = statements
    .map((statement, at) => ({ statement, at }))
    .filter(({ statement }) => statement.effect === 'Allow');
  const changing = allows.filter(({ statement }) =>
    MUTATING_OPERATIONS.some((operation) => names(statement, operation)),
  );
  const read = allows.map(({ statement, at }) => usersIn(statement, at));
  return {
    users: merged(read.flatMap(({ users }) => users)),
    changers: changing.flatMap(({ at }) => lines.slice(at, at + 1)),
    delegated: allows.some(({ statement }) => statement.principal?.aws.some(isRoot) ?? false),
    left: [
      ...read.flatMap(({ left }) => left),
      ...statements.flatMap(({ effect, sid }, at) =>
        effect === 'Deny' ? [`${nameOf(sid, at)} denies something`] : [],
      ),
    ],
  };
}

function isRoot(principal: string): boolean {
  return /^\d{12}$/.test(principal) || principal.endsWith(':root');
}

function names({ action }: PolicyStatement, operation: string): boolean {
  const wanted = `kms:${operation.toLowerCase()}`;
  return action.patterns.some((pattern) => compileAction(pattern)(wanted)) !== action.not;
}

function nameOf(sid: string | undefined, at: number): string {
  return sid === undefined ? `statement ${at + 1}` : `statement ${at + 1} (${sid})`;
}

/** The users that one statement names, and what of it a plan has no word for. */
function usersIn(
  statement: PolicyStatement,
  at: number,
): { readonly users: readonly KeyUser[]; readonly left: readonly string[] } {
  const may = KEY_USES.filter((use) => operationsOf(use).some((operation) => names(statement, operation)));
  const { principal } = statement;
  if (may.length === 0 || !principal) return { users: [], left: [] };
  const who = nameOf(statement.sid, at);
  const others = [
    ...(principal.everyone ? ['everyone'] : []),
    ...principal.aws.filter((arn) => !ROLE.test(arn) && !isRoot(arn)),
    ...principal.service,
  ];
  const { viaService, encryptionContext, unread } = conditionsOf(statement);
  const roles = principal.not ? [] : principal.aws.filter((arn) => ROLE.test(arn));
  return {
    users: roles.map((roleArn) => ({ roleArn, may, encryptionContext, viaService })),
    left: [
      ...(principal.not ? [`${who} lets everyone but some use the key`] : []),
      ...(others.length > 0 ? [`${who} lets ${others.join(', ')} use the key: a plan names roles`] : []),
      ...unread.map((key) => `${who} has a condition on ${key}`),
    ],
  };
}

function conditionsOf({ conditions }: PolicyStatement) {
  const encryptionContext: Record<string, string> = {};
  const unread: string[] = [];
  let viaService: string | null = null;
  for (const { operator, key, values } of conditions) {
    const [only = '', ...more] = values;
    const plain = operator === 'StringEquals' && more.length === 0;
    const name = CONTEXT.exec(key)?.[1];
    if (plain && name !== undefined && CONTEXT_NAME.test(name) && CONTEXT_VALUE.test(only))
      encryptionContext[name] = only;
    else if (plain && key.toLowerCase() === 'kms:viaservice') viaService = only.split('.')[0] ?? null;
    else unread.push(`${key} (${operator})`);
  }
  return { viaService, encryptionContext, unread };
}

/** One entry a role and service: what several statements let it do, it may do. Contexts that differ are not asked for. */
export function merged(users: readonly KeyUser[]): readonly KeyUser[] {
  const found = new Map<string, KeyUser>();
  for (const user of users) {
    const name = `${user.roleArn} ${user.viaService ?? ''}`;
    const before = found.get(name);
    found.set(name, before ? together(before, user) : user);
  }
  return [...found.values()];
}

function together(one: KeyUser, other: KeyUser): KeyUser {
  return { ...one, may: [...new Set([...one.may, ...other.may])], encryptionContext: contextOfBoth(one, other) };
}

/** What both demand. DescribeKey carries no context, so it demands none of the other. */
function contextOfBoth(one: KeyUser, other: KeyUser): KeyUser['encryptionContext'] {
  const onlyDescribes = ({ may }: KeyUser) => may.every((use) => use === 'describe');
  if (onlyDescribes(one)) return other.encryptionContext;
  if (onlyDescribes(other)) return one.encryptionContext;
  const same = Object.entries(one.encryptionContext).filter(([name, value]) => other.encryptionContext[name] === value);
  return Object.fromEntries(same);
}
