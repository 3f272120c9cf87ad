import { Args } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { openedText, openFlags, openOne, regionFlag } from '../../lib/cli/open-flags.js';
import { describeProposal } from '../../lib/request/access.js';

export default class KeysDescribe extends BaseCommand<typeof KeysDescribe> {
  static override summary = "Ask the quorum to change a key's description at AWS.";
  static override examples = ['<%= config.bin %> keys describe case-data "case and subject metadata"'];
  static override args = {
    key: Args.string({ description: 'name, alias, key id or ARN', required: true }),
    text: Args.string({ description: 'the new description', required: true }),
  };
  static override flags = { ...openFlags, ...regionFlag };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const where = { key: this.args.key, region: this.flags.in ?? null };
    const proposal = await describeProposal(seat, where, this.args.text, how);
    const opened = await openOne(seat, proposal, this.flags['dry-run']);
    this.show(openedText(opened));
    return opened;
  }
}
