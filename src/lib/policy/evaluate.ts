import { applies, type CompiledStatement, compiled, whereUnnamed } from './compile.js';
import type { PolicyDocument } from './document.js';
import { type Doubt, type Doubted, doubtsOf } from './doubts.js';
import { type Context, hideFromKeyPolicy, type Keys, keysOf } from './keys.js';
import { accountIn } from './match.js';
import { type Principal, principalKeys, REACH_STRENGTH, type Reach } from './principals.js';
import { UNKNOWN, YES } from './truth.js';

export type PolicyKind = 'resource' | 'identity' | 'session' | 'boundary' | 'scp' | 'rcp' | 'grant';

/** The statement that decided: `index` counts within its document, `document` within the documents of its kind. */
export interface StatementRef {
  readonly policy: PolicyKind;
  readonly document: number;
  readonly index: number;
  readonly sid?: string;
}

/** Organization policies from the root down; each level must allow ("SCP evaluation"). */
export type PolicyLevels = readonly (readonly PolicyDocument[])[];

/** One call to be judged. */
export interface EvaluationInput {
  /** `kms:Decrypt`; case does not matter. */
  readonly action: string;
  /** The resource's ARN, or `*` for actions that have none. */
  readonly resource: string;
  readonly principal: Principal;
  /** Condition keys of the request; many-valued keys are lists. Keys that follow from `principal` may be left out. */
  readonly context: Context;
  readonly resourcePolicy?: PolicyDocument;
  /** Default: the account in `resource`, else the principal's. */
  readonly resourceAccount?: string;
  /** KMS keys and role trust policies: identity policies alone are not enough, the resource's policy must let them in. */
  readonly resourceIsAuthority: boolean;
  readonly identityPolicies?: readonly PolicyDocument[];
  /** Absent or empty: the session has none. */
  readonly sessionPolicies?: readonly PolicyDocument[];
  readonly boundary?: PolicyDocument;
  readonly serviceControlPolicies?: PolicyLevels;
  readonly resourceControlPolicies?: PolicyLevels;
  /** A KMS grant lets the operation through: then only explicit denies and organization policies count. */
  readonly grantAllows?: boolean;
}

export interface Decision {
  readonly allowed: boolean;
  readonly reason: 'allowed' | 'explicit-deny' | 'implicit-deny';
  /** The deciding statement. Absent when no statement decided: an implicit deny, a grant, the root user's own power. */
  readonly by?: StatementRef;
  /** The statement of the resource's policy that handed the decision to the account, where `by` is an identity policy's. */
  readonly delegatedBy?: StatementRef;
  /** For an implicit deny: the kind of policy in which an Allow was missing. */
  readonly missing?: PolicyKind;
  /**
   * Present when the denial rests on something that cannot be told and that, read another way, would have allowed the
   * call. A proof must not take such a denial for a fact.
   */
  readonly unresolved?: readonly Unresolved[];
}

/** What cannot be told, and where it stands. */
export type Unresolved = StatementRef & Doubt;

/** AWS's default SCP and RCP: allows everything. */
export const FULL_ACCESS: PolicyDocument = {
  version: '2012-10-17',
  statements: [
    {
      effect: 'Allow',
      action: { not: false, patterns: ['*'] },
      resource: { not: false, patterns: ['*'] },
      conditions: [],
    },
  ],
};

interface Question {
  readonly input: EvaluationInput;
  readonly action: string;
  readonly keys: Keys;
  readonly resourceKeys: Keys;
  /** What cannot be told counts against the caller; generously, for it. */
  readonly generous: boolean;
  /** Statements that could not be told, as they were met. */
  readonly doubted: Doubted<StatementRef>[];
}

type Documents = readonly (PolicyDocument | undefined)[];

/** Who may have a permissions boundary ("Permissions boundaries for IAM entities"). */
const BOUNDED: ReadonlySet<Principal['kind']> = new Set(['user', 'role']);

/**
 * AWS's authorization logic for one call ("Policy evaluation logic", "Authorization in AWS KMS"). Never throws;
 * whatever cannot be decided counts against an Allow and for a Deny, and is listed where it made the difference.
 */
export function evaluate(input: EvaluationInput): Decision {
  const keys = keysOf(input.context, principalKeys(input.principal));
  const action = input.action.toLowerCase();
  const resourceKeys = action.startsWith('kms:') ? hideFromKeyPolicy(keys) : keys;
  const careful: Question = { input, action, keys, resourceKeys, generous: false, doubted: [] };
  const decision = answer(careful);
  if (decision.allowed || careful.doubted.length === 0) return decision;
  const generous: Question = { ...careful, generous: true, doubted: [] };
  return answer(generous).allowed ? { ...decision, unresolved: doubtsOf(generous.doubted, input.resource) } : decision;
}

function answer(question: Question): Decision {
  const by = explicitDeny(question);
  if (by) return { allowed: false, reason: 'explicit-deny', by };
  const blocked = blockingOrganizationPolicy(question);
  if (blocked) return implicitDeny(blocked);
  return question.input.grantAllows ? allowed({ policy: 'grant', document: 0, index: 0 }) : decide(question);
}

function implicitDeny(missing: PolicyKind): Decision {
  return { allowed: false, reason: 'implicit-deny', missing };
}

/** The layers of one call; SCPs bind the principals of an account, not services or identities still outside of it. */
function layers(input: EvaluationInput): readonly (readonly [PolicyKind, Documents])[] {
  const inAccount = input.principal.kind !== 'service' && input.principal.kind !== 'federated';
  return [
    ['scp', inAccount ? (input.serviceControlPolicies ?? []).flat() : []],
    ['rcp', (input.resourceControlPolicies ?? []).flat()],
    ['resource', [input.resourcePolicy]],
    ['identity', input.identityPolicies ?? []],
    ['boundary', [input.boundary]],
    ['session', input.sessionPolicies ?? []],
  ];
}

