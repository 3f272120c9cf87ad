import type { JsonObject } from '../../base/canonical-json.js';
import { requiredText, textList } from '../params.js';
import { type Call, type Operation, ServiceError, type StateStore } from '../service.js';
import type { Tag } from './role.js';
import { formatTags, readTags, requestTagContext } from './tags.js';

/** An OpenID Connect provider that the account trusts. Table `iam.oidc`, id is the ARN. */
export type OidcProvider = {
  readonly arn: string;
  /** The issuer without `https://`, as condition keys have it. */
  readonly url: string;
  readonly clientIds: readonly string[];
  readonly thumbprints: readonly string[];
  readonly createdAtMillis: number;
  readonly tags: readonly Tag[];
};

export interface OidcProviderTable {
  find(arn: string): OidcProvider | undefined;
  list(): readonly OidcProvider[];
  put(provider: OidcProvider): void;
  remove(arn: string): void;
}

interface Rows extends StateStore {
  get(table: string, id: string): JsonObject | undefined;
}

const TABLE = 'iam.oidc';
const ARN = { min: 20, max: 2048 };
const URL_RULE = { max: 255, pattern: /^https:\/\/[a-z0-9.-]+(?::\d+)?(?:\/[\w./~%-]*)?$/i };
const CLIENT_ID = { max: 255 };
const THUMBPRINT = { min: 40, max: 40, pattern: /^[0-9A-Fa-f]+$/ };
const MAX_CLIENTS = 100;
const MAX_THUMBPRINTS = 5;

/** Identity providers by ARN. */
export function createOidcProviderTable(store: Rows): OidcProviderTable {
  return {
    find: (arn) => stored(store.get(TABLE, arn)),
    list: () => Array.from(store.rows(TABLE), ([, row]) => stored(row)).filter((row) => row !== undefined),
    put: (provider) => store.put(TABLE, provider.arn, provider),
    remove: (arn) => store.remove(TABLE, arn),
  };
}

/** The store holds only what this file wrote. */
function stored(row: unknown): OidcProvider | undefined {
  return row as OidcProvider | undefined;
}

export function providerArn(account: string, url: string): string {
  return `arn:aws:iam::${account}:oidc-provider/${url}`;
}

/** Identity providers: who is trusted to say who somebody is. */
export function oidcOperations(providers: OidcProviderTable, account: string): Record<string, Operation> {
  const change = (action: string, edit: (provider: OidcProvider, input: JsonObject) => OidcProvider): Operation => {
    return (input, call) => {
      providers.put(edit(authorized(providers, action, input, call), input));
      return {};
    };
  };
  return {
    CreateOpenIDConnectProvider: (input, call) => createProvider(providers, account, input, call),
    GetOpenIDConnectProvider: (input, call) => show(authorized(providers, 'GetOpenIDConnectProvider', input, call)),
    ListOpenIDConnectProviders: (_input, call) => {
      call.authorize({ action: 'iam:ListOpenIDConnectProviders', resource: providerArn(account, '*'), context: {} });
      return { OpenIDConnectProviderList: providers.list().map(({ arn }) => ({ Arn: arn })) };
    },
    DeleteOpenIDConnectProvider: (input, call) => {
      providers.remove(authorized(providers, 'DeleteOpenIDConnectProvider', input, call).arn);
      return {};
    },
    AddClientIDToOpenIDConnectProvider: change('AddClientIDToOpenIDConnectProvider', (provider, input) => ({
      ...provider,
      clientIds: [...new Set([...provider.clientIds, requiredText(input, 'ClientID', CLIENT_ID)])],
    })),
    RemoveClientIDFromOpenIDConnectProvider: change('RemoveClientIDFromOpenIDConnectProvider', (provider, input) => {
      const gone = requiredText(input, 'ClientID', CLIENT_ID);
      return { ...provider, clientIds: provider.clientIds.filter((id) => id !== gone) };
    }),
    UpdateOpenIDConnectProviderThumbprint: change('UpdateOpenIDConnectProviderThumbprint', (provider, input) => ({
      ...provider,
      thumbprints: textList(input, 'ThumbprintList', THUMBPRINT, MAX_THUMBPRINTS),
    })),
  };
}

function createProvider(providers: OidcProviderTable, account: string, input: JsonObject, call: Call): JsonObject {
  const url = requiredText(input, 'Url', URL_RULE)
    .replace(/^https:\/\//i, '')
    .replace(/\/$/, '');
  const arn = providerArn(account, url);
  const tags = readTags(input);
  const made: OidcProvider = {
    arn,
    url,
    clientIds: textList(input, 'ClientIDList', CLIENT_ID, MAX_CLIENTS),
    thumbprints: textList(input, 'ThumbprintList', THUMBPRINT, MAX_THUMBPRINTS),
    createdAtMillis: call.nowMillis,
    tags,
  };
  call.authorize({ action: 'iam:CreateOpenIDConnectProvider', resource: arn, context: requestTagContext(tags) });
  if (providers.find(arn))
    throw new ServiceError('EntityAlreadyExists', `Provider with url https://${url} already exists.`, 409);
  providers.put(made);
  return { OpenIDConnectProviderArn: arn, ...(tags.length === 0 ? {} : { Tags: formatTags(tags) }) };
}

function authorized(providers: OidcProviderTable, action: string, input: JsonObject, call: Call): OidcProvider {
  const arn = requiredText(input, 'OpenIDConnectProviderArn', ARN);
  call.authorize({ action: `iam:${action}`, resource: arn, context: {} });
  const found = providers.find(arn);
  if (found) return found;
  throw new ServiceError('NoSuchEntity', `OpenIDConnect Provider not found for arn ${arn}`, 404);
}

function show(provider: OidcProvider): JsonObject {
  return {
    Url: provider.url,
    ClientIDList: provider.clientIds,
    ThumbprintList: provider.thumbprints,
    CreateDate: Math.floor(provider.createdAtMillis / 1000),
    ...(provider.tags.length === 0 ? {} : { Tags: formatTags(provider.tags) }),
  };
}
