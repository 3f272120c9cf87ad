import { Args } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { draftFor } from '../../lib/cli/draft.js';

export default class PlanValidate extends BaseCommand<typeof PlanValidate> {
  static override summary = 'Check a draft: every fault at once, with file and line.';
  static override examples = ['<%= config.bin %> plan validate', '<%= config.bin %> plan validate plan.yaml'];
  static override args = {
    file: Args.string({ description: 'draft to check (else custody.yaml of the repository)', required: false }),
  };

  async run() {
    const { plan, roster } = await draftFor(this.context, this.args.file);
    this.show(
      `In order: ${Object.keys(plan.keys).length} keys, ${roster.threshold} of ${roster.custodians.length} custodians.`,
    );
    return {
      verdict: 'verified',
      keys: Object.keys(plan.keys),
      threshold: roster.threshold,
      custodians: roster.custodians.map(({ id }) => id),
    };
  }
}
