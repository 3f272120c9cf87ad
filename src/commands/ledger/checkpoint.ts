import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { signCheckpoint } from '../../lib/cli/ledger-checkpoint.js';
import { ledgerFlags, openLedgerPlace } from '../../lib/cli/ledger-place.js';

export default class LedgerCheckpoint extends BaseCommand<typeof LedgerCheckpoint> {
  static override summary = 'Sign what a ledger is now, so that nobody can show another one later.';
  static override description =
    'Verifies the ledger first, from what this machine remembers on, and signs nothing else. The checkpoint is a C2SP signed note (size and root of the tree) in the repository or beside the audit ledger, where other custodians find it; theirs of the same state, or with --cosign the newest of anybody else, gets your signature too.';
  static override examples = [
    '<%= config.bin %> ledger checkpoint',
    '<%= config.bin %> ledger checkpoint --cosign --json',
  ];
  static override flags = {
    ...ledgerFlags,
    cosign: Flags.boolean({ default: false, description: 'sign the newest checkpoint of another custodian' }),
  };

  async run() {
    const seat = await this.context.seat('remote');
    const place = await openLedgerPlace(this.context, this.flags, 'remote');
    const checkpoint = await signCheckpoint(seat, place, this.flags.cosign);
    const { signer, size, path } = checkpoint;
    this.show(`Signed by ${signer}: ${checkpoint.origin} has ${size} entries, root ${checkpoint.root}.\n${path}`);
    return { checkpoint };
  }
}
