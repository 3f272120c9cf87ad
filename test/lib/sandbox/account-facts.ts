import { readFileSync } from 'node:fs';
import * as iam from '@aws-sdk/client-iam';
import * as sts from '@aws-sdk/client-sts';
import { expect } from 'vitest';
import type { JsonObject, JsonValue } from '../../../src/lib/base/canonical-json.js';
import { createInProcessHandler } from '../../../src/lib/sandbox/in-process.js';
import type { Sandbox, SandboxOptions } from '../../../src/lib/sandbox/sandbox.js';
import { startServer } from '../../../src/lib/sandbox/server.js';
import type { HttpRequest } from '../../../src/lib/sandbox/wire/message.js';
import { fill } from '../../support/facts/fill.js';
import { openHttp } from '../../support/facts/http.js';
import { BARE_SEED } from '../../support/facts/served.js';
import type { WireResponse } from '../../support/facts/wire-answer.js';
import { type Key, keyOf, openSandbox, REGION, requestOf, sign } from './support.js';

/**
 * Facts about an account as a whole (IAM, STS, CloudTrail, quotas) as data in test/vectors/aws. A request is
 * `[service, operation, input, {as, in, wait, times, save, may}]`; `as` is a profile, or a name under which an earlier
 * answer's Credentials were saved; `$name` stands for what an earlier answer held.
 */
export interface AccountFact {
  readonly fact: string;
  readonly source: string;
  /** Options of the sandbox. */
  readonly options?: Partial<SandboxOptions>;
  readonly requests: readonly (readonly [service: string, operation: string, input: JsonObject, how?: How])[];
  readonly expect: Expectation;
}

interface How {
  readonly as?: string;
  readonly in?: string;
  /** Seconds that pass before the request. */
  readonly wait?: number;
  readonly times?: number;
  /** Name → path in the answer. */
  readonly save?: Readonly<Record<string, string>>;
  /** Name for the session that the answer's Credentials open. */
  readonly session?: string;
  /** An error that is part of the story. */
  readonly may?: string;
}

interface Expectation {
  readonly error?: string;
  readonly message?: string;
  readonly answer?: JsonObject;
  /** The newest CloudTrail record of the last request's operation. */
  readonly record?: JsonObject;
  /** Where that record is looked for; default: the Region of the request, for IAM us-east-1. */
  readonly recordIn?: string;
  /** Its name where it is another's: what KMS does by itself. */
  readonly recordOf?: string;
  /** Paths that the answer or the record does not have. */
  readonly absent?: readonly string[];
}

export function readAccountFacts(name: string): readonly AccountFact[] {
  const text = readFileSync(new URL(`../../vectors/aws/${name}.json`, import.meta.url), 'utf8');
  return JSON.parse(text) as readonly AccountFact[];
}

type Answered = { readonly answer: JsonObject } | { readonly error: string; readonly message: string };

export const WAYS = ['in process', 'over HTTP'] as const;
type WayName = (typeof WAYS)[number];

/** How requests come to a sandbox: AWS's clients by a handler or a socket, signed JSON by either. */
interface Way {
  readonly client: { readonly endpoint: string; readonly requestHandler?: never };
  readonly json: (request: HttpRequest) => Promise<WireResponse>;
  readonly close: () => Promise<void>;
}

function inProcess(sandbox: Sandbox): Way {
  const requestHandler = createInProcessHandler(sandbox) as never;
  const json = async (request: HttpRequest) => {
    const { status, headers, body } = await sandbox.handle(request);
    return { status, headers, text: body.toString('utf8') };
  };
  return { client: { endpoint: 'http://sandbox.invalid', requestHandler }, json, close: async () => undefined };
}

async function overHttp(sandbox: Sandbox): Promise<Way> {
  const server = await startServer({ sandbox, token: 'unused' });
  const http = openHttp(() => server.endpoint);
  const close = async () => {
    http.close();
    await server.stop(0);
  };
  const json = ({ headers, body }: HttpRequest) =>
    http.transport({ service: '', region: '' } as never, { headers, body });
  return { client: { endpoint: server.endpoint }, json, close };
}

