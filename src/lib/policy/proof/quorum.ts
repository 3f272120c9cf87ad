import type { ClaimId } from '../claims.js';
import type { Context } from '../keys.js';
import { proveAllowed } from './allowed.js';
import { BYPASSED } from './direct.js';
import { actionsOf, CHANGES, isExecutor, type KeyCase, mustNot, worldOf } from './key-case.js';
import type { Person } from './people.js';
import { violating } from './pins.js';
import { approvalOf, IDENTITY, idsOf, type Sitting, tags, within } from './sitting.js';
import { type Approval, slotKey } from './slots.js';
import type { ProofClass } from './subject.js';
import { ruleOf, shortOf } from './subsets.js';

const OTHER_DIGEST = 'b'.repeat(64);

/** What approvals let through, and what they do not, whoever executes. */
export function proveQuorum(it: KeyCase): void {
  const { interlock } = it.subject;
  if (interlock === null) return;
  const names = [...interlock.seats, ...interlock.automation].map(({ id }) => id);
  const slots = new Map(interlock.seats.map((seat) => [seat, slotKey(seat, it.key)]));
  const short = new Map(it.key.classes.map((one) => [one, shortOf(interlock, ruleOf(interlock, one))]));
  for (const executor of it.people.filter((person) => isExecutor(it, person))) {
    const lists = listsOf(it, executor);
    const nameless = worldOf(executor).fixed;
    const sittings = names.map((name): Sitting => {
      const certain = worldOf(executor, { [IDENTITY]: name }).fixed;
      return { it, interlock, executor, name, certain, nameless, slots, short, ...lists };
    });
    for (const sitting of sittings) proveSitting(sitting, names);
    const { classes } = it.key;
    const runs =
      interlock.executors.find(({ roleArn }) => roleArn === executor.principal.principalArn)?.classes ?? null;
    for (const one of classes.filter(({ id }) => runs === null || runs.includes(id))) proveAllowed(sittings, one);
    proveNameless(sittings[0], names);
  }
}

function listsOf(
  { court, key }: KeyCase,
  executor: Person,
): Pick<Sitting, 'reachable' | 'within' | 'beyond' | 'unclassed'> {
  const all = [...CHANGES, 'kms:CreateGrant'];
  const reachable = all.filter((action) => court.perhaps(executor, [action], worldOf(executor)));
  const split = (inside: boolean) =>
    new Map(
      key.classes.map((one) => {
        const own = actionsOf(one.operations);
        return [one, reachable.filter((action) => own.includes(action) === inside)] as const;
      }),
    );
  const classed = new Set(key.classes.flatMap(({ operations }) => actionsOf(operations)));
  const unclassed = reachable.filter((action) => !classed.has(action));
  return { reachable, within: split(true), beyond: split(false), unclassed };
}

function proveSitting(sitting: Sitting, names: readonly string[]): void {
  proveBelow(sitting);
  for (const one of sitting.it.key.classes) {
    const right = approvalOf(sitting, one);
    proveMixed(sitting, one, right);
    proveOneClass(sitting, one, right);
    proveElsewhere(sitting, right);
    for (const other of names) {
      if (other !== sitting.name)
        refuseAll(sitting, 'this-executor-only', { ...right, executor: other }, ` with approvals for ${other}`);
    }
    for (const executor of ['', `${sitting.name}x`]) {
      refuseAll(sitting, 'this-executor-only', { ...right, executor }, ' with approvals for someone else');
    }
    proveDigests(sitting, right);
    provePins(sitting, one, right);
  }
}

function refuse(
  sitting: Sitting,
  claim: ClaimId,
  actions: readonly string[],
  fixed: Context,
  although: string,
  absent: readonly string[] = [],
): void {
  const { it, executor, certain, nameless } = sitting;
  const world = { fixed: { ...(absent.includes(IDENTITY) ? nameless : certain), ...fixed }, absent };
  if (actions.length === 0) it.docket.held(claim);
  else mustNot(it, claim, executor, actions, world, although);
}

/** The same approval of every seat. */
function refuseAll(sitting: Sitting, claim: ClaimId, approval: Approval, although: string): void {
  const { interlock, reachable } = sitting;
  refuse(
    sitting,
    claim,
    reachable,
    tags(sitting, interlock.seats, () => approval),
    although,
  );
}

