import { randomBytes } from 'node:crypto';
import { CreateGrantCommand, DecryptCommand, KMSClient, RetireGrantCommand } from '@aws-sdk/client-kms';
import { fromIni } from '@aws-sdk/credential-providers';
import { expect } from 'vitest';
import { commitmentOf } from '../../src/lib/base/material.js';
import { instantFromMillis } from '../../src/lib/base/time.js';
import type { Seat } from '../../src/lib/cli/context.js';
import { copyContext } from '../../src/lib/copy/copy.js';
import { at, listAt, textAt } from '../../src/lib/rehearse/expect.js';
import { createProposal } from '../../src/lib/request/estate.js';
import { type Proposal, planProposal } from '../../src/lib/request/open.js';
import { askedIn, type World } from '../scenarios/world.js';
import { type CliOutcome, custody, type Player } from '../support/cli.js';
import { PRIMARY } from '../support/people.js';
import { foundedWorld } from './founded.js';
import { type Cut, kill } from './kill.js';
import { carryOut, passTime } from './seats.js';
import { count, filesOf } from './whole.js';

/**
 * A copy of imported material by the command line alone: kept while the machine is killed at each place between the copy and the
 * import, proven by a drill, and what brings the material back once it is gone. docs/imported-material.md says it in these steps.
 */

const DAY = 86_400;
const KEY = 'webauthn';
const ROLE: Readonly<Record<string, string>> = { privacy: 'PrivacyEngineer', architect: 'SecurityArchitect' };
const roleArn = (player: string) => `arn:aws:iam::000000000000:role/${ROLE[player]}`;

const alone = ({ plan, state: { roster } }: Seat, name: string): Proposal => {
  const proposal = createProposal(plan, roster, name, 'first the primary', null);
  return { ...proposal, parameters: { ...proposal.parameters, replicas: [] } };
};

/** The root and one key of imported material are all that the plan has, from the next plan on. */
const imported = ({ state: { plan } }: Seat): Proposal => {
  const { root, [KEY]: key } = plan.plan.keys;
  if (!root || !key) throw new Error('the template has both');
  const external = { ...key, origin: 'EXTERNAL', rotation: { ...key.rotation, automatic: false } } as const;
  return planProposal(plan, { ...plan.plan, keys: { ...plan.plan.keys, root, [KEY]: external } }, 'our material', null);
};

const story = foundedWorld(async (world) => {
  await carryOut(world, imported);
  for (const name of ['root', KEY]) await carryOut(world, (seat) => alone(seat, name));
});

async function opened(world: World, material: Uint8Array, ...words: string[]): Promise<string> {
  const all = ['keys', 'import', KEY, '--material-fd', '3', '--reason', 'the plan', ...words, '--json'];
  const outcome = await custody(all, world.environment('architect'), material);
  expect(outcome.exit, outcome.stdout).toBe(0);
  const asked = askedIn(outcome);
  await Promise.all((['architect', 'privacy'] as const).map((player) => world.approve(player, asked)));
  return asked.id;
}

const executing = (id: string) => ['keys', 'execute', id, '--material-fd', '3', '--copy-profile', 'drill'];

function execute(world: World, id: string, material: Uint8Array, player: Player = 'deputy'): Promise<CliOutcome> {
  return custody([...executing(id), '--json'], world.environment(player), material);
}

/** What the drill says of the key's data and its copy. */
async function drill(world: World) {
  const words = ['dr', 'verify', '--drill-profile', 'drill', '--only', 'data', '--only', 'material'];
  const { json } = await world.ends(3, 'architect', ...words);
  const found = (id: string) => listAt(json, 'checks').find((item) => at(item, 'id') === id);
  const said = (id: string) => [at(found(id), 'status'), String(at(found(id), 'detail'))];
  return { data: said(`data.${KEY}`), copies: said(`material.${KEY}.copies`), import: said('material.import') };
}

function kms(world: World, profile: string): KMSClient {
  const { configFile: configFilepath, credentialsFile: filepath, endpoint } = world.serving.info;
  const credentials = fromIni({ profile, configFilepath, filepath, ignoreCache: true });
  return new KMSClient({ region: PRIMARY, endpoint, credentials });
}

