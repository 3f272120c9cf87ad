import type { ActionClass } from '../base/action-class.js';
import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
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

/** What every row says of its action, whatever the parameters. */
interface ActionKind {
  readonly class: ActionClass;
  readonly risk: Risk;
  /**
   * A veto takes power away for a moment and gives none: one custodian is enough, and acts in an own session, so that it
   * works even when nobody can enter the executor role. Absent for everything else.
   */
  readonly veto?: true;
  /** Only a machine that has the key material which the request names can execute it. Absent for everything else. */
  readonly material?: true;
}

interface ActionSpec<P> extends ActionKind {
  readonly parameters: Reader<P>;
  /** The fixed, ordered calls: derived from the parameters, never composed by a requester (T6). */
  readonly calls: (subject: ActionSubject, parameters: P) => readonly SignedCall[];
  readonly sentence: (keyName: string, parameters: P) => string;
  readonly changes: (preState: JsonObject, parameters: P) => readonly Change[];
  /** In one sentence, what would take it back; absent where nothing can. */
  readonly undo?: (keyName: string, preState: JsonObject, parameters: P) => string;
}

/** A row as its users see it: parameters come as JSON and are read by the row itself. */
export interface ActionRow extends ActionKind {
  readonly calls: (subject: ActionSubject, parameters: JsonObject) => readonly SignedCall[];
  readonly sentence: (keyName: string, parameters: JsonObject) => string;
  readonly changes: (preState: JsonObject, parameters: JsonObject) => readonly Change[];
  readonly undo: (keyName: string, preState: JsonObject, parameters: JsonObject) => string | null;
}

/** Makes a row of the table from its description. */
export function row<P>(spec: ActionSpec<P>): ActionRow {
  const read = (parameters: JsonObject) => readFields(spec.parameters, parameters, 'parameters', 'RECORD_MALFORMED');
  return {
    class: spec.class,
    risk: spec.risk,
    ...(spec.veto ? { veto: true } : {}),
    ...(spec.material ? { material: true } : {}),
    calls: (subject, parameters) => spec.calls(subject, read(parameters)),
    sentence: (keyName, parameters) => spec.sentence(keyName, read(parameters)),
    changes: (preState, parameters) => spec.changes(preState, read(parameters)),
    undo: (keyName, preState, parameters) => spec.undo?.(keyName, preState, read(parameters)) ?? null,
  };
}

/** The key's ARN: what a call names, never an alias, which may be moved (T5). @throws CustodyError RECORD_MALFORMED */
export function arnOf({ key }: ActionSubject): string {
  if (key?.arn) return key.arn;
  throw new CustodyError('RECORD_MALFORMED', 'the request names no key');
}

/** One call of KMS in the Region of the subject. */
export function kms(subject: { readonly region: string }, operation: string, parameters: JsonObject): SignedCall {
  return { service: 'kms', region: subject.region, operation, parameters };
}
