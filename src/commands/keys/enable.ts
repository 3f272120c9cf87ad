import { Args } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { openedText, openFlags, openOne, regionFlag } from '../../lib/cli/open-flags.js';
import { stateProposal } from '../../lib/request/state-change.js';

export default class KeysEnable extends BaseCommand<typeof KeysEnable> {
  static override summary = 'Ask the quorum to enable a disabled key.';
  static override description = 'A key is disabled by a request, or after its deletion was cancelled.';
  static override examples = [
    '<%= config.bin %> keys enable case-data --reason "the incident is over"',
    '<%= config.bin %> keys enable root --in eu-west-1',
  ];
  static override args = { key: Args.string({ description: 'name, alias, key id or ARN', required: true }) };
  static override flags = { ...openFlags, ...regionFlag };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const proposal = await stateProposal(seat, 'key.enable', this.args.key, this.flags.in, how);
    const opened = await openOne(seat, proposal, this.flags['dry-run']);
    this.show(openedText(opened));
    return opened;
  }
}
