import type { JsonObject } from '../base/canonical-json.js';
import type { LocatedFinding } from '../inspect/lint.js';
import { LINT_RULES, type LintRule } from '../policy/lint.js';

const RULES = Object.keys(LINT_RULES) as LintRule[];

/** Findings as SARIF 2.1.0 (OASIS), for code review and scanning services. */
export function sarifOf(findings: readonly LocatedFinding[], version: string): JsonObject {
  const rules = RULES.map((id) => ({
    id,
    shortDescription: { text: LINT_RULES[id].title },
    help: { text: LINT_RULES[id].remedy },
    defaultConfiguration: { level: LINT_RULES[id].severity },
  }));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'custody', version, rules } }, results: findings.map(resultOf) }],
  };
}

function resultOf(finding: LocatedFinding): JsonObject {
  const { rule, severity, message, remedy } = finding;
  return {
    ruleId: rule,
    ruleIndex: RULES.indexOf(rule),
    level: severity,
    message: { text: `${message}. ${remedy}` },
    locations: [{ ...physical(finding), logicalLocations: [{ fullyQualifiedName: logicalName(finding) }] }],
  };
}

function physical({ file, line }: LocatedFinding): JsonObject {
  if (file === null) return {};
  const artifactLocation = { uri: file.split('/').map(encodeURIComponent).join('/') };
  return { physicalLocation: { artifactLocation, ...(line === null ? {} : { region: { startLine: line } }) } };
}

function logicalName({ key, region, statement }: LocatedFinding): string {
  const place = key === null ? '' : `${key}/${region}/`;
  return `${place}Statement${statement === null ? '' : `[${statement}]`}`;
}
