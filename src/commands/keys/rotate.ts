import { Args, Flags } from '@oclif/core';
import { CustodyError } from '../../lib/base/errors.js';
import { chooseSome } from '../../lib/cli/ask.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import type { Seat } from '../../lib/cli/context.js';
import { openAll, openedText, openFlags } from '../../lib/cli/open-flags.js';
import { dueProposals, rotateProposal } from '../../lib/request/rotate.js';

export default class KeysRotate extends BaseCommand<typeof KeysRotate> {
  static override strict = false;
  static override summary = 'Ask the quorum to rotate keys now.';
  static override description =
    'KEY is a name of the plan, an alias, a key id or an ARN. --due takes every key whose last rotation is older than the plan allows; a key whose automatic rotation is off gets a request to switch it on instead.';
  static override examples = [
    '<%= config.bin %> keys rotate case-data --reason "quarterly"',
    '<%= config.bin %> keys rotate --due --json',
  ];
  static override args = { key: Args.string({ description: 'keys to rotate', required: false }) };
  static override flags = {
    ...openFlags,
    due: Flags.boolean({ default: false, description: 'every key that is due by the plan' }),
  };

  async run() {
    if (this.flags.due && this.words.length > 0) throw new CustodyError('USAGE', 'name keys, or give --due: not both');
    const seat = await this.context.seat('remote-if-reachable');
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const proposals = this.flags.due
      ? await dueProposals(seat, how)
      : await Promise.all((await this.keys(seat)).map((key) => rotateProposal(seat, key, how)));
    const { requests, failures, exit } = await openAll(seat, proposals, this.flags['dry-run'], (error) =>
      this.complain(error),
    );
    this.endWith(exit);
    if (requests.length > 0 || failures.length === 0)
      this.show(requests.map(openedText).join('\n\n') || 'Nothing is due.');
    const [only] = requests;
    return !this.flags.due && requests.length === 1 && failures.length === 0 && only
      ? only
      : { requests: requests.map((item) => item.request ?? item), failures };
  }

  private keys({ plan }: Seat): Promise<readonly string[]> {
    if (this.words.length > 0) return Promise.resolve(this.words);
    return chooseSome(this.context.interactive, 'keys', Object.keys(plan.keys));
  }
}
