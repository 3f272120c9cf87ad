import { once } from '../../base/once.js';
import { applies, type CompiledStatement, compiled, whereUnnamed } from '../compile.js';
import type { PolicyDocument } from '../document.js';
import { type Context, hideFromKeyPolicy, type Keys, keysOf } from '../keys.js';
import { principalKeys } from '../principals.js';
import { NO } from '../truth.js';
import type { Person } from './people.js';
import { project, type Settled } from './project.js';

/** What is settled of a request, under a name: the same name, the same settled keys. */
export interface Shape {
  readonly name: string;
  readonly settled: () => Settled;
}

/** Tells most denials of a policy that must itself let people in, without the rest of the authorization logic. */
export interface Screen {
  /**
   * False only where no Allow of the policy holds for any of these actions, whatever is not settled: then nothing else can
   * let it through. True says nothing.
   */
  mayLet(person: Person, actions: readonly string[], fixed: Context, shape: Shape): boolean;
}

/** A statement of the policy in the asker's favour; null where nothing that is free can meet it. */
type Favoured = CompiledStatement | null;

/** @param policy of the resource, without an Allow of which everything is denied */
export function createScreen(policy: PolicyDocument, resource: string): Screen {
  const { allows } = compiled(policy);
  const reaching = new Map<Person, readonly CompiledStatement[]>();
  const about = new Map<readonly string[], Map<Person, readonly CompiledStatement[]>>();
  /** By shape, then by the statement's index. */
  const favoured = new Map<string, (Favoured | undefined)[]>();
  const keysFor = keyReader();

  const reach = (person: Person) =>
    once(reaching, person, () =>
      allows.filter(({ principal }) => principal === null || principal.reach(person.principal) !== null),
    );
  const statementsFor = (person: Person, actions: readonly string[]) =>
    once(
      once(about, actions, () => new Map<Person, readonly CompiledStatement[]>()),
      person,
      () => {
        const lower = actions.map((action) => action.toLowerCase());
        return reach(person).filter((one) => lower.some((action) => one.action(action)));
      },
    );
  const inFavour = ({ name, settled }: Shape) => {
    const known = once(favoured, name, (): (Favoured | undefined)[] => []);
    return (one: CompiledStatement): Favoured => {
      const found = known[one.index];
      if (found !== undefined) return found;
      const made = favour(policy, one, settled());
      known[one.index] = made;
      return made;
    };
  };
  return {
    mayLet: (person, actions, fixed, shape) => {
      const statements = statementsFor(person, actions);
      const action = actions[0]?.toLowerCase();
      if (statements.length === 0 || action === undefined) return false;
      const keys = keysFor(person, action, fixed);
      const most = inFavour(shape);
      const unnamed = whereUnnamed(action);
      return statements.some((one) => {
        const made = most(one);
        return made !== null && applies(made, resource, keys, unnamed) !== NO;
      });
    },
  };
}

/** The keys of a call; what follows from the caller is made once. */
function keyReader() {
  const callers = new Map<Person, ReturnType<typeof principalKeys>>();
  return (person: Person, action: string, fixed: Context): Keys => {
    const keys = keysOf(
      fixed,
      once(callers, person, () => principalKeys(person.principal)),
    );
    return action.startsWith('kms:') ? hideFromKeyPolicy(keys) : keys;
  };
}

function favour(policy: PolicyDocument, { statement }: CompiledStatement, settled: Settled): Favoured {
  const [one] = compiled(project({ ...policy, statements: [statement] }, settled).document).allows;
  if (one === undefined) return null;
  // Patterns first: most of them tell at their first characters, where an equality has to look up variables.
  const patterns = one.conditions.filter(isPattern);
  return { ...one, conditions: [...patterns, ...one.conditions.filter((condition) => !isPattern(condition))] };
}

function isPattern({ element }: CompiledStatement['conditions'][number]): boolean {
  return element.operator === 'StringLike';
}
