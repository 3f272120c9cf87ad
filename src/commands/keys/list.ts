import { BaseCommand } from '../../lib/cli/base-command.js';
import { keyFacts, keyTable } from '../../lib/cli/key-list.js';
import { planTree, type TreeNode } from '../../lib/plan/tree.js';
import { decidedBy } from '../../lib/request/decided.js';
import { casesOf } from '../../lib/request/desk.js';
import { observeEstate } from '../../lib/request/estate.js';
import { knownKeys } from '../../lib/request/known-keys.js';

export default class KeysList extends BaseCommand<typeof KeysList> {
  static override summary = 'The key hierarchy as it is at AWS: state, rotation, replicas, findings.';
  static override examples = ['<%= config.bin %> keys list', '<%= config.bin %> keys list --json'];

  async run() {
    const state = await this.context.lookUp('remote-if-reachable');
    const { ports } = await this.context.desk();
    const { plan } = state.plan;
    const { reader } = await this.context.access.aws(plan);
    const { cases } = await casesOf(ports, state);
    const estate = await observeEstate(reader, plan, ports.progress, { known: knownKeys(plan, cases) });
    const decided = decidedBy(plan, state.roster, cases);
    const keys = planTree(plan)
      .flatMap(names)
      .map((name) => keyFacts(state, estate, name, decided, ports.clock.now()));
    this.show(keyTable(keys));
    return { keys };
  }
}

function names({ name, children }: TreeNode): readonly string[] {
  return [name, ...children.flatMap(names)];
}
