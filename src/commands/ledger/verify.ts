import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { checksText, verdictExit } from '../../lib/cli/checks.js';
import { ledgerFlags, offlineFlag, openLedgerPlace } from '../../lib/cli/ledger-place.js';
import { verifyAndRemember } from '../../lib/cli/ledger-verify.js';

export default class LedgerVerify extends BaseCommand<typeof LedgerVerify> {
  static override summary = 'Verify a ledger: chain, tree, checkpoints, and what this machine remembers.';
  static override description =
    'Reads every entry. What is verified is remembered: the ledger must go on from there for ever. --since-checkpoint reads only what came since; what lies before is then not looked at. For the chain of the repository, also that every record is told of. Exit 3 unless the ledger is verified: an empty or shortened one is not.';
  static override examples = [
    '<%= config.bin %> ledger verify --json',
    '<%= config.bin %> ledger verify --since-checkpoint',
    '<%= config.bin %> ledger verify --directory /srv/custody/ledger --entries',
  ];
  static override flags = {
    ...ledgerFlags,
    ...offlineFlag,
    'since-checkpoint': Flags.boolean({
      default: false,
      description: 'only what came after the state that this machine last verified (an audit ledger)',
    }),
    entries: Flags.boolean({ default: false, description: 'also the form of each entry (an audit ledger)' }),
  };

  async run() {
    const place = await openLedgerPlace(this.context, this.flags);
    const depth = { sinceRemembered: this.flags['since-checkpoint'], forms: this.flags.entries };
    const report = await verifyAndRemember(place, depth);
    this.show(checksText(report.verdict, report.checks));
    this.endWith(verdictExit(report.verdict));
    return { ledger: place.name, ...report };
  }
}
