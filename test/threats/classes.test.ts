import { expect, it, test } from 'vitest';
import { SLOT_CLASSES, type SlotClass } from '../../src/lib/policy/slot.js';
import type { Key } from '../lib/sandbox/support.js';
import {
  type Approval,
  AWAY,
  COLD,
  clearSlots,
  EXECUTOR,
  HOME,
  type Installed,
  type InstalledKey,
  install,
  nameOf,
  PROVIDER,
  roleArn,
  SEATS,
  setSlots,
  slotOf,
} from '../support/installed.js';

/**
 * The tool left out: every changing call, made directly by everyone of an account in which what custody renders is installed.
 * Alone nobody gets one through; two matching slots let exactly their one class through, on the one key in the one Region.
 */

type Input = Record<string, unknown>;
const DENIED = 'AccessDeniedException';

interface Row {
  readonly key: 'root' | 'brought';
  readonly operation: string;
  readonly input: (scene: Scene) => Input;
  readonly arrange?: (scene: Scene) => Promise<void>;
  /** The Region that an approval names, where it is not the key's. */
  readonly region?: string;
  /** What KMS says when it lets the call through; null: done. */
  readonly through?: string;
  /** What it says of another key; null: done. */
  readonly elsewhere?: string | null;
}

interface Scene {
  readonly at: Installed;
  readonly key: InstalledKey;
  readonly seats: Readonly<Record<string, Key>>;
  /** The executor's session in the name of the deputy. */
  readonly executor: Key;
  grantId: string;
}

const of = (operation: string, input: Row['input'] = () => ({}), more: Partial<Row> = {}): Row => ({
  key: 'root',
  operation,
  input: (scene) => ({ KeyId: scene.key.keyId, ...input(scene) }),
  ...more,
});
const alias = (operation: string, AliasName: string): Row => ({
  key: 'root',
  operation,
  input: ({ key }) => ({ AliasName, ...(operation === 'DeleteAlias' ? {} : { TargetKeyId: key.keyId }) }),
});
const GRANT = { GranteePrincipal: roleArn('app'), Operations: ['DescribeKey'] };
const granted = async (scene: Scene) => {
  const answer = await byQuorum(scene, 'grant', 'CreateGrant', { KeyId: scene.key.keyId, ...GRANT });
  scene.grantId = (JSON.parse(answer) as { GrantId: string }).GrantId;
};
const WRAPPING = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' };

/** One call of each class, within the plan's limits. */
const ROWS: Readonly<Record<SlotClass, Row>> = {
  rotate: of('RotateKeyOnDemand'),
  rotation: of('EnableKeyRotation', () => ({ RotationPeriodInDays: 180 })),
  'rotation-off': of('DisableKeyRotation'),
  policy: of('PutKeyPolicy', ({ at, key }) => ({ PolicyName: 'default', Policy: at.policyOf(key.name, HOME) })),
  disable: of('DisableKey'),
  enable: of('EnableKey', undefined, {
    arrange: async (scene) => void (await byQuorum(scene, 'disable', 'DisableKey', { KeyId: scene.key.keyId })),
  }),
  delete: of('ScheduleKeyDeletion', () => ({ PendingWindowInDays: 30 })),
  grant: of('CreateGrant', () => GRANT),
  revoke: of('RevokeGrant', ({ grantId }) => ({ GrantId: grantId })),
  // Of a grant that is not there KMS says so before it asks who wants to know.
  retire: of('RetireGrant', ({ grantId }) => ({ GrantId: grantId }), { elsewhere: 'NotFoundException' }),
  promote: of('UpdatePrimaryRegion', () => ({ PrimaryRegion: AWAY }), { region: AWAY }),
  // The replica is there already: KMS says so only to those whom it would have let make it.
  replicate: of(
    'ReplicateKey',
    ({ at, key }) => ({ ReplicaRegion: AWAY, Policy: at.policyOf(key.name, key.regions.at(-1) ?? '') }),
    {
      arrange: async (scene) => {
        const Policy = scene.at.policyOf(scene.key.name, HOME, ['replicate']);
        await byQuorum(scene, 'policy', 'PutKeyPolicy', { KeyId: scene.key.keyId, PolicyName: 'default', Policy });
      },
      through: 'AlreadyExistsException',
    },
  ),
  'alias-create': alias('CreateAlias', 'alias/cmk/another'),
  'alias-move': alias('UpdateAlias', 'alias/cmk/root'),
  'alias-delete': alias('DeleteAlias', 'alias/cmk/root'),
  tag: of('TagResource', () => ({ Tags: [{ TagKey: 'team', TagValue: 'x' }] })),
  untag: of('UntagResource', () => ({ TagKeys: ['team'] })),
  describe: of('UpdateKeyDescription', () => ({ Description: 'direct' })),
  import: of('GetParametersForImport', () => WRAPPING, { key: 'brought' }),
  'material-off': of('DeleteImportedKeyMaterial', undefined, { key: 'brought' }),
};

