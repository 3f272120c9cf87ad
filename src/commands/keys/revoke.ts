import { Args } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { openedText, openFlags, openOne, regionFlag } from '../../lib/cli/open-flags.js';
import { endGrantProposal } from '../../lib/request/access.js';

export default class KeysRevoke extends BaseCommand<typeof KeysRevoke> {
  static override summary = 'Ask the quorum to revoke a grant.';
  static override description = 'What the grant let someone do ends. custody keys show KEY lists grants and their ids.';
  static override examples = ['<%= config.bin %> keys revoke case-data GRANT-ID'];
  static override args = {
    key: Args.string({ description: 'name, alias, key id or ARN', required: true }),
    grant: Args.string({ description: 'id of the grant', required: true }),
  };
  static override flags = { ...openFlags, ...regionFlag };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const where = { key: this.args.key, region: this.flags.in ?? null };
    const proposal = await endGrantProposal(seat, where, 'key.revoke', this.args.grant, how);
    const opened = await openOne(seat, proposal, this.flags['dry-run']);
    this.show(openedText(opened));
    return opened;
  }
}
