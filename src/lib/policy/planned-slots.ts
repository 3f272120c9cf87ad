import { formatCanonical, type JsonValue } from '../base/canonical-json.js';
import type { PolicyStatement } from './document.js';
import { type SlotClass, slotClassOf } from './slot.js';

/** What a statement says: its name is for people and changes nothing. */
export function sayingOf({ sid: _, ...said }: PolicyStatement): string {
  return formatCanonical(said as unknown as JsonValue);
}

/**
 * Which statements of a policy are the approval interlock word for word as another one, the plan's, has it: what each says, with
 * its class. A class counts only whole: with a way to its quorum left out, or one more, it is not the plan's.
 */
export function plannedSlots(
  statements: readonly PolicyStatement[],
  planned: readonly PolicyStatement[],
): ReadonlyMap<string, SlotClass> {
  const [here, there] = [waysByClass(statements), waysByClass(planned)];
  const whole = [...here].filter(([name, ways]) => isSame(ways, there.get(name)));
  return new Map(whole.flatMap(([name, ways]) => [...ways].map((said) => [said, name] as const)));
}

function waysByClass(statements: readonly PolicyStatement[]): ReadonlyMap<SlotClass, ReadonlySet<string>> {
  const ways = new Map<SlotClass, Set<string>>();
  for (const statement of statements) {
    const name = classOf(statement);
    if (name === null) continue;
    const said = ways.get(name) ?? new Set();
    ways.set(name, said.add(sayingOf(statement)));
  }
  return ways;
}

/** The one class that all operations of a statement that allows something under a condition belong to. */
function classOf({ effect, action, conditions }: PolicyStatement): SlotClass | null {
  if (effect !== 'Allow' || action.not || !conditions.some(({ key }) => SLOT_TAG.test(key))) return null;
  const names = new Set(action.patterns.map((pattern) => slotClassOf(pattern.replace(/^kms:/i, ''))));
  const [name] = names;
  return names.size === 1 ? (name ?? null) : null;
}

const SLOT_TAG = /^aws:PrincipalTag\/custody:/i;

function isSame(left: ReadonlySet<string>, right: ReadonlySet<string> | undefined): boolean {
  return left.size === right?.size && [...left].every((one) => right.has(one));
}