async function setScene(name: Row['key']): Promise<Scene> {
  const at = await install({ names: [name, 'case-data'] });
  const seats = Object.fromEntries(await Promise.all(SEATS.map(async (seat) => [seat, await at.enter(seat)] as const)));
  return { at, key: at.keyOf(name), seats, executor: await enterExecutor(at, 'deputy'), grantId: 'f'.repeat(64) };
}

async function enterExecutor(at: Installed, who: string, RoleArn = EXECUTOR): Promise<Key> {
  const by = await at.enter(who);
  const name = who === 'ci' ? { SourceIdentity: 'ci' } : {};
  return (await at.assume(by, { RoleArn, ...name })).session;
}

const approving = (name: SlotClass, change: Partial<Approval> = {}): Approval => ({
  class: name,
  region: ROWS[name].region ?? HOME,
  executor: 'deputy',
  ...change,
});

async function byQuorum({ at, key, seats, executor }: Scene, name: SlotClass, operation: string, input: Input) {
  await setSlots(at, Object.values(seats).slice(0, 2), key, { class: name, region: HOME, executor: 'deputy' });
  const { text } = await at.must(executor, 'kms', operation, input);
  await clearSlots(at, executor, key);
  return text;
}

/** Everyone of the account, by a name for people. */
async function everyone({ at, seats }: Scene): Promise<Readonly<Record<string, Key>>> {
  const names = ['service', 'admin', 'outsider', 'auditor', 'installer', 'ci'];
  const others = await Promise.all(names.map(async (name) => [name, await at.enter(name)] as const));
  const executors = await Promise.all(
    [...SEATS, 'ci'].map(async (who) => [`executor as ${who}`, await enterExecutor(at, who)] as const),
  );
  const cold = await Promise.all(
    SEATS.map(async (who) => [`cold as ${who}`, await enterExecutor(at, who, COLD)] as const),
  );
  return { ...seats, ...Object.fromEntries([...others, ...executors, ...cold]) };
}

async function codes(scene: Scene, people: Readonly<Record<string, Key>>, operation: string, input: Input) {
  const found: Record<string, string | null> = {};
  for (const [name, key] of Object.entries(people))
    found[name] = (await scene.at.ask(key, 'kms', operation, input)).code;
  return found;
}

const allDenied = (people: object) => Object.fromEntries(Object.keys(people).map((name) => [name, DENIED]));

/** The table's calls that do not belong to a class, on the same key. */
function otherCalls(name: SlotClass, scene: Scene): readonly (readonly [string, Input])[] {
  const rows = SLOT_CLASSES.filter((other) => other !== name && ROWS[other].key === scene.key.name);
  return rows.map((other) => [ROWS[other].operation, ROWS[other].input(scene)] as const);
}

it.each(SLOT_CLASSES)(
  'T47 T48 T49 T53 T54 %s: nobody alone, and two matching slots let that one call through',
  async (name) => {
    const {
      key: keyName,
      operation,
      input: inputOf,
      arrange,
      through = null,
      elsewhere: elsewhereSays = DENIED,
    } = ROWS[name];
    const scene = await setScene(keyName);
    // So that there is one to revoke, whatever else is tried.
    if (keyName === 'root') await granted(scene);
    await arrange?.(scene);
    const { at, key, seats, executor } = scene;
    const input = inputOf(scene);
    const people = await everyone(scene);
    expect(await codes(scene, people, operation, input), 'nobody approved').toEqual(allDenied(people));

    const [first, second] = Object.values(seats);
    if (!first || !second) throw new Error('two seats are needed');
    const mine = { executor };
    const wrong: readonly (readonly [string, readonly Approval[]])[] = [
      ['one slot', [approving(name)]],
      ['two requests', [approving(name), approving(name, { digestHex: 'b'.repeat(64) })]],
      ['another Region', [approving(name, { region: 'us-east-1' }), approving(name, { region: 'us-east-1' })]],
      [
        'another key',
        [
          approving(name, { keyId: at.keyOf('case-data').keyId }),
          approving(name, { keyId: at.keyOf('case-data').keyId }),
        ],
      ],
      ['another executor', [approving(name, { executor: 'architect' }), approving(name, { executor: 'architect' })]],
    ];
    for (const [what, [one, other]] of wrong) {
      if (one) await setSlots(at, [first], key, one);
      if (other)
        await at.must(second, 'iam', 'TagRole', { RoleName: nameOf(EXECUTOR), Tags: [slotOf(key, 'privacy', other)] });
      expect(await codes(scene, mine, operation, input), what).toEqual(allDenied(mine));
      await clearSlots(at, executor, key);
    }

    await setSlots(at, [first, second], key, approving(name));
    const { 'executor as deputy': _named, ...others } = people;
    expect(await codes(scene, others, operation, input), 'not the executor that was named').toEqual(allDenied(others));
    for (const [call, given] of otherCalls(name, scene)) {
      expect([call, await codes(scene, mine, call, given)]).toEqual([call, allDenied(mine)]);
    }
    // An alias is of one key: there is no other to be tried.
    if (operation === 'DeleteAlias')
      expect(await at.ask(executor, 'kms', operation, { AliasName: 'alias/cmk/case-data' })).toMatchObject({
        code: DENIED,
      });
    else {
      const elsewhere = await at.ask(executor, 'kms', operation, inputOf({ ...scene, key: at.keyOf('case-data') }));
      expect(elsewhere.code, 'another key').toBe(elsewhereSays);
    }
    if (keyName === 'root' && name !== 'promote') {
      const replica = await at.ask(executor, 'kms', operation, input, AWAY);
      expect(replica.code, 'the replica').toBe(elsewhereSays);
    }
    expect((await at.ask(executor, 'kms', operation, input)).code).toBe(through);
  },
);

