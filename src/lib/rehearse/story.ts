import { ATTACKS_AFTER, ATTACKS_BEFORE } from './attacks.js';
import { expectExit, expectThat, listAt, textAt } from './expect.js';
import { type Notes, PLAYERS, type Player, type Stage, type Step } from './stage.js';

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
  { name: 'case-data goes under the interlock: KMS itself asks for two', attack: false, play: installInterlock },
  { name: 'an application encrypts with the case-data key', attack: false, play: encrypt },
  { name: 'the architect asks to rotate case-data and signs', attack: false, play: askRotation },
  ...ATTACKS_BEFORE,
  {
    name: 'privacy signs: two of three',
    attack: false,
    play: (stage, notes) => approveRotation(stage, notes, 'privacy'),
  },
  { name: 'the deputy executes: KMS rotates the key once', attack: false, play: executeRotation },
  { name: 'new material encrypts, what was encrypted before still decrypts', attack: false, play: useBoth },
  ...ATTACKS_AFTER,
  { name: 'the architect backs up the keys; privacy verifies all of it', attack: false, play: backUp },
  { name: 'the ledger tells of every record, in an unbroken chain', attack: false, play: verifyLedger },
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

async function foundIt(stage: Stage, notes: Notes): Promise<string> {
  const custodians = notes.signerFiles.flatMap((file) => ['--custodian', file]);
  const outcome = expectExit(
    await stage.run('architect', [
      'init',
      '--interlock',
      ...custodians,
      '--as',
      'architect',
      '--witness',
      'the rehearsal',
    ]),
    0,
  );
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
  const words = [
    ...['keys', 'approve', ...requests.map(({ id }) => id)],
    ...requests.flatMap(({ digest }) => ['--reviewed', digest]),
  ];
  const signed = await Promise.all((['architect', 'privacy'] as const).map((player) => stage.run(player, words)));
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

/** From here on the executor role can change nothing of case-data without the slots of two custodians. */
async function installInterlock(stage: Stage, notes: Notes): Promise<string> {
  const words = ['keys', 'policy', 'case-data', '--executor', 'deputy', '--reason', 'the approval interlock'];
  const [asking] = await Promise.all([stage.run('architect', words), lookAtKeys(stage, notes)]);
  const outcome = expectExit(asking, 0);
  const asked = { id: textAt(outcome.json, 'request', 'id'), digest: textAt(outcome.json, 'request', 'digest') };
  const signed = await Promise.all(
    (['architect', 'privacy'] as const).map((player) =>
      stage.run(player, ['keys', 'approve', asked.id, '--reviewed', asked.digest]),
    ),
  );
  for (const outcome of signed) expectExit(outcome, 0);
  expectExit(await stage.run('deputy', ['keys', 'execute', asked.id]), 0);
  const denied = await stage.callKms('executor', 'RotateKeyOnDemand', { KeyId: notes.caseDataArn });
  expectThat(!denied.ok, 'the executor role alone is denied');
  return outcome.command;
}

const ROTATE = ['keys', 'rotate', 'case-data'];

async function askRotation(stage: Stage, notes: Notes): Promise<string> {
  const outcome = expectExit(
    await stage.run('architect', [...ROTATE, '--executor', 'deputy', '--reason', 'rehearsed rotation']),
    0,
  );
  notes.rotation = { id: textAt(outcome.json, 'request', 'id'), digest: textAt(outcome.json, 'request', 'digest') };
  await approveRotation(stage, notes, 'architect');
  return outcome.command;
}

async function approveRotation(stage: Stage, { rotation }: Notes, player: Player): Promise<string> {
  const words = ['keys', 'approve', rotation?.id ?? '', '--reviewed', rotation?.digest ?? ''];
  return expectExit(await stage.run(player, words), 0).command;
}

async function executeRotation(stage: Stage, { rotation }: Notes): Promise<string> {
  const outcome = expectExit(await stage.run('deputy', ['keys', 'execute', rotation?.id ?? '']), 0);
  expectThat(textAt(outcome.json, 'request', 'state') === 'executed', 'the request is executed');
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
