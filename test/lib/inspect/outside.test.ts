import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { judgeOutside, outsideChecks, readOutside } from '../../../src/lib/inspect/outside.js';
import type { KeyReader } from '../../../src/lib/key/key.js';
import { createTeam, PRIMARY, REPLICA } from '../../support/people.js';

const { plan, roster } = (({ plan: numbered, roster: people }) => ({ plan: numbered.plan, roster: people }))(
  createTeam(),
);
const AROUND = { account: plan.account, principals: null, serviceControlPolicies: null, resourceControlPolicies: null };
const statement = (change: object) =>
  JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Resource: '*', ...change } });
const BY_ADMIN = statement({ Principal: { AWS: `arn:aws:iam::${plan.account}:role/admin` }, Action: 'kms:*' });
const LOCKED = statement({ Principal: { AWS: `arn:aws:iam::${plan.account}:role/app` }, Action: 'kms:Decrypt' });

const denied = async (): Promise<never> => {
  throw new CustodyError('DENIED', 'not with these credentials');
};

interface Fake {
  readonly policy?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly alias?: string;
}

/** Keys by id in the primary Region; none in the other. */
function reader(keys: Readonly<Record<string, Fake>>, change: Partial<KeyReader> = {}): KeyReader {
  const fake: Partial<KeyReader> = {
    keyIds: async (region) => (region === PRIMARY ? Object.keys(keys) : []),
    aliases: async () =>
      Object.entries(keys).flatMap(([keyId, { alias }]) => (alias ? [{ name: alias, keyId } as never] : [])),
    tags: async (_, id) => keys[id]?.tags ?? {},
    policy: async (_, id) => keys[id]?.policy ?? denied(),
    ...change,
  };
  return fake as KeyReader;
}

async function outside(
  keys: Readonly<Record<string, Fake>>,
  known: readonly string[] = [],
  change: Partial<KeyReader> = {},
) {
  const seen = await readOutside(reader(keys, change), plan, roster.repository, new Map([[PRIMARY, new Set(known)]]));
  const judged = judgeOutside(seen, AROUND);
  return { keys: judged, checks: outsideChecks(seen, judged) };
}

describe('keys outside of the plan', () => {
  it('are those of the account that nobody knows, without AWS’s own', async () => {
    const found = await outside(
      {
        ours: { policy: BY_ADMIN },
        aws: { policy: BY_ADMIN, alias: 'alias/aws/s3' },
        app: { policy: BY_ADMIN, alias: 'alias/app' },
      },
      ['ours'],
    );
    expect(found.keys.map(({ keyId, alias, kind }) => [keyId, alias, kind])).toEqual([['app', 'alias/app', 'other']]);
    expect(found.checks).toEqual([
      { id: 'outside', status: 'pass', detail: '1 key outside of the plan: listed, not counted' },
    ]);
  });

  it('are told with who alone changes them, and with what is wrong with their policy', async () => {
    const { keys } = await outside({ open: { policy: BY_ADMIN }, locked: { policy: LOCKED } });
    expect(keys[0]?.findings[0]?.sentence).toContain('role/admin can kms:PutKeyPolicy');
    expect(keys[0]?.lint.map(({ rule }) => rule)).toContain('grant-unlimited');
    expect(keys[1]?.lint.map(({ rule }) => rule)).toContain('lock-out');
    expect(keys[1]?.findings.map(({ claim }) => claim)).toContain('no-lockout');
  });

  it('T61 are a failure where they have this repository’s tag', async () => {
    const { checks } = await outside({
      stray: { policy: BY_ADMIN, tags: { 'custody:repository': roster.repository } },
    });
    expect(checks).toEqual([
      {
        id: 'outside',
        status: 'fail',
        detail: expect.stringContaining("has this repository's tag, and is not in the plan"),
      },
    ]);
    const other = await outside({ stray: { policy: BY_ADMIN, tags: { 'custody:repository': 'ffffffffffffffff' } } });
    expect(other.checks).toMatchObject([{ status: 'pass' }]);
  });

  it('are told apart from the signing keys of custodians', async () => {
    const { keys } = await outside({ mine: { policy: BY_ADMIN, tags: { 'custody:signer': 'architect' } } });
    expect(keys[0]?.kind).toBe('signer');
  });

  it.each([
    ['whose policy may not be read', undefined],
    ['whose policy is none', '{"Version":"2012-10-17"}'],
    ['whose policy is no JSON', 'not a policy'],
  ])('are listed all the same: one %s', async (_, policy) => {
    const { keys } = await outside({ shut: policy === undefined ? {} : { policy } });
    expect(keys).toEqual([expect.objectContaining({ keyId: 'shut', read: false, findings: [], lint: [] })]);
  });

  it('T23 are unproven where they may not be listed', async () => {
    const { checks } = await outside({}, [], { keyIds: denied });
    expect(checks.map(({ status }) => status)).toEqual([PRIMARY, REPLICA].map(() => 'skip'));
    await expect(
      outside({}, [], {
        keyIds: async () => {
          throw new CustodyError('UNAVAILABLE', 'no answer');
        },
      }),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
