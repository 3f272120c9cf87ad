import { isObject } from '../base/fields.js';
import { at, expectDenied, expectExit, expectThat, listAt, textAt } from './expect.js';
import type { Forge, Notes, Stage, Step } from './stage.js';

/** Attacks that must be refused; each is played with one approval on the rotation, or after it was executed. */

export const ATTACKS_BEFORE: readonly Step[] = [
  attack('executing with one approval', executeEarly),
  meanwhile(attack('the same custodian approving twice', approveTwice)),
  attack('editing the request after it was signed', editRequest),
  meanwhile(attack("slipping in another request's approvals and receipt", replayReceipt)),
  attack('rotating past the tool, as a custodian', (stage, notes) =>
    direct(stage, notes, 'architect', 'RotateKeyOnDemand'),
  ),
  attack('rotating with one approval past the tool, as the executor role', (stage, notes) =>
    direct(stage, notes, 'executor', 'RotateKeyOnDemand'),
  ),
  attack('rewriting the key policy past the tool, as account administrator', (stage, notes) =>
    direct(stage, notes, 'admin', 'PutKeyPolicy'),
  ),
  attack('deleting the key past the tool, as an outsider', (stage, notes) =>
    direct(stage, notes, 'outsider', 'ScheduleKeyDeletion'),
  ),
];

export const ATTACKS_AFTER: readonly Step[] = [attack('executing the same approvals again', executeAgain)];

function attack(name: string, play: Step['play']): Step {
  return { name, attack: true, play };
}

function meanwhile(step: Step): Step {
  return { ...step, meanwhile: true };
}

async function executeEarly(stage: Stage, { rotation }: Notes): Promise<string> {
  return expectExit(await stage.run('deputy', ['keys', 'execute', rotation?.id ?? '']), 8).command;
}

async function approveTwice(stage: Stage, { rotation }: Notes): Promise<string> {
  const words = ['keys', 'approve', rotation?.id ?? '', '--reviewed', rotation?.digest ?? ''];
  return expectExit(await stage.run('architect', words), 3).command;
}

/** One who may push changes a file in place: the clone sees that the past was changed, and keeps its own. */
async function editRequest(stage: Stage, { rotation }: Notes): Promise<string> {
  const forge: Forge = (files) => {
    const found = [...files].find(
      ([path, bytes]) => path.startsWith(`records/${rotation?.id}/`) && kindOf(bytes) === 'request',
    );
    const [path, bytes] = found ?? ['', new Uint8Array()];
    return new Map([[path, withOtherReason(bytes)]]);
  };
  const outcome = expectExit(await stage.runOnForgery('deputy', forge, ['keys', 'show', rotation?.id ?? '']), 3);
  return outcome.command;
}

/** One who may push adds records of a finished request beside the open one: they count for nothing. */
async function replayReceipt(stage: Stage, { rotation, requests }: Notes): Promise<string> {
  const finished = requests[0]?.id ?? '';
  const forge: Forge = (files) =>
    new Map(
      [...files]
        .filter(
          ([path, bytes]) =>
            path.startsWith(`records/${finished}/`) && ['approval', 'intent', 'receipt'].includes(kindOf(bytes)),
        )
        .map(([path, bytes]) => [path.replace(finished, rotation?.id ?? ''), bytes]),
    );
  const words = ['keys', 'show', rotation?.id ?? ''];
  const outcome = expectExit(await stage.runOnForgery('deputy', forge, words), 0);
  const approvals = listAt(outcome.json, 'request', 'approvals');
  const foreign = approvals.filter((item) => at(item, 'ignoredBecause') === 'other-request');
  expectThat(foreign.length === 2, 'the copied approvals are ignored as those of another request');
  expectThat(textAt(outcome.json, 'request', 'state') !== 'executed', 'the copied receipt executes nothing');
  return outcome.command;
}

async function direct(
  stage: Stage,
  { caseDataArn }: Notes,
  profile: string,
  operation: 'RotateKeyOnDemand' | 'PutKeyPolicy' | 'ScheduleKeyDeletion',
): Promise<string> {
  const account = caseDataArn.split(':')[4];
  const everything = {
    Sid: 'All',
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: 'kms:*',
    Resource: '*',
  };
  const parameters = {
    RotateKeyOnDemand: {},
    PutKeyPolicy: { Policy: JSON.stringify({ Version: '2012-10-17', Statement: [everything] }) },
    ScheduleKeyDeletion: { PendingWindowInDays: 7 },
  }[operation];
  expectDenied(
    await stage.callKms(profile, operation, { KeyId: caseDataArn, ...parameters }),
    `${operation} by ${profile}`,
  );
  return `aws --profile ${profile} kms ${operation.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase()} …`;
}

async function executeAgain(stage: Stage, { rotation }: Notes): Promise<string> {
  return expectExit(await stage.run('deputy', ['keys', 'execute', rotation?.id ?? '']), 3).command;
}

/** What a record file says that it is. */
function kindOf(bytes: Uint8Array): string {
  const type = at(payloadOf(bytes), 'predicateType');
  return typeof type === 'string' ? (type.split(':')[3] ?? '') : '';
}

function payloadOf(bytes: Uint8Array): unknown {
  const payload = at(JSON.parse(Buffer.from(bytes).toString('utf8')), 'dsseEnvelope', 'payload');
  return typeof payload === 'string' ? JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) : null;
}

/** The same envelope and signature around a payload with another reason. */
function withOtherReason(bytes: Uint8Array): Uint8Array {
  const file = Buffer.from(bytes).toString('utf8');
  const payload = payloadOf(bytes);
  const predicate = at(payload, 'predicate');
  if (!isObject(payload) || !isObject(predicate)) return bytes;
  const forged = { ...payload, predicate: { ...predicate, reason: 'harmless, please sign' } };
  const old = at(JSON.parse(file), 'dsseEnvelope', 'payload');
  return Buffer.from(file.replace(String(old), Buffer.from(JSON.stringify(forged)).toString('base64')));
}
