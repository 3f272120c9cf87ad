import { BaseCommand } from '../../lib/cli/base-command.js';
import { endGrantArgs, endGrantFlags, openGrantEnd } from '../../lib/cli/grant-end.js';
import { openedText } from '../../lib/cli/open-flags.js';

export default class KeysRevoke extends BaseCommand<typeof KeysRevoke> {
  static override summary = 'Ask the quorum to revoke a grant.';
  static override description = 'What the grant let someone do ends. custody keys show KEY lists grants and their ids.';
  static override examples = ['<%= config.bin %> keys revoke case-data GRANT-ID'];
  static override args = endGrantArgs;
  static override flags = endGrantFlags;

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const opened = await openGrantEnd(seat, 'key.revoke', { args: this.args, flags: this.flags });
    this.show(openedText(opened));
    return opened;
  }
}
