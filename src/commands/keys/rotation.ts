import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { openedText, openFlags, openOne } from '../../lib/cli/open-flags.js';
import { rotationProposal } from '../../lib/request/rotate.js';
import { rotationOffProposal } from '../../lib/request/state-change.js';

export default class KeysRotation extends BaseCommand<typeof KeysRotation> {
  static override summary = 'Ask the quorum to let KMS rotate a key by itself, or to stop that.';
  static override description =
    'Switches automatic rotation on, every --period-days days (else as often as the plan says); --off switches it off, which has a class and stricter rules of its own.';
  static override examples = [
    '<%= config.bin %> keys rotation telemetry-short',
    '<%= config.bin %> keys rotation case-data --period-days 180',
    '<%= config.bin %> keys rotation case-data --off',
  ];
  static override args = { key: Args.string({ description: 'name, alias, key id or ARN', required: true }) };
  static override flags = {
    ...openFlags,
    'period-days': Flags.integer({ min: 90, max: 2560, description: "days between rotations (else the plan's)" }),
    off: Flags.boolean({ default: false, exclusive: ['period-days'], description: 'no automatic rotation any more' }),
  };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const proposal = this.flags.off
      ? await rotationOffProposal(seat, this.args.key, how)
      : await rotationProposal(seat, this.args.key, this.flags['period-days'] ?? null, how);
    const opened = await openOne(seat, proposal, this.flags['dry-run']);
    this.show(openedText(opened));
    return opened;
  }
}
