import { Flags } from '@oclif/core';
import { EXIT } from '../lib/base/errors.js';
import { BaseCommand } from '../lib/cli/base-command.js';
import { playRehearsal, rehearsalText } from '../lib/cli/rehearsal.js';

export default class Rehearse extends BaseCommand<typeof Rehearse> {
  static override summary = 'Play the whole story on the embedded sandbox, attacks included.';
  static override description =
    "Founds a repository for three custodians in a temporary place, makes the plan's keys, puts them under the interlock, rotates one by two of three, tries what must be refused, backs up, and ends with a verified drill, with the real commands. --keep leaves origin.git, the clones architect, privacy and deputy, the drill's report, and the sandbox's state in DIR to go on by hand.";
  static override examples = ['<%= config.bin %> rehearse', '<%= config.bin %> rehearse --keep ./rehearsal'];
  static override flags = {
    keep: Flags.string({ description: 'an empty or new folder to leave everything in', helpValue: 'DIR' }),
  };

  async run() {
    const rehearsal = await playRehearsal(this.context, this.config.root, this.flags.keep, (text) => this.say(text));
    this.show(rehearsalText(rehearsal));
    this.endWith(rehearsal.verdict === 'verified' ? EXIT.ok : EXIT.refused);
    return rehearsal;
  }

  private say(text: string): void {
    for (const line of text.split('\n')) this.note(line);
  }
}
