import { Args, Flags } from '@oclif/core';
import { chooseOne } from '../../lib/cli/ask.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { openIds } from '../../lib/cli/pending.js';
import { requestJson } from '../../lib/cli/present.js';
import { pairs } from '../../lib/cli/render.js';
import { arm } from '../../lib/request/arm.js';

export default class KeysArm extends BaseCommand<typeof KeysArm> {
  static override summary = 'Set your approval slot at AWS for a request that you have approved.';
  static override description =
    'Under the approval interlock KMS lets a call through only while the slots of a quorum say so. Approving sets yours, unless the class has a cool-off: then this does, after it, so that KMS waits too. Also where setting it failed. Running it twice is the same.';
  static override examples = ['<%= config.bin %> keys arm r-abcdefghij'];
  static override args = { id: Args.string({ description: 'request', required: false }) };
  static override flags = {
    'dry-run': Flags.boolean({ default: false, description: 'check, and say what would be set; set nothing' }),
  };

  async run() {
    const seat = await this.context.seat('remote');
    const id = this.args.id ?? (await chooseOne(this.context.interactive, 'request', await openIds(seat)));
    const dryRun = this.flags['dry-run'];
    const { case: found, slot } = await arm(seat.ports, seat.actor, seat.aws, id, dryRun);
    this.context.progress.done();
    this.show(
      slot === null
        ? `Request ${id} needs no slot at AWS.`
        : pairs([
            [dryRun ? 'would set' : 'set', slot.tagKey],
            ['to', slot.value],
            ['on', seat.state.roster.executorRoleArn],
          ]),
    );
    return { request: requestJson(found), slot, ...(dryRun ? { dryRun } : {}) };
  }
}
