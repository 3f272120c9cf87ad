import type { JsonObject } from '../base/canonical-json.js';

/**
 * What the sandbox's services share: a service is a plain state machine, `operations[name](input, call) → answer`,
 * that knows no wire. Transports decode a request, verify its signature, find the caller and come here.
 */

/** Who calls, as STS and IAM know it. */
export interface Caller {
  readonly account: string;
  /**
   * `root`: the account's root user; `user`: an IAM user; `role`: a session of an IAM role; `federated`: whoever comes
   * with a token of an identity provider and no AWS credentials; `service`: a service of AWS's on its own.
   */
  readonly kind: 'root' | 'user' | 'role' | 'federated' | 'service';
  /** ARN of the user or role itself (`arn:aws:iam::…:role/NAME`): what `aws:PrincipalArn` holds; of the identity provider. */
  readonly principalArn: string;
  /** ARN of the session (`arn:aws:sts::…:assumed-role/NAME/SESSION`); the principal's own ARN for users and root. */
  readonly callerArn: string;
  /** IAM unique id (`AROA…`, with `:session` for sessions): what `aws:userid` holds; `issuer:audience:subject` for federated. */
  readonly userId: string;
  readonly accessKeyId: string;
  readonly sourceIdentity: string | null;
  /** Tags that requests see as `aws:PrincipalTag/*`: role tags in effect, overridden by session tags. */
  readonly principalTags: Readonly<Record<string, string>>;
  /** What the token of a federated caller says. */
  readonly webIdentity?: WebIdentity;
}

/** A verified token of an OpenID Connect provider. */
export interface WebIdentity {
  /** ARN of the provider. */
  readonly provider: string;
  /** Without `https://`. */
  readonly issuer: string;
  readonly audience: string;
  readonly subject: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveKeys: readonly string[];
}

/** What a service asks before it acts. */
export interface Authorization {
  readonly action: string;
  readonly resource: string;
  /** The resource's own policy, JSON text; for KMS the key policy. */
  readonly resourcePolicy?: string;
  /** Condition keys of this request beyond the global ones (`kms:…`, `aws:RequestTag/…`). Many-valued keys are lists. */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
  /** The resource's policy adds to what identity policies allow (S3), instead of having to let them in (KMS). */
  readonly policyAdds?: true;
  /** Set when a grant already allows the operation: then only explicit denies count. */
  readonly grantAllows?: boolean;
}

/** One operation being carried out. */
export interface Call {
  readonly region: string;
  readonly caller: Caller;
  /** Sandbox time in milliseconds since 1970. */
  readonly nowMillis: number;
  readonly requestId: string;
  readonly sourceIp: string;
  /** @throws ServiceError AccessDenied(Exception) with AWS's message, naming caller, action and resource. */
  authorize(question: Authorization): void;
  /** The same question without throwing. */
  allows(question: Authorization): boolean;
  /** An operation of another service that this one carries out with the caller's own right, and its event. @throws ServiceError */
  forward?(service: Service['name'], operation: string, input: JsonObject): JsonObject;
  /** Says something about this call in its CloudTrail record (`additionalEventData`). */
  note?(facts: JsonObject): void;
}

/** An error of a service as the wire shows it. */
export class ServiceError extends Error {
  constructor(
    /** The error shape's name, `NotFoundException`. */
    readonly code: string,
    message: string,
    readonly status = 400,
    readonly members: JsonObject = {},
  ) {
    super(message);
  }
}

/** Input and answers are the service model's own member names; blobs are base64 text, timestamps epoch seconds. */
export type Operation = (input: JsonObject, call: Call) => JsonObject;

export interface Service {
  readonly name: 'kms' | 'sts' | 'iam' | 'cloudtrail' | 's3';
  readonly operations: Readonly<Record<string, Operation>>;
  /**
   * Time-driven changes that are due at `nowMillis`: rotations, deletions, expiries. Called before each call and after `advance`.
   * @param asked the service of the call that follows
   */
  settle(nowMillis: number, asked: Service['name'] | null): void;
}

/** Where services keep what must survive a restart: rows of JSON by table and id; every `put` is durable when the call is answered. */
export interface StateStore {
  rows(table: string): IterableIterator<readonly [id: string, row: JsonObject]>;
  put(table: string, id: string, row: JsonObject): void;
  remove(table: string, id: string): void;
}
