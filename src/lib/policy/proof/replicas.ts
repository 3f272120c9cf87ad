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
      key: replica.label ?? replica.name,
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

/** Statements of either policy that the other has not, by their index. */
function differingStatements(primary: ProofKey, replica: ProofKey): readonly number[] {
  const [ours, theirs] = [textsOf(replica), textsOf(primary)];
  const lacks = (texts: readonly Text[], { plain, moved }: Text) =>
    !texts.some((one) => one.plain === plain || one.moved === moved);
  const extra = ours.flatMap((text, at) => (lacks(theirs, text) ? [at] : []));
  const lacking = theirs.flatMap((text, at) => (lacks(ours, text) ? [at] : []));
  return [...new Set([...extra, ...lacking])].sort((a, b) => a - b);
}

/** A statement as it is, and with its own Region's name taken out: either may be what a replica has alike. */
interface Text {
  readonly plain: string;
  readonly moved: string;
}

function textsOf({ policy, region, arn }: ProofKey): readonly Text[] {
  return policy.statements.map((statement) => {
    const plain = formatCanonical(statement as unknown as JsonValue);
    const moved = plain
      .replaceAll(arn, '%arn')
      .replaceAll(`/${region}/`, `/${REGION}/`)
      .replaceAll(`.${region}.`, `.${REGION}.`);
    return { plain, moved };
  });
}
