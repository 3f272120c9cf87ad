import { BaseCommand } from '../../lib/cli/base-command.js';
import { cycleFor, cycleText } from '../../lib/cli/drill-cycle.js';
import { drillFlags } from '../../lib/cli/drill-flags.js';
import { openFlags } from '../../lib/cli/open-flags.js';

export default class DrCycle extends BaseCommand<typeof DrCycle> {
  static override summary = 'Ask for an exercise: a request that goes its whole way on a scratch key.';
  static override description =
    'The drill role makes a key under the policy that a key of the plan would have, and a request is opened about it: automatic rotation, on a key that nobody uses. Custodians approve it with keys approve, one executes it with keys execute, and the next dr verify looks at what came of it and deletes the key. No key of the plan can be named by such a request. An exercise that is open already is returned. Under the interlock whoever both approves and executes it can also try, in dr verify, that KMS refuses one approval alone.';
  static override examples = [
    '<%= config.bin %> dr cycle --drill-profile drill',
    '<%= config.bin %> dr cycle --drill-profile drill --executor deputy --reason "third quarter"',
    '<%= config.bin %> dr cycle --dry-run',
  ];
  static override flags = { ...openFlags, ...drillFlags };

  async run() {
    const result = await cycleFor(this.context, this.flags);
    this.context.progress.done();
    this.show(cycleText(result));
    return result;
  }
}
