import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import type { Authorization } from '../../../src/lib/sandbox/service.js';
import { HOME } from '../../lib/sandbox/kms/harness.js';
import { type Key, requestOf, sign } from '../../lib/sandbox/support.js';
import { valueAt } from './fact.js';
import type { ModelledService } from './model.js';
import type { Ask, Outcome, Stage } from './stage.js';
import { readOutcome, type WireResponse } from './wire-answer.js';

/** How signed requests reach an endpoint; the socket is the transport's affair. */
export type Transport = (
  at: { readonly service: ModelledService; readonly region: string },
  request: { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array },
) => Promise<WireResponse>;

export interface WireOptions {
  readonly transport: Transport;
  readonly account: string;
  /** `host` header of an endpoint: part of what is signed. */
  readonly hostOf: (service: ModelledService, region: string) => string;
  /** Credentials of `admin`. */
  readonly admin: () => Promise<Key>;
  /** ARN of `admin`. */
  readonly adminArn: string;
  readonly nowMillis: () => number;
  readonly wait: (seconds: number) => Promise<void>;
  readonly asked?: readonly Authorization[];
  readonly forget?: () => void;
  /** In front of the name of every role. */
  readonly prefix?: string;
  readonly toleranceSeconds?: number;
  readonly control?: (operation: string, input: JsonObject) => JsonObject;
  /** Told of each request that was answered. */
  readonly onAnswer?: (ask: Ask, answer: JsonObject) => void;
}

/** Roles that facts may be about without making them. */
export const STANDING: readonly string[] = ['seat', 'other'];
const SESSION_SECONDS = 3600;
/** IAM is eventually consistent: a new role is not known everywhere at once. */
const SPREAD_SECONDS = 60;

interface Session {
  readonly key: Key;
  readonly endsMillis: number;
}

/** A stage behind the wire protocols of AWS: requests are signed, answers are read strictly by the service model. */
export class WireStage implements Stage {
  readonly root: string;
  readonly #options: WireOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #roles = new Set<string>();

  constructor(options: WireOptions) {
    this.#options = options;
    this.root = `arn:aws:iam::${options.account}:root`;
  }

  async perform(ask: Ask): Promise<Outcome> {
    await this.#makeMentioned(ask);
    const outcome = await this.#send(ask, ask.as === 'nobody' ? null : await this.#keyOf(ask.as ?? 'admin'));
    if ('refused' in outcome) return outcome;
    this.#options.onAnswer?.(ask, outcome.answer);
    if (ask.session !== undefined) this.#sessions.set(ask.session, this.#sessionIn(outcome.answer));
    return outcome;
  }

  wait(seconds: number): Promise<void> {
    return seconds > 0 ? this.#options.wait(seconds) : Promise.resolve();
  }

  nowMillis(): number {
    return this.#options.nowMillis();
  }

  get toleranceSeconds(): number {
    return this.#options.toleranceSeconds ?? 0;
  }

  /** @throws Error on a stage that is no sandbox */
  control(operation: string, input: JsonObject): JsonObject {
    if (this.#options.control === undefined) throw new Error(`nobody can ${operation} on this stage`);
    return this.#options.control(operation, input);
  }

  asked(): readonly Authorization[] | null {
    return this.#options.asked ?? null;
  }

  forget(): void {
    this.#options.forget?.();
  }

  /** Nobody but `admin` is left. */
  clear(): void {
    this.#sessions.clear();
    this.#roles.clear();
  }

  /** A request that names a standing role needs that role to be there. */
  async #makeMentioned(ask: Ask): Promise<void> {
    const text = JSON.stringify(ask.input);
    for (const name of STANDING) {
      if (new RegExp(`role/${this.#options.prefix ?? ''}${name}\\b`).test(text)) await this.#makeRole(name);
    }
  }

  async #keyOf(name: string): Promise<Key> {
    if (name === 'admin') return this.#options.admin();
    const known = this.#sessions.get(name);
    const standing = STANDING.includes(name);
    // Sessions that a fact made end when they end; standing roles are entered again.
    if (known !== undefined && (!standing || known.endsMillis > this.#options.nowMillis() + 1000)) return known.key;
    if (!standing) throw new Error(`nobody is ${name} on this stage`);
    await this.#makeRole(name);
    const session = this.#sessionIn(await this.#admin('sts', 'AssumeRole', assuming(this.roleArn(name))));
    this.#sessions.set(name, session);
    return session.key;
  }

  async #makeRole(name: string): Promise<void> {
    if (this.#roles.has(name)) return;
    this.#roles.add(name);
    await this.#admin('iam', 'CreateRole', {
      RoleName: `${this.#options.prefix ?? ''}${name}`,
      AssumeRolePolicyDocument: JSON.stringify(trusting(this.#options.adminArn)),
    });
  }

  /** A request of the stage's own, which has to work in the end. */
  async #admin(service: ModelledService, operation: string, input: JsonObject): Promise<JsonObject> {
    const ask: Ask = { service, operation, input };
    for (let left = SPREAD_SECONDS; ; left -= 5) {
      const outcome = await this.#send(ask, await this.#options.admin());
      if ('answer' in outcome) {
        this.#options.onAnswer?.(ask, outcome.answer);
        return outcome.answer;
      }
      if (left <= 0) throw new Error(`${operation}: ${outcome.refused.code}: ${outcome.refused.message}`);
      await this.wait(5);
    }
  }

  async #send({ service, operation, input, in: region = HOME }: Ask, key: Key | null): Promise<Outcome> {
    const { transport, hostOf, nowMillis } = this.#options;
    // IAM is one for the whole partition and signs for us-east-1.
    const at = { service, region: service === 'iam' ? 'us-east-1' : region };
    const request = requestOf(service, operation, input);
    const host = hostOf(at.service, at.region);
    const unsigned = { ...request, headers: { ...request.headers, host } };
    const { headers } = key === null ? unsigned : await sign(unsigned, { key, ...at, atMillis: nowMillis() });
    const response = await transport(at, { headers, body: request.body });
    return readOutcome(service, operation, response);
  }

  #sessionIn(answer: JsonObject): Session {
    const member = (name: string): string => String(valueAt(answer, `Credentials.${name}`));
    return {
      key: {
        accessKeyId: member('AccessKeyId'),
        secretAccessKey: member('SecretAccessKey'),
        sessionToken: member('SessionToken'),
      },
      endsMillis: Number(member('Expiration')) * 1000,
    };
  }

  roleArn(name: string): string {
    return `arn:aws:iam::${this.#options.account}:role/${this.#options.prefix ?? ''}${name}`;
  }

  alias(name: string): string {
    return `alias/${this.#options.prefix ?? ''}${name}`;
  }
}

function assuming(RoleArn: string): JsonObject {
  return { RoleArn, RoleSessionName: 'facts', DurationSeconds: SESSION_SECONDS };
}

function trusting(arn: string): JsonObject {
  const enter = { Effect: 'Allow', Principal: { AWS: arn }, Action: 'sts:AssumeRole' };
  return { Version: '2012-10-17', Statement: [enter] };
}
