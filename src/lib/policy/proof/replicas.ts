import { formatCanonical, type JsonValue } from '../../base/canonical-json.js';
import type { Docket } from './docket.js';
import type { ProofKey } from './subject.js';

const REGION = '%region';

/** Material is shared and policies are not: a replica with another policy is a way around the primary's. */
export function proveReplicas(keys: readonly ProofKey[], docket: Docket): void {
  const claim = 'replicas-same-policy';
  for (const replica of keys) {
    if (replica.primaryRegion === null) continue;
    const primary = keys.find(({ keyId, region }) => keyId === replica.keyId && region === replica.primaryRegion);
    const finding = {
      claim,
      key: replica.name,
      region: replica.region,
      principal: null,
      operations: [],
      context: {},
    } as const;
    if (primary === undefined) {
      const sentence = `the policy of its primary in ${replica.primaryRegion} could not be read`;
      docket.add({ ...finding, status: 'unproven', sentence, statements: [] });
      continue;
    }
    const differing = differingStatements(primary, replica);
    if (differing.length === 0) docket.held(claim);
    else {
      const statements = differing.map((at) => ({
        policy: 'key policy',
        statement: at + 1,
        sid: replica.policy.statements[at]?.sid ?? null,
      }));
      const sentence = `the replica has another policy than the primary in ${primary.region}: ${wordsFor(differing.length)}`;
      docket.add({ ...finding, status: 'broken', sentence, statements });
    }
  }
}

function wordsFor(count: number): string {
  return count === 1 ? 'one statement differs' : `${count} statements differ`;
}

/** Statements of either policy that the other has not, by their index; the Region's own name is no difference. */
function differingStatements(primary: ProofKey, replica: ProofKey): readonly number[] {
  const [ours, theirs] = [textsOf(replica), textsOf(primary)];
  const extra = ours.flatMap((text, at) => (theirs.includes(text) ? [] : [at]));
  const lacking = theirs.flatMap((text, at) => (ours.includes(text) ? [] : [at]));
  return [...new Set([...extra, ...lacking])].sort((a, b) => a - b);
}

function textsOf({ policy, region, arn }: ProofKey): readonly string[] {
  return policy.statements.map((statement) =>
    formatCanonical(statement as unknown as JsonValue)
      .replaceAll(arn, `%arn`)
      .replaceAll(`/${region}/`, `/${REGION}/`)
      .replaceAll(`.${region}.`, `.${REGION}.`),
  );
}
