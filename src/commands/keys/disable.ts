import { Args } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { openedText, openFlags, openOne, regionFlag } from '../../lib/cli/open-flags.js';
import { stateProposal } from '../../lib/request/state-change.js';

export default class KeysDisable extends BaseCommand<typeof KeysDisable> {
  static override summary = 'Ask the quorum to disable a key: nothing is encrypted or decrypted with it.';
  static override description =
    'Loses nothing and is taken back by keys enable. A good step before keys delete: what still needs the key shows by failing.';
  static override examples = [
    '<%= config.bin %> keys disable case-data --reason "see what still needs it"',
    '<%= config.bin %> keys disable root --in eu-west-1',
  ];
  static override args = { key: Args.string({ description: 'name, alias, key id or ARN', required: true }) };
  static override flags = { ...openFlags, ...regionFlag };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const proposal = await stateProposal(seat, 'key.disable', this.args.key, this.flags.in, how);
    const opened = await openOne(seat, proposal, this.flags['dry-run']);
    this.show(openedText(opened));
    return opened;
  }
}
