import { once } from '../../base/once.js';
import { compiled } from '../compile.js';
import type { PolicyDocument } from '../document.js';
import { type Decision, type EvaluationInput, evaluate, type PolicyLevels, type Unresolved } from '../evaluate.js';
import type { Context } from '../keys.js';
import { mayBeAllowed } from '../may-be-allowed.js';
import { membershipOf } from './membership.js';
import type { Person } from './people.js';
import { project, type Settled, unknownOperators } from './project.js';
import { createScreen, type Shape } from './screen.js';
import { contextsFor, type Layers } from './witness.js';

/** The policies over one resource: a key, or a role. */
export interface Courtroom {
  readonly resource: string;
  readonly account: string;
  /** A key policy or trust policy; null for a role's own changes, which no policy of the role itself limits. */
  readonly resourcePolicy: PolicyDocument | null;
  readonly serviceControlPolicies: PolicyLevels;
  readonly resourceControlPolicies: PolicyLevels;
}

/** What is settled of a request; every other key the asker may choose. */
export interface World {
  readonly fixed: Context;
  /** Names of keys that are not in the request. */
  readonly absent: readonly string[];
}

export type Answer =
  | { readonly may: 'no' }
  | { readonly may: 'yes'; readonly decision: Decision; readonly context: Context }
  | { readonly may: 'unknown'; readonly because: string };

/** Answers whether someone may do something, for every value of what is not settled. */
export interface Court {
  /** How many questions were answered by evaluating a policy. */
  readonly asked: () => number;
  ask(person: Person, action: string, world: World): Answer;
  /** False only where `ask` would say no to each of the actions: one evaluation for all of them. */
  perhaps(person: Person, actions: readonly string[], world: World): boolean;
  /** One request, exactly as given: no key is free. Someone of the account is of the organization over it. */
  judge(person: Person, action: string, context: Context): Decision;
}

const NO: Answer = { may: 'no' };
const PRINCIPAL_KEYS = [
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalisawsservice',
  'aws:principalservicename',
];

/** A court over the policies of one resource. What is made of the policies is made once for each set of settled keys. */
export function createCourt(room: Courtroom): Court {
  const views = new Map<string, View>();
  const wide = new Map<readonly string[], Map<string, View>>();
  const whole = viewOf(room, (document) => document);
  const asMember = membershipOf(room.resourceControlPolicies);
  const screen = room.resourcePolicy && createScreen(room.resourcePolicy, room.resource);
  /** Lists of one action, the same list each time: what is known of a list is known by it. */
  const lists = new Map<string, readonly string[]>();
  let asked = 0;
  const judge = (view: View, person: Person, action: string, context: Context) => {
    asked += 1;
    return evaluate(inputOf(room, view, person, action, context));
  };
  const most = (world: World): View => once(views, nameOf(world), () => projected(room, settledOf(world)));
  const widest = (world: World, actions: readonly string[]): View =>
    once(
      once(wide, actions, () => new Map<string, View>()),
      nameOf(world),
      () => widened(room, actions, settledOf(world)),
    );
  const denied = (person: Person, actions: readonly string[], world: World): boolean => {
    if (screen === null) return false;
    if (shapesOf(world).every((shape) => screen.mayLet(person, actions, world.fixed, shape()))) return false;
    asked += 1;
    return true;
  };
  const listOf = (action: string): readonly string[] => once(lists, action, () => [action]);
  const ask = (person: Person, action: string, world: World): Answer => {
    if (denied(person, listOf(action), world) || !mayBeAllowed(judge(most(world), person, action, world.fixed)))
      return NO;
    const layers = layersOf(inputOf(room, whole, person, action, world.fixed));
    const asking = { principal: person.principal, action: action.toLowerCase() };
    const contexts = contextsFor(layers, asking, world.fixed, settledOf(world));
    return firstLet(contexts, layers, (context) => judge(whole, person, action, context));
  };
  return {
    asked: () => asked,
    ask,
    judge: (person, action, context) => judge(whole, person, action, asMember(person, room.account, context)),
    perhaps: (person, actions, world) => {
      const [first] = actions;
      if (first === undefined || denied(person, actions, world)) return false;
      return mayBeAllowed(judge(widest(world, actions), person, first, world.fixed));
    },
  };
}

/** The first of these requests that gets through, or why nobody can tell whether one does. */
function firstLet(contexts: Iterable<Context>, layers: Layers, judge: (context: Context) => Decision): Answer {
  let doubt: Unresolved | undefined;
  for (const context of contexts) {
    const decision = judge(context);
    if (decision.allowed) return { may: 'yes', decision, context };
    doubt ??= decision.unresolved?.[0];
  }
  return { may: 'unknown', because: doubtOf(layers, doubt) };
}

