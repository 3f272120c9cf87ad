import { Args } from '@oclif/core';
import { BaseCommand } from '../../../lib/cli/base-command.js';
import { sandboxFlags, switchRegion } from '../../../lib/cli/sandbox.js';

export default class SandboxRegionDown extends BaseCommand<typeof SandboxRegionDown> {
  static override summary = 'Take a Region of the sandbox away: its endpoints answer nothing useful.';
  static override examples = ['<%= config.bin %> sandbox region down us-east-1'];
  static override args = { region: Args.string({ required: true, description: 'Region' }) };
  static override flags = sandboxFlags;

  async run() {
    const answer = await switchRegion(this.context, this.flags.dir, this.args.region, false);
    this.show(`${this.args.region} is down.`);
    return answer;
  }
}
