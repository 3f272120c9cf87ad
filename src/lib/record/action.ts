import type { ActionClass } from '../base/action-class.js';
import type { Digest } from '../base/bytes.js';
import { type JsonObject, type JsonValue, sameJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { anyObject, integer, isObject, object } from '../base/fields.js';
import { digest } from '../base/readers.js';
import { ACCESS_ACTIONS } from './action-access.js';
import { create } from './action-create.js';
import { cycle } from './action-cycle.js';
import { IMPORT_ACTIONS } from './action-import.js';
import { LABEL_ACTIONS } from './action-label.js';
import type { ActionName } from './action-names.js';
import { REGION_ACTIONS } from './action-regions.js';
import { type ActionRow, type ActionSubject, arnOf, type Change, kms, type Risk, row } from './action-row.js';
import { automaticRotation, STATE_ACTIONS } from './action-state.js';
import { succeed } from './action-succeed.js';
import type { RequestPredicate, SignedCall } from './statement.js';

const rotate = row({
  class: 'rotate',
  risk: 'low',
  parameters: object({}),
  calls: (subject) => [kms(subject, 'RotateKeyOnDemand', { KeyId: arnOf(subject) })],
  sentence: (name) => `Rotate the key ${name} now: new material encrypts, old material still decrypts.`,
  changes: (before) => [
    { what: 'current key material', from: materialOf(before), to: 'new material' },
    {
      what: 'rotations so far',
      from: String(before.rotationCount),
      to: String(Number(before.rotationCount) + 1),
    },
  ],
});

const rotation = row<{ readonly periodDays: number }>({
  class: 'rotation',
  risk: 'low',
  parameters: object({ periodDays: integer(90, 2560) }),
  calls: (subject, { periodDays }) => [
    kms(subject, 'EnableKeyRotation', { KeyId: arnOf(subject), RotationPeriodInDays: periodDays }),
  ],
  sentence: (name, { periodDays }) => `Rotate the key ${name} automatically every ${periodDays} days.`,
  changes: (before, { periodDays }) => [
    {
      what: 'automatic rotation',
      from: automaticRotation(before),
      to: `every ${periodDays} days`,
    },
  ],
  undo: (name, before) =>
    before.enabled === true
      ? `custody keys rotation ${name} --period-days ${before.periodDays}`
      : `custody keys rotation ${name} --off`,
});

/** A document that takes force: its number, its digest and all of it. */
interface DocumentParameters {
  readonly version: number;
  readonly digest: Digest;
  readonly document: JsonObject;
}

const documentParameters = object({
  version: integer(2, 1_000_000),
  digest: digest,
  document: anyObject,
});

function documentRow(noun: 'plan' | 'roster', operation: string): ActionRow {
  return row<DocumentParameters>({
    class: noun,
    risk: 'critical',
    parameters: documentParameters,
    calls: (_, { version, digest }) => [{ service: 'custody', region: '', operation, parameters: { version, digest } }],
    sentence: (_, { version }) => `Put ${noun} ${version} in force.`,
    changes: (before, { version, digest }) => [
      { what: `${noun} in force`, from: `${before.version} ${before.digest}`, to: `${version} ${digest}` },
    ],
  });
}

/** THE table of what a quorum can authorise. Every mutating call that custody makes belongs to one row (T49). */
const ACTIONS: Readonly<Record<ActionName, ActionRow>> = {
  'key.create': create,
  'key.succeed': succeed,
  'key.rotate': rotate,
  'key.rotation': rotation,
  ...ACCESS_ACTIONS,
  ...LABEL_ACTIONS,
  ...REGION_ACTIONS,
  ...IMPORT_ACTIONS,
  ...STATE_ACTIONS,
  'drill.cycle': cycle,
  'plan.update': documentRow('plan', 'UpdatePlan'),
  'roster.update': documentRow('roster', 'UpdateRoster'),
};

export function classOf(action: ActionName): ActionClass {
  return ACTIONS[action].class;
}

export function riskOf(action: ActionName): Risk {
  return ACTIONS[action].risk;
}

/** A veto needs one custodian, who acts in an own session. */
export function isVeto(action: ActionName): boolean {
  return ACTIONS[action].veto === true;
}

/** Whether key material must be brought along to execute it. */
export function needsMaterial(action: ActionName): boolean {
  return ACTIONS[action].material === true;
}

/** @throws CustodyError RECORD_MALFORMED when the parameters are not those of the action */
export function callsOf(action: ActionName, subject: ActionSubject, parameters: JsonObject): readonly SignedCall[] {
  return ACTIONS[action].calls(subject, parameters);
}

/** What its words are made of: parameters and the signed state, never free text (T7). */
export type Described = Pick<RequestPredicate, 'action' | 'key' | 'parameters' | 'preState'>;

/** In one plain sentence, what the request will do. */
export function sentenceOf(request: Described): string {
  return ACTIONS[request.action].sentence(request.key?.name ?? '', request.parameters);
}

/** What will change, line by line. */
export function changesOf(request: Described): readonly Change[] {
  return ACTIONS[request.action].changes(request.preState, request.parameters);
}

/** What would take it back, in one sentence; null where nothing can. */
export function undoOf(request: Described): string | null {
  return ACTIONS[request.action].undo(request.key?.name ?? '', request.preState, request.parameters);
}

/**
 * Checks that class and calls are the ones that the table gives for action, key and parameters.
 * @throws CustodyError RECORD_MALFORMED
 */
export function assertByTable(request: RequestPredicate): void {
  const expected = callsOf(request.action, request, request.parameters);
  const same = sameJson(request.calls, expected as unknown as JsonValue);
  if (request.class !== classOf(request.action) || !same) {
    throw new CustodyError('RECORD_MALFORMED', `the calls of the request are not those of ${request.action}`);
  }
}

function materialOf(before: JsonObject): string {
  const last = before.lastRotation;
  return isObject(last) ? `since ${last.at}` : 'since creation';
}
