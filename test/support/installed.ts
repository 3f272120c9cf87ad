import { openAws } from '../../src/lib/aws/connection.js';
import { createAccountReader } from '../../src/lib/aws/iam-account.js';
import { createKeyReader } from '../../src/lib/aws/kms-reader.js';
import { gatherLive, type ProofEvidence, type ProofQuestion, proveEvidence } from '../../src/lib/inspect/proof.js';
import { type Plan, regionsOf } from '../../src/lib/plan/plan.js';
import { parsePolicy } from '../../src/lib/policy/document.js';
import { FULL_ACCESS } from '../../src/lib/policy/evaluate.js';
import { plannedKeyPolicy } from '../../src/lib/policy/planned.js';
import { type RenderedPolicy, type RenderedRole, renderAccount, renderKey } from '../../src/lib/policy/render.js';
import { formatSlot, formatSlotName, type SlotClass } from '../../src/lib/policy/slot.js';
import type { Entrance } from '../../src/lib/policy/trust-policies.js';
import { createInProcessHandler } from '../../src/lib/sandbox/in-process.js';
import { FULL_ACCESS_NAME } from '../../src/lib/sandbox/organization.js';
import type { Sandbox } from '../../src/lib/sandbox/sandbox.js';
import { kmsService } from '../../src/lib/sandbox/services.js';
import { SANDBOX_AUDIENCE, SANDBOX_ISSUER } from '../../src/lib/sandbox/sts/federation.js';
import { virtualTimer } from '../lib/aws/support.js';
import {
  ACCOUNT,
  type Answer,
  answerOf,
  assumeWith,
  call,
  type Key,
  keyOf,
  openSandbox,
  requestOf,
} from '../lib/sandbox/support.js';
import { createTeam, PRIMARY, REPLICA, type Team } from './people.js';
import { rsaPool } from './rsa-pool.js';

/**
 * An account in which everything stands that `policy render` prints, put there by IAM, KMS and the organization as a platform
 * team would, and nothing of the tool: what is done in it is done by calls alone.
 */

