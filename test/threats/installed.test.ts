import { beforeAll, describe, expect, it } from 'vitest';
import { verdictExit } from '../../src/lib/cli/checks.js';
import { type ProofEvidence, proofReport, proveEvidence } from '../../src/lib/inspect/proof.js';
import { accountRolesOf } from '../../src/lib/policy/account-roles.js';
import { parsePolicy } from '../../src/lib/policy/document.js';
import { FULL_ACCESS } from '../../src/lib/policy/evaluate.js';
import { resourceControlPolicy } from '../../src/lib/policy/organization.js';
import { interlockOfRoster, proofKeyOf } from '../../src/lib/policy/proof/roster.js';
import type { ProofKey } from '../../src/lib/policy/proof/subject.js';
import type { RenderedPolicy, RenderedRole } from '../../src/lib/policy/render.js';
import { terraformOf } from '../../src/lib/policy/terraform.js';
import { type Mutant, withoutConditions } from '../lib/policy/mutants.js';
import {
  AWAY,
  COLD,
  EXECUTOR,
  HOME,
  type Installed,
  type InstalledKey,
  install,
  nameOf,
  renderedFor,
  roleArn,
  setOrganization,
  setSlots,
} from '../support/installed.js';

/** What `policy render` prints, installed by IAM, KMS and the organization, and proven as it stands there. */

let at: Installed;
let auditor: Awaited<ReturnType<Installed['enter']>>;
let whole: ProofEvidence;

beforeAll(async () => {
  at = await install();
  auditor = await at.enter('auditor');
  whole = await at.evidence(auditor);
});

it('is verified live, read by the auditor that was rendered', () => {
  const { verdict, findings } = proveEvidence(at.question(), whole);
  expect(findings.map(({ claim, sentence }) => `${claim}: ${sentence}`)).toEqual([]);
  expect([verdict, verdictExit(verdict)]).toEqual(['verified', 0]);
  expect(whole.keys.map(({ name, region }) => `${name} ${region}`)).toHaveLength(7);
});

