import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll } from 'vitest';
import { type AwsConnection, type AwsOptions, openAws } from '../../../src/lib/aws/connection.js';
import type { RequestHandlerInput } from '../../../src/lib/aws/transport.js';
import { writeConfigFiles } from '../../../src/lib/sandbox/config-files.js';
import { createInProcessHandler } from '../../../src/lib/sandbox/in-process.js';
import { createSandbox, type Sandbox, type SandboxOptions } from '../../../src/lib/sandbox/sandbox.js';
import { kmsService } from '../../../src/lib/sandbox/services.js';
import { createMemoryStore } from '../../../src/lib/sandbox/state.js';
import { rsaPool } from '../../support/rsa-pool.js';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

export const REGION = 'eu-central-1';
export const ACCOUNT = '000000000000';
export const EXECUTOR = `arn:aws:iam::${ACCOUNT}:role/custody-executor`;
export const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
export const TOKEN = 'FwoGZXIvYXdzEXAMPLETOKEN';

export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'custody-aws-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Time that passes only when someone sleeps; `slept` lists how long, in milliseconds. */
export function virtualTimer(random = () => 1) {
  const slept: number[] = [];
  let now = 0;
  return {
    slept,
    millis: () => now,
    random,
    sleep: async (milliseconds: number) => {
      slept.push(milliseconds);
      now += milliseconds;
    },
  };
}

/** A sandbox in this process and ways to it as each of its profiles. */
export function openWorld(folder: string, options: Partial<SandboxOptions> = {}) {
  const services = [kmsService({ rsaPair: rsaPool() })];
  const sandbox = createSandbox({ store: createMemoryStore(), services, ...options });
  const files = writeConfigFiles(mkdtempSync(join(folder, 'world-')), sandbox, 'http://127.0.0.1:4599');
  const timer = virtualTimer();
  const environment = { AWS_CONFIG_FILE: files.configFile, AWS_SHARED_CREDENTIALS_FILE: files.credentialsFile };
  const as = (profile: string, more: Partial<AwsOptions> = {}): Promise<AwsConnection> =>
    openAws({
      environmentKind: 'sandbox',
      account: sandbox.account,
      profile,
      environment,
      timeoutMillis: 10_000,
      timer,
      requestHandler: createInProcessHandler(sandbox),
      ...more,
    });
  return { sandbox, environment, timer, as };
}

export interface Canned {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Sent {
  readonly hostname: string;
  readonly protocol: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Answer = Canned | Error | ((request: Sent) => Canned | Promise<never>);

/** Answers from a list, the last one for ever; keeps what was sent. */
export function cannedHandler(...answers: readonly Answer[]) {
  const sent: Sent[] = [];
  const handle = async (request: Omit<Sent, 'body'> & { body?: unknown }) => {
    const body =
      request.body instanceof Uint8Array ? new TextDecoder().decode(request.body) : String(request.body ?? '');
    const seen = { hostname: request.hostname, protocol: request.protocol, headers: request.headers, body };
    sent.push(seen);
    const next = answers[Math.min(sent.length, answers.length) - 1];
    const answer = typeof next === 'function' ? await next(seen) : next;
    if (answer === undefined || answer instanceof Error) throw answer;
    const { status = 200, headers = {}, body: text = '{}' } = answer;
    return { response: { statusCode: status, headers: { ...headers }, body: Readable.from([Buffer.from(text)]) } };
  };
  const requestHandler = {
    metadata: { handlerProtocol: 'http/1.1' },
    handle,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    destroy: () => undefined,
  } as unknown as RequestHandlerInput;
  return { sent, requestHandler };
}

/** A connection to canned answers, with keys from the environment. */
export async function openCanned(answers: readonly Answer[], more: Partial<AwsOptions> = {}) {
  const { sent, requestHandler } = cannedHandler(...answers);
  const timer = virtualTimer();
  const aws = await openAws({
    environmentKind: 'sandbox',
    account: ACCOUNT,
    region: REGION,
    endpointUrl: 'http://127.0.0.1:4599',
    environment: {
      HOME: '/nonexistent',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: SECRET,
      AWS_SESSION_TOKEN: TOKEN,
    },
    timeoutMillis: 5000,
    timer,
    requestHandler,
    ...more,
  });
  return { aws, sent, timer };
}

export function networkError(code: string): Error {
  return Object.assign(new Error(`network: ${code}`), { code });
}

/** What KMS answers for an error. */
export function kmsError(name: string, status = 400, message = 'said AWS'): Canned {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'rid-1' },
    body: JSON.stringify({ __type: name, message }),
  };
}

export function writeText(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

export async function caught(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (cause: unknown) => cause,
  );
}

export function keyArnIn(answer: { readonly answer: unknown }): string {
  return (answer as { answer: { KeyMetadata: { Arn: string } } }).answer.KeyMetadata.Arn;
}

export type { AwsConnection, Sandbox };
