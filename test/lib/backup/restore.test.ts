import { beforeEach, describe, expect, it } from 'vitest';
import { againstNewest } from '../../../src/lib/backup/against.js';
import { backupAt, newestBackup } from '../../../src/lib/backup/at.js';
import { diffSides, sideOfBackup, sideOfLive } from '../../../src/lib/backup/diff.js';
import { prepareRestore, type RestoreWish } from '../../../src/lib/backup/restore.js';
import type { CustodyError } from '../../../src/lib/base/errors.js';
import type { Aws } from '../../../src/lib/request/ports.js';
import { APP, type BackupDesk, backupDesk, createBackupOffice, policyOf } from '../../support/backup-desk.js';
import type { Office } from '../../support/office.js';
import { CASE_DATA_KEY, PRIMARY, REPOSITORY } from '../../support/people.js';

const ALIAS = 'alias/cmk/case-data';
const NEW_KEY = 'ffffffff-12ab-34cd-56ef-1234567890ab';
const wish = (from: number | null = null): RestoreWish => ({
  key: 'case-data',
  region: null,
  from,
  how: { reason: 'r', executor: null },
});

let office: Office;
let desk: BackupDesk;
beforeEach(async () => {
  office = await createBackupOffice();
  desk = backupDesk(office.desk('architect'));
});

async function restore(from: number | null = null, change: (aws: Aws) => Aws = (aws) => aws) {
  const { state, place, signing } = await desk.run();
  return prepareRestore(
    {
      state,
      place,
      verifier: signing.verifier,
      aws: change(office.desk('architect').aws),
      now: office.desk('architect').ports.clock.now(),
    },
    wish(from),
  );
}

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (cause: unknown) => cause as CustodyError,
  );
const key = () => office.aws.key(CASE_DATA_KEY, PRIMARY);