/** What Terraform would hand to AWS: the documents of each block, as its reader of heredocs gives them. */
function fromTerraform(hcl: string, like: readonly RenderedPolicy[]): readonly RenderedPolicy[] {
  const unescaped = (text: string) => text.replaceAll('$${', '${').replaceAll('%%{', '%{');
  const documents = new Map(
    [...hcl.matchAll(/^resource "(\w+)" "custody_(\w+)" \{\n(.*?)^\}$/gms)].map(([, type, name, body = '']) => [
      `${type} ${name}`,
      unescaped(/chomp\(<<POLICY\n(.*?)\nPOLICY\n/s.exec(body)?.[1] ?? ''),
    ]),
  );
  const type = { trust: 'aws_iam_role', role: 'aws_iam_role_policy', key: 'aws_kms_key_policy' } as const;
  return like.map((one) => {
    const block = one.kind === 'scp' || one.kind === 'rcp' ? 'aws_organizations_policy' : type[one.kind];
    const name = one.name.replace(/^trust-/, 'role-').replace(/[^A-Za-z0-9]/g, '_');
    const policy = documents.get(`${block} ${name}`);
    if (policy === undefined) throw new Error(`no block ${block} ${name}`);
    return { ...one, policy };
  });
}

it('is verified live when it came out of the Terraform form', async () => {
  const made = await install({
    names: ['case-data'],
    rendered: (team) => fromTerraform(terraformOf(renderedFor(team)), renderedFor(team)),
  });
  const evidence = await made.evidence(await made.enter('auditor'));
  const { verdict, findings } = proveEvidence(made.question(), evidence);
  expect([verdict, findings]).toEqual(['verified', []]);
});

interface Scene {
  readonly keys: readonly ProofKey[];
  readonly principals?: ProofEvidence['principals'];
  readonly organization?: ReturnType<Installed['question']>['organization'];
  /** Which one is asked about where the account is left out. */
  readonly executor?: string;
}

/** Does a claim break, with exit 3, while everything that is not given stands as it was installed? */
function isBroken(scene: Scene): boolean {
  const { keys, principals = whole.principals, organization = at.question().organization, executor = EXECUTOR } = scene;
  const { plan, roster } = at.question();
  const all = interlockOfRoster(roster, plan);
  const executors = all.executors.filter((one) => one.roleArn === executor);
  // Where the account is left out one executor is enough, in the sessions of the seats: every statement about it is tried.
  const interlock = principals === null ? { ...all, executors, automation: [] } : all;
  const { verdict, findings } = proofReport({ account: plan.account, keys, interlock, principals, ...organization });
  return verdictExit(verdict) === 3 && findings.some(({ status }) => status === 'broken');
}

/** A key under a policy; of the classes only those are asked about that a change of one statement can touch. */
function keyUnder({ name, keyId }: InstalledKey, policy: string, statement: string, region = HOME): ProofKey {
  const { plan, roster } = at.question();
  const found = { name, region, keyId, policy: parsePolicy(policy, name), grants: [] };
  const key = proofKeyOf(plan, roster, found);
  const sid = (id: string) => id.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const about = statement.startsWith('OwnTagsStay') ? ['tag', 'untag'] : ['policy'];
  const isNear = (id: string) => about.includes(id) || new RegExp(`^${sid(id)}\\d`).test(statement);
  return { ...key, classes: key.classes.filter(({ id }) => isNear(id)) };
}

describe('without any single condition', () => {
  it('of a key’s policy a claim breaks, live where KMS takes it at all', async () => {
    const seen = new Set<string>();
    const [survivors, refused]: [string[], string[]] = [[], []];
    // First the key whose users may do most, so that each condition on them has something to hold back.
    for (const key of [at.keyOf('webauthn'), ...at.keys.filter(({ name }) => name !== 'webauthn')]) {
      const text = at.policyOf(key.name, HOME);
      const amend = await quorumFor(key);
      for (const { what, policy } of withoutConditions(text).filter((one) => isNew(seen, text, one))) {
        const code = await amend(policy);
        if (code !== null) refused.push(what);
        const live = code === null ? await livePolicy(key) : policy;
        if (!isBroken({ keys: [keyUnder(key, live, what)], principals: null })) survivors.push(`${key.name} ${what}`);
      }
      expect(await amend(text)).toBeNull();
    }
    expect(survivors).toEqual([]);
    // Its Deny then holds for every PutKeyPolicy: KMS's own lock-out check says no.
    expect(refused).toEqual(['NeverBypass Bool kms:BypassPolicyLockoutSafetyCheck']);
    expect(seen.size).toBeGreaterThan(100);
  });

  it('of a replica’s policy a claim breaks', () => {
    const key = at.keyOf('root');
    const text = at.policyOf(key.name, AWAY);
    const scene = (policy: string, statement: string) => ({
      keys: [keyUnder(key, policy, statement, AWAY)],
      principals: null,
    });
    expect(text).not.toBe(at.policyOf(key.name, HOME));
    expect(isBroken(scene(text, 'Policy1'))).toBe(false);
    // Classes are made alike: of those in several statements three are enough, one of them with a Region of its own.
    const mutants = withoutConditions(text).filter(({ what }) => !/^[A-Za-z]+\d/.test(what) || CLASSES.test(what));
    const survivors = mutants.filter(({ what, policy }) => !isBroken(scene(policy, what))).map(({ what }) => what);
    expect(survivors).toEqual([]);
    expect(mutants.length).toBeGreaterThan(15);
    // The primary's policy in the replica's Region takes approvals that were given for the primary (T54).
    expect(isBroken(scene(at.policyOf(key.name, HOME), 'Rotate1'))).toBe(true);
  });

  it('of what the cold executor may, a claim about it alone breaks', () => {
    const survivors: string[] = [];
    let tried = 0;
    for (const [name, region] of [
      ['case-data', HOME],
      ['root', AWAY],
    ] as const) {
      const key = at.keyOf(name);
      const text = at.policyOf(name, region);
      const { Statement } = JSON.parse(text) as { Statement: { Effect: string; Principal: { AWS?: unknown } }[] };
      const isCold = ({ statement }: Mutant) => {
        const { Effect, Principal } = Statement[statement] ?? {};
        return Effect === 'Allow' && [Principal?.AWS].flat().includes(COLD);
      };
      for (const { what, policy } of withoutConditions(text).filter(isCold)) {
        tried++;
        const keys = [keyUnder(key, policy, what, region)];
        if (!isBroken({ keys, principals: null, executor: COLD })) survivors.push(`${name} ${what}`);
      }
    }
    expect(survivors).toEqual([]);
    expect(tried).toBeGreaterThan(3);
  });

  it('of a role’s policy or trust a claim breaks', async () => {
    const installer = await at.enter('installer');
    const keys = [{ ...keyUnder(at.keyOf('case-data'), at.policyOf('case-data', HOME), ''), classes: [] }];
    const survivors: string[] = [];
    const documents = at.rendered.filter((one): one is RenderedRole => one.kind === 'role' || one.kind === 'trust');
    for (const document of documents) {
      for (const { what, policy } of withoutConditions(document.policy)) {
        await putRole(installer, document, policy);
        const { principals } = await at.evidence(auditor, []);
        if (!isBroken({ keys, principals })) survivors.push(`${document.name} ${what}`);
      }
      await putRole(installer, document, document.policy);
    }
    expect(survivors).toEqual([]);
  });

  it('of the organization’s policies a claim breaks', () => {
    const found = whole.keys.filter(({ name }) => name === 'case-data');
    const keys = found.map((one) => proofKeyOf(at.team.plan.plan, at.team.roster, one));
    const survivors: string[] = [];
    for (const { kind, name, policy: text } of at.rendered.filter((one) => one.kind === 'scp' || one.kind === 'rcp')) {
      for (const { what, policy } of withoutConditions(text)) {
        const level = [[FULL_ACCESS, parsePolicy(policy, name)]];
        const changed = kind === 'scp' ? { serviceControlPolicies: level } : { resourceControlPolicies: level };
        const organization = { ...at.question().organization, ...changed };
        if (!isBroken({ keys, organization })) survivors.push(`${name} ${what}`);
      }
    }
    expect(survivors).toEqual([]);
  });

  it('of the one that names the organization, too, and whole it lets its members work', () => {
    const keys = whole.keys
      .filter(({ name }) => name === 'case-data')
      .map((one) => proofKeyOf(at.team.plan.plan, at.team.roster, one));
    const { plan, roster } = at.question();
    const text = resourceControlPolicy(accountRolesOf(roster, plan.interlock), 'o-a1b2c3d4e5');
    const broken = (policy: string) => {
      const resourceControlPolicies = [[FULL_ACCESS, parsePolicy(policy, 'rcp')]];
      return isBroken({ keys, organization: { ...at.question().organization, resourceControlPolicies } });
    };
    expect(broken(text)).toBe(false);
    // Another id than that of the members: the policy names two, so that nobody is known to be a member.
    expect(broken(text.replace('"o-a1b2c3d4e5"', '["o-a1b2c3d4e5","o-0000000000"]'))).toBe(true);
    const survivors = withoutConditions(text).filter(({ policy }) => !broken(policy));
    expect(survivors.map(({ what }) => what)).toEqual([]);
  });

  it('that of the tag: without it a key of somebody else’s stands still', async () => {
    const outsider = await at.enter('outsider');
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Principal: { AWS: roleArn('outsider') }, Action: 'kms:*', Resource: '*' },
    });
    const made = await at.must(outsider, 'kms', 'CreateKey', { Policy });
    const { KeyId } = (JSON.parse(made.text) as { KeyMetadata: { KeyId: string } }).KeyMetadata;
    const disable = async () => (await at.ask(outsider, 'kms', 'DisableKey', { KeyId })).code;
    expect(await disable()).toBeNull();
    const [rcp] = at.rendered.filter(({ kind }) => kind === 'rcp');
    const wide = withoutConditions(rcp?.policy ?? '').filter(({ what }) => what.endsWith(TAG));
    setOrganization(at.sandbox, [
      ...at.rendered.filter((one) => one !== rcp),
      ...wide.map(({ policy }) => ({ kind: 'rcp', policy }) as const),
    ]);
    const still = await disable();
    setOrganization(at.sandbox, at.rendered);
    expect(still).toBe('AccessDeniedException');
  });
});

