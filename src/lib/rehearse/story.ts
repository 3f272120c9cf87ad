import { ATTACKS_AFTER, ATTACKS_BEFORE } from './attacks.js';
import {
  answerLife,
  askCycle,
  askLife,
  drillAll,
  installRoles,
  peopleText,
  publishRunbook,
  storeCanaries,
} from './drill.js';
import { expectExit, expectThat, listAt, textAt } from './expect.js';
import { type Asked, type Notes, PLAYERS, type Player, type Stage, type Step } from './stage.js';

/** The story of a rehearsal, in order: a key hierarchy is founded and a key is rotated by two of three. */

const DUTY: Readonly<Record<Player, string>> = {
  architect: 'SecurityArchitect',
  privacy: 'PrivacyEngineer',
  deputy: 'SecurityArchitect',
};
const NAME: Readonly<Record<Player, string>> = {
  architect: 'Ada Architect',
  privacy: 'Pia Privacy',
  deputy: 'Dan Deputy',
};
const KEYS = 5;

export const STORY: readonly Step[] = [
  { name: 'each custodian makes a signing key in KMS', attack: false, play: makeSigners },
  { name: 'the architect founds the repository', attack: false, play: foundIt },
  { name: 'the others compare the genesis words and sign', attack: false, play: joinIt },
  { name: 'the plan asks for its five keys', attack: false, play: applyPlan },
  { name: 'architect and privacy review and sign each request', attack: false, play: approveAll },
  { name: 'the deputy executes what is approved: the keys exist', attack: false, play: executeAll },
  { name: 'the keys go under the interlock: KMS itself asks for two', attack: false, play: installInterlock },
  { name: 'an application encrypts with the case-data key', attack: false, play: encrypt },
  { name: 'the platform team installs the rendered policies', attack: false, meanwhile: true, play: installRoles },
  { name: 'the runbook of plan and roster is published', attack: false, meanwhile: true, play: publishRunbook },
  { name: 'the architect asks each custodian for a sign of life', attack: false, meanwhile: true, play: askLife },
  { name: 'the architect asks to rotate case-data and signs', attack: false, play: askRotation },
  { name: 'the first drill stores a canary of each key', attack: false, meanwhile: true, play: storeCanaries },
  { name: 'the deputy asks for an exercise on a scratch key', attack: false, meanwhile: true, play: askCycle },
  ...ATTACKS_BEFORE,
  { name: 'privacy signs: two of three', attack: false, play: approveRest },
  {
    name: 'the deputy executes: KMS rotates the key once, and the exercise is done',
    attack: false,
    play: executeRotation,
  },
  { name: 'new material encrypts, what was encrypted before still decrypts', attack: false, play: useBoth },
  ...ATTACKS_AFTER,
  { name: 'the architect backs up the keys; privacy verifies all of it', attack: false, play: backUp },
  { name: 'the ledger tells of every record, in an unbroken chain', attack: false, play: verifyLedger },
  { name: 'each signs the challenge, and who has access', attack: false, meanwhile: true, play: answerLife },
  { name: 'the drill proves that everything would come back', attack: false, play: drillAll },
];

async function makeSigners(stage: Stage, notes: Notes): Promise<string> {
  const made = await Promise.all(
    PLAYERS.map(async (player) => {
      const words = ['signer', 'create', '--as', player, '--name', NAME[player], '--duty', DUTY[player]];
      const outcome = expectExit(await stage.run(player, words), 0);
      return { path: await stage.writeFile(`${player}.json`, JSON.stringify(outcome.json)), command: outcome.command };
    }),
  );
  notes.signerFiles = made.map(({ path }) => path);
  return made[0]?.command ?? '';
}

/** The draft of the plan with what only these people know; then it is founded on. */
async function foundIt(stage: Stage, notes: Notes): Promise<string> {
  const custodians = notes.signerFiles.flatMap((file) => ['--custodian', file]);
  const draft = expectExit(await stage.run('architect', ['init', '--interlock', ...custodians, '--dry-run']), 0);
  const text = `${textAt(draft.json, 'draft')}${peopleText(await stage.now())}`;
  const words = ['--from', await stage.writeFile('custody.yaml', text), '--as', 'architect'];
  const outcome = expectExit(await stage.run('architect', ['init', ...words, '--witness', 'the rehearsal']), 0);
  notes.genesis = textAt(outcome.json, 'genesis');
  return outcome.command;
}

