import type { JsonObject } from '../base/canonical-json.js';
import { isObject } from '../base/fields.js';
import { type Grant, isKeyArn, type KeyArn, type KeyReader, partsOf } from '../key/key.js';
import { canonicalPolicy } from '../plan/diff-policy.js';
import { aliasConditionJson, aliasConditionsOf } from '../policy/alias-conditions.js';
import { REPOSITORY_TAG } from '../record/action-create.js';
import { aliasTarget, arnOf, commonState, type Observe, type Subject } from './observe-key.js';

/** Pre-states of what changes who may use a key, and of its names. */
export const OBSERVE_ACCESS = {
  'key.policy': async (reader, subject) => {
    const [common, text] = await Promise.all([
      commonState(reader, subject),
      reader.policy(subject.region, arnOf(subject)),
    ]);
    // All of it: approvers see who gains and who loses against exactly this text.
    return { ...common, policy: text === null ? null : (canonicalPolicy(text) ?? text) };
  },
  'key.alias-create': aliasState,
  'key.alias-delete': aliasState,
  'key.alias-move': async (reader, subject) => {
    const [state, to] = await Promise.all([aliasState(reader, subject), newTarget(reader, subject)]);
    return { ...state, to };
  },
  'key.tag': tagState,
  'key.untag': tagState,
  'key.describe': async (reader, subject) => {
    const [common, found] = await Promise.all([
      commonState(reader, subject),
      reader.describe(subject.region, arnOf(subject)),
    ]);
    return { ...common, description: found?.description ?? '' };
  },
  'key.grant': async (reader, subject) => {
    const [common, all] = await Promise.all([commonState(reader, subject), grantsOf(reader, subject)]);
    // Grants of others come and go with the AWS services that use the key: this one does not depend on them.
    const own = all.filter(({ grantee }) => grantee === subject.parameters.grantee);
    return { ...common, grants: own.map(grantFields) };
  },
  'key.revoke': grantState,
  'key.retire': grantState,
} as const satisfies Readonly<Record<string, Observe>>;

async function aliasState(reader: KeyReader, subject: Subject): Promise<JsonObject> {
  const [common, target, names] = await Promise.all([
    commonState(reader, subject),
    aliasTarget(reader, subject.region, String(subject.parameters.alias)),
    nameRules(reader, subject.region, arnOf(subject)),
  ]);
  return { ...common, target, ...names };
}

/** What the key policy makes of names of its key; nothing, as with every policy that custody writes, is left out. */
async function nameRules(reader: KeyReader, region: string, arn: KeyArn): Promise<JsonObject> {
  const policy = await reader.policy(region, arn);
  const rules = policy === null ? [] : aliasConditionsOf(policy).map(aliasConditionJson);
  return rules.length > 0 ? { aliasConditions: rules } : {};
}

/** The key that an alias is to stand for: ours or not, there or not (T5, T61). */
async function newTarget(reader: KeyReader, { region, parameters }: Subject): Promise<JsonObject | null> {
  const { to } = parameters;
  if (!isKeyArn(to) || partsOf(to).region !== region) return null;
  const [found, tags] = await Promise.all([reader.describe(region, to), reader.tags(region, to)]);
  const repository = tags?.[REPOSITORY_TAG] ?? null;
  // A key of nobody's may be closed to us; it is refused for that.
  const names = found === null || repository === null ? {} : await nameRules(reader, region, found.arn);
  return found && { arn: found.arn, state: found.state, repository, ...names };
}

/** The values that the named tags have now. */
async function tagState(reader: KeyReader, subject: Subject): Promise<JsonObject> {
  const [common, tags] = await Promise.all([commonState(reader, subject), reader.tags(subject.region, arnOf(subject))]);
  const values = new Map(Object.entries(tags ?? {}));
  return {
    ...common,
    tags: Object.fromEntries(namesOf(subject.parameters).map((name) => [name, values.get(name) ?? null])),
  };
}

function namesOf({ tags, tagKeys }: JsonObject): readonly string[] {
  const listed = Array.isArray(tags) ? tags.map((item) => (isObject(item) ? item.TagKey : null)) : tagKeys;
  return Array.isArray(listed) ? listed.map(String) : [];
}

async function grantState(reader: KeyReader, subject: Subject): Promise<JsonObject> {
  const [common, all] = await Promise.all([commonState(reader, subject), grantsOf(reader, subject)]);
  const found = all.find(({ id }) => id === subject.parameters.grantId);
  return { ...common, grant: found ? grantFields(found) : null };
}

async function grantsOf(reader: KeyReader, subject: Subject): Promise<readonly Grant[]> {
  return (await reader.grants(subject.region, arnOf(subject))) ?? [];
}

function grantFields({ id, name, grantee, retiring, operations, ...constraints }: Grant): JsonObject {
  const { encryptionContextEquals: equals, encryptionContextSubset: subset, sourceArn } = constraints;
  return {
    id,
    name,
    grantee,
    retiring,
    operations,
    encryptionContextEquals: equals && { ...equals },
    encryptionContextSubset: subset && { ...subset },
    sourceArn,
  };
}
