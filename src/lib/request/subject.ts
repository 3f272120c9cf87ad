import { CustodyError } from '../base/errors.js';
import { isKeyArn, type KeyArn, type KeyReader, keyArnOf, partsOf } from '../key/key.js';
import { type Plan, type PlannedKey, regionsOf } from '../plan/plan.js';
import { REPOSITORY_TAG } from '../record/action-create.js';
import type { KeyRef } from '../record/statement.js';
import { aliasTarget } from './observe-key.js';

/** A key of the plan as people name it: `case-data`, `cmk/case-data`, `alias/cmk/case-data`, a key id or an ARN. */
export interface PlannedSubject {
  readonly name: string;
  readonly planned: PlannedKey;
  readonly region: string;
}

/** @throws CustodyError NOT_FOUND for an alias or name that the plan does not have */
export function plannedSubject(plan: Plan, given: string): PlannedSubject | null {
  const found = Object.entries(plan.keys).find(([name, { alias }]) =>
    [name, alias, alias.replace(/^alias\//, '')].includes(given),
  );
  return found ? { name: found[0], planned: found[1], region: plan.regions.primary } : null;
}

/** A key of the plan as a request names it, in one Region. */
export type ResolvedKey = KeyRef & { readonly arn: KeyArn; readonly keyId: string; readonly region: string };

/**
 * Resolves what a person gave to a key of the plan and to its ARN at AWS.
 * @param region one of the key's Regions in the plan; by default the primary
 * @throws CustodyError NOT_FOUND · FOREIGN_KEY when the key is not tagged as this repository's (T61)
 */
export async function resolveKey(
  reader: KeyReader,
  plan: Plan,
  repository: string,
  given: string,
  region: string = plan.regions.primary,
): Promise<ResolvedKey> {
  const { name, planned } = plannedSubject(plan, given) ?? (await subjectById(reader, plan, given));
  if (!regionsOf(plan, planned).includes(region)) {
    throw new CustodyError('NOT_FOUND', `the plan has no key ${name} in ${region}`, {
      details: { regions: regionsOf(plan, planned) },
    });
  }
  const keyId = await keyIdIn(reader, plan, planned.alias, region);
  if (keyId === null) {
    throw new CustodyError('NOT_FOUND', `the key ${name} does not exist in ${region} yet`, {
      suggestions: ['custody keys apply opens the request that creates it.'],
    });
  }
  const arn = keyArnOf({ partition: plan.partition, region, account: plan.account, keyId });
  await assertOurs(reader, region, arn, repository);
  return { name, alias: planned.alias, arn, keyId, region };
}

/**
 * The same where the key is managed: a promotion may have moved its primary from the plan's primary Region.
 * @throws CustodyError as `resolveKey`
 */
export async function resolvePrimary(
  reader: KeyReader,
  plan: Plan,
  repository: string,
  given: string,
): Promise<ResolvedKey> {
  const planned = await resolveKey(reader, plan, repository, given);
  const found = await reader.describe(planned.region, planned.arn);
  const primary = found?.multiRegion?.primaryRegion ?? planned.region;
  return primary === planned.region ? planned : resolveKey(reader, plan, repository, planned.name, primary);
}

/** A replica has its primary's key id, so that it is found even where its own alias is missing. */
async function keyIdIn(reader: KeyReader, plan: Plan, alias: string, region: string): Promise<string | null> {
  const here = await aliasTarget(reader, region, alias);
  const { primary } = plan.regions;
  return here !== null || region === primary ? here : aliasTarget(reader, primary, alias);
}

async function subjectById(reader: KeyReader, plan: Plan, given: string): Promise<PlannedSubject> {
  const keyId = isKeyArn(given) ? partsOf(given).keyId : given;
  const aliases = await reader.aliases(plan.regions.primary);
  const alias = aliases.filter((item) => item.keyId === keyId).map(({ name }) => name);
  const subject = alias.map((name) => plannedSubject(plan, name)).find((item) => item !== null);
  if (subject) return subject;
  throw new CustodyError('NOT_FOUND', `the plan in force has no key ${given}`, {
    details: { keys: Object.keys(plan.keys) },
    suggestions: [`Keys of the plan: ${Object.keys(plan.keys).join(', ')}.`],
  });
}

async function assertOurs(reader: KeyReader, region: string, arn: string, repository: string): Promise<void> {
  const tags = await reader.tags(region, arn);
  if (tags?.[REPOSITORY_TAG] === repository) return;
  throw new CustodyError('FOREIGN_KEY', `${arn} is not tagged as a key of this repository`, {
    details: { expected: repository, found: tags?.[REPOSITORY_TAG] ?? null },
  });
}
