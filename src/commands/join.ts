import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../lib/cli/base-command.js';
import { joinedText, joinRepository } from '../lib/cli/join.js';

export default class Join extends BaseCommand<typeof Join> {
  static override summary = "Make a custodian's clone and pin its genesis.";
  static override description =
    'Shows twelve words that stand for the genesis; compare them with the custodian who founded the repository, by voice. Without a terminal --genesis gives what was said. A custodian of the first roster signs genesis; anyone else only pins it.';
  static override examples = [
    '<%= config.bin %> join git@example.com:acme/custody.git custody --as privacy',
    '<%= config.bin %> join /srv/custody.git privacy --as privacy --genesis "abandon ability …"',
  ];
  static override args = {
    url: Args.string({ required: true, description: 'the shared Git repository' }),
    dir: Args.string({ description: 'folder to make (else custody)', default: 'custody' }),
  };
  static override flags = {
    genesis: Flags.string({ description: 'the twelve words, or sha256:…, as another custodian said them' }),
  };

  async run() {
    const joined = await joinRepository(this.context, this.args.url, this.args.dir, this.flags.genesis);
    this.context.progress.done();
    this.show(joinedText(joined));
    return joined;
  }
}
