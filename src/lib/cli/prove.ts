import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import chalk from 'chalk';
import { CustodyError } from '../base/errors.js';
import { MAX_ACCOUNT_BYTES, readAccountFile } from '../inspect/account-file.js';
import {
  gatherLive,
  type Organization,
  type ProofEvidence,
  type ProofQuestion,
  type ProofReport,
  proofReport,
  proveEvidence,
} from '../inspect/proof.js';
import { type Plan, regionsOf } from '../plan/plan.js';
import { accountRolesOf } from '../policy/account-roles.js';
import type { PolicyDocument } from '../policy/document.js';
import { FULL_ACCESS } from '../policy/evaluate.js';
import type { ProofFinding } from '../policy/proof/docket.js';
import type { AccountPrincipal } from '../policy/proof/subject.js';
import { casesOf } from '../request/desk.js';
import { knownKeys } from '../request/known-keys.js';
import type { Roster } from '../roster/roster.js';
import type { Context } from './context.js';
import { readGiven } from './draft.js';
import { organizationOf, policyIn } from './organization.js';
import { mark, wrap } from './render.js';

export interface ProveFlags {
  readonly policy?: string | undefined;
  readonly dir?: string | undefined;
  readonly account?: string | undefined;
  readonly roles?: string | undefined;
  readonly scp?: readonly string[] | undefined;
  readonly rcp?: readonly string[] | undefined;
}

/** The proof that the flags ask for. @throws CustodyError USAGE, NOT_FOUND, POLICY_MALFORMED and what reading throws */
export async function proveFor(context: Context, key: string | undefined, flags: ProveFlags): Promise<ProofReport> {
  const organization = await organizationOf(flags);
  if (flags.policy !== undefined) return proveFile(flags.policy, flags, organization);
  const state = await context.lookUp(flags.dir === undefined ? 'remote-if-reachable' : 'local');
  const { plan } = state.plan;
  const question = { plan, roster: state.roster, names: namesOf(plan, key), organization };
  if (flags.dir !== undefined) return proveEvidence(...(await readRendered(flags.dir, question)));
  const { ports } = await context.desk();
  const { reader } = await context.access.aws(plan);
  const account = flags.roles === undefined ? await context.access.account(plan) : null;
  const known = knownKeys(plan, (await casesOf(ports, state)).cases);
  const evidence = await gatherLive({ reader, account }, question, ports.progress, known);
  context.progress.done();
  if (flags.roles === undefined) return proveEvidence(question, evidence);
  return proveEvidence(question, { ...evidence, principals: await accountOf(flags.roles), othersUnread: false });
}

/** The keys that a word names; all where there is none. @throws CustodyError NOT_FOUND */
export function namesOf(plan: Plan, key: string | undefined): readonly string[] {
  const all = Object.keys(plan.keys);
  if (key === undefined) return all;
  const found = all.filter((name) => name === key || plan.keys[name]?.alias === key);
  if (found.length > 0) return found;
  throw new CustodyError('NOT_FOUND', `the plan has no key ${key}`, { suggestions: [`It has ${all.join(', ')}.`] });
}

async function accountOf(file: string): Promise<readonly AccountPrincipal[]> {
  return readAccountFile(await readGiven(file, MAX_ACCOUNT_BYTES), file);
}

const KEY_ARN = /^arn:[a-z-]+:kms:[a-z0-9-]+:(\d{12}):key\/[\w-]+$/;

/** Anyone's key policy: who alone can do what. */
async function proveFile(file: string, flags: ProveFlags, organization: Organization): Promise<ProofReport> {
  const { account } = flags;
  if (account === undefined || !/^\d{12}$/.test(account)) {
    throw new CustodyError('USAGE', 'the account of the key is needed, 12 digits', {
      suggestions: ['Give --account.'],
    });
  }
  const policy = await policyIn(file);
  const named = policy.statements.flatMap(({ resource }) => resource?.patterns ?? []);
  const arn = named.find((one) => KEY_ARN.exec(one)?.[1] === account) ?? arnIn(account);
  const [, , , region = ''] = arn.split(':');
  const key = { name: file, arn, keyId: arn.split('/').at(-1) ?? '', region, policy, primaryRegion: null, users: null };
  return proofReport({
    account,
    keys: [{ ...key, grants: 'not-asked', classes: [] }],
    interlock: null,
    principals: flags.roles === undefined ? null : await accountOf(flags.roles),
    ...organization,
  });
}

