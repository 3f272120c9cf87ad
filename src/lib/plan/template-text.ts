import type { InterlockRoles, Plan } from './plan.js';
import type { RosterDraft } from './roster-draft.js';

export interface TemplateOptions {
  readonly environment: Plan['environment'];
  readonly partition: Plan['partition'];
  readonly account: string;
  readonly regions: Plan['regions'];
  /** The role of the application that uses the keys. */
  readonly appRoleArn: string;
  readonly roster: RosterDraft;
  /** Absent: the template tells of it in a comment. */
  readonly interlock?: InterlockRoles;
}

/** A value of the user's in double quotes: JSON's text form is also YAML's. */
export function quoted(value: string): string {
  return JSON.stringify(value);
}

export function quotedList(values: readonly string[]): string {
  return `[${values.map(quoted).join(', ')}]`;
}
