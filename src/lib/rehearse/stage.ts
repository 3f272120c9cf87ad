import type { Instant } from '../base/time.js';

/** PORT: where a rehearsal is played. The real one runs the real commands as child processes over a sandbox. */
export interface Stage {
  /** Runs `custody WORDS… --json` as one of the players, in that player's clone where there is one. */
  run(player: Player, words: readonly string[]): Promise<Outcome>;
  /** Calls KMS directly with a profile of the sandbox, past the tool. */
  callKms(
    profile: string,
    operation: DirectOperation,
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<DirectOutcome>;
  /**
   * Copies the remote and one clone, changes the copy of the remote as an attacker with push access would (`files` are
   * written over or beside what is there), and runs a command in the copied clone.
   */
  runOnForgery(player: Player, forge: Forge, words: readonly string[]): Promise<Outcome>;
  /** A file for the next command, outside of every repository; answers its path. */
  writeFile(name: string, text: string): Promise<string>;
  /** The path of something outside of every repository, there or not. */
  place(name: string): string;
  /** Gives a role a policy of a file, as the platform team would with any AWS tool. */
  installPolicy(role: string, policy: string, path: string): Promise<void>;
  /** What time it is at the endpoint. */
  now(): Promise<Instant>;
  /** Moves the endpoint's clock forward by a duration like `20m`. */
  advance(duration: string): Promise<void>;
}

export const PLAYERS = ['architect', 'privacy', 'deputy'] as const;
export type Player = (typeof PLAYERS)[number];

export type DirectOperation =
  | 'Encrypt'
  | 'Decrypt'
  | 'GenerateDataKeyWithoutPlaintext'
  | 'RotateKeyOnDemand'
  | 'PutKeyPolicy'
  | 'ScheduleKeyDeletion';

export interface Outcome {
  readonly exit: number;
  readonly json: Readonly<Record<string, unknown>>;
  /** The command as a person would type it. */
  readonly command: string;
}

export type DirectOutcome =
  | { readonly ok: true; readonly answer: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly code: string };

/** New content by path, from the content that is there. */
export type Forge = (files: ReadonlyMap<string, Uint8Array>) => ReadonlyMap<string, Uint8Array>;

/** A request, and the digest of what was reviewed. */
export interface Asked {
  readonly id: string;
  readonly digest: string;
}

/** What earlier steps leave for later ones. */
export interface Notes {
  genesis: string;
  signerFiles: string[];
  requests: { readonly id: string; readonly digest: string; readonly action: string }[];
  rotation: Asked | null;
  /** The policy of the root's replica: its slots are those of the root, so it is signed after that one was executed. */
  replicaPolicy: Asked | null;
  /** The exercise on a scratch key, by the one who executes it and drills afterwards. */
  cycle: Asked | null;
  caseDataArn: string;
  ciphertext: string;
  materialBefore: string;
}

export interface Step {
  readonly name: string;
  /** An attack succeeds as a step when it is refused. */
  readonly attack: boolean;
  /** It is played at the same time as the step before: neither touches what the other does. */
  readonly meanwhile?: boolean;
  /** Plays the step; answers the command to show. @throws CustodyError REFUSED when it did not go as it must */
  readonly play: (stage: Stage, notes: Notes) => Promise<string>;
}