describe('T42 an older policy', () => {
  it('is shown against live and newest, with a warning where it is weaker', async () => {
    key().policy = policyOf('kms:Decrypt', 'kms:Encrypt');
    await desk.backUp();
    key().policy = policyOf('kms:Encrypt');
    await desk.backUp();
    const found = await restore(1);
    expect(found.proposal).toMatchObject({ action: 'key.policy', key: { name: 'case-data', keyId: CASE_DATA_KEY } });
    expect(found).toMatchObject({ newest: 2, backup: { sequence: 1 }, weaker: [APP] });
    expect(found.againstLive).toEqual([{ principal: APP, gains: ['Decrypt'], loses: [], conditional: [] }]);
    expect(found.againstNewest).toEqual(found.againstLive);
    const { state, place, signing } = await desk.run();
    const said = { ...found.proposal, account: '111122223333' } as never;
    expect(await againstNewest(place, signing.verifier, state, said)).toMatchObject({
      sequence: 2,
      difference: found.againstLive,
    });
    expect(
      await againstNewest(place, signing.verifier, state, { ...(said as object), action: 'key.rotate' } as never),
    ).toBeNull();
  });

  it('warns also where the weaker one is live already, and only the newest backup knows better', async () => {
    key().policy = policyOf('kms:Decrypt', 'kms:Encrypt');
    await desk.backUp();
    key().policy = policyOf('kms:Encrypt');
    await desk.backUp();
    key().policy = policyOf('kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey');
    const found = await restore(1);
    expect(found.againstLive).toEqual([{ principal: APP, gains: [], loses: ['GenerateDataKey'], conditional: [] }]);
    expect(found.againstNewest).toEqual([{ principal: APP, gains: ['Decrypt'], loses: [], conditional: [] }]);
    expect(found.weaker).toEqual([APP]);
  });

  it.each([
    ['no JSON', 'not a policy'],
    ['no policy', '{"Version":"2012-10-17","Statement":[{"Effect":"Perhaps"}]}'],
    ['JSON of which one name is read twice', '{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}'],
  ])('a live policy that is %s counts as none: everything is gained, and it is replaced', async (_, live) => {
    key().policy = policyOf('kms:Encrypt');
    await desk.backUp();
    key().policy = live;
    const found = await restore();
    expect(found.proposal).toMatchObject({ action: 'key.policy' });
    expect(found.againstLive).toEqual([{ principal: APP, gains: ['Encrypt'], loses: [], conditional: [] }]);
    expect(found.weaker).toEqual([APP]);
  });

  it('that is the live one asks for nothing', async () => {
    await desk.backUp();
    expect(await restore()).toMatchObject({ proposal: null, weaker: [], leftovers: [] });
    await expect(restore(7)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('whose file is not the one that was signed is refused by name', async () => {
    await desk.backUp();
    const path = `backups/111122223333/${PRIMARY}/${CASE_DATA_KEY}/policy.json`;
    const files = new Map(office.remote.files());
    files.set(path, Buffer.from(policyOf('kms:*')));
    office.remote.force(files);
    const refused = await refusal(restore());
    expect(refused?.code).toBe('REFUSED');
    expect(refused?.message).toContain(path);
  });
});

describe('T44 dead principals', () => {
  const withRole =
    (id: string | null) =>
    (aws: Aws): Aws => ({ ...aws, authority: { ...aws.authority, roleId: async () => id } });

  it('a role that is gone, and one that was made again, are refused', async () => {
    await desk.backUp();
    key().policy = policyOf('kms:Encrypt');
    expect((await refusal(restore(1, withRole(null))))?.message).toContain(`${APP} is gone`);
    const again = await refusal(restore(1, withRole('AROANEW')));
    expect(again).toMatchObject({ code: 'REFUSED' });
    expect(again?.message).toContain('was made again since');
  });

  it('one that was deleted before the backup stands there by its unique id', async () => {
    key().policy = policyOf('kms:Encrypt').replace(APP, 'AROAEXAMPLEEXAMPLE12');
    await desk.backUp();
    key().policy = policyOf('kms:Encrypt');
    expect((await refusal(restore(1)))?.message).toContain('AROAEXAMPLEEXAMPLE12 was deleted before the backup');
  });

  it('one that the backup does not know is refused', async () => {
    await desk.backUp({ sources: { reader: office.desk('architect').aws.reader, roleId: async () => null } });
    key().policy = policyOf('kms:Encrypt');
    expect((await refusal(restore(1)))?.message).toContain('does not know who it was');
  });
});

it('a key that was made again is found by its alias, and its policy means the new one', async () => {
  key().policy = policyOf('kms:Decrypt').replace('"Use"', `"${CASE_DATA_KEY}"`);
  await desk.backUp();
  office.aws.seed('case-data', ALIAS, REPOSITORY, NEW_KEY).policy = policyOf('kms:Encrypt');
  const found = await restore();
  expect(found.backup.keyId).toBe(CASE_DATA_KEY);
  expect(found.proposal?.key?.keyId).toBe(NEW_KEY);
  expect(found.proposal?.parameters.policy).toContain(NEW_KEY);
  expect(found.proposal?.parameters.policy).not.toContain(CASE_DATA_KEY);
});

it('what else differs is listed, with the command for each', async () => {
  Object.assign(key().tags, { team: "it's" });
  key().description = 'then';
  key().enabled = true;
  key().periodDays = 365;
  office.aws.aliases[PRIMARY] = { ...office.aws.aliases[PRIMARY], 'alias/second': CASE_DATA_KEY };
  await desk.backUp();
  delete key().tags.team;
  key().description = 'now';
  key().enabled = false;
  delete office.aws.aliases[PRIMARY]?.['alias/second'];
  const { leftovers } = await restore();
  expect(leftovers.map(({ command }) => command)).toEqual([
    'custody keys alias case-data --create alias/second --in eu-central-1',
    `custody keys tag case-data 'team=it'\\''s' --in eu-central-1`,
    'custody keys describe case-data then --in eu-central-1',
    'custody keys rotation case-data --period-days 365',
  ]);
});

describe('differences', () => {
  it('between two backups, and against live keys: who gains what, and each field', async () => {
    await desk.backUp();
    key().policy = policyOf('kms:Decrypt', 'kms:Encrypt');
    key().tags.team = 'cases';
    await desk.backUp();
    key().description = 'other words';
    const { state, place, signing, sources, scope, ports } = await desk.run();
    const one = sideOfBackup(await backupAt(place, signing.verifier, state, 1));
    const two = sideOfBackup(await newestBackup(place, signing.verifier, state));
    expect(await diffSides(one, one, scope.plan)).toEqual([]);
    expect(await diffSides(one, two, scope.plan)).toEqual([
      {
        region: PRIMARY,
        keyId: CASE_DATA_KEY,
        aliases: [ALIAS],
        change: 'changed',
        policy: [{ principal: APP, gains: ['Encrypt'], loses: [], conditional: [] }],
        changes: [{ file: 'tags', path: 'team', from: null, to: 'cases' }],
      },
    ]);
    const live = await sideOfLive({ ...sources, clock: ports.clock, progress: () => undefined }, scope);
    const [found] = await diffSides(two, live, scope.plan);
    expect(found).toMatchObject({ policy: [], changes: [{ file: 'key', path: 'description', to: 'other words' }] });
  });
});
