import type { ActionClass } from '../base/action-class.js';
import type { JsonObject } from '../base/canonical-json.js';
import { type Reader, readFields } from '../base/fields.js';
import type { KeyRef, SignedCall } from './statement.js';

export type Risk = 'low' | 'medium' | 'high' | 'critical';

/** One line of what will change, for people. */
export interface Change {
  readonly what: string;
  readonly from: string;
  readonly to: string;
}

/** What an action is about: enough to derive its calls. */
export interface ActionSubject {
  readonly repository: string;
  readonly region: string;
  readonly key: KeyRef | null;
  readonly nonce: string;
}

interface ActionSpec<P> {
  readonly class: ActionClass;
  readonly risk: Risk;
  readonly parameters: Reader<P>;
  /** The fixed, ordered calls: derived from the parameters, never composed by a requester (T6). */
  readonly calls: (subject: ActionSubject, parameters: P) => readonly SignedCall[];
  readonly sentence: (keyName: string, parameters: P) => string;
  readonly changes: (preState: JsonObject, parameters: P) => readonly Change[];
}

/** A row as its users see it: parameters come as JSON and are read by the row itself. */
export interface ActionRow {
  readonly class: ActionClass;
  readonly risk: Risk;
  readonly calls: (subject: ActionSubject, parameters: JsonObject) => readonly SignedCall[];
  readonly sentence: (keyName: string, parameters: JsonObject) => string;
  readonly changes: (preState: JsonObject, parameters: JsonObject) => readonly Change[];
}

/** Makes a row of the table from its description. */
export function row<P>(spec: ActionSpec<P>): ActionRow {
  const read = (parameters: JsonObject) => readFields(spec.parameters, parameters, 'parameters', 'RECORD_MALFORMED');
  return {
    class: spec.class,
    risk: spec.risk,
    calls: (subject, parameters) => spec.calls(subject, read(parameters)),
    sentence: (keyName, parameters) => spec.sentence(keyName, read(parameters)),
    changes: (preState, parameters) => spec.changes(preState, read(parameters)),
  };
}

/** One call of KMS in the Region of the subject. */
export function kms(subject: { readonly region: string }, operation: string, parameters: JsonObject): SignedCall {
  return { service: 'kms', region: subject.region, operation, parameters };
}
