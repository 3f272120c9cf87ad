import type { KMSClient } from '@aws-sdk/client-kms';
import { encodeBase64 } from '../base/bytes.js';
import type { JsonObject, JsonValue } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { instantFromDate } from '../base/time.js';
import type { AwsAnswer, AwsCall, KeyWriter } from '../key/key.js';
import type { AwsConnection, KmsSdk } from './connection.js';

type CommandClass = new (input: never) => { readonly input: object };

/** THE table of the calls that change keys. What is not here is not sent, whoever signed for it (T49). */
const MUTATIONS = {
  CancelKeyDeletion: (sdk) => sdk.CancelKeyDeletionCommand,
  CreateAlias: (sdk) => sdk.CreateAliasCommand,
  CreateGrant: (sdk) => sdk.CreateGrantCommand,
  CreateKey: (sdk) => sdk.CreateKeyCommand,
  DeleteAlias: (sdk) => sdk.DeleteAliasCommand,
  DisableKey: (sdk) => sdk.DisableKeyCommand,
  DisableKeyRotation: (sdk) => sdk.DisableKeyRotationCommand,
  EnableKey: (sdk) => sdk.EnableKeyCommand,
  EnableKeyRotation: (sdk) => sdk.EnableKeyRotationCommand,
  PutKeyPolicy: (sdk) => sdk.PutKeyPolicyCommand,
  ReplicateKey: (sdk) => sdk.ReplicateKeyCommand,
  RetireGrant: (sdk) => sdk.RetireGrantCommand,
  RevokeGrant: (sdk) => sdk.RevokeGrantCommand,
  RotateKeyOnDemand: (sdk) => sdk.RotateKeyOnDemandCommand,
  ScheduleKeyDeletion: (sdk) => sdk.ScheduleKeyDeletionCommand,
  TagResource: (sdk) => sdk.TagResourceCommand,
  UntagResource: (sdk) => sdk.UntagResourceCommand,
  UpdateAlias: (sdk) => sdk.UpdateAliasCommand,
  UpdateKeyDescription: (sdk) => sdk.UpdateKeyDescriptionCommand,
  UpdatePrimaryRegion: (sdk) => sdk.UpdatePrimaryRegionCommand,
} as const satisfies Record<string, (sdk: KmsSdk) => CommandClass>;

export type Mutation = keyof typeof MUTATIONS;

export function isMutation(operation: string): operation is Mutation {
  return Object.hasOwn(MUTATIONS, operation);
}

/** Changes keys through AWS KMS: each call is sent once, with exactly the parameters that were signed. */
export function createKeyWriter(aws: AwsConnection): KeyWriter {
  return { call: (call) => send(aws, call) };
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
      .once(operation, (sdk, client) => submit(sdk, client, operation, parameters), parameters);
    return { requestId: answered.requestId, serverTime: answered.serverTime, answer: toJson(answered.output) };
  } catch (error) {
    // To a writer "no such key" is AWS's no like any other.
    if (!(error instanceof CustodyError) || error.code !== 'NOT_FOUND') throw error;
    throw new CustodyError('REFUSED', error.message, { details: error.details ?? {} });
  }
}

type Output = { readonly $metadata: { readonly requestId?: string | undefined } };

function submit(sdk: KmsSdk, client: KMSClient, operation: Mutation, parameters: JsonObject): Promise<Output> {
  const Command = MUTATIONS[operation](sdk) as CommandClass;
  // The parameters are data from a signed record; AWS validates them, and the body is compared before it leaves.
  return client.send(new Command(parameters as never) as never);
}

/** The answer without the SDK's own additions; dates as RFC 3339, bytes as base64. */
function toJson(output: object): JsonObject {
  const members = Object.entries(output).filter(([name, value]) => name !== '$metadata' && value !== undefined);
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
