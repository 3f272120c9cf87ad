/**
 * The one error class and THE table of codes. A code decides the exit status, the same with and without `--json`.
 */

/** Exit statuses of the command line. */
export const EXIT = {
  ok: 0,
  bug: 1,
  usage: 2,
  refused: 3,
  denied: 4,
  unavailable: 5,
  conflict: 6,
  pending: 8,
  interrupted: 130,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** Every code that the tool can raise, with the exit status that it leads to. */
export const ERROR_EXIT = {
  BUG: EXIT.bug,
  // 2: usage, or the plan or roster must be edited
  USAGE: EXIT.usage,
  INPUT_MISSING: EXIT.usage,
  PLAN_INVALID: EXIT.usage,
  PLAN_NOT_IN_FORCE: EXIT.usage,
  ROSTER_INVALID: EXIT.usage,
  NOT_FOUND: EXIT.usage,
  REPOSITORY_NOT_FOUND: EXIT.usage,
  REPOSITORY_EXISTS: EXIT.usage,
  // 3: a check ran and said no
  REFUSED: EXIT.refused,
  RECORD_MALFORMED: EXIT.refused,
  SIGNATURE_INVALID: EXIT.refused,
  SIGNER_UNKNOWN: EXIT.refused,
  GENESIS_MISMATCH: EXIT.refused,
  ROLLBACK: EXIT.refused,
  HISTORY_REWRITTEN: EXIT.refused,
  STALE: EXIT.refused,
  PIN_REQUIRED: EXIT.refused,
  CLOCK_SKEW: EXIT.refused,
  PRE_STATE_CHANGED: EXIT.refused,
  POST_STATE_UNEXPECTED: EXIT.refused,
  REQUEST_ENDED: EXIT.refused,
  REVIEW_MISMATCH: EXIT.refused,
  ENDPOINT_REFUSED: EXIT.refused,
  FOREIGN_KEY: EXIT.refused,
  LEDGER_BROKEN: EXIT.refused,
  GUARD_BROKEN: EXIT.refused,
  LIMIT_EXCEEDED: EXIT.refused,
  TREE_MALFORMED: EXIT.refused,
  CLONE_UNSAFE: EXIT.refused,
  CLONE_DAMAGED: EXIT.refused,
  POLICY_MALFORMED: EXIT.refused,
  UNPROVEN: EXIT.refused,
  // 4: credentials
  DENIED: EXIT.denied,
  CREDENTIALS_MISSING: EXIT.denied,
  SIGNER_LOCKED: EXIT.denied,
  // 5: a retry is safe
  UNAVAILABLE: EXIT.unavailable,
  TIMEOUT: EXIT.unavailable,
  THROTTLED: EXIT.unavailable,
  REMOTE_UNREACHABLE: EXIT.unavailable,
  STORAGE: EXIT.unavailable,
  // 6: the world moved, run again
  CONFLICT: EXIT.conflict,
  LOCKED: EXIT.conflict,
  // 8: nothing failed, the quorum is not met
  PENDING: EXIT.pending,
  INTERRUPTED: EXIT.interrupted,
} as const satisfies Record<string, ExitStatus>;

export type ErrorCode = keyof typeof ERROR_EXIT;

export interface ErrorContext {
  /** Facts for a machine: where, what was expected, what was found. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** What the person can do next, one sentence each. */
  readonly suggestions?: readonly string[];
  readonly cause?: unknown;
}

/** The only error class that crosses a folder's border. */
export class CustodyError extends Error {
  override readonly name = 'CustodyError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly suggestions: readonly string[];

  constructor(code: ErrorCode, message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause });
    this.code = code;
    this.details = context.details;
    this.suggestions = context.suggestions ?? [];
  }

  get exit(): ExitStatus {
    return ERROR_EXIT[this.code];
  }
}

/** The order in which a batch's outcomes outrank each other, worst first. */
const WORST_FIRST: readonly ExitStatus[] = [
  EXIT.interrupted,
  EXIT.bug,
  EXIT.denied,
  EXIT.refused,
  EXIT.conflict,
  EXIT.unavailable,
  EXIT.usage,
  EXIT.pending,
  EXIT.ok,
];

/** The exit status of a batch: the worst of its parts; an empty batch is ok. */
export function worstExit(exits: Iterable<ExitStatus>): ExitStatus {
  const seen = new Set(exits);
  return WORST_FIRST.find((exit) => seen.has(exit)) ?? EXIT.ok;
}

/** `cause` as one of ours: our own error unchanged, anything else wrapped under `code`. */
export function asCustodyError(cause: unknown, code: ErrorCode, message: string): CustodyError {
  return cause instanceof CustodyError ? cause : new CustodyError(code, message, { cause });
}

/**
 * For `.catch`: null for what these credentials may not do, so that the caller says what that means.
 * @throws whatever else it was
 */
export function nullIfDenied(cause: unknown): null {
  if (cause instanceof CustodyError && cause.code === 'DENIED') return null;
  throw cause;
}