type Input = Record<string, unknown>;
export const roleArn = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
export const EXECUTOR = roleArn('custody-executor');
export const COLD = roleArn('custody-cold');
export const AUDITOR = roleArn('custody-auditor');
export const INSTALLER = roleArn('custody-installer');
export const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/${SANDBOX_ISSUER}`;
export const SEATS = ['architect', 'privacy', 'deputy'] as const;
export const [HOME, AWAY] = [PRIMARY, REPLICA];
export type Seat = (typeof SEATS)[number];

/** A key of the plan where it exists. */
export interface InstalledKey {
  readonly name: string;
  readonly keyId: string;
  readonly regions: readonly string[];
}

export interface Installed {
  readonly team: Team;
  readonly sandbox: Sandbox;
  readonly rendered: readonly RenderedPolicy[];
  readonly keys: readonly InstalledKey[];
  readonly keyOf: (name: string) => InstalledKey;
  readonly policyOf: (name: string, region: string, opens?: readonly SlotClass[]) => string;
  wait(seconds: number): void;
  /** Sessions of people who came in through the identity provider, or of a seeded profile. */
  enter(subject: string, wish?: { readonly sourceIdentity?: string; readonly roleArn?: string }): Promise<Key>;
  /** Enters an executor from a session; `input` as AssumeRole takes it. */
  assume(by: Key, input?: Input): Promise<{ readonly answer: Answer; readonly session: Key }>;
  /** One call, signed with a session. */
  ask(
    key: Key,
    service: 'kms' | 'iam' | 'sts' | 'cloudtrail',
    operation: string,
    input: Input,
    region?: string,
  ): Promise<Answer>;
  /** The same, which must succeed. */
  must(key: Key, service: 'kms' | 'iam', operation: string, input: Input, region?: string): Promise<Answer>;
  /** What stands live, read with a session as `policy prove` reads it. */
  evidence(key: Key, names?: readonly string[]): Promise<ProofEvidence>;
  question(names?: readonly string[]): ProofQuestion;
}

/** The template's plan with a key of imported material beside it, so that every class of slots has a key. */
function withImported(plan: Plan): Plan {
  const data = plan.keys['case-data'];
  if (!data) throw new Error('the template has no case-data');
  const rotation = { ...data.rotation, automatic: false };
  const brought = { ...data, alias: 'alias/cmk/brought', origin: 'EXTERNAL' as const, rotation };
  const interlock = { coldExecutorRoleArn: COLD, auditorRoleArn: AUDITOR };
  return { ...plan, interlock, keys: { ...plan.keys, brought } };
}

/** The one workflow that is the automation, in a form that names reference and protected environment. */
export const WORKFLOW = 'project_path:acme/keys:ref_type:branch:ref:main:environment_protected:true';

const door = (subject: string): Entrance => ({
  type: 'oidc',
  providerArn: PROVIDER,
  audience: SANDBOX_AUDIENCE,
  subject,
});

/** In the order in which they can be made: a trust policy names only roles that are there. */
export function renderedFor({ plan, roster }: Team): readonly RenderedPolicy[] {
  return renderAccount(plan.plan, roster, {
    entrances: Object.fromEntries(
      [...SEATS, 'ci', 'auditor', 'drill'].map((id) => [id, door(id === 'ci' ? WORKFLOW : id)]),
    ),
    organizationId: null,
    breakGlassRoleArns: [],
  });
}

const ADMINISTERS = JSON.stringify({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: '*', Resource: '*' },
});

/** Who installs: the platform team's own role, which nothing renders. */
const INSTALLER_TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: { Federated: PROVIDER },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: {
      StringEquals: { [`${SANDBOX_ISSUER}:sub`]: 'installer', [`${SANDBOX_ISSUER}:aud`]: SANDBOX_AUDIENCE },
    },
  },
});

export const nameOf = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1);

/** Puts documents as they were rendered: roles, their trust, the organization's policies. */
export async function putRendered(
  { must, sandbox }: Pick<Installed, 'must' | 'sandbox'>,
  by: Key,
  rendered: readonly RenderedPolicy[],
): Promise<void> {
  const roles = rendered.filter((one): one is RenderedRole => one.kind === 'role');
  for (const role of roles) {
    const trust = rendered.find((one) => one.kind === 'trust' && one.roleArn === role.roleArn);
    if (!trust) throw new Error(`${role.name} has no trust policy`);
    const RoleName = nameOf(role.roleArn);
    await must(by, 'iam', 'CreateRole', { RoleName, AssumeRolePolicyDocument: trust.policy });
    await must(by, 'iam', 'PutRolePolicy', { RoleName, PolicyName: 'custody', PolicyDocument: role.policy });
  }
  setOrganization(sandbox, rendered);
}

export function setOrganization(sandbox: Sandbox, rendered: readonly Pick<RenderedPolicy, 'kind' | 'policy'>[]): void {
  const of = (kind: string) => rendered.filter((one) => one.kind === kind).map(({ policy }) => policy);
  sandbox.organization.set({
    serviceControlPolicies: [[FULL_ACCESS_NAME, ...of('scp')]],
    resourceControlPolicies: [[FULL_ACCESS_NAME, ...of('rcp')]],
  });
}

/** @param names which keys of the plan to make; all, with one of imported material, when absent */
export async function install({
  names,
  rendered = renderedFor,
}: {
  names?: readonly string[];
  rendered?: (team: Team) => readonly RenderedPolicy[];
} = {}): Promise<Installed> {
  const team = createTeam({ environment: 'sandbox', plan: withImported });
  const { sandbox, move } = openSandbox({
    services: [kmsService({ rsaPair: rsaPool() })],
    seed: { seats: [], executor: 'stray', service: 'app', admin: 'Admin', outsider: 'outsider' },
  });
  const account = { team, sandbox, wait: move, ...accessTo(sandbox) };
  const documents = rendered(team);
  const admin = keyOf(sandbox, 'admin');
  const RoleName = nameOf(INSTALLER);
  await account.must(admin, 'iam', 'CreateRole', { RoleName, AssumeRolePolicyDocument: INSTALLER_TRUST });
  await account.must(admin, 'iam', 'PutRolePolicy', { RoleName, PolicyName: 'all', PolicyDocument: ADMINISTERS });
  await putRendered(account, await account.enter('installer'), documents);
  const keys: InstalledKey[] = [];
  for (const name of names ?? Object.keys(team.plan.plan.keys)) keys.push(await makeKey(account, name));
  const found = (name: string) => {
    const key = keys.find((one) => one.name === name);
    if (!key) throw new Error(`${name} was not made`);
    return key;
  };
  return {
    ...account,
    rendered: documents,
    keys,
    keyOf: found,
    policyOf: (name, region, opens) => keyPolicy(team, found(name), region, opens),
    ...proofOf(
      account,
      documents,
      keys.map(({ name }) => name),
    ),
  };
}

type Account = Pick<Installed, 'team' | 'sandbox' | 'wait' | 'enter' | 'assume' | 'ask' | 'must'>;

const PROFILES = ['admin', 'service', 'outsider'];

function accessTo(sandbox: Sandbox): Pick<Installed, 'enter' | 'assume' | 'ask' | 'must'> {
  const ask: Installed['ask'] = (key, service, operation, input, region = HOME) =>
    call(sandbox, { key, service, region }, operation, input);
  return {
    ask,
    must: async (key, service, operation, input, region) => {
      const answer = await ask(key, service, operation, input, region);
      if (answer.code !== null) throw new Error(`${operation}: ${answer.text}`);
      return answer;
    },
    enter: (subject, wish = {}) =>
      PROFILES.includes(subject) ? Promise.resolve(keyOf(sandbox, subject)) : enterAs(sandbox, subject, wish),
    assume: (by, input) =>
      assumeWith(sandbox, by, { RoleArn: EXECUTOR, RoleSessionName: 'work', DurationSeconds: 900, ...input }),
  };
}

const OWN_ROLE: Readonly<Record<string, string>> = { auditor: AUDITOR, installer: INSTALLER };

/** A session by a token of the identity provider. */
async function enterAs(
  sandbox: Sandbox,
  subject: string,
  wish: { sourceIdentity?: string; roleArn?: string },
): Promise<Key> {
  const sourceIdentity = wish.sourceIdentity ?? (SEATS.some((seat) => seat === subject) ? subject : undefined);
  const token = sandbox.issueToken({
    subject: subject === 'ci' ? WORKFLOW : subject,
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  });
  const input = {
    RoleArn: wish.roleArn ?? OWN_ROLE[subject] ?? roleArn(subject),
    RoleSessionName: 'people',
    WebIdentityToken: token,
  };
  const request = requestOf('sts', 'AssumeRoleWithWebIdentity', input);
  const headers = { ...request.headers, host: `sts.${HOME}.amazonaws.com` };
  const answer = answerOf(await sandbox.handle({ ...request, headers, sourceIp: '127.0.0.1' }));
  if (answer.code !== null) throw new Error(`${subject} was not let in: ${answer.text}`);
  return {
    accessKeyId: answer.element('AccessKeyId'),
    secretAccessKey: answer.element('SecretAccessKey'),
    sessionToken: answer.element('SessionToken'),
  };
}

function keyPolicy(
  { plan, roster }: Team,
  { name, keyId }: InstalledKey,
  region: string,
  opens?: readonly SlotClass[],
) {
  return renderKey(plan.plan, roster, name, region, { keyId, ...(opens ? { opens } : {}) }).policy;
}

/** As the plan's ceremony makes it: under the policy that knows no key id yet, then under the rendered one. */
async function makeKey(account: Account, name: string): Promise<InstalledKey> {
  const { team, must, enter, assume, wait } = account;
  const { plan } = team.plan;
  const planned = plan.keys[name];
  if (!planned) throw new Error(`the plan has no key ${name}`);
  const regions = regionsOf(plan, planned);
  const { session } = await assume(await enter('deputy'));
  const first = (region: string) => plannedKeyPolicy(plan, team.roster, name, region);
  const Tags = [{ TagKey: 'custody:repository', TagValue: team.roster.repository }];
  const made = await must(session, 'kms', 'CreateKey', {
    Policy: first(HOME),
    Tags,
    MultiRegion: planned.multiRegion,
    Origin: planned.origin,
  });
  const { KeyId: keyId } = JSON.parse(made.text).KeyMetadata as { KeyId: string };
  for (const ReplicaRegion of regions.filter((region) => region !== HOME)) {
    await must(session, 'kms', 'ReplicateKey', { KeyId: keyId, ReplicaRegion, Policy: first(ReplicaRegion), Tags });
    wait(60);
  }
  const key = { name, keyId, regions };
  for (const region of regions) {
    await must(session, 'kms', 'CreateAlias', { AliasName: planned.alias, TargetKeyId: keyId }, region);
    if (planned.rotation.automatic && region === HOME) {
      const RotationPeriodInDays = planned.rotation.periodDays;
      await must(session, 'kms', 'EnableKeyRotation', { KeyId: keyId, RotationPeriodInDays });
    }
    const seats = await Promise.all([enter('architect'), enter('privacy')]);
    // Under the first policy no slots are asked for; KMS's own lock-out check asks whether the executor may put the next one.
    await setSlots(account, seats, key, { class: 'policy', region, executor: 'deputy' });
    await must(
      session,
      'kms',
      'PutKeyPolicy',
      { KeyId: keyId, PolicyName: 'default', Policy: keyPolicy(team, key, region) },
      region,
    );
  }
  await clearSlots(account, session, key);
  return key;
}

export interface Approval {
  readonly class: SlotClass;
  readonly region: string;
  readonly executor: string;
  readonly digestHex?: string;
  readonly keyId?: string;
}

export const DIGEST = 'a'.repeat(64);

export function slotOf(key: InstalledKey, seat: string, approval: Approval) {
  const { class: name, region, executor, digestHex = DIGEST, keyId = key.keyId } = approval;
  return {
    Key: formatSlotName({ custodian: seat, keyName: key.name }),
    Value: formatSlot({ class: name, region, keyId, digestHex, executor }),
  };
}

/** The slots of architect and privacy, in this order, on the executor (or `role`). */
export async function setSlots(
  { must }: Pick<Installed, 'must'>,
  seats: readonly Key[],
  key: InstalledKey,
  approval: Approval,
  role = EXECUTOR,
): Promise<void> {
  for (const [at, seat] of seats.entries()) {
    const Tags = [slotOf(key, SEATS[at] ?? '', approval)];
    await must(seat, 'iam', 'TagRole', { RoleName: nameOf(role), Tags });
  }
}

export async function clearSlots(
  { must }: Pick<Installed, 'must'>,
  executor: Key,
  key: InstalledKey,
  role = EXECUTOR,
): Promise<void> {
  const TagKeys = SEATS.map((custodian) => formatSlotName({ custodian, keyName: key.name }));
  await must(executor, 'iam', 'UntagRole', { RoleName: nameOf(role), TagKeys });
}

/** How `policy prove` sees the account. */
function proofOf(
  { team, sandbox }: Account,
  rendered: readonly RenderedPolicy[],
  all: readonly string[],
): Pick<Installed, 'evidence' | 'question'> {
  const level = (kind: string) => [
    [FULL_ACCESS, ...rendered.filter((one) => one.kind === kind).map(({ policy, name }) => parsePolicy(policy, name))],
  ];
  const organization = { serviceControlPolicies: level('scp'), resourceControlPolicies: level('rcp') };
  const question = (names = all) => ({ plan: team.plan.plan, roster: team.roster, names, organization });
  return {
    question,
    evidence: async (key, names) => {
      const aws = await openAws({
        environmentKind: 'sandbox',
        account: ACCOUNT,
        region: HOME,
        endpointUrl: 'http://127.0.0.1:4599',
        environment: {
          HOME: '/nonexistent',
          AWS_ACCESS_KEY_ID: key.accessKeyId,
          AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
          ...(key.sessionToken ? { AWS_SESSION_TOKEN: key.sessionToken } : {}),
        },
        timeoutMillis: 10_000,
        timer: virtualTimer(),
        requestHandler: createInProcessHandler(sandbox),
      });
      const ports = { reader: createKeyReader(aws), account: createAccountReader(aws) };
      return gatherLive(ports, question(names), () => undefined, { known: new Map() });
    },
  };
}

export { proveEvidence };