/** One account and the sessions that a fact opens in it. */
class Account {
  readonly saved = new Map<string, string>();
  readonly #keys = new Map<string, Key>();

  private constructor(
    readonly sandbox: Sandbox,
    readonly way: Way,
    readonly move: (seconds: number) => void,
  ) {}

  static async open(options: Partial<SandboxOptions>, way: WayName): Promise<Account> {
    const { sandbox, move } = openSandbox({ seed: BARE_SEED, ...options });
    return new Account(sandbox, way === 'in process' ? inProcess(sandbox) : await overHttp(sandbox), move);
  }

  async perform(service: string, operation: string, input: JsonObject, how: How): Promise<Answered> {
    if (how.wait) this.move(how.wait);
    const filled = fill(input, this.saved) as JsonObject;
    const answered = await this.#send(service, operation, filled, how);
    if ('answer' in answered) this.#remember(answered.answer, how);
    return answered;
  }

  async record(expected: Expectation, [service, operation, , how = {}]: AccountFact['requests'][number]) {
    const region = expected.recordIn ?? (service === 'iam' ? 'us-east-1' : (how.in ?? REGION));
    const AttributeValue = expected.recordOf ?? operation;
    const input = { LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue }], MaxResults: 1 };
    const found = await this.#json('cloudtrail', 'LookupEvents', input, { as: 'admin', in: region });
    if (!('answer' in found)) throw new Error(`${found.error}: ${found.message}`);
    const events = found.answer.Events as readonly { CloudTrailEvent: string }[];
    if (events[0] === undefined) throw new Error(`no ${AttributeValue} in ${region}`);
    return JSON.parse(events[0].CloudTrailEvent) as JsonObject;
  }

  #keyOf({ as = 'admin' }: How): Key {
    return this.#keys.get(as) ?? keyOf(this.sandbox, as);
  }

  #send(service: string, operation: string, input: JsonObject, how: How): Promise<Answered> {
    if (service === 'sandbox') return this.#control(operation, input);
    return service === 'iam' || service === 'sts'
      ? this.#sdk(service, operation, input, how)
      : this.#json(service, operation, input, how);
  }

  async #control(operation: string, input: JsonObject): Promise<Answered> {
    if (operation === 'advance') this.sandbox.advance(Number(input.seconds));
    else if (operation === 'organization') this.sandbox.organization.set(input as never);
    else if (operation === 'token') return { answer: { token: this.sandbox.issueToken(input as never) } };
    else throw new Error(`no control ${operation}`);
    return { answer: {} };
  }

  async #json(service: string, operation: string, input: JsonObject, how: How): Promise<Answered> {
    const atMillis = this.sandbox.nowMillis();
    const signing = { key: this.#keyOf(how), service, region: how.in ?? REGION, atMillis };
    const request = requestOf(service, operation, input as Record<string, unknown>);
    const { status, text } = await this.way.json(await sign(request, signing));
    const body = JSON.parse(text) as JsonObject;
    if (status === 200) return { answer: body };
    return { error: String(body.__type).split('#').at(-1) ?? '', message: String(body.message) };
  }

  /** Through AWS's own client, which reads the XML as it will be read. */
  async #sdk(service: 'iam' | 'sts', operation: string, input: JsonObject, how: How): Promise<Answered> {
    const [commands, Client] = service === 'iam' ? [iam, iam.IAMClient] : [sts, sts.STSClient];
    const client: { send(command: never): Promise<unknown> } = new Client({
      region: service === 'iam' ? 'us-east-1' : (how.in ?? REGION),
      ...this.way.client,
      maxAttempts: 1,
      credentials: this.#keyOf(how),
      systemClockOffset: this.sandbox.nowMillis() - Date.now(),
    });
    const Command = commands[`${operation}Command` as never] as new (input: unknown) => never;
    try {
      const { $metadata: _metadata, ...answer } = (await client.send(new Command(input))) as Record<string, unknown>;
      return { answer: JSON.parse(JSON.stringify(answer)) as JsonObject };
    } catch (cause) {
      const { name, message } = cause as Error;
      return { error: name, message };
    }
  }

  #remember(answer: JsonObject, { save = {}, session }: How): void {
    for (const [name, path] of Object.entries(save)) this.saved.set(name, String(valueAt(answer, path)));
    if (session === undefined) return;
    const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials as Record<string, string>;
    this.#keys.set(session, {
      accessKeyId: String(AccessKeyId),
      secretAccessKey: String(SecretAccessKey),
      sessionToken: String(SessionToken),
    });
  }
}