/** Seats that are not enough may write what they like into their own tags, and the account into tags of no seat. */
function proveBelow(sitting: Sitting): void {
  const { interlock, it, slots, short } = sitting;
  for (const one of it.key.classes) {
    for (const some of short.get(one) ?? []) {
      const empty = interlock.seats.filter((seat) => !some.includes(seat)).flatMap((seat) => slots.get(seat) ?? []);
      refuse(sitting, 'below-threshold-denied', within(sitting, one), {}, ` with tags of ${idsOf(some)} only`, empty);
    }
  }
  // What no class lets through, no tags do.
  refuse(sitting, 'one-class-only', sitting.unclassed, {}, ' with some tags');
}

/** One approval short of the threshold, while the others have approved something else, each a thing of its own. */
function proveMixed(sitting: Sitting, one: ProofClass, right: Approval): void {
  const { interlock, it, short } = sitting;
  const [otherClass] = it.key.classes.filter(({ id }) => id !== one.id);
  const others: readonly ((at: number) => Approval)[] = [
    () => ({ ...right, class: otherClass?.id ?? 'other' }),
    () => ({ ...right, region: OTHER_REGION }),
    () => ({ ...right, keyId: OTHER_KEY }),
    (at) => ({ ...right, digest: digestOf(at) }),
    () => ({ ...right, executor: `${right.executor}x` }),
  ];
  for (const some of short.get(one) ?? []) {
    for (const other of others) {
      const fixed = tags(sitting, interlock.seats, (seat, at) => (some.includes(seat) ? right : other(at)));
      const although = ` with approvals of ${idsOf(some)} only, the others having approved something else`;
      refuse(sitting, 'below-threshold-denied', within(sitting, one), fixed, although);
    }
  }
}

const OTHER_REGION = 'xx-other-1';
const OTHER_KEY = 'mrk-ffffffffffffffffffffffffffffffff';

/** Digests that are all different. */
function digestOf(at: number): string {
  return `${OTHER_DIGEST.slice(0, 60)}${String(at).padStart(4, '0')}`;
}

function proveOneClass(sitting: Sitting, one: ProofClass, right: Approval): void {
  const fixed = tags(sitting, sitting.interlock.seats, () => right);
  refuse(
    sitting,
    'one-class-only',
    sitting.beyond.get(one) ?? sitting.reachable,
    fixed,
    ` with approvals of class ${one.id}`,
  );
  for (const name of [`x${one.id}`, `${one.id}x`, `${one.id}/x`]) {
    refuseAll(sitting, 'one-class-only', { ...right, class: name }, ` with approvals of class ${name}`);
  }
}

function proveElsewhere(sitting: Sitting, right: Approval): void {
  const claim = 'this-key-and-region-only';
  refuseAll(sitting, claim, { ...right, region: OTHER_REGION }, ' with approvals for another Region');
  refuseAll(sitting, claim, { ...right, keyId: OTHER_KEY }, ' with approvals for another key');
}

function proveDigests(sitting: Sitting, right: Approval): void {
  const { interlock, reachable } = sitting;
  const claim = 'identical-digest-only';
  const apart = tags(sitting, interlock.seats, (_seat, at) => ({ ...right, digest: digestOf(at) }));
  refuse(sitting, claim, reachable, apart, ' with approvals of different requests');
}

function provePins(sitting: Sitting, one: ProofClass, right: Approval): void {
  const fixed = tags(sitting, sitting.interlock.seats, () => right);
  for (const { context, absent, words } of one.pins.flatMap(violating)) {
    refuse(
      sitting,
      'pinned-parameters',
      within(sitting, one),
      { ...fixed, ...context },
      ` with every approval and ${words}`,
      absent,
    );
  }
  if (one.operations.includes('PutKeyPolicy') || one.operations.includes('ReplicateKey')) {
    const bypass = { ...fixed, 'kms:BypassPolicyLockoutSafetyCheck': 'true' };
    refuse(sitting, 'no-bypass', BYPASSED, bypass, ' without the lock-out check, with every approval');
  }
}

/** A session without a name cannot be the one that an approval names, not even where the name is left out. */
function proveNameless(sitting: Sitting | undefined, names: readonly string[]): void {
  if (sitting === undefined) return;
  for (const one of sitting.it.key.classes) {
    for (const executor of ['', ...names]) {
      const approval = { ...approvalOf(sitting, one), executor };
      const fixed = tags(sitting, sitting.interlock.seats, () => approval);
      const although = ' without SourceIdentity, with every approval';
      refuse(sitting, 'this-executor-only', sitting.reachable, fixed, although, [IDENTITY]);
    }
  }
}
