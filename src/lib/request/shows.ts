import { type JsonObject, type JsonValue, sameJson } from '../base/canonical-json.js';
import { isObject } from '../base/fields.js';
import type { ActionName } from '../record/action-names.js';
import type { RequestPredicate } from '../record/statement.js';

/** What an action asks for: its parameters, its key, and for grants the name that it gives them. */
export type Asked = Pick<RequestPredicate, 'action' | 'key' | 'parameters'> & { readonly nonce: string | null };

type Shows = (seen: JsonObject, asked: Asked) => boolean;

/** Does an observed state say what was asked for? Contents are compared, never answers. */
const SHOWS = {
  'key.policy': ({ policy }, { parameters }) => policy === parameters.policy,
  'key.alias-create': ({ target }, { key }) => target !== null && target === key?.keyId,
  'key.alias-move': ({ target, to }, { parameters }) =>
    typeof target === 'string' && isObject(to) && to.arn === parameters.to && String(to.arn).endsWith(`/${target}`),
  'key.alias-delete': ({ target }) => target === null,
  'key.tag': ({ tags }, { parameters }) =>
    pairsOf(parameters.tags).every(({ TagKey, TagValue }) => isObject(tags) && tags[String(TagKey)] === TagValue),
  'key.untag': ({ tags }) => isObject(tags) && Object.values(tags).every((value) => value === null),
  'key.describe': ({ description }, { parameters }) => description === parameters.description,
  'key.grant': ({ grants }, asked) => asked.nonce !== null && pairsOf(grants).some((grant) => isAsked(grant, asked)),
  'key.revoke': ({ grant }) => grant === null,
  'key.retire': ({ grant }) => grant === null,
} as const satisfies Readonly<Record<string, Shows>>;

export type AccessAction = keyof typeof SHOWS;

export function isAccessAction(action: ActionName): action is AccessAction {
  return Object.hasOwn(SHOWS, action);
}

/** Is AWS as the action asks for already? */
export function shows(action: AccessAction, seen: JsonObject, asked: Asked): boolean {
  return SHOWS[action](seen, asked);
}

/** A grant under the name of this request, with all that was asked for and nothing more. */
function isAsked(grant: JsonObject, { parameters, nonce }: Asked): boolean {
  const { constraint } = parameters;
  const pairs = (type: string) =>
    isObject(constraint) && constraint.type === type ? (constraint.pairs ?? null) : null;
  return (
    grant.name === nonce &&
    grant.grantee === parameters.grantee &&
    grant.retiring === parameters.retiring &&
    grant.sourceArn === null &&
    sameJson(grant.operations, parameters.operations) &&
    sameJson(grant.encryptionContextEquals, pairs('EncryptionContextEquals')) &&
    sameJson(grant.encryptionContextSubset, pairs('EncryptionContextSubset'))
  );
}

/** The objects of a list, as tags and grants come. */
export function pairsOf(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((item): item is JsonObject => isObject(item)) : [];
}
