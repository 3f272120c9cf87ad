import { Args } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { openedText, openFlags, openOne, regionFlag } from '../../lib/cli/open-flags.js';
import { certificateProposal } from '../../lib/request/state-change.js';

export default class KeysConfirmDestroyed extends BaseCommand<typeof KeysConfirmDestroyed> {
  static override summary = 'Ask the quorum to certify that a key is destroyed.';
  static override description =
    'After the window of a deletion: proves that the quorum decided it, that its time is over and that KMS does not know the key any more. Nothing is called at AWS; the executed request with its receipt is the certificate, which custody verify reads.';
  static override examples = [
    '<%= config.bin %> keys confirm-destroyed telemetry-short',
    '<%= config.bin %> keys confirm-destroyed root --in eu-west-1',
  ];
  static override args = { key: Args.string({ description: 'name, alias or ARN', required: true }) };
  static override flags = { ...openFlags, ...regionFlag };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const proposal = await certificateProposal(seat, this.args.key, this.flags.in, how);
    const opened = await openOne(seat, proposal, this.flags['dry-run']);
    this.show(openedText(opened));
    return opened;
  }
}
