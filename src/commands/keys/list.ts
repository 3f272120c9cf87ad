import { BaseCommand } from '../../lib/cli/base-command.js';
import { keyTable } from '../../lib/cli/key-list.js';
import { organizationFlags, organizationOf } from '../../lib/cli/organization.js';
import { casesOf } from '../../lib/request/desk.js';
import { factsOf, observeKeys } from '../../lib/status/keys.js';

export default class KeysList extends BaseCommand<typeof KeysList> {
  static override summary = 'The key hierarchy as it is at AWS: state, rotation, replicas, findings.';
  static override examples = [
    '<%= config.bin %> keys list',
    '<%= config.bin %> keys list --json',
    '<%= config.bin %> keys list --scp scp.json',
  ];
  static override flags = { ...organizationFlags };

  async run() {
    const above = await organizationOf(this.flags);
    const state = await this.context.lookUp('remote-if-reachable');
    const { ports } = await this.context.desk();
    const line = await this.context.access.line(state.plan.plan);
    const { cases } = await casesOf(ports, state);
    const seen = await observeKeys(line, state, cases, ports.progress, { above });
    const keys = factsOf(state, seen, ports.clock.now());
    this.context.progress.done();
    this.show(keyTable(keys));
    for (const what of seen.unread) this.note(what);
    return { keys };
  }
}
