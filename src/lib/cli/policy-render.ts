import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonValue } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { type Plan, regionsOf } from '../plan/plan.js';
import { type RenderedPolicy, renderAccount, renderKey, type Surroundings } from '../policy/render.js';
import { terraformOf } from '../policy/terraform.js';
import type { Entrance } from '../policy/trust-policies.js';
import type { InForce } from '../request/in-force.js';
import { plannedSubject, resolveKey } from '../request/subject.js';
import type { Context } from './context.js';
import { writeNew } from './write-new.js';

export interface RenderFlags {
  readonly all: boolean;
  readonly roles: boolean;
  readonly in?: string | undefined;
  readonly 'key-id'?: string | undefined;
  readonly provider?: string | undefined;
  readonly audience?: string | undefined;
  readonly subject?: readonly string[] | undefined;
  readonly workflow?: readonly string[] | undefined;
  readonly organization?: string | undefined;
  readonly 'break-glass'?: readonly string[] | undefined;
}

/**
 * The policies that plan and roster in force give a key, all keys or the roles.
 * @throws CustodyError USAGE · NOT_FOUND · what rendering throws
 */
export async function renderPolicies(context: Context, given: string | undefined, flags: RenderFlags) {
  assertFlags(given, flags);
  const state = await context.lookUp('remote-if-reachable');
  const keys = flags.all ? Object.keys(state.plan.plan.keys) : given === undefined ? [] : [given];
  const rendered: RenderedPolicy[] = [];
  for (const key of keys) rendered.push(...(await renderOne(context, state, key, flags)));
  if (flags.roles) rendered.push(...renderAccount(state.plan.plan, state.roster, surroundingsOf(state, flags)));
  return rendered;
}

/** No flag is taken that would do nothing. */
function assertFlags(given: string | undefined, flags: RenderFlags): void {
  const usage = (message: string) => new CustodyError('USAGE', message);
  if (given !== undefined && flags.all) throw usage('name one key or give --all, not both');
  if (given === undefined && !flags.all && !flags.roles) throw usage('name a key, or give --all or --roles');
  if (given === undefined && flags['key-id'] !== undefined) throw usage('--key-id is for one key');
  if (given === undefined && !flags.all && flags.in !== undefined) throw usage('--in is for keys');
  const { provider, audience, subject, workflow, organization } = flags;
  const forRoles = [provider, audience, subject, workflow, organization, flags['break-glass']];
  if (!flags.roles && forRoles.some((value) => value !== undefined)) {
    throw usage('--provider, --audience, --subject, --workflow, --organization and --break-glass are for --roles');
  }
}

async function renderOne(context: Context, state: InForce, given: string, flags: RenderFlags) {
  const { plan } = state.plan;
  const subject = plannedSubject(plan, given);
  if (subject === null) throw new CustodyError('NOT_FOUND', `the plan has no key ${given}`);
  const regions = regionsOf(plan, subject.planned).filter((region) => flags.in === undefined || region === flags.in);
  if (regions.length === 0 && flags.all) return [];
  if (regions.length === 0) throw new CustodyError('NOT_FOUND', `the plan has no ${subject.name} in ${flags.in}`);
  const keyId = flags['key-id'] ?? (await keyIdOf(context, plan, state.roster.repository, subject.name));
  return regions.map((region) => renderKey(plan, state.roster, subject.name, region, { keyId }));
}

async function keyIdOf(context: Context, plan: Plan, repository: string, name: string): Promise<string> {
  const { reader } = await context.access.aws(plan);
  return (await resolveKey(reader, plan, repository, name)).keyId;
}

function surroundingsOf({ roster }: InForce, flags: RenderFlags): Surroundings {
  const known = [...roster.custodians, ...roster.automation].map(({ id }) => String(id)).concat('auditor', 'drill');
  const stranger = (flags.subject ?? []).map((pair) => nameIn(pair)).find((name) => !known.includes(name));
  if (stranger !== undefined) throw new CustodyError('NOT_FOUND', `--subject: the roster has no ${stranger}`);
  return {
    entrances: entrancesOf(flags),
    organizationId: flags.organization ?? null,
    breakGlassRoleArns: flags['break-glass'] ?? [],
  };
}

function entrancesOf(flags: RenderFlags): Readonly<Record<string, Entrance>> {
  const { provider, audience, subject = [], workflow = [] } = flags;
  if (provider === undefined && (subject.length > 0 || audience !== undefined)) {
    throw new CustodyError('USAGE', '--subject and --audience need --provider');
  }
  const workflows = new Map(workflow.map((pair) => [nameIn(pair, '--workflow'), valueIn(pair)]));
  const names = subject.map((pair) => nameIn(pair));
  const alone = [...workflows.keys()].find((name) => !names.includes(name));
  if (alone !== undefined) throw new CustodyError('USAGE', `--workflow ${alone}: --subject ${alone} is missing`);
  const door = (pair: string) => entranceOf(pair, provider ?? '', audience, workflows.get(nameIn(pair)));
  return Object.fromEntries(subject.map((pair) => [nameIn(pair), door(pair)]));
}

function nameIn(pair: string, flag = '--subject'): string {
  const at = pair.indexOf('=');
  if (at < 1) throw new CustodyError('USAGE', `${flag} ${pair}: expected NAME=VALUE`);
  return pair.slice(0, at);
}

function valueIn(pair: string): string {
  return pair.slice(pair.indexOf('=') + 1);
}

function entranceOf(
  pair: string,
  providerArn: string,
  audience: string | undefined,
  workflow: string | undefined,
): Entrance {
  const subject = valueIn(pair);
  if (providerArn.includes(':saml-provider/') && workflow !== undefined) {
    throw new CustodyError('USAGE', '--workflow is for an OIDC provider');
  }
  if (providerArn.includes(':saml-provider/')) return { type: 'saml', providerArn, subject };
  if (audience === undefined) throw new CustodyError('USAGE', 'an OIDC provider needs --audience');
  return { type: 'oidc', providerArn, audience, subject, ...(workflow === undefined ? {} : { workflow }) };
}

/** What a person gets: one policy as it is, several by name, or Terraform. */
export function renderedText(policies: readonly RenderedPolicy[], format: string): string {
  if (format === 'terraform') return terraformOf(policies).trimEnd();
  const [only, ...more] = policies;
  if (only && more.length === 0) return only.policy;
  return `{${policies.map(({ name, policy }) => `${JSON.stringify(name)}:${policy}`).join(',\n')}}`;
}

/** One file a policy, or one of Terraform; never over one that is there. @throws CustodyError CONFLICT, STORAGE */
export async function writeRendered(dir: string, policies: readonly RenderedPolicy[], format: string) {
  const files =
    format === 'terraform'
      ? [{ path: join(dir, 'custody.tf'), text: terraformOf(policies) }]
      : policies.map(({ name, policy }) => ({ path: join(dir, `${name}.json`), text: policy }));
  await mkdir(dir, { recursive: true });
  for (const { path, text } of files) await writeNew(path, text);
  return files.map(({ path }) => path);
}

/** A rendered policy in a result: the policy as JSON, not as text. */
export function renderedJson(rendered: RenderedPolicy) {
  return { ...rendered, policy: JSON.parse(rendered.policy) as JsonValue };
}
