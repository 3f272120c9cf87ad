import { Command, Flags, type Interfaces } from '@oclif/core';
import type { CustodyError, ExitStatus } from '../base/errors.js';
import { Context } from './context.js';
import { asError, errorJson } from './failure.js';
import { renderError } from './render.js';
import { visible, visibleJson } from './visible.js';

const GLOBAL = 'GLOBAL';

/**
 * What all commands share: typed flags, results on stdout, people's text on stderr, the same exit status with and
 * without `--json`.
 */
export abstract class BaseCommand<T extends typeof Command> extends Command {
  static override enableJsonFlag = true;

  static override baseFlags = {
    repo: Flags.string({
      helpGroup: GLOBAL,
      env: 'CUSTODY_REPO',
      description: 'folder of the custody repository (else the nearest with custody.yaml)',
      helpValue: 'DIR',
    }),
    as: Flags.string({
      helpGroup: GLOBAL,
      env: 'CUSTODY_AS',
      description: 'which listed identity acts; only selects, proves nothing',
      helpValue: 'CUSTODIAN',
    }),
    profile: Flags.string({ helpGroup: GLOBAL, description: 'profile of the AWS config files' }),
    'ledger-profile': Flags.string({
      helpGroup: GLOBAL,
      env: 'CUSTODY_LEDGER_PROFILE',
      helpValue: 'PROFILE',
      description: 'profile that writes or reads an audit ledger in S3',
    }),
    'ledger-reader': Flags.string({
      helpGroup: GLOBAL,
      env: 'CUSTODY_LEDGER_READER',
      helpValue: 'PROFILE',
      description: 'profile that reads it, where --ledger-profile only writes',
    }),
    region: Flags.string({ helpGroup: GLOBAL, description: 'AWS Region for what the plan does not decide' }),
    'endpoint-url': Flags.string({
      helpGroup: GLOBAL,
      description: "another endpoint; only for a plan whose environment is 'sandbox'",
      helpValue: 'URL',
    }),
    'passphrase-fd': Flags.integer({
      helpGroup: GLOBAL,
      env: 'CUSTODY_PASSPHRASE_FD',
      description: 'file descriptor that gives the passphrase of a local key',
      helpValue: 'N',
      min: 0,
    }),
    // main answers it before a command is loaded, so that nothing else has to be given.
    'json-schema': Flags.boolean({ helpGroup: GLOBAL, description: 'print the JSON Schema of the result, do nothing' }),
  };

  protected flags!: Interfaces.InferredFlags<T['flags'] & (typeof BaseCommand)['baseFlags']>;
  protected args!: Interfaces.InferredArgs<T['args']>;
  /** Every argument, for commands that take any number of them. */
  protected words: readonly string[] = [];
  #context: Context | undefined;

  override async init(): Promise<void> {
    await super.init();
    const { flags, args, argv } = await this.parse({
      flags: this.ctor.flags,
      baseFlags: (super.ctor as typeof BaseCommand).baseFlags,
      enableJsonFlag: this.ctor.enableJsonFlag,
      args: this.ctor.args,
      strict: this.ctor.strict,
    });
    this.flags = flags as typeof this.flags;
    this.args = args as typeof this.args;
    this.words = argv.map(String);
  }

  /** The repository, AWS and the acting identity, opened when first asked for. */
  protected get context(): Context {
    const given = this.flags as Record<string, unknown>;
    const text = (name: string) => (typeof given[name] === 'string' ? (given[name] as string) : undefined);
    this.#context ??= new Context(
      {
        repo: text('repo'),
        as: text('as'),
        profile: text('profile'),
        ledgerProfile: text('ledger-profile'),
        ledgerReader: text('ledger-reader'),
        region: text('region'),
        endpointUrl: text('endpoint-url'),
        passphraseFd: typeof given['passphrase-fd'] === 'number' ? given['passphrase-fd'] : undefined,
      },
      { json: this.jsonEnabled(), packageRoot: this.config.root, version: this.config.version },
    );
    return this.#context;
  }

  /** A result for people; silent with `--json`, where the returned object is the result. */
  protected show(text: string): void {
    if (!this.jsonEnabled()) process.stdout.write(`${text}\n`);
  }

  /** A remark for people: always on stderr, with `--json` too. */
  protected note(text: string): void {
    process.stderr.write(`${visible(text, 2000)}\n`);
  }

  /** One part of a batch failed; with `--json` the result says so. */
  protected complain(error: CustodyError): void {
    this.#context?.progress.done();
    if (!this.jsonEnabled()) process.stderr.write(renderError(error));
  }

  /** The command answers, but not with success: a check said no, or the quorum is not met. */
  protected endWith(exit: ExitStatus): void {
    process.exitCode = exit;
  }

  override logJson(json: unknown): void {
    process.stdout.write(`${visibleJson(json)}\n`);
  }

  protected override toErrorJson(error: CustodyError): unknown {
    return errorJson(error);
  }

  protected override async catch(cause: Error): Promise<void> {
    const error = asError(cause);
    if (error === null) throw cause;
    process.exitCode = error.exit;
    if (this.jsonEnabled()) this.logJson(this.toErrorJson(error));
    else process.stderr.write(renderError(error));
  }

  protected override async finally(): Promise<void> {
    await this.#context?.close();
  }
}
