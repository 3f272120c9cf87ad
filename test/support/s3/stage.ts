import { KMSClient } from '@aws-sdk/client-kms';
import * as sdk from '@aws-sdk/client-s3';
import type { JsonObject, JsonValue } from '../../../src/lib/base/canonical-json.js';
import { createInProcessHandler } from '../../../src/lib/sandbox/in-process.js';
import type { Sandbox } from '../../../src/lib/sandbox/sandbox.js';

/** AWS's own client on a sandbox: in process, virtual-hosted; or over HTTP, where an address can only be path-style. */
export function s3Client(
  sandbox: Sandbox,
  profile: string,
  options: { readonly region?: string; readonly endpoint?: string } = {},
): sdk.S3Client {
  const { region = 'eu-central-1', endpoint } = options;
  return new sdk.S3Client({
    region,
    credentials: credentialsOf(sandbox, profile),
    maxAttempts: 1,
    ...(endpoint === undefined ? { requestHandler: createInProcessHandler(sandbox) } : { endpoint }),
  });
}

/** The same for KMS, in process. */
export function kmsClient(sandbox: Sandbox, profile: string, region: string): KMSClient {
  const credentials = credentialsOf(sandbox, profile);
  return new KMSClient({ region, credentials, maxAttempts: 1, requestHandler: createInProcessHandler(sandbox) });
}

function credentialsOf(sandbox: Sandbox, profile: string) {
  const key = sandbox.profiles().find(({ name }) => name === profile);
  if (key === undefined) throw new Error(`no profile ${profile}`);
  return { accessKeyId: key.accessKeyId, secretAccessKey: key.secretAccessKey };
}

export interface S3Outcome {
  readonly answer?: JsonObject;
  readonly error?: string;
  readonly status: number;
  readonly message?: string;
}

type Constructor = new (input: unknown) => unknown;

/** Sends one operation by name. An answer is what the client read, instants as text and bytes as text. */
export async function ask(client: sdk.S3Client, operation: string, input: JsonObject): Promise<S3Outcome> {
  const constructors: unknown = sdk;
  const Command = (constructors as Readonly<Record<string, Constructor>>)[`${operation}Command`];
  if (Command === undefined) throw new Error(`the SDK has no ${operation}`);
  const command: unknown = new Command(input);
  try {
    const { $metadata, Body, ...answer } = (await client.send(
      command as sdk.GetObjectCommand,
    )) as sdk.GetObjectOutput & {
      readonly $metadata: { readonly httpStatusCode?: number };
    };
    const text = Body === undefined ? {} : { Body: await bodyText(Body) };
    return { answer: plain({ ...answer, ...text }), status: $metadata.httpStatusCode ?? 0 };
  } catch (cause) {
    if (!(cause instanceof sdk.S3ServiceException)) throw cause;
    const { name, message, $metadata } = cause;
    return { error: name, message, status: $metadata.httpStatusCode ?? 0 };
  }
}

async function bodyText(body: unknown): Promise<string> {
  return (body as { transformToString(): Promise<string> }).transformToString();
}

function plain(value: unknown): JsonObject {
  const text: JsonValue = JSON.parse(JSON.stringify(value));
  return text as JsonObject;
}
