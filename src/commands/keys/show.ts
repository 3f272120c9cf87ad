import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { grantFacts, grantText } from '../../lib/cli/grant-list.js';
import { keyFacts, keyScreen } from '../../lib/cli/key-list.js';
import { requestJson } from '../../lib/cli/present.js';
import { requestScreen } from '../../lib/cli/request-screen.js';
import { isRequestId } from '../../lib/record/paths.js';
import { caseOf } from '../../lib/request/desk.js';
import { observeEstate } from '../../lib/request/estate.js';
import { resolveKey } from '../../lib/request/subject.js';

export default class KeysShow extends BaseCommand<typeof KeysShow> {
  static override summary = 'One key, or one request with all its records.';
  static override examples = ['<%= config.bin %> keys show case-data', '<%= config.bin %> keys show r-abcdefghij'];
  static override args = {
    what: Args.string({ description: 'key (name, alias, id, ARN) or request id', required: true }),
  };
  static override flags = {
    offline: Flags.boolean({ default: false, description: 'a request from this clone, without the network' }),
  };

  async run() {
    return isRequestId(this.args.what) ? this.showRequest() : this.showKey();
  }

  private async showRequest() {
    const state = await this.context.lookUp(this.flags.offline ? 'local' : 'remote-if-reachable');
    const { ports } = await this.context.desk();
    const found = await caseOf(ports, state, this.args.what);
    this.show(requestScreen(found, ports.clock.now()));
    return { request: requestJson(found) };
  }

  private async showKey() {
    const state = await this.context.lookUp('remote-if-reachable');
    const { ports } = await this.context.desk();
    const { plan } = state.plan;
    const { reader } = await this.context.access.aws(plan);
    const { name } = await resolveKey(reader, plan, state.roster.repository, this.args.what);
    const estate = await observeEstate(reader, plan, ports.progress, { names: [name] });
    const key = keyFacts(state, estate, name, ports.clock.now());
    const grants = await grantFacts(ports, reader, state, estate, name);
    this.show(`${keyScreen(key)}\n\n${grantText(grants)}`);
    return { key, grants };
  }
}
