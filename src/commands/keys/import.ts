import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { bringFlags, bringingOf } from '../../lib/cli/material.js';
import { openedText, openFlags, openOne } from '../../lib/cli/open-flags.js';
import { importProposal } from '../../lib/request/import.js';

export default class KeysImport extends BaseCommand<typeof KeysImport> {
  static override summary = 'Ask the quorum to import key material of your own into a key of origin EXTERNAL.';
  static override description =
    'The request holds a commitment to the 32 bytes, never the bytes: two custodians who saw them made can compare it, and nothing else can be imported under it. Material that is read here is wiped again; the machine that has it runs keys execute ID --material-fd N. Without --material, what is imported is the first material of a new key, or the one that is missing in the Region.';
  static override examples = [
    '<%= config.bin %> keys import partner --material-fd 3 --never-expires 3< /dev/shm/material',
    '<%= config.bin %> keys import partner --in eu-west-1 --commitment sha256:… --expires 2027-01-31T09:00:00Z',
  ];
  static override args = { key: Args.string({ description: 'name, alias, key id or ARN', required: true }) };
  static override flags = {
    ...openFlags,
    ...bringFlags,
    in: Flags.string({ description: "the Region (else the plan's primary)", helpValue: 'REGION' }),
    material: Flags.string({ description: 'this material again: its id at KMS', helpValue: 'ID' }),
  };

  async run() {
    const bring = await bringingOf(this.flags);
    const seat = await this.context.seat('remote-if-reachable');
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const which = { region: this.flags.in ?? null, materialId: this.flags.material ?? null };
    const proposal = await importProposal(seat, this.args.key, which, bring, how);
    const opened = await openOne(seat, proposal, this.flags['dry-run']);
    this.show(`${openedText(opened)}\ncommitment  ${bring.commitment}`);
    return opened;
  }
}
