import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../../../src/lib/base/canonical-json.js';
import { isObject } from '../../../../src/lib/base/fields.js';
import { type RunningServer, startServer } from '../../../../src/lib/sandbox/server.js';
import { kmsService, s3Service } from '../../../../src/lib/sandbox/services.js';
import { factSandbox } from '../../../support/facts/served.js';
import { ask, type S3Outcome, s3Client } from '../../../support/s3/stage.js';

const BUCKET = 'facts-bucket';
const HOME = 'eu-central-1';

interface S3Fact {
  readonly fact: string;
  readonly source: string;
  /** How the bucket is made that is there before; absent: there is none. */
  readonly bucket?: JsonObject;
  readonly requests: readonly (readonly [string, JsonObject, { wait?: number; save?: Record<string, string> }?])[];
  readonly expect: {
    readonly error?: string;
    readonly status?: number;
    readonly message?: string;
    readonly answer?: JsonObject;
    readonly absent?: readonly string[];
  };
}

const FACTS = JSON.parse(
  readFileSync(new URL('../../../vectors/aws/s3-behaviour.json', import.meta.url), 'utf8'),
) as readonly S3Fact[];

type Sandbox = ReturnType<typeof factSandbox>['sandbox'];

/** `$name`, `{after: seconds}`, `{document: …}` in an input. */
function filled(value: JsonValue, saved: ReadonlyMap<string, string>, nowMillis: number): unknown {
  if (typeof value === 'string') return value.replace(/^\$(\w+)$/, (_, name: string) => saved.get(name) ?? '');
  if (Array.isArray(value)) return value.map((item: JsonValue) => filled(item, saved, nowMillis));
  if (!isObject(value)) return value;
  const { after, document } = value;
  if (typeof after === 'number') return new Date(nowMillis + after * 1000);
  if (document !== undefined) return JSON.stringify(document);
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, filled(item as JsonValue, saved, nowMillis)]),
  );
}

async function playFact(sandbox: Sandbox, { bucket, requests, expect: expected }: S3Fact, endpoint?: string) {
  const client = s3Client(sandbox, 'admin', endpoint === undefined ? {} : { endpoint });
  const CreateBucketConfiguration = { LocationConstraint: HOME };
  if (bucket !== undefined) await ask(client, 'CreateBucket', { Bucket: BUCKET, CreateBucketConfiguration, ...bucket });
  const saved = new Map<string, string>();
  let outcome: S3Outcome = { status: 0 };
  for (const [at, [operation, input, { wait = 0, save = {} } = {}]] of requests.entries()) {
    if (wait > 0) sandbox.advance(wait);
    const given: unknown = filled({ Bucket: BUCKET, ...input }, saved, sandbox.nowMillis());
    outcome = await ask(client, operation, given as JsonObject);
    for (const [name, member] of Object.entries(save)) saved.set(name, String(outcome.answer?.[member]));
    if (at < requests.length - 1) expect(outcome.error, operation).toBeUndefined();
  }
  const { error, message, status, answer = {}, absent = [] } = expected;
  expect(outcome.error).toBe(error);
  if (status !== undefined) expect(outcome.status).toBe(status);
  if (message !== undefined) expect(outcome.message).toContain(message);
  expect(outcome.answer ?? {}).toMatchObject(filled(answer, saved, 0) as object);
  for (const name of absent) expect(outcome.answer).not.toHaveProperty(name);
  client.destroy();
}

describe('facts about S3', () => {
  const { sandbox, bugs } = factSandbox({ services: [kmsService(), s3Service()], wallMillis: Date.now });
  let server: RunningServer;

  beforeAll(async () => {
    server = await startServer({ sandbox, token: 'unused' });
  });

  afterAll(async () => {
    await server.stop();
    expect(bugs).toEqual([]);
  });

  it.each(FACTS.map((fact) => [fact.fact, fact] as const))('in process: %s', async (_, fact) => {
    sandbox.reset();
    await playFact(sandbox, fact);
  });

  it.each(FACTS.map((fact) => [fact.fact, fact] as const))('over HTTP: %s', async (_, fact) => {
    sandbox.reset();
    await playFact(sandbox, fact, server.endpoint);
  });

  it('each have a source and a name of their own', () => {
    expect(new Set(FACTS.map(({ fact }) => fact)).size).toBe(FACTS.length);
    expect(FACTS.filter(({ source }) => !/^Amazon S3 (?:User Guide|API Reference), /.test(source))).toEqual([]);
  });
});
