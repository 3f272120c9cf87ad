import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { ledgerFlags, offlineFlag, openLedgerPlace } from '../../lib/cli/ledger-place.js';
import { writeNew } from '../../lib/cli/write-new.js';
import { proveEntry } from '../../lib/inspect/prove-entry.js';

export default class LedgerProve extends BaseCommand<typeof LedgerProve> {
  static override summary = 'Prove to an outsider that an entry stands in the ledger, with one small file.';
  static override description =
    'Writes a C2SP tlog-proof: the entry, its inclusion proof and a signed checkpoint. `custody verify FILE --roster roster/1.json` verifies it without anything else, and so does any verifier of that format. Needs a checkpoint that covers the entry.';
  static override examples = [
    '<%= config.bin %> ledger prove 17 --out entry-17.tlog-proof',
    '<%= config.bin %> ledger prove 17 --repository',
  ];
  static override args = {
    entry: Args.integer({ description: 'number of the entry', required: true, min: 0, max: 999_999_999 }),
  };
  static override flags = {
    ...ledgerFlags,
    ...offlineFlag,
    out: Flags.string({ description: 'a new file for the proof (else it is printed)', helpValue: 'FILE' }),
  };

  async run() {
    const place = await openLedgerPlace(this.context, this.flags);
    const entry = this.args.entry;
    const { proof, size, signers } = await proveEntry(
      entry,
      place.reader,
      await place.hashSources(),
      await place.checkpoints(),
    );
    const text = Buffer.from(proof).toString('utf8');
    const { out } = this.flags;
    if (out !== undefined) await writeNew(out, text);
    this.show(
      out === undefined ? text.trimEnd() : `${out} proves entry ${entry} of ${size}, signed by ${signers.join(', ')}.`,
    );
    return { ledger: place.name, entry, size, signers, path: out ?? null, proof: text };
  }
}
