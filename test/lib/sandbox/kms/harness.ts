import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { JsonObject, JsonValue } from '../../../../src/lib/base/canonical-json.js';
import { createKms } from '../../../../src/lib/sandbox/kms/service.js';
import type { KmsOptions } from '../../../../src/lib/sandbox/kms/state.js';
import {
  type Authorization,
  type Call,
  type Caller,
  type Service,
  ServiceError,
  type StateStore,
} from '../../../../src/lib/sandbox/service.js';
import { practiceRsa } from '../../../support/rsa-pool.js';

export const ACCOUNT = '111122223333';
export const START = Date.UTC(2026, 0, 1);
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const DAY = 86_400 * SECOND;
export const HOME = 'eu-central-1';
export const AWAY = 'eu-west-1';
export const ROOT = `arn:aws:iam::${ACCOUNT}:root`;

export function roleArn(name: string): string {
  return `arn:aws:iam::${ACCOUNT}:role/${name}`;
}

/** A session of a role. */
export function session(name: string): Caller {
  return {
    account: ACCOUNT,
    kind: 'role',
    principalArn: roleArn(name),
    callerArn: `arn:aws:sts::${ACCOUNT}:assumed-role/${name}/test`,
    userId: `AROA${name.toUpperCase()}:test`,
    accessKeyId: 'ASIATEST',
    sourceIdentity: null,
    principalTags: {},
  };
}

export const ROOT_USER: Caller = {
  ...session('root'),
  kind: 'root',
  principalArn: ROOT,
  callerArn: ROOT,
  userId: ACCOUNT,
};

/** Rows in memory, as JSON text, so that nothing is shared by reference; `reversed` gives them back in another order. */
export class MemoryStore implements StateStore {
  readonly tables = new Map<string, Map<string, string>>();

  *rows(table: string): IterableIterator<readonly [string, JsonObject]> {
    const found = [...(this.tables.get(table) ?? new Map<string, string>())].reverse();
    for (const [id, text] of found) yield [id, JSON.parse(text) as JsonObject];
  }

  put(table: string, id: string, row: JsonObject): void {
    const rows = this.tables.get(table) ?? new Map<string, string>();
    rows.set(id, JSON.stringify(row));
    this.tables.set(table, rows);
  }

  remove(table: string, id: string): void {
    this.tables.get(table)?.delete(id);
  }

  text(): string {
    return JSON.stringify([...this.tables].map(([name, rows]) => [name, [...rows]]));
  }
}

/** Who decides: the sandbox's policy evaluation is not part of these tests. */
export type Judge = (question: Authorization, caller: Caller) => boolean;

/** KMS over a memory store, a clock that only `wait` moves, and a judge that allows everything until told otherwise. */
export class Bench {
  readonly store = new MemoryStore();
  readonly asked: Authorization[] = [];
  now = START;
  region = HOME;
  caller = session('admin');
  judge: Judge = () => true;
  principals: ReadonlySet<string> | null = null;
  service: Service;
  private drawn = 0;

  constructor(private readonly more: Partial<KmsOptions> = {}) {
    this.service = this.restart();
  }

  /** A new service over the same store: what a restart sees. */
  restart(): Service {
    this.service = createKms({
      store: this.store,
      account: ACCOUNT,
      regions: [HOME, AWAY, 'us-east-1'],
      random: (bytes) => this.random(bytes),
      rsaPair: (bits) => practiceRsa(bits),
      principalExists: (arn) => this.principals?.has(arn) ?? true,
      ...this.more,
    });
    return this.service;
  }

  wait(millis: number): void {
    this.now += millis;
  }

  /** The answer, or the ServiceError that was thrown. */
  try(operation: string, input: Input = {}): JsonObject | ServiceError {
    const run = this.service.operations[operation];
    if (run === undefined) throw new Error(`no operation ${operation}`);
    try {
      return run(input as JsonObject, this.call());
    } catch (error) {
      if (error instanceof ServiceError) return error;
      throw error;
    }
  }

  run(operation: string, input: Input = {}): Answer {
    const answer = this.try(operation, input);
    if (answer instanceof ServiceError) throw new Error(`${operation}: ${answer.code}: ${answer.message}`);
    return answer as Answer;
  }

  /** Asserts that the operation is refused with this code and, where given, a message that contains `words`. */
  refuse(code: string, operation: string, input: Input = {}, words = ''): ServiceError {
    const answer = this.try(operation, input);
    if (!(answer instanceof ServiceError)) throw new Error(`${operation} was answered: ${JSON.stringify(answer)}`);
    expect(`${answer.code}: ${answer.message}`).toContain(`${code}: `);
    expect(answer.message).toContain(words);
    return answer;
  }

  key(input: JsonObject = {}): string {
    const { KeyMetadata } = this.run('CreateKey', input);
    return String((KeyMetadata as JsonObject).KeyId);
  }

  describe(KeyId: string): Answer {
    return this.run('DescribeKey', { KeyId }).KeyMetadata as Answer;
  }

  /** Runs `body` in another Region. */
  in<T>(region: string, body: () => T): T {
    const before = this.region;
    this.region = region;
    try {
      return body();
    } finally {
      this.region = before;
    }
  }

  /** Runs `body` as somebody else. */
  as<T>(caller: Caller, body: () => T): T {
    const before = this.caller;
    this.caller = caller;
    try {
      return body();
    } finally {
      this.caller = before;
    }
  }

  /** The question that was asked last about `action`. */
  question(action: string): Authorization {
    const found = this.asked.findLast((question) => question.action === `kms:${action}`);
    if (found === undefined) throw new Error(`nobody asked about kms:${action}`);
    return found;
  }

  private call(): Call {
    const caller = this.caller;
    const allows = (question: Authorization) => question.grantAllows === true || this.judge(question, caller);
    return {
      region: this.region,
      caller,
      nowMillis: this.now,
      requestId: `request-${this.now}`,
      sourceIp: '127.0.0.1',
      allows,
      authorize: (question) => {
        this.asked.push(question);
        if (!allows(question)) {
          throw new ServiceError(
            'AccessDeniedException',
            `User: ${caller.callerArn} is not authorized to perform: ${question.action}`,
          );
        }
      },
    };
  }

  /** Bytes that differ from draw to draw and are the same in every run. */
  private random(bytes: number): Buffer {
    const parts: Buffer[] = [];
    while (Buffer.concat(parts).length < bytes)
      parts.push(
        createHash('sha256')
          .update(`draw ${this.drawn++}`)
          .digest(),
      );
    return Buffer.concat(parts).subarray(0, bytes);
  }
}

/** Members of answers may be put into the next request as they are. */
export type Input = Readonly<Record<string, JsonValue | undefined>>;
export type Answer = Readonly<Record<string, JsonValue | undefined>>;

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