async function joinIt(stage: Stage, { genesis }: Notes): Promise<string> {
  const joined = await Promise.all(
    (['privacy', 'deputy'] as const).map((player) => stage.run(player, ['join', '--as', player, '--genesis', genesis])),
  );
  return joined.map((outcome) => expectExit(outcome, 0).command).at(-1) ?? '';
}

async function applyPlan(stage: Stage, notes: Notes): Promise<string> {
  const outcome = expectExit(await stage.run('architect', ['keys', 'apply', '--reason', 'first installation']), 0);
  notes.requests = listAt(outcome.json, 'requests').map((item) => ({
    id: textAt(item, 'id'),
    digest: textAt(item, 'digest'),
    action: textAt(item, 'action'),
  }));
  expectThat(notes.requests.length === KEYS, `${KEYS} requests (found ${notes.requests.length})`);
  return outcome.command;
}

/** Two people work at the same time, on one remote. */
async function approveAll(stage: Stage, { requests }: Notes): Promise<string> {
  const players = ['architect', 'privacy'] as const;
  const signed = await Promise.all(players.map((player) => stage.run(player, approving(requests))));
  return signed.map((outcome) => expectExit(outcome, 0).command).at(-1) ?? '';
}

async function executeAll(stage: Stage): Promise<string> {
  return expectExit(await stage.run('deputy', ['keys', 'execute', '--ready']), 0).command;
}

/** While one custodian goes on, another looks at what was made. */
async function lookAtKeys(stage: Stage, notes: Notes): Promise<void> {
  const list = expectExit(await stage.run('deputy', ['keys', 'list']), 0);
  const keys = listAt(list.json, 'keys');
  expectThat(keys.length === KEYS && keys.every((key) => textAt(key, 'state') === 'Enabled'), 'five enabled keys');
  notes.caseDataArn = textAt(
    keys.find((key) => textAt(key, 'name') === 'case-data'),
    'arn',
  );
}

const CONTEXT = { 'custody:purpose': 'case-data' };

async function encrypt(stage: Stage, notes: Notes): Promise<string> {
  const outcome = await stage.callKms('service', 'GenerateDataKeyWithoutPlaintext', dataKey(notes));
  expectThat(outcome.ok, 'the application may make a data key');
  const answer = outcome.ok ? outcome.answer : {};
  notes.ciphertext = textAt(answer, 'CiphertextBlob');
  notes.materialBefore = textAt(answer, 'KeyMaterialId');
  return 'aws kms generate-data-key-without-plaintext --key-id alias/cmk/case-data …';
}

function dataKey({ caseDataArn }: Notes) {
  return { KeyId: caseDataArn, KeySpec: 'AES_256', EncryptionContext: CONTEXT };
}

/** From here on the executor role can change nothing of these keys without the slots of two custodians. */
async function installInterlock(stage: Stage, notes: Notes): Promise<string> {
  const words = ['keys', 'apply', '--executor', 'deputy', '--reason', 'the approval interlock'];
  const [asking] = await Promise.all([stage.run('architect', words), lookAtKeys(stage, notes)]);
  const outcome = expectExit(asking, 0);
  const asked = listAt(outcome.json, 'requests').map((item) => ({
    id: textAt(item, 'id'),
    digest: textAt(item, 'digest'),
    arn: textAt(item, 'key', 'arn'),
  }));
  const [, , , primary] = notes.caseDataArn.split(':');
  const first = asked.filter(({ arn }) => arn.split(':')[3] === primary);
  const [replica] = asked.filter((one) => !first.includes(one));
  expectThat(first.length === KEYS && replica !== undefined, 'a policy for each key, and for the replica of the root');
  notes.replicaPolicy = replica ?? null;
  const signed = await Promise.all(
    (['architect', 'privacy'] as const).map((player) => stage.run(player, approving(first))),
  );
  for (const one of signed) expectExit(one, 0);
  expectExit(await stage.run('deputy', ['keys', 'execute', '--ready']), 0);
  const denied = await stage.callKms('executor', 'RotateKeyOnDemand', { KeyId: notes.caseDataArn });
  expectThat(!denied.ok, 'the executor role alone is denied');
  return outcome.command;
}

