import { compiled } from './compile.js';
import { readOperator } from './conditions.js';
import { type ConditionElement, type PolicyDocument, type PolicyStatement, parsePolicy } from './document.js';
import { accountOf } from './principals.js';
import { MUTATING_OPERATIONS } from './synthesize.js';
import { type KeyPolicyFinding, validateKeyPolicy } from './validate.js';

export type LintSeverity = 'error' | 'warning' | 'note';

interface LintRow {
  /** `error`: KMS refuses it, or it gives the key away. `warning`: it probably says more than was meant. */
  readonly severity: LintSeverity;
  readonly title: string;
  readonly remedy: string;
}

/** THE table of lint rules (docs/proof.md). */
export const LINT_RULES = {
  'kms-rejects': {
    severity: 'error',
    title: 'KMS refuses such a policy',
    remedy: 'Write it as PutKeyPolicy takes it.',
  },
  'no-effect': {
    severity: 'warning',
    title: 'The statement has no effect',
    remedy: 'Name an Action and the Resource "*".',
  },
  everyone: {
    severity: 'error',
    title: 'Everyone, in any account, is let in',
    remedy: 'Name the principals, or tie the statement to kms:CallerAccount.',
  },
  'everyone-but': {
    severity: 'error',
    title: 'Allow with NotPrincipal lets in everyone who is not listed',
    remedy: 'List those who are meant under Principal.',
  },
  'session-principal': {
    severity: 'warning',
    title: 'A session as principal escapes session policies and permissions boundaries',
    remedy: 'Name the role.',
  },
  'account-unconditioned': {
    severity: 'warning',
    title: "The account's own policies decide who changes the key",
    remedy: 'Leave the root statement out, or to reading only.',
  },
  'grant-unlimited': {
    severity: 'error',
    title: 'CreateGrant without limits hands the key on',
    remedy: 'Demand kms:GrantIsForAWSResource, or pin kms:GranteePrincipal and kms:GrantOperations.',
  },
  'service-unsourced': {
    severity: 'warning',
    title: 'An AWS service may be made to act for someone else',
    remedy: 'Demand aws:SourceArn or aws:SourceAccount.',
  },
  'negated-absent': {
    severity: 'warning',
    title: 'A negated condition in an Allow holds where its key is absent',
    remedy: 'Add "Null": {"<key>": "false"}.',
  },
  'for-all-absent': {
    severity: 'warning',
    title: 'ForAllValues in an Allow holds where its key is absent',
    remedy: 'Add "Null": {"<key>": "false"}.',
  },
  'lock-out': {
    severity: 'error',
    title: 'Nobody can put another policy',
    remedy: 'Let someone do kms:PutKeyPolicy.',
  },
  'replica-differs': {
    severity: 'error',
    title: 'A replica has another policy than its primary',
    remedy: 'Give both the same policy; the key material is the same.',
  },
} as const satisfies Readonly<Record<string, LintRow>>;

export type LintRule = keyof typeof LINT_RULES;

export interface LintFinding {
  readonly rule: LintRule;
  readonly severity: LintSeverity;
  /** From 0; null when it is about the whole policy. */
  readonly statement: number | null;
  readonly message: string;
  readonly remedy: string;
}

export function lintFinding(rule: LintRule, statement: number | null, detail: string): LintFinding {
  const { severity, title, remedy } = LINT_RULES[rule];
  return { rule, severity, statement, message: detail === '' ? title : `${title}: ${detail}`, remedy };
}

/**
 * What KMS refuses in a key policy, and what is dangerous although KMS takes it.
 * @throws CustodyError POLICY_MALFORMED when it is no policy document at all
 */
export function lintKeyPolicy(source: string | Uint8Array, where: string): readonly LintFinding[] {
  return lintDocument(parsePolicy(source, where), validateKeyPolicy(source));
}

/** The same for a policy that a key has: KMS gives it back in a layout of its own, whose size says nothing. */
export function lintLiveKeyPolicy(source: string, where: string): readonly LintFinding[] {
  return lintDocument(
    parsePolicy(source, where),
    validateKeyPolicy(source).filter(({ code }) => code !== 'SIZE'),
  );
}