function arnIn(account: string): string {
  return `arn:aws:kms:us-east-1:${account}:key/00000000-0000-0000-0000-000000000000`;
}

const KEY_ID = /mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** The files that `policy render --out` writes: `key-<name>-<Region>`, `role-<id>`, `trust-<id>`, `organization-…`. */
async function readRendered(dir: string, question: ProofQuestion): Promise<[ProofQuestion, ProofEvidence]> {
  const files = new Set(await readdir(dir).catch(() => []));
  const at = async (name: string) => (files.has(`${name}.json`) ? policyIn(join(dir, `${name}.json`)) : null);
  const { plan, roster, names } = question;
  const keys: ProofEvidence['keys'][number][] = [];
  const unread: string[] = [];
  for (const name of names) {
    const planned = plan.keys[name];
    for (const region of planned ? regionsOf(plan, planned) : []) {
      const policy = await at(`key-${name}-${region}`);
      const keyId = policy && KEY_ID.exec(JSON.stringify(policy))?.[0];
      if (policy && keyId) keys.push({ name, region, keyId, policy, grants: 'not-asked' });
      else unread.push(`${name} in ${region}: no file key-${name}-${region}.json in ${dir} that names the key's id`);
    }
  }
  const scp = await at('organization-scp');
  const rcp = await at('organization-rcp');
  const given = question.organization;
  const organization = {
    serviceControlPolicies: given.serviceControlPolicies ?? (scp && [[FULL_ACCESS, scp]]),
    resourceControlPolicies: given.resourceControlPolicies ?? (rcp && [[FULL_ACCESS, rcp]]),
  };
  return [
    { ...question, organization },
    { keys, texts: new Map(), unread, principals: await renderedRoles(roster, at) },
  ];
}

/** The roles of the interlock as they were rendered; nobody else is in these files. */
async function renderedRoles(roster: Roster, at: (name: string) => Promise<PolicyDocument | null>) {
  const { seats, automation, executor, cold, auditor } = accountRolesOf(roster);
  const roles = [
    ...[...seats, ...automation].map(({ id, roleArn }) => [id, roleArn] as const),
    ['executor', executor] as const,
    ['cold', cold] as const,
    ['auditor', auditor] as const,
  ];
  const found: AccountPrincipal[] = [];
  for (const [id, arn] of roles) {
    const [may, trust] = [await at(`role-${id}`), await at(`trust-${id}`)];
    const identity = may && [{ name: `role-${id}`, document: may }];
    if (may || trust) found.push({ arn, trust, identity, boundary: null });
  }
  return found.length === 0 ? null : found;
}

const MOST_SHOWN = 3;

/** A report at a glance: each claim in a line, under it who breaks it and by which statement. */
export function proofText({ verdict, checks, findings }: ProofReport): string {
  const colour = verdict === 'verified' ? chalk.green : verdict === 'refused' ? chalk.red : chalk.yellow;
  const lines = checks.flatMap(({ id, status, detail }) => {
    const own = findings.filter(({ claim }) => claim === id);
    if (own.length === 0) return [`${mark(status)} ${wrap(status === 'pass' ? detail : `${id}: ${detail}`, 2)}`];
    const more = own.length > MOST_SHOWN ? [`    and ${own.length - MOST_SHOWN} more (--json lists them)`] : [];
    return [`${mark(status)} ${id}`, ...own.slice(0, MOST_SHOWN).map((one) => `    ${wrap(shown(one), 4)}`), ...more];
  });
  return [...lines, '', colour(verdict)].join('\n');
}

function shown(finding: ProofFinding): string {
  return `${finding.sentence}${finding.key === null ? '' : ` [${finding.key} in ${finding.region}]`}`;
}
