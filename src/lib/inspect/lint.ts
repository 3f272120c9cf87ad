import { CustodyError } from '../base/errors.js';
import { parseYaml } from '../plan/yaml.js';
import { type LintFinding, lintFinding, lintKeyPolicy, lintLiveKeyPolicy } from '../policy/lint.js';
import { createDocket } from '../policy/proof/docket.js';
import { proveReplicas } from '../policy/proof/replicas.js';
import { proofKeyOf } from '../policy/proof/roster.js';
import type { ProofEvidence, ProofQuestion } from './proof.js';

/** One finding and where it is: a file and its line, or a key and its Region. */
export interface LocatedFinding extends LintFinding {
  /** As it was given. */
  readonly file: string | null;
  /** From 1; null where there is no file, or it is not laid out so that a line can be named. */
  readonly line: number | null;
  readonly key: string | null;
  readonly region: string | null;
}

/**
 * Lints one file. What is no policy document is a finding too.
 * @param bytes JSON
 */
export function lintFile(bytes: Uint8Array, file: string): readonly LocatedFinding[] {
  const lineOf = linesOf(bytes, file);
  const located = (finding: LintFinding): LocatedFinding => {
    const path = finding.statement === null ? 'Statement' : `Statement[${finding.statement}]`;
    return { ...finding, file, line: lineOf(path), key: null, region: null };
  };
  try {
    return lintKeyPolicy(bytes, file).map(located);
  } catch (cause) {
    if (!(cause instanceof CustodyError) || cause.code !== 'POLICY_MALFORMED') throw cause;
    return [located(lintFinding('kms-rejects', null, cause.message))];
  }
}

/** JSON is YAML, whose reader keeps lines; a policy of one statement need not list it. */
function linesOf(bytes: Uint8Array, file: string): (path: string) => number | null {
  try {
    const read = parseYaml(bytes, file);
    return (path) => read.lineOf(path);
  } catch {
    return () => null;
  }
}

/** Lints live policies, and each replica against its primary. */
export function lintLive({ plan, roster }: ProofQuestion, { keys, texts }: ProofEvidence): readonly LocatedFinding[] {
  const own = keys.flatMap(({ name, region, label }) => {
    const text = texts.get(`${name} ${region}`);
    // A key beside the one that has the name is proven, not linted: it is on its way in or out.
    if (text === undefined || label !== undefined) return [];
    return lintLiveKeyPolicy(text, `the policy of ${name} in ${region}`).map(
      (finding): LocatedFinding => ({ ...finding, file: null, line: null, key: name, region }),
    );
  });
  const docket = createDocket();
  proveReplicas(
    keys.map((key) => proofKeyOf(plan, roster, key)),
    docket,
  );
  const replicas = docket.results().flatMap(({ findings }) => findings);
  return [
    ...own,
    ...replicas.map(({ key, region, sentence }) => ({
      ...lintFinding('replica-differs', null, sentence),
      file: null,
      line: null,
      key,
      region,
    })),
  ];
}