/** Plays a fact in an account of its own. @throws vitest's assertion when the answer is another than the fact says */
export async function checkAccountFact(fact: AccountFact, way: WayName): Promise<void> {
  const account = await Account.open(fact.options ?? {}, way);
  try {
    await play(account, fact);
  } finally {
    await account.way.close();
    account.sandbox.close();
  }
}

async function play(account: Account, { requests, expect: expected }: AccountFact): Promise<void> {
  let last: Answered = { answer: {} };
  for (const [at, [service, operation, input, how = {}]] of requests.entries()) {
    for (let time = 0; time < (how.times ?? 1); time++) {
      account.saved.set('n', String(time));
      last = await account.perform(service, operation, input, how);
      if (at === requests.length - 1 && time === (how.times ?? 1) - 1) continue;
      if ('error' in last) expect(`${operation}: ${last.error} ${last.message}`).toContain(how.may ?? 'no error');
    }
  }
  checkAnswered(last, expected, account.saved);
  if (expected.record === undefined) return;
  const final = requests.at(-1);
  if (final === undefined) throw new Error('no request');
  const record = await account.record(expected, final);
  checkValue(record, fill(expected.record, account.saved), 'record');
  for (const path of expected.absent ?? []) expect(valueAt(record, path), path).toBeUndefined();
}

function checkAnswered(last: Answered, expected: Expectation, saved: ReadonlyMap<string, string>): void {
  if ('error' in last) {
    expect(`${last.error}: ${last.message}`).toContain(`${expected.error ?? 'no error'}`);
    expect(last.message).toContain(fill(expected.message ?? '', saved));
    return;
  }
  expect(expected.error, JSON.stringify(last.answer)).toBeUndefined();
  if (expected.answer !== undefined) checkValue(last.answer, fill(expected.answer, saved), 'answer');
  if (expected.record !== undefined) return;
  for (const path of expected.absent ?? []) expect(valueAt(last.answer, path), path).toBeUndefined();
}

function checkValue(found: JsonValue | undefined, expected: JsonValue, where: string): void {
  if (Array.isArray(expected)) {
    expect(Array.isArray(found) ? found.length : found, where).toBe(expected.length);
    for (const [at, item] of expected.entries()) checkValue((found as JsonValue[])[at], item, `${where}.${at}`);
  } else if (typeof expected === 'object' && expected !== null) {
    const { matches, times } = expected as JsonObject;
    if (typeof matches === 'string') expect(String(found), where).toMatch(new RegExp(matches));
    else if (typeof times === 'number') expect(found, where).toHaveLength(times);
    else {
      for (const [name, value] of Object.entries(expected)) {
        checkValue(
          typeof found === 'object' && found !== null ? (found as JsonObject)[name] : undefined,
          value as JsonValue,
          `${where}.${name}`,
        );
      }
    }
  } else expect(found, where).toBe(expected);
}

function valueAt(value: JsonValue | undefined, path: string): JsonValue | undefined {
  return path
    .split('.')
    .reduce<JsonValue | undefined>(
      (at, name) => (typeof at === 'object' && at !== null ? (at as JsonObject)[name] : undefined),
      value,
    );
}
