import type { ImportKeyMaterialCommandInput, KMSClient } from '@aws-sdk/client-kms';
import { decodeBase64, encodeBase64 } from '../base/bytes.js';
import type { JsonObject, JsonValue } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { instantFromDate } from '../base/time.js';
import type { AwsAnswer, AwsCall, KeyWriter } from '../key/key.js';
import type { Warrant } from '../key/warrant.js';
import type { AwsConnection, KmsSdk } from './connection.js';
import { underWarrant } from './guard.js';

type Output = { readonly $metadata: { readonly requestId?: string | undefined } };
/** The signed parameters as an operation's input: data that AWS validates; the body is compared before it leaves. */
type Parameters = <Input>() => Input;
type Row = (sdk: KmsSdk, client: KMSClient, parameters: Parameters) => Promise<Output>;

/** THE table of the calls that change keys. What is not here is not sent, whoever signed for it (T49). */
const MUTATIONS = {
  CancelKeyDeletion: (sdk, client, parameters) => client.send(new sdk.CancelKeyDeletionCommand(parameters())),
  CreateAlias: (sdk, client, parameters) => client.send(new sdk.CreateAliasCommand(parameters())),
  CreateGrant: (sdk, client, parameters) => client.send(new sdk.CreateGrantCommand(parameters())),
  CreateKey: (sdk, client, parameters) => client.send(new sdk.CreateKeyCommand(parameters())),
  DeleteAlias: (sdk, client, parameters) => client.send(new sdk.DeleteAliasCommand(parameters())),
  DeleteImportedKeyMaterial: (sdk, client, parameters) =>
    client.send(new sdk.DeleteImportedKeyMaterialCommand(parameters())),
  DisableKey: (sdk, client, parameters) => client.send(new sdk.DisableKeyCommand(parameters())),
  DisableKeyRotation: (sdk, client, parameters) => client.send(new sdk.DisableKeyRotationCommand(parameters())),
  EnableKey: (sdk, client, parameters) => client.send(new sdk.EnableKeyCommand(parameters())),
  EnableKeyRotation: (sdk, client, parameters) => client.send(new sdk.EnableKeyRotationCommand(parameters())),
  GetParametersForImport: (sdk, client, parameters) => client.send(new sdk.GetParametersForImportCommand(parameters())),
  ImportKeyMaterial: (sdk, client, parameters) =>
    client.send(new sdk.ImportKeyMaterialCommand(importInput(parameters()))),
  PutKeyPolicy: (sdk, client, parameters) => client.send(new sdk.PutKeyPolicyCommand(parameters())),
  ReplicateKey: (sdk, client, parameters) => client.send(new sdk.ReplicateKeyCommand(parameters())),
  RetireGrant: (sdk, client, parameters) => client.send(new sdk.RetireGrantCommand(parameters())),
  RevokeGrant: (sdk, client, parameters) => client.send(new sdk.RevokeGrantCommand(parameters())),
  RotateKeyOnDemand: (sdk, client, parameters) => client.send(new sdk.RotateKeyOnDemandCommand(parameters())),
  ScheduleKeyDeletion: (sdk, client, parameters) => client.send(new sdk.ScheduleKeyDeletionCommand(parameters())),
  TagResource: (sdk, client, parameters) => client.send(new sdk.TagResourceCommand(parameters())),
  UntagResource: (sdk, client, parameters) => client.send(new sdk.UntagResourceCommand(parameters())),
  UpdateAlias: (sdk, client, parameters) => client.send(new sdk.UpdateAliasCommand(parameters())),
  UpdateKeyDescription: (sdk, client, parameters) => client.send(new sdk.UpdateKeyDescriptionCommand(parameters())),
  UpdatePrimaryRegion: (sdk, client, parameters) => client.send(new sdk.UpdatePrimaryRegionCommand(parameters())),
} as const satisfies Record<string, Row>;

export type Mutation = keyof typeof MUTATIONS;

export function isMutation(operation: string): operation is Mutation {
  return Object.hasOwn(MUTATIONS, operation);
}

/**
 * Changes keys through AWS KMS: each call is sent once, with exactly the parameters that were signed.
 * @param warrant what for: the guard judges each call by it
 */
export function createKeyWriter(aws: AwsConnection, warrant: Warrant): KeyWriter {
  return { call: (call) => underWarrant(warrant, () => send(aws, call)) };
}

async function send(aws: AwsConnection, { service, region, operation, parameters }: AwsCall): Promise<AwsAnswer> {
  if (service !== 'kms' || !isMutation(operation)) {
    throw new CustodyError('REFUSED', `no such change of a key: ${service} ${operation}`.slice(0, 200), {
      details: { operation, maybeDone: false },
    });
  }
  try {
    const answered = await aws
      .kms(region)
      .once(operation, (sdk, client) => MUTATIONS[operation](sdk, client, () => input(parameters)), parameters);
    return { requestId: answered.requestId, serverTime: answered.serverTime, answer: toJson(answered.output) };
  } catch (error) {
    // To a writer "no such key" is AWS's no like any other.
    if (!(error instanceof CustodyError) || error.code !== 'NOT_FOUND') throw error;
    throw new CustodyError('REFUSED', error.message, { details: error.details ?? {} });
  }
}

function input<Input>(parameters: unknown): Input {
  return parameters as Input;
}

/**
 * The SDK takes bytes and a date where the wire, and so the signed request, has base64 and seconds since 1970.
 * @throws CustodyError REFUSED for a blob that is not base64
 */
function importInput(parameters: JsonObject): ImportKeyMaterialCommandInput {
  const { ImportToken, EncryptedKeyMaterial, ValidTo, ...others } = parameters;
  return input({
    ...others,
    ImportToken: blob('ImportToken', ImportToken),
    EncryptedKeyMaterial: blob('EncryptedKeyMaterial', EncryptedKeyMaterial),
    ...(typeof ValidTo === 'number' ? { ValidTo: new Date(ValidTo * 1000) } : {}),
  });
}

function blob(name: string, value: JsonValue | undefined): Uint8Array {
  const bytes = typeof value === 'string' ? decodeBase64(value) : null;
  if (bytes !== null && bytes.length > 0) return bytes;
  throw new CustodyError('REFUSED', `ImportKeyMaterial: ${name} is not base64`, { details: { maybeDone: false } });
}

/** Whoever has a grant's token can use the grant at once: it goes no further than this file (T46). */
const LEFT_OUT: ReadonlySet<string> = new Set(['$metadata', 'GrantToken']);

/** The answer without the SDK's own additions and without bearer tokens; dates as RFC 3339, bytes as base64. */
function toJson(output: object): JsonObject {
  const members = Object.entries(output).filter(([name, value]) => !LEFT_OUT.has(name) && value !== undefined);
  return Object.fromEntries(members.map(([name, value]) => [name, jsonOf(value)]));
}

function jsonOf(value: unknown): JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (value instanceof Date) return instantFromDate(value);
  if (value instanceof Uint8Array) return encodeBase64(value);
  if (Array.isArray(value)) return value.map(jsonOf);
  return isObject(value) ? toJson(value) : null;
}
