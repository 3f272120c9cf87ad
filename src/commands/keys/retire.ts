import { BaseCommand } from '../../lib/cli/base-command.js';
import { endGrantArgs, endGrantFlags, openGrantEnd } from '../../lib/cli/grant-end.js';
import { openedText } from '../../lib/cli/open-flags.js';

export default class KeysRetire extends BaseCommand<typeof KeysRetire> {
  static override summary = 'Ask the quorum to retire a grant whose work is done.';
  static override description =
    'Like revoking; CloudTrail tells the two apart. custody keys show KEY lists grants and their ids.';
  static override examples = ['<%= config.bin %> keys retire case-data GRANT-ID'];
  static override args = endGrantArgs;
  static override flags = endGrantFlags;

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const opened = await openGrantEnd(seat, 'key.retire', { args: this.args, flags: this.flags });
    this.show(openedText(opened));
    return opened;
  }
}
