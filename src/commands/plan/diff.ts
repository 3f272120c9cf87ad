import { Flags } from '@oclif/core';
import { EXIT } from '../../lib/base/errors.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { differenceText, planChangeText } from '../../lib/cli/differences.js';
import { draftChanges } from '../../lib/cli/draft.js';
import { diffPlan } from '../../lib/plan/diff.js';
import { decidedBy } from '../../lib/request/decided.js';
import { casesOf } from '../../lib/request/desk.js';
import { expectationsOf, observeEstate } from '../../lib/request/estate.js';
import { knownKeys } from '../../lib/request/known-keys.js';

export default class PlanDiff extends BaseCommand<typeof PlanDiff> {
  static override summary = 'Every difference between the plan in force and the live keys.';
  static override description =
    'Exit 3 when there is one. --draft compares custody.yaml with the plan in force instead.';
  static override examples = ['<%= config.bin %> plan diff', '<%= config.bin %> plan diff --draft'];
  static override flags = {
    draft: Flags.boolean({ default: false, description: 'what custody.yaml would change in the plan in force' }),
  };

  async run() {
    const state = await this.context.lookUp('remote-if-reachable');
    const { folder, ports } = await this.context.desk();
    const { plan } = state.plan;
    if (this.flags.draft) return this.report('changes', await draftChanges(folder, plan), planChangeText);
    const { reader } = await this.context.access.aws(plan);
    const { cases } = await casesOf(ports, state);
    const observed = await observeEstate(reader, plan, ports.progress, { known: knownKeys(plan, cases) });
    const { moves } = decidedBy(plan, state.roster, cases);
    const differences = diffPlan(plan, observed, expectationsOf(plan, state.roster, moves));
    return this.report('differences', differences, differenceText);
  }

  private report<T>(name: 'changes' | 'differences', found: readonly T[], textOf: (item: T) => string) {
    this.context.progress.done();
    this.show(found.length === 0 ? 'No difference.' : found.map(textOf).join('\n'));
    if (found.length > 0) this.endWith(EXIT.refused);
    return { verdict: found.length === 0 ? 'verified' : 'refused', [name]: found };
  }
}
