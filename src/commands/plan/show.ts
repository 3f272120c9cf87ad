import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { draftFor } from '../../lib/cli/draft.js';
import { planScreen } from '../../lib/cli/plan-screen.js';

export default class PlanShow extends BaseCommand<typeof PlanShow> {
  static override summary = 'The key hierarchy as a tree, with the rules for changing it.';
  static override examples = ['<%= config.bin %> plan show', '<%= config.bin %> plan show --draft --json'];
  static override flags = {
    draft: Flags.boolean({ default: false, description: 'custody.yaml as it stands, in force or not' }),
  };

  async run() {
    if (this.flags.draft) {
      const { plan, roster } = await draftFor(this.context);
      this.show(planScreen(plan, roster, 'Draft (custody.yaml)'));
      return { draft: true, plan };
    }
    const state = await this.context.lookUp('remote-if-reachable');
    const { version, plan } = state.plan;
    this.show(planScreen(plan, state.roster, `Plan ${version} in force`));
    return {
      version,
      digest: state.planDigest,
      plan,
      roster: { version: state.roster.version, digest: state.rosterDigest },
    };
  }
}
