import chalk from 'chalk';
import { CustodyError } from '../base/errors.js';
import { MAX_ACCOUNT_BYTES, readAccountFile } from '../inspect/account-file.js';
import { gatherLive, type Organization, type ProofReport, proofReport, proveEvidence } from '../inspect/proof.js';
import type { Plan } from '../plan/plan.js';
import type { ProofFinding } from '../policy/proof/docket.js';
import type { AccountPrincipal } from '../policy/proof/subject.js';
import { casesOf } from '../request/desk.js';
import { knownKeys } from '../request/known-keys.js';
import { successionsOf } from '../request/successors.js';
import type { Context } from './context.js';
import { readGiven } from './draft.js';
import { keyPolicyIn, organizationOf } from './organization.js';
import { heading, mark, wrap } from './render.js';
import { readRendered } from './rendered-files.js';

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
  const { cases } = await casesOf(ports, state);
  const scope = { known: knownKeys(plan, cases), successions: successionsOf(cases), outside: key === undefined };
  const evidence = await gatherLive({ reader, account }, question, ports.progress, scope);
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
  const policy = await keyPolicyIn(file);
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

const MOST_SHOWN = 3;

/** A report at a glance: each claim in a line, under it who breaks it and by which statement. */
export function proofText({ verdict, checks, findings, outside }: ProofReport): string {
  const colour = verdict === 'verified' ? chalk.green : verdict === 'refused' ? chalk.red : chalk.yellow;
  const lines = checks.flatMap(({ id, status, detail }) => {
    const own = findings.filter(({ claim }) => claim === id);
    if (own.length === 0) return [`${mark(status)} ${wrap(status === 'pass' ? detail : `${id}: ${detail}`, 2)}`];
    const more = own.length > MOST_SHOWN ? [`    and ${own.length - MOST_SHOWN} more (--json lists them)`] : [];
    return [`${mark(status)} ${id}`, ...own.slice(0, MOST_SHOWN).map((one) => `    ${wrap(shown(one), 4)}`), ...more];
  });
  return [...lines, ...outsideText(outside), '', colour(verdict)].join('\n');
}

const WHOSE = {
  signer: "a custodian's signing key",
  ours: 'tagged as of this repository',
  other: 'not of this repository',
};

/** Keys that decide nothing here, each with the worst that can be said of it. */
function outsideText(outside: ProofReport['outside']): readonly string[] {
  if (outside.length === 0) return [];
  const rows = outside.map(({ keyId, region, alias, kind, read, lint, findings }) => {
    const [worst] = [
      ...lint.filter(({ severity }) => severity === 'error').map(({ message }) => message),
      ...findings.map(({ sentence }) => sentence),
    ];
    const said = read ? (worst ?? 'nothing found') : 'its policy is not readable';
    return `  ${wrap(`${alias ?? keyId} in ${region}, ${WHOSE[kind]}: ${said}`, 4)}`;
  });
  const rest = rows.length - MOST_OUTSIDE;
  const more = rest > 0 ? [`  and ${rest} more (--json lists them)`] : [];
  return ['', heading('Outside of the plan (not counted)'), ...rows.slice(0, MOST_OUTSIDE), ...more];
}

const MOST_OUTSIDE = 10;

function shown(finding: ProofFinding): string {
  return `${finding.sentence}${finding.key === null ? '' : ` [${finding.key} in ${finding.region}]`}`;
}