type MapDocument = (document: PolicyDocument) => PolicyDocument;
type Policies = Pick<EvaluationInput, 'resourcePolicy' | 'serviceControlPolicies' | 'resourceControlPolicies'>;

/** The policies of a room, and those of whoever asks, in one form: whole, or what is left of them. */
interface View {
  readonly policies: Policies;
  readonly map: MapDocument;
}

function viewOf(room: Courtroom, make: MapDocument): View {
  const made = new Map<PolicyDocument, PolicyDocument>();
  const map = (document: PolicyDocument) => once(made, document, () => make(document));
  const levels = (all: PolicyLevels) => all.map((level) => level.map(map));
  const policies = {
    ...(room.resourcePolicy ? { resourcePolicy: map(room.resourcePolicy) } : {}),
    serviceControlPolicies: levels(room.serviceControlPolicies),
    resourceControlPolicies: levels(room.resourceControlPolicies),
  };
  return { policies, map };
}

function projected(room: Courtroom, settled: Settled): View {
  return viewOf(room, (document) => project(document, settled).document);
}

/** What policies allow of any of these actions, taken for all of them and without the Denies. */
function widened(room: Courtroom, actions: readonly string[], settled: Settled): View {
  const lower = actions.map((action) => action.toLowerCase());
  return viewOf(room, (document) => {
    // Filtered before anything is made of it: most statements are about something else.
    const allows = compiled(document).allows.filter((one) => lower.some((action) => one.action(action)));
    const statements = allows.map(({ statement }) => ({ ...statement, action: { not: false, patterns: ['*'] } }));
    return project({ ...document, statements }, settled).document;
  });
}

/** Without the caller's name most is settled, for all names at once; with it what is free may depend on it. */
function shapesOf(world: World): readonly (() => Shape)[] {
  const keys = keysOfWorld(world);
  return [
    () => ({ name: `any ${keys}`, settled: () => ({ ...settledOf(world), sourceIdentity: null }) }),
    () => ({ name: `as ${nameOf(world, keys)}`, settled: () => settledOf(world) }),
  ];
}

/** Worlds of one name have the same projection. */
function nameOf(world: World, keys = keysOfWorld(world)): string {
  return `${String(world.fixed['aws:SourceIdentity'])} ${keys}`;
}

function keysOfWorld({ fixed, absent }: World): string {
  return `${Object.keys(fixed).join()} ${absent.join()}`;
}

/** Who someone is, is never a choice of theirs. */
function settledOf({ fixed, absent }: World): Settled {
  const name = fixed['aws:SourceIdentity'];
  return {
    present: new Set([...PRINCIPAL_KEYS, ...Object.keys(fixed).map((key) => key.toLowerCase())]),
    absent: new Set(absent.map((key) => key.toLowerCase())),
    // What is a wildcard or a variable by itself must stay a value.
    sourceIdentity: typeof name === 'string' && !/[*?$]/.test(name) ? name : null,
  };
}

function inputOf(
  room: Courtroom,
  { policies, map }: View,
  person: Person,
  action: string,
  context: Context,
): EvaluationInput {
  return {
    ...policies,
    action,
    resource: room.resource,
    principal: person.principal,
    context,
    resourceAccount: room.account,
    resourceIsAuthority: room.resourcePolicy !== null,
    identityPolicies: person.identity.map(map),
    ...(person.boundary ? { boundary: map(person.boundary) } : {}),
  };
}

function layersOf(input: EvaluationInput): Layers {
  return [
    input.resourcePolicy ? [input.resourcePolicy] : [],
    input.identityPolicies ?? [],
    input.boundary ? [input.boundary] : [],
    ...(input.serviceControlPolicies ?? []),
    ...(input.resourceControlPolicies ?? []),
  ].filter((layer) => layer.length > 0);
}

/** Why neither a request that gets through nor a proof that there is none was found. */
function doubtOf(layers: Layers, doubt: Unresolved | undefined): string {
  for (const document of layers.flat()) {
    const [unknown] = unknownOperators(document);
    if (unknown) return `statement ${unknown.index + 1} has the operator ${unknown.operator}, which AWS does not have`;
  }
  if (doubt === undefined) return 'its conditions together are more than is decided here';
  const what = doubt.element === 'Resource' ? 'Resource' : `condition ${doubt.operator} ${doubt.key}`;
  const where = doubt.policy === 'resource' ? '' : ` of a policy of kind ${doubt.policy}`;
  return `AWS does not say what the ${what} of statement ${doubt.index + 1}${where} means`;
}