const CUTS: readonly (readonly [where: string, cut: Cut, copies: number])[] = [
  ['KMS has encrypted the copy, nobody has it', { aws: 'Encrypt', when: 'after' }, 0],
  ['the copy has arrived, nothing is imported', { git: 'push', when: 'after' }, 1],
  ['the material is imported, no receipt says so', { aws: 'ImportKeyMaterial', when: 'after' }, 1],
];

story('T51 a copy is kept before its material comes, is proven, and brings it back', async (world) => {
  const material = randomBytes(32);
  const path = `materials/${KEY}/${commitmentOf(material).slice('sha256:'.length)}.json`;
  const expires = instantFromMillis((Math.floor(world.serving.sandbox.nowMillis() / 1000) + 3 * DAY) * 1000);
  const id = await opened(world, material, '--expires', expires);

  for (const [where, cut, copies] of CUTS) {
    await kill(world, { player: 'deputy', words: executing(id), input: material }, cut);
    world.serving.sandbox.advance(60);
    expect([where, filesOf(world).has(path) ? 1 : 0, count(world, 'copy')]).toEqual([where, copies, copies]);
  }
  const kept = world.read(path);
  const done = await execute(world, id, material);
  expect([done.exit, at(done.json, 'copy')], done.stdout).toEqual([0, path]);
  // What was kept before it was killed is what is kept.
  expect([world.read(path) === kept, count(world, 'copy')]).toEqual([true, 1]);
  expect(world.done.filter((name) => name === 'ImportKeyMaterial')).toHaveLength(1);

  const first = await drill(world);
  expect(first.copies).toEqual(['pass', expect.stringContaining('1 copies were moved within root')]);
  expect(first.data[0]).toBe('skip');

  // Nothing can be read any more, and the copy is there all the same.
  await passTime(world, 4 * DAY);
  const lost = await drill(world);
  expect([lost.data, lost.copies[0]]).toEqual([['fail', expect.stringContaining('PendingImport')], 'pass']);

  const back = await openedByTwo(world, path);
  expect(back.equals(material)).toBe(true);
  const known = listAt((await world.ok('privacy', 'keys', 'show', KEY)).json, 'materials');
  const wanted = await opened(world, back, '--material', textAt(known[0], 'id'), '--never-expires');
  const restored = await execute(world, wanted, back, 'privacy');
  expect([restored.exit, at(restored.json, 'copy')], restored.stdout).toEqual([0, path]);
  expect([world.read(path) === kept, count(world, 'copy')]).toEqual([true, 1]);
  const whole = await drill(world);
  expect([whole.data, whole.copies[0]]).toEqual([['pass', expect.stringContaining('1 stored canaries')], 'pass']);
});

/** One seat grants, the other decrypts: nobody else could, and neither alone. */
async function openedByTwo(world: World, path: string): Promise<Buffer> {
  const envelope = JSON.parse(world.read(path));
  const { predicate } = JSON.parse(Buffer.from(envelope.dsseEnvelope.payload, 'base64').toString('utf8'));
  const EncryptionContext = { ...copyContext('root', KEY, predicate.commitment) };
  const [grants, opens] = [kms(world, 'architect'), kms(world, 'privacy')];
  const decrypt = () =>
    opens.send(
      new DecryptCommand({
        KeyId: predicate.root,
        CiphertextBlob: Buffer.from(predicate.ciphertext, 'base64'),
        EncryptionContext,
      }),
    );
  await expect(decrypt()).rejects.toThrow(expect.objectContaining({ name: 'AccessDeniedException' }));
  const { GrantId } = await grants.send(
    new CreateGrantCommand({
      KeyId: predicate.root,
      GranteePrincipal: roleArn('privacy'),
      RetiringPrincipal: roleArn('architect'),
      Operations: ['Decrypt'],
      Constraints: { EncryptionContextEquals: EncryptionContext },
    }),
  );
  world.serving.sandbox.advance(360);
  const { Plaintext = new Uint8Array() } = await decrypt();
  await grants.send(new RetireGrantCommand({ KeyId: predicate.root, GrantId }));
  for (const client of [grants, opens]) client.destroy();
  return Buffer.from(Plaintext);
}
