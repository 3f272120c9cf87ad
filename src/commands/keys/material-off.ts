import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { openedText, openFlags, openOne } from '../../lib/cli/open-flags.js';
import { materialOffProposal } from '../../lib/request/import.js';

export default class KeysMaterialOff extends BaseCommand<typeof KeysMaterialOff> {
  static override summary = 'Ask the quorum to delete imported key material, in one Region and at once.';
  static override description =
    'There is no waiting period: once it is executed, nothing that needs the material can be encrypted or decrypted in that Region until the very same bytes are imported again. Replicas keep theirs.';
  static override examples = [
    '<%= config.bin %> keys material-off partner --reason "the partner has left"',
    '<%= config.bin %> keys material-off partner --in eu-west-1 --material 0123…',
  ];
  static override args = { key: Args.string({ description: 'name, alias, key id or ARN', required: true }) };
  static override flags = {
    ...openFlags,
    in: Flags.string({ description: "the Region (else the plan's primary)", helpValue: 'REGION' }),
    material: Flags.string({ description: 'which one, by its id at KMS (else the only one)', helpValue: 'ID' }),
  };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const which = { region: this.flags.in ?? null, materialId: this.flags.material ?? null };
    const proposal = await materialOffProposal(seat, this.args.key, which, how);
    const opened = await openOne(seat, proposal, this.flags['dry-run']);
    this.show(openedText(opened));
    return opened;
  }
}
