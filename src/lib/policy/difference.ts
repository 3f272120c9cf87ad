import { formatCanonical, type JsonValue } from '../base/canonical-json.js';
import { compiled } from './compile.js';
import { type PolicyDocument, parsePolicy } from './document.js';
import { type PolicyPlace, powerOf, type Side, STRENGTH, sideOf } from './extent.js';
import { type Named, namedIn } from './named.js';
import { KEY_OPERATIONS, LATER_OPERATION } from './operations.js';

/** What changes for one principal between two policies of a key. Names of KMS operations, without `kms:`. */
export interface PolicyDifference {
  /** As the policies write it; `account N` for an account with all whom its own policies let; `*` for all who are not named. */
  readonly principal: string;
  /** What it may do and could not before, or could only under conditions. */
  readonly gains: readonly string[];
  /** What it could do and may no more, or only under conditions. */
  readonly loses: readonly string[];
  /** Of these the conditions matter: gained or lost under conditions, or held under other conditions than before. */
  readonly conditional: readonly string[];
}

const NOTHING: PolicyDocument = { version: '2012-10-17', statements: [] };

/**
 * Who gains and who loses which action between two key policies, for everyone whom either names and for everybody else.
 * A condition is neither taken for met nor for unmet: "may at most" and "may at least" are evaluated apart. Principals for
 * whom nothing changes are left out; so two policies that say the same give an empty list.
 * @param before null: there was no policy, so that everything is gained
 * @throws CustodyError POLICY_MALFORMED
 */
export function differenceOf(before: string | null, after: string, place: PolicyPlace): readonly PolicyDifference[] {
  const [old, now] = [
    before === null ? NOTHING : parsePolicy(before, 'the policy before'),
    parsePolicy(after, 'the policy'),
  ];
  const [from, to] = [sideOf(old), sideOf(now)];
  return namedIn([old, now], place.account)
    .map((named) => differenceFor(named, from, to, place))
    .filter(({ gains, loses, conditional }) => gains.length + loses.length + conditional.length > 0);
}

function differenceFor(named: Named, from: Side, to: Side, place: PolicyPlace): PolicyDifference {
  const [gains, loses, conditional]: string[][] = [[], [], []];
  for (const operation of [...KEY_OPERATIONS, LATER_OPERATION]) {
    const [had, has] = [powerOf(from, named, operation, place), powerOf(to, named, operation, place)];
    if (STRENGTH[has] > STRENGTH[had]) gains?.push(operation);
    if (STRENGTH[has] < STRENGTH[had]) loses?.push(operation);
    const depends = had === 'conditional' || has === 'conditional';
    if (depends && (had !== has || conditionsOf(from, named, operation) !== conditionsOf(to, named, operation)))
      conditional?.push(operation);
  }
  return { principal: named.name, gains: gains ?? [], loses: loses ?? [], conditional: conditional ?? [] };
}

/** The conditions of all statements that speak of this operation to this principal, as text to compare. */
function conditionsOf({ whole }: Side, { principal }: Named, operation: string): string {
  const action = `kms:${operation}`.toLowerCase();
  const { allows, denies } = compiled(whole);
  const told = [...allows, ...denies].filter(
    (one) => one.action(action) && (one.principal === null || one.principal.covers(principal)),
  );
  const texts = told.map(({ statement: { effect, conditions } }) =>
    formatCanonical([effect, conditions] as unknown as JsonValue),
  );
  return [...new Set(texts)].sort().join('\n');
}
