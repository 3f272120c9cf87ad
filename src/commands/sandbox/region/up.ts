import { Args } from '@oclif/core';
import { BaseCommand } from '../../../lib/cli/base-command.js';
import { sandboxFlags, switchRegion } from '../../../lib/cli/sandbox.js';

export default class SandboxRegionUp extends BaseCommand<typeof SandboxRegionUp> {
  static override summary = 'Bring a Region of the sandbox back.';
  static override examples = ['<%= config.bin %> sandbox region up us-east-1'];
  static override args = { region: Args.string({ required: true, description: 'Region' }) };
  static override flags = sandboxFlags;

  async run() {
    const answer = await switchRegion(this.context, this.flags.dir, this.args.region, true);
    this.show(`${this.args.region} is up.`);
    return answer;
  }
}