function approving(asked: readonly Asked[]): readonly string[] {
  const digests = asked.flatMap(({ digest }) => ['--reviewed', digest]);
  return ['keys', 'approve', ...asked.map(({ id }) => id), ...digests];
}

const ROTATE = ['keys', 'rotate', 'case-data'];

async function askRotation(stage: Stage, notes: Notes): Promise<string> {
  const outcome = expectExit(
    await stage.run('architect', [...ROTATE, '--executor', 'deputy', '--reason', 'rehearsed rotation']),
    0,
  );
  notes.rotation = { id: textAt(outcome.json, 'request', 'id'), digest: textAt(outcome.json, 'request', 'digest') };
  await approveBoth(stage, notes, 'architect');
  return outcome.command;
}

/** The rotation, and the policy of the root's replica that was asked for before. */
async function approveBoth(stage: Stage, { rotation, replicaPolicy }: Notes, player: Player): Promise<string> {
  const asked = [rotation, replicaPolicy].filter((one) => one !== null);
  return expectExit(await stage.run(player, approving(asked)), 0).command;
}

/** Privacy signs everything that is open; the deputy signs the exercise. */
async function approveRest(stage: Stage, notes: Notes): Promise<string> {
  const { cycle } = notes;
  const asked = [notes.rotation, notes.replicaPolicy, cycle].filter((one) => one !== null);
  const [signed, second] = await Promise.all([
    stage.run('privacy', approving(asked)),
    stage.run('deputy', approving(cycle ? [cycle] : [])),
  ]);
  expectExit(second, 0);
  return expectExit(signed, 0).command;
}

async function executeRotation(stage: Stage, { rotation, cycle }: Notes): Promise<string> {
  const outcome = expectExit(await stage.run('deputy', ['keys', 'execute', '--ready']), 0);
  const done = listAt(outcome.json, 'results').filter((one) => textAt(one, 'request', 'state') === 'executed');
  const ids = done.map((one) => textAt(one, 'request', 'id'));
  for (const asked of [rotation, cycle])
    expectThat(asked !== null && ids.includes(asked.id), `the request ${asked?.id} is executed`);
  return outcome.command;
}

async function useBoth(stage: Stage, notes: Notes): Promise<string> {
  const fresh = await stage.callKms('service', 'GenerateDataKeyWithoutPlaintext', dataKey(notes));
  expectThat(
    fresh.ok && textAt(fresh.answer, 'KeyMaterialId') !== notes.materialBefore,
    'new key material after the rotation',
  );
  const old = await stage.callKms('service', 'Decrypt', {
    CiphertextBlob: notes.ciphertext,
    EncryptionContext: CONTEXT,
    KeyId: notes.caseDataArn,
  });
  expectThat(
    old.ok && textAt(old.answer, 'KeyMaterialId') === notes.materialBefore,
    'the old ciphertext decrypts with the old material',
  );
  return 'aws kms decrypt --ciphertext-blob …';
}

async function backUp(stage: Stage): Promise<string> {
  const outcome = expectExit(await stage.run('architect', ['policy', 'backup']), 0);
  const verified = expectExit(await stage.run('privacy', ['policy', 'verify']), 0);
  expectThat(textAt(verified.json, 'verdict') === 'verified', 'the backup is verified');
  return outcome.command;
}

async function verifyLedger(stage: Stage): Promise<string> {
  const outcome = expectExit(await stage.run('privacy', ['ledger', 'verify']), 0);
  expectThat(textAt(outcome.json, 'verdict') === 'verified', 'the ledger is verified');
  return outcome.command;
}
