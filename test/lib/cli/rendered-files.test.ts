import { mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readRendered } from '../../../src/lib/cli/rendered-files.js';
import { type ProofQuestion, proveEvidence } from '../../../src/lib/inspect/proof.js';
import { regionsOf } from '../../../src/lib/plan/plan.js';
import { type RenderedPolicy, renderAccount, renderKey } from '../../../src/lib/policy/render.js';
import type { Entrance } from '../../../src/lib/policy/trust-policies.js';
import { createTeam, PRIMARY } from '../../support/people.js';

const folder = mkdtempSync(join(tmpdir(), 'custody-rendered-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const team = createTeam();
const { plan } = team.plan;
const { roster } = team;
const NAME = 'case-data';
const KEY_ID = 'mrk-0123456789abcdef0123456789abcdef';
const regions = regionsOf(plan, plan.keys[NAME] ?? { replicas: [] });
const NOTHING = { serviceControlPolicies: null, resourceControlPolicies: null };
const question: ProofQuestion = { plan, roster, names: [NAME], organization: NOTHING };

const provider = `arn:aws:iam::${plan.account}:oidc-provider/idp.example.com`;
const door = (id: string): Entrance => ({
  type: 'oidc',
  providerArn: provider,
  audience: 'custody',
  subject: `subject-${id}`,
});
const ids = [...roster.custodians.map(({ id }) => String(id)), 'auditor', 'drill'];
const rendered: readonly RenderedPolicy[] = [
  ...regions.map((region) => renderKey(plan, roster, NAME, region, { keyId: KEY_ID })),
  ...renderAccount(plan, roster, {
    entrances: {
      ...Object.fromEntries(ids.map((id) => [id, door(id)])),
      ci: {
        ...door('ci'),
        providerArn: `arn:aws:iam::${plan.account}:oidc-provider/token.actions.githubusercontent.com`,
        subject: 'repo:acme/keys:environment:custody',
        workflow: 'acme/keys/.github/workflows/custody.yml@refs/heads/main',
      } as Entrance,
    },
    organizationId: null,
    breakGlassRoleArns: [],
  }),
];

/** The folder that `policy render --out` would have written, changed. */
function written(change: (dir: string) => void = () => undefined): string {
  const dir = mkdtempSync(join(folder, 'out-'));
  for (const { name, policy } of rendered) writeFileSync(join(dir, `${name}.json`), policy);
  change(dir);
  return dir;
}

const FILE = `key-${NAME}-${PRIMARY}.json`;
const read = (dir: string, asked = question) => readRendered(dir, asked);
const proof = async (dir: string) => proveEvidence(...(await read(dir)));

describe('rendered files', () => {
  it('are proven as they were written: whatever is about the keys and the roles holds', async () => {
    const { checks, findings } = await proof(written());
    expect(findings.filter(({ status }) => status === 'broken')).toEqual([]);
    const open = checks.filter(({ status }) => status !== 'pass').map(({ id }) => id);
    // Who installs the roles is not among what is rendered.
    expect(open).toEqual(['roles-frozen']);
  });

  it('give keys with the id that they name, roles with both of their policies, and the organization', async () => {
    const [asked, evidence] = await read(written());
    expect(evidence.keys.map(({ region, keyId, grants }) => [region, keyId, grants])).toEqual(
      regions.map((region) => [region, KEY_ID, 'not-asked']),
    );
    expect(evidence.unread).toEqual([]);
    expect(
      evidence.principals?.map(({ arn, trust, identity }) => [arn.split('/').at(-1), trust !== null, identity?.length]),
    ).toEqual(
      [
        'architect',
        'deputy',
        'privacy',
        'ci',
        'custody-executor',
        'custody-cold',
        'custody-auditor',
        'custody-drill',
      ].map((name) => [name, true, 1]),
    );
    expect(asked.organization.serviceControlPolicies?.[0]).toHaveLength(2);
    expect(asked.organization.resourceControlPolicies?.[0]).toHaveLength(2);
  });

  it('take the organization that was given by itself before the one among them', async () => {
    const given = { serviceControlPolicies: [[]], resourceControlPolicies: [[]] };
    const [asked] = await read(written(), { ...question, organization: given });
    expect(asked.organization).toEqual(given);
  });

  it.each<[string, (dir: string) => void]>([
    ['the key’s file is gone', (dir) => unlinkSync(join(dir, FILE))],
    [
      'it names no key',
      (dir) =>
        writeFileSync(
          join(dir, FILE),
          '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}}',
        ),
    ],
    [
      'it has another name',
      (dir) => writeFileSync(join(dir, `KEY-${NAME}-${PRIMARY}.json`), '{}') ?? unlinkSync(join(dir, FILE)),
    ],
    ['all of it is gone', (dir) => rmSync(dir, { recursive: true })],
  ])('T23 prove nothing of a key where %s', async (_, change) => {
    const dir = written(change);
    const [, { unread }] = await read(dir);
    expect(unread[0]).toContain(`${NAME} in ${PRIMARY}: no file ${FILE}`);
    expect((await proof(dir)).verdict).not.toBe('verified');
  });

  it('do not tell of roles whose files are gone', async () => {
    const dir = written((at) => {
      for (const { name } of rendered) if (/^(?:role|trust)-/.test(name)) unlinkSync(join(at, `${name}.json`));
    });
    expect((await read(dir))[1].principals).toBeNull();
    const half = written((at) => unlinkSync(join(at, 'trust-architect.json')));
    const { checks } = await proof(half);
    expect(checks).toContainEqual(expect.objectContaining({ id: 'one-subject-one-seat', status: 'skip' }));
  });

  it.each<[string, string, string]>([
    ['no JSON', '{"Version":', 'POLICY_MALFORMED'],
    ['no object', '[]', 'POLICY_MALFORMED'],
    ['no policy', '{"Hello":"world"}', 'POLICY_MALFORMED'],
    ['an element twice', '{"Version":"2012-10-17","Statement":[],"Statement":[]}', 'POLICY_MALFORMED'],
    [
      'an unknown effect',
      '{"Version":"2012-10-17","Statement":{"Effect":"Maybe","Action":"*","Resource":"*"}}',
      'POLICY_MALFORMED',
    ],
    ['nothing in it', '', 'POLICY_MALFORMED'],
    ['more than a policy can be', ' '.repeat(300 * 1024), 'LIMIT_EXCEEDED'],
  ])('are refused where one is %s', async (_, text, code) => {
    for (const name of [FILE, 'role-architect.json', 'trust-executor.json', 'organization-scp.json']) {
      const dir = written((at) => writeFileSync(join(at, name), text));
      await expect(read(dir), name).rejects.toMatchObject({ code });
    }
  });

  it('are refused where one is a folder', async () => {
    const dir = written((at) => {
      unlinkSync(join(at, FILE));
      mkdirSync(join(at, FILE));
    });
    await expect(read(dir)).rejects.toBeInstanceOf(Error);
  });

  it('T42 break a claim where one of them was changed', async () => {
    const open = JSON.stringify({
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${plan.account}:role/ci-admin` },
      Action: 'kms:PutKeyPolicy',
      Resource: '*',
    });
    const key = rendered.find(({ name }) => `${name}.json` === FILE)?.policy ?? '';
    const changed = key.replace('"Statement":[', `"Statement":[${open},`);
    const { verdict, findings } = await proof(written((dir) => writeFileSync(join(dir, FILE), changed)));
    expect(verdict).toBe('refused');
    expect(findings[0]?.sentence).toContain(
      'role/ci-admin can kms:PutKeyPolicy alone, because statement 1 of the key policy allows it',
    );
    const trust = rendered.find(({ name }) => name === 'trust-ci')?.policy ?? '';
    const unpinned = trust.replace(/"[^"]*:job_workflow_ref":"[^"]*",/, '');
    expect(unpinned).not.toBe(trust);
    const loose = await proof(written((dir) => writeFileSync(join(dir, 'trust-ci.json'), unpinned)));
    expect(loose.checks).toContainEqual(expect.objectContaining({ id: 'automation-pinned', status: 'fail' }));
  });
});
