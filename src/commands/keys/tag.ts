import { Args, Flags } from '@oclif/core';
import { CustodyError } from '../../lib/base/errors.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { assignments, openedText, openFlags, openOne, regionFlag } from '../../lib/cli/open-flags.js';
import { tagProposal, untagProposal } from '../../lib/request/access.js';

export default class KeysTag extends BaseCommand<typeof KeysTag> {
  static override strict = false;
  static override summary = 'Ask the quorum to set tags of a key, or to take some off.';
  static override description =
    'KEY, then NAME=VALUE for each tag to set; or --remove for tags to take off: a request does one or the other. Tags of AWS and of custody itself (custody:repository, custody:request) are never changed.';
  static override examples = [
    '<%= config.bin %> keys tag case-data team=cases data=personal',
    '<%= config.bin %> keys tag case-data --remove team',
  ];
  static override args = { key: Args.string({ description: 'name, alias, key id or ARN', required: true }) };
  static override flags = {
    ...openFlags,
    ...regionFlag,
    remove: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description: 'a tag to take off; may be given several times',
      helpValue: 'NAME',
    }),
  };

  async run() {
    const [, ...words] = this.words;
    const remove = this.flags.remove ?? [];
    if ((words.length === 0) === (remove.length === 0))
      throw new CustodyError(
        'USAGE',
        'give NAME=VALUE to set tags, or --remove to take tags off: one request does one',
      );
    const tags = assignments(words);
    const seat = await this.context.seat('remote-if-reachable');
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const where = { key: this.args.key, region: this.flags.in ?? null };
    const proposal =
      remove.length > 0 ? await untagProposal(seat, where, remove, how) : await tagProposal(seat, where, tags, how);
    const opened = await openOne(seat, proposal, this.flags['dry-run']);
    this.show(openedText(opened));
    return opened;
  }
}
