import type { JsonObject } from '../base/canonical-json.js';
import type { GuardFinding } from '../guard/report.js';
import { meaningOf, RULES } from '../guard/rules.js';

const IDS = Object.keys(RULES);

/** Findings of the guard as SARIF 2.1.0 (OASIS): one result a rule that said no. */
export function guardSarif(findings: readonly GuardFinding[], version: string): JsonObject {
  const rules = Object.entries(RULES).map(([id, text]) => ({
    id,
    shortDescription: { text },
    defaultConfiguration: { level: 'error' },
  }));
  const results = findings.flatMap((finding) => finding.rules.map((rule) => resultOf(finding, rule)));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'custody', version, rules } }, results }],
  };
}

function resultOf({ file, what, outcome }: GuardFinding, rule: string): JsonObject {
  const at = IDS.indexOf(rule);
  return {
    ruleId: rule,
    ...(at === -1 ? {} : { ruleIndex: at }),
    level: 'error',
    message: { text: `${what} (${outcome}): ${meaningOf(rule)}` },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: file.split('/').map(encodeURIComponent).join('/') } },
        logicalLocations: [{ fullyQualifiedName: what }],
      },
    ],
  };
}
