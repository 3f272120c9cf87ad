import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../lib/cli/base-command.js';
import { checksText, verdictExit } from '../lib/cli/checks.js';
import { readGiven } from '../lib/cli/draft.js';
import { verifyRecords } from '../lib/inspect/records.js';
import { MAX_RECORD_BYTES } from '../lib/record/envelope.js';
import { parseRoster } from '../lib/roster/format.js';

export default class Verify extends BaseCommand<typeof Verify> {
  static override strict = false;
  static override summary = 'Verify record files offline, with a roster and nothing else.';
  static override description =
    'For auditors: needs no repository, no AWS and no network. --roster is a roster/<n>.json that you got from someone you trust; without it, that of the repository you stand in. Exit 3 unless everything is verified.';
  static override examples = ['<%= config.bin %> verify records/r-abcdefghij/*.json --roster roster/1.json'];
  static override args = { file: Args.string({ description: 'record files', required: true }) };
  static override flags = { roster: Flags.string({ description: 'the roster to verify with', helpValue: 'FILE' }) };

  async run() {
    const roster = await this.roster();
    const files = await Promise.all(
      this.words.map(async (path) => ({ path, bytes: await readGiven(path, MAX_RECORD_BYTES + 1) })),
    );
    const report = verifyRecords(files, roster);
    this.show(checksText(report.verdict, report.checks));
    this.endWith(verdictExit(report.verdict));
    return report;
  }

  private async roster() {
    const { roster } = this.flags;
    if (roster !== undefined) return parseRoster(await readGiven(roster, MAX_RECORD_BYTES), roster);
    return (await this.context.lookUp('local')).roster;
  }
}
