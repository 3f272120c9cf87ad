import { CustodyError } from '../base/errors.js';
import { isKeyArn, type KeyReader, keyArnOf, partsOf } from '../key/key.js';
import type { Plan, PlannedKey } from '../plan/plan.js';
import { REPOSITORY_TAG } from '../record/action-create.js';
import type { KeyRef } from '../record/statement.js';
import { aliasTarget } from './observe.js';

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

/**
 * Resolves what a person gave to a key of the plan and to its ARN at AWS.
 * @throws CustodyError NOT_FOUND · FOREIGN_KEY when the key is not tagged as this repository's (T61)
 */
export async function resolveKey(
  reader: KeyReader,
  plan: Plan,
  repository: string,
  given: string,
): Promise<KeyRef & { readonly region: string }> {
  const subject = plannedSubject(plan, given) ?? (await subjectById(reader, plan, given));
  const keyId = await aliasTarget(reader, subject.region, subject.planned.alias);
  if (keyId === null) {
    throw new CustodyError('NOT_FOUND', `the key ${subject.name} does not exist in ${subject.region} yet`, {
      suggestions: ['custody keys apply opens the request that creates it.'],
    });
  }
  const arn = keyArnOf({ partition: plan.partition, region: subject.region, account: plan.account, keyId });
  await assertOurs(reader, subject.region, arn, repository);
  return { name: subject.name, alias: subject.planned.alias, arn, keyId, region: subject.region };
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