function lintDocument(document: PolicyDocument, faults: readonly KeyPolicyFinding[]): readonly LintFinding[] {
  const invalid = faults.map(({ statement, message, rejected }) =>
    lintFinding(rejected ? 'kms-rejects' : 'no-effect', statement, message),
  );
  return [...invalid, ...document.statements.flatMap(lintStatement), ...lintWhole(document)];
}

function lintWhole(document: PolicyDocument): readonly LintFinding[] {
  const can = compiled(document).allows.some((one) => one.action('kms:putkeypolicy') && one.statement.resource);
  return can ? [] : [lintFinding('lock-out', null, '')];
}

function lintStatement(statement: PolicyStatement, at: number): readonly LintFinding[] {
  const { effect, principal, conditions } = statement;
  if (effect === 'Deny' || !principal) return [];
  const found: LintFinding[] = [];
  const add = (rule: LintRule, detail: string) => found.push(lintFinding(rule, at, detail));
  if (principal.not) add('everyone-but', '');
  else if (principal.everyone && !conditions.some(limitsCaller)) add('everyone', '');
  const sessions = principal.aws.filter((arn) => /:assumed-role\//.test(arn));
  if (sessions.length > 0) add('session-principal', sessions.join(', '));
  const roots = principal.aws.filter((arn) => accountOf(arn) !== null);
  if (roots.length > 0 && conditions.length === 0 && names(statement, MUTATING_OPERATIONS)) {
    add('account-unconditioned', roots.join(', '));
  }
  if (names(statement, ['CreateGrant']) && !conditions.some(limitsGrant)) add('grant-unlimited', '');
  if (principal.service.length > 0 && !conditions.some(limitsSource))
    add('service-unsourced', principal.service.join(', '));
  return [...found, ...conditions.flatMap((condition) => lintCondition(condition, conditions, at))];
}

/** Holds although its key is absent, and nothing says that the key must be there. */
function lintCondition(
  { operator, key }: ConditionElement,
  all: readonly ConditionElement[],
  at: number,
): readonly LintFinding[] {
  const parsed = readOperator(operator);
  if (parsed?.operator == null || all.some((other) => wants(other, key))) return [];
  if (parsed.quantifier === 'ForAllValues') return [lintFinding('for-all-absent', at, `${operator} ${key}`)];
  if (parsed.operator.negated && parsed.quantifier === null)
    return [lintFinding('negated-absent', at, `${operator} ${key}`)];
  return [];
}

/** Another condition on the key that fails without it. */
function wants({ operator, key, values }: ConditionElement, wanted: string): boolean {
  const parsed = readOperator(operator);
  if (parsed === null || key.toLowerCase() !== wanted.toLowerCase()) return false;
  if (parsed.operator === null) return values.every((value) => value.toLowerCase() === 'false');
  return !parsed.operator.negated && !parsed.ifExists && parsed.quantifier !== 'ForAllValues';
}

const CALLER =
  /^(?:aws:(?:principal(?:arn|account|org|tag)|sourcevpc|source(?:arn|account|org)|sourceidentity)|kms:calleraccount)/i;
const GRANT = /^kms:(?:grantisforawsresource|granteeprincipal|grantoperations|grantconstrainttype)$/i;
const SOURCE = /^aws:source(?:arn|account|orgid|orgpaths)$/i;

function isPositive({ operator }: ConditionElement): boolean {
  const parsed = readOperator(operator);
  return parsed?.operator != null && !parsed.operator.negated && !parsed.ifExists;
}

function limitsCaller(condition: ConditionElement): boolean {
  return CALLER.test(condition.key) && isPositive(condition);
}

function limitsGrant(condition: ConditionElement): boolean {
  return GRANT.test(condition.key) && isPositive(condition);
}

function limitsSource(condition: ConditionElement): boolean {
  return SOURCE.test(condition.key) && isPositive(condition);
}

function names({ action }: PolicyStatement, operations: readonly string[]): boolean {
  const tests = compiled({ version: '2012-10-17', statements: [{ effect: 'Allow', action, conditions: [] }] }).allows;
  return operations.some((operation) => tests.some((one) => one.action(`kms:${operation.toLowerCase()}`)));
}
