import { type JsonValue, sameJson } from '../base/canonical-json.js';
import type { KeyReader } from '../key/key.js';
import type { ResolvedKey } from '../request/subject.js';
import type { Snapshot } from './snapshot.js';

/** Something beside the policy that is not as in the backup, and the command that asks for it. */
export interface Leftover {
  readonly what: string;
  readonly backup: string;
  readonly live: string;
  readonly command: string;
}

/** Each has an action of its own, so each is a request of its own (T6). Tags of custody and AWS are nobody's to change. */
export async function leftoversOf(
  reader: KeyReader,
  key: ResolvedKey,
  snapshot: Snapshot,
): Promise<readonly Leftover[]> {
  const { region, arn, name } = key;
  const [description, aliases, tags, rotation, grants] = await Promise.all([
    reader.describe(region, arn),
    reader.aliases(region),
    reader.tags(region, arn),
    reader.rotationStatus(region, arn),
    reader.grants(region, arn),
  ]);
  const where = `--in ${region}`;
  const names = aliases.filter(({ keyId }) => keyId === key.keyId).map((one) => one.name);
  return [
    ...aliasesLeft(name, where, snapshot, names),
    ...tagsLeft(name, where, snapshot, tags ?? {}),
    ...descriptionLeft(name, where, snapshot, description?.description ?? ''),
    ...rotationLeft(name, snapshot, rotation),
    ...grantsLeft(name, where, snapshot, grants ?? []),
  ];
}

function aliasesLeft(
  name: string,
  where: string,
  { aliases = [] }: Snapshot,
  now: readonly string[],
): readonly Leftover[] {
  return aliases
    .filter((alias) => !now.includes(alias))
    .map((alias) => ({
      what: 'alias',
      backup: alias,
      live: 'none',
      command: `custody keys alias ${name} --create ${alias} ${where}`,
    }));
}

type Tags = Readonly<Record<string, string>>;

function tagsLeft(name: string, where: string, { tags = {} }: Snapshot, now: Tags): readonly Leftover[] {
  return Object.entries(tags)
    .filter(([tag, value]) => now[tag] !== value && !/^(?:aws|custody):/i.test(tag))
    .map(([tag, value]) => ({
      what: `tag ${tag}`,
      backup: value,
      live: now[tag] ?? 'none',
      command: `custody keys tag ${name} ${quoted(`${tag}=${value}`)} ${where}`,
    }));
}

function descriptionLeft(name: string, where: string, { key }: Snapshot, now: string): readonly Leftover[] {
  if (!key || key.description === now) return [];
  const command = `custody keys describe ${name} ${quoted(key.description)} ${where}`;
  return [{ what: 'description', backup: key.description, live: now, command }];
}

function rotationLeft(
  name: string,
  { rotation: then }: Snapshot,
  now: Awaited<ReturnType<KeyReader['rotationStatus']>>,
): readonly Leftover[] {
  if (!then || (then.enabled === (now?.enabled ?? false) && (!then.enabled || then.periodDays === now?.periodDays)))
    return [];
  const text = (one: { readonly enabled: boolean; readonly periodDays: number | null } | null) =>
    one?.enabled ? `every ${one.periodDays} days` : 'off';
  const command = then.enabled
    ? `custody keys rotation ${name} --period-days ${then.periodDays}`
    : `custody keys rotation ${name} --off`;
  return [{ what: 'rotation', backup: text(then), live: text(now), command }];
}

/** A grant that is made again has another id: what counts is who may do what with it. */
function grantsLeft(
  name: string,
  where: string,
  { grants: then = [] }: Snapshot,
  now: NonNullable<Awaited<ReturnType<KeyReader['grants']>>>,
): readonly Leftover[] {
  const facts = ({
    grantee,
    retiring,
    operations,
    encryptionContextEquals,
    encryptionContextSubset,
  }: (typeof now)[number]) =>
    ({ grantee, retiring, operations, encryptionContextEquals, encryptionContextSubset }) as unknown as JsonValue;
  return then
    .filter((grant) => !now.some((one) => sameJson(facts(one), facts(grant))))
    .map(({ grantee, operations, id, retiring, encryptionContextEquals, encryptionContextSubset }) => {
      const [flag, pairs] = encryptionContextEquals
        ? ['--context', encryptionContextEquals]
        : ['--context-subset', encryptionContextSubset ?? {}];
      const context = Object.entries(pairs).map(([key, value]) => ` ${flag} ${quoted(`${key}=${value}`)}`);
      const operated = operations.map((operation) => ` --operation ${operation}`);
      const retires = retiring === null ? '' : ` --retiring ${retiring}`;
      return {
        what: `grant ${id.slice(0, 12)}`,
        backup: `${grantee}: ${operations.join(', ')}`,
        live: 'none',
        command: `custody keys grant ${name} --to ${grantee}${operated.join('')}${context.join('')}${retires} ${where}`,
      };
    });
}

/** For a shell, where it needs it. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
