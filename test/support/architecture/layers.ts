/** What a folder of src may import. */
export interface Layer {
  /** Folders of ours; `policy/evaluate` names one file. Its own folder is always allowed. */
  readonly imports: readonly string[];
  /** Packages, as `@scope/name`, or `@scope/*`. */
  readonly packages?: readonly string[];
  /** Modules of Node; node:crypto is open to all, without what draws randomness. */
  readonly builtins?: readonly string[];
  /** Touches the outside: may use the clock, randomness, `process`. */
  readonly outside?: true;
  /** Why the folder may do more than its kind suggests. */
  readonly why?: string;
}

const PURE = ['base', 'guard', 'trail', 'roster', 'key', 'plan', 'record', 'quorum', 'policy', 'ledger', 'signing'];
const FLOWS = ['request', 'ciphertext', 'backup', 'copy', 'drill', 'setup', 'inspect', 'ingest', 'status', 'rehearse'];

/** THE table: a folder that is not in it may not exist. */
export const LAYERS: Readonly<Record<string, Layer>> = {
  base: { imports: [], packages: ['canonicalize'] },
  roster: { imports: ['base'], packages: ['@scure/bip39'] },
  key: { imports: ['base'] },
  ledger: { imports: ['base'] },
  guard: {
    imports: ['base', 'key', 'plan', 'ledger', 'trail'],
    packages: ['@open-policy-agent/opa-wasm'],
    why: 'ledger: decisions are entries of it; the evaluator is given the bytes of the policy and touches nothing',
  },
  ciphertext: { imports: ['base', 'key'] },
  trail: { imports: ['base'] },
  plan: { imports: ['base', 'key'], packages: ['yaml'] },
  record: { imports: ['base', 'roster'] },
  signing: { imports: ['base', 'roster'], packages: ['@sigstore/core', '@sigstore/verify'] },
  quorum: { imports: ['base', 'roster', 'plan', 'record'] },
  policy: { imports: ['base', 'roster', 'plan'] },
  request: { imports: ['base', 'roster', 'plan', 'key', 'record', 'quorum', 'policy', 'ledger'] },
  backup: {
    imports: [
      'base',
      'roster',
      'plan',
      'key',
      'record',
      'policy',
      'ledger',
      'request',
      'signing/statement-signer',
      'inspect/check',
    ],
    why: 'signing/statement-signer: the two roles of who signs and who verifies; inspect/check: the form of every report',
  },
  copy: {
    imports: [...PURE, 'request', 'backup/telling'],
    why: 'backup/telling: one way in which the ledger is told of what is no record',
  },
  drill: { imports: [...PURE, 'request', 'backup', 'copy', 'ciphertext', 'setup', 'status', 'inspect'] },
  setup: { imports: [...PURE, 'request', 'inspect/check'], why: 'inspect/check: the form of every report' },
  inspect: { imports: [...PURE, 'request'] },
  ingest: {
    imports: [...PURE, 'inspect/check', 'inspect/reconcile/change'],
    builtins: ['util', 'zlib'],
    why: 'zlib only computes: log files are packed; inspect: the form of every report, and which events are about keys of the plan',
  },
  status: {
    imports: [...PURE, 'request', 'inspect'],
    why: 'the front page tells what reconciliation and the proof of the account say; they know nothing of it',
  },
  rehearse: { imports: [...PURE, 'request', 'setup', 'status', 'inspect'] },
  aws: {
    imports: ['base', 'trail', 'key', 'plan', 'policy', 'guard', 'ledger', 'fs/policy-file'],
    packages: ['@aws-sdk/*'],
    builtins: ['async_hooks', 'fs/promises', 'http', 'https', 'os', 'path', 'timers/promises', 'tls', 'util'],
    outside: true,
    why: 'fs/policy-file: no client is made without the guard, so it is not for others to bring the policy',
  },
  git: {
    imports: ['base', 'record', 'ledger', 'fs/lock'],
    packages: ['simple-git'],
    builtins: [
      'child_process',
      'events',
      'fs',
      'fs/promises',
      'os',
      'path',
      'stream',
      'timers/promises',
      'url',
      'util',
      'zlib',
    ],
    outside: true,
    why: 'fs/lock: two commands on one clone exclude each other by the same lock as two writers of one state file. zlib: whether an object is what its name says, Git itself does not ask when it reads',
  },
  net: {
    imports: ['base', 'signing'],
    packages: ['@sigstore/sign', '@sigstore/tuf', 'make-fetch-happen', 'openid-client'],
    builtins: ['http', 'https', 'net', 'tls'],
    outside: true,
    why: 'signing: the ports of a Sigstore instance',
  },
  fs: {
    imports: ['base', 'trail', 'record', 'ledger'],
    builtins: ['fs', 'fs/promises', 'os', 'path', 'timers/promises', 'url', 'util'],
    outside: true,
  },
  sandbox: {
    imports: ['base', 'policy/evaluate', 'policy/document', 'policy/grant'],
    builtins: [
      'child_process',
      'events',
      'fs',
      'fs/promises',
      'http',
      'net',
      'path',
      'stream',
      'timers/promises',
      'url',
      'zlib',
    ],
    outside: true,
    why: 'policy/document is what policy/evaluate takes, policy/grant the other half of the judgement; the SDK stays out, so that the wire is checked by its own client; zlib: CRC-32 of objects in S3',
  },
  cli: {
    imports: [...PURE, ...FLOWS, 'aws', 'git', 'net', 'fs', 'sandbox'],
    packages: ['@oclif/core', '@inquirer/prompts', 'chalk'],
    builtins: ['child_process', 'fs', 'fs/promises', 'os', 'path', 'timers/promises', 'tty', 'url', 'util', 'zlib'],
    outside: true,
    why: 'zlib: log files of CloudTrail are compressed',
  },
  commands: {
    imports: ['cli', ...FLOWS, ...PURE],
    packages: ['@oclif/core'],
    why: 'pure folders: flags are parsed into their types, and results are rendered from them',
  },
};

/** Files that, with everything below them, stay within fewer folders than their own layer: [file, folders]. */
export const CLOSED: readonly (readonly [string, readonly string[]])[] = [
  // The sandbox judges with it: it must know nothing of plans, rosters and their rules.
  ['src/lib/policy/evaluate', ['base', 'policy']],
  ['src/lib/policy/document', ['base', 'policy']],
  ['src/lib/policy/grant', ['base', 'policy']],
];

/** The only file that reads the environment. */
export const COMPOSITION_ROOT = 'src/lib/cli/context.ts';