function explicitDeny(question: Question): StatementRef | null {
  for (const [policy, documents] of layers(question.input)) {
    for (const [document, policyDocument] of documents.entries()) {
      const found =
        policyDocument && compiled(policyDocument).denies.find((one) => denies(one, policy, document, question));
      if (found) return refTo(policy, document, found);
    }
  }
  return null;
}

function denies(one: CompiledStatement, policy: PolicyKind, document: number, question: Question): boolean {
  if (!one.action(question.action)) return false;
  const { principal, boundary } = question.input;
  const bounded = policy === 'resource' && boundary !== undefined && BOUNDED.has(principal.kind);
  // Without a Principal a resource policy's Deny means nobody at AWS; here it means everybody.
  return (one.principal?.covers(principal, bounded) ?? true) && counts(one, policy, document, question);
}

/** Whether resource and conditions of a statement hold; what cannot be told counts on the safe side. */
function counts(one: CompiledStatement, policy: PolicyKind, document: number, question: Question): boolean {
  const { input, action, generous, doubted } = question;
  const ofResource = policy === 'resource';
  const keys = ofResource ? question.resourceKeys : question.keys;
  const truth = applies(one, input.resource, keys, ofResource ? whereUnnamed(action) : UNKNOWN);
  if (truth !== UNKNOWN) return truth === YES;
  doubted.push({ ref: refTo(policy, document, one), one, keys });
  return (one.statement.effect === 'Allow') === generous;
}

function blockingOrganizationPolicy(question: Question): PolicyKind | null {
  const { serviceControlPolicies = [], resourceControlPolicies = [], principal } = question.input;
  const inAccount = principal.kind !== 'service' && principal.kind !== 'federated';
  const everyLevelAllows = (levels: PolicyLevels, policy: PolicyKind) =>
    levels.every((level) => firstAllow(level, policy, question) !== null);
  if (inAccount && !everyLevelAllows(serviceControlPolicies, 'scp')) return 'scp';
  return everyLevelAllows(resourceControlPolicies, 'rcp') ? null : 'rcp';
}

/** The first Allow of policies that are attached to the caller or the organization. */
function firstAllow(documents: Documents, policy: PolicyKind, question: Question): StatementRef | null {
  const { input, action } = question;
  for (const [document, policyDocument] of documents.entries()) {
    const found =
      policyDocument &&
      compiled(policyDocument).allows.find(
        (one) =>
          one.action(action) &&
          (one.principal === null || one.principal.reach(input.principal) !== null) &&
          counts(one, policy, document, question),
      );
    if (found) return refTo(policy, document, found);
  }
  return null;
}

interface ResourceAllow {
  readonly reach: Reach;
  readonly by: StatementRef;
}

/** The Allow of the resource's policy that reaches the caller most directly. */
function resourceAllow(question: Question): ResourceAllow | null {
  const { input, action } = question;
  let best: ResourceAllow | null = null;
  for (const one of input.resourcePolicy ? compiled(input.resourcePolicy).allows : []) {
    if (!one.action(action)) continue;
    const reach = one.principal?.reach(input.principal) ?? null;
    if (reach === null || (best !== null && REACH_STRENGTH[reach] <= REACH_STRENGTH[best.reach])) continue;
    if (counts(one, 'resource', 0, question)) best = { reach, by: refTo('resource', 0, one) };
  }
  return best;
}

function decide(question: Question): Decision {
  const { input } = question;
  const { kind, account } = input.principal;
  const resource = resourceAllow(question);
  if (kind === 'service' || kind === 'federated') {
    return resource?.reach === 'direct' ? allowed(resource.by) : implicitDeny('resource');
  }
  const owner = input.resourceAccount ?? (accountIn(input.resource) || account);
  const sameAccount = account === owner;
  if (resource === null && (input.resourceIsAuthority || !sameAccount)) return implicitDeny('resource');
  if (resource !== null && sameAccount && resource.reach === 'direct') return allowed(resource.by);
  if (resource !== null && sameAccount && resource.reach === 'role') return withinLimits(question, resource.by);
  return byIdentity(question, resource?.by);
}

/** The account's own policies decide; its root user needs none. */
function byIdentity(question: Question, delegatedBy?: StatementRef): Decision {
  const { input } = question;
  const delegation = delegatedBy === undefined ? {} : { delegatedBy };
  if (input.principal.kind === 'root') return { allowed: true, reason: 'allowed', ...delegation };
  const identity = firstAllow(input.identityPolicies ?? [], 'identity', question);
  if (identity === null) return implicitDeny('identity');
  return { ...withinLimits(question, identity), ...delegation };
}

/** Boundary and session policies limit what was allowed; they never allow by themselves. */
function withinLimits(question: Question, by: StatementRef): Decision {
  const { boundary, sessionPolicies = [] } = question.input;
  if (boundary && firstAllow([boundary], 'boundary', question) === null) return implicitDeny('boundary');
  if (sessionPolicies.length > 0 && firstAllow(sessionPolicies, 'session', question) === null) {
    return implicitDeny('session');
  }
  return allowed(by);
}

function allowed(by: StatementRef): Decision {
  return { allowed: true, reason: 'allowed', by };
}

function refTo(policy: PolicyKind, document: number, { index, statement }: CompiledStatement): StatementRef {
  return statement.sid === undefined ? { policy, document, index } : { policy, document, index, sid: statement.sid };
}