test('T48 T49 T54 new material and the rotation to it are calls of their own: no step opens another one', async () => {
  const scene = await setScene('brought');
  const { at, key, seats, executor } = scene;
  const two = Object.values(seats).slice(0, 2);
  const calls = [
    ['GetParametersForImport', WRAPPING],
    ['ImportKeyMaterial', { ImportToken: 'AA==', EncryptedKeyMaterial: 'AA==' }],
    ['RotateKeyOnDemand', {}],
  ] as const;
  const through = async () => {
    const answers = [];
    for (const [operation, input] of calls)
      answers.push((await at.ask(executor, 'kms', operation, { KeyId: key.keyId, ...input })).code !== DENIED);
    return answers;
  };
  expect(await through(), 'nobody approved').toEqual([false, false, false]);
  const steps = [
    ['import', [true, true, false]],
    ['rotate', [false, false, true]],
  ] as const;
  for (const [name, opened] of steps) {
    await setSlots(at, two, key, { class: name, region: HOME, executor: 'deputy' });
    expect(await through(), name).toEqual(opened);
    // The first seat is at the next step already: half of each is no quorum of either.
    await setSlots(at, two.slice(0, 1), key, {
      class: name === 'import' ? 'rotate' : 'import',
      region: HOME,
      executor: 'deputy',
    });
    expect(await through(), 'between two steps').toEqual([false, false, false]);
    await clearSlots(at, executor, key);
  }
});

const CHANGES_OF_ROLES: readonly (readonly [string, Input])[] = [
  [
    'TagRole',
    {
      Tags: [
        { Key: 'custody:architect:case-data', Value: 'x' },
        { Key: 'custody:privacy:case-data', Value: 'x' },
      ],
    },
  ],
  ['TagRole', { Tags: [{ Key: 'Custody:Architect:Case-data', Value: 'x' }] }],
  ['TagRole', { Tags: [{ Key: 'custody:counsel:case-data', Value: 'x' }] }],
  ['UpdateAssumeRolePolicy', { PolicyDocument: '{"Version":"2012-10-17","Statement":[]}' }],
  ['PutRolePolicy', { PolicyName: 'more', PolicyDocument: '{"Version":"2012-10-17","Statement":[]}' }],
  ['DeleteRolePolicy', { PolicyName: 'custody' }],
  ['DeleteRole', {}],
];

test('T52 T57 T58 nobody plants two slots, a slot in other letters, or changes roles and providers; but for the installer', async () => {
  const scene = await setScene('root');
  const { installer, ...people } = await everyone(scene);
  if (!installer) throw new Error('the installer did not come in');
  const roles = [EXECUTOR, COLD, ...SEATS.map(roleArn), roleArn('ci')].map(nameOf);
  for (const [name, key] of Object.entries(people)) {
    for (const [operation, input] of CHANGES_OF_ROLES) {
      for (const RoleName of roles) {
        const { code } = await scene.at.ask(key, 'iam', operation, { RoleName, ...input });
        expect([name, operation, RoleName, code]).toEqual([name, operation, RoleName, 'AccessDenied']);
      }
    }
    const provider = { OpenIDConnectProviderArn: PROVIDER };
    expect((await scene.at.ask(key, 'iam', 'DeleteOpenIDConnectProvider', provider)).code).toBe('AccessDenied');
  }
  // Not even the installer approves.
  const RoleName = nameOf(EXECUTOR);
  const planted = { RoleName, Tags: [{ Key: 'custody:architect:case-data', Value: 'x' }] };
  expect((await scene.at.ask(installer, 'iam', 'TagRole', planted)).code).toBe('AccessDenied');
});