const CLASSES = /^(?:Policy|Rotate|Promote)\d/;

const TAG = 'aws:ResourceTag/custody:repository';

/** One line of a condition of one kind of statement is tried once: the same statement stands in several keys. */
function isNew(seen: Set<string>, policy: string, { statement, what }: Mutant): boolean {
  const { Statement } = JSON.parse(policy) as { Statement: { Condition: Record<string, object> }[] };
  const conditions = Object.entries(Statement[statement]?.Condition ?? {});
  const lines = conditions.map(([operator, keys]) => [operator, Object.keys(keys).map(anyKey)]);
  const name = JSON.stringify([what.split(' ').map(anyKey), lines]);
  if (seen.has(name)) return false;
  seen.add(name);
  return true;
}

/** A slot's key without the name of its key. */
const anyKey = (text: string) => text.replace(/(custody:\w+):[\w-]+$/, '$1');

/** Puts a key's policies as a quorum would. The code of KMS where it refuses, null else. */
async function quorumFor(key: InstalledKey): Promise<(policy: string) => Promise<string | null>> {
  const seats = await Promise.all([at.enter('architect'), at.enter('privacy')]);
  const { session } = await at.assume(await at.enter('deputy'));
  await setSlots(at, seats, key, { class: 'policy', region: HOME, executor: 'deputy' });
  return async (Policy) =>
    (await at.ask(session, 'kms', 'PutKeyPolicy', { KeyId: key.keyId, PolicyName: 'default', Policy })).code;
}

async function livePolicy({ keyId }: InstalledKey): Promise<string> {
  const answer = await at.must(auditor, 'kms', 'GetKeyPolicy', { KeyId: keyId, PolicyName: 'default' });
  return (JSON.parse(answer.text) as { Policy: string }).Policy;
}

async function putRole(by: typeof auditor, { kind, roleArn: arn }: RenderedRole, policy: string): Promise<void> {
  const RoleName = nameOf(arn);
  if (kind === 'trust') await at.must(by, 'iam', 'UpdateAssumeRolePolicy', { RoleName, PolicyDocument: policy });
  else await at.must(by, 'iam', 'PutRolePolicy', { RoleName, PolicyName: 'custody', PolicyDocument: policy });
}
