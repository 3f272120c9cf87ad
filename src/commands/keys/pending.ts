import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { oldestFirst } from '../../lib/cli/pending.js';
import { requestJson } from '../../lib/cli/present.js';
import { type Cell, table } from '../../lib/cli/render.js';
import { stateCell } from '../../lib/cli/request-screen.js';
import type { Case } from '../../lib/request/case.js';
import { casesOf } from '../../lib/request/desk.js';
import { isOpen } from '../../lib/request/open.js';

export default class KeysPending extends BaseCommand<typeof KeysPending> {
  static override summary = 'Open requests: who has signed, what is missing, until when.';
  static override examples = [
    '<%= config.bin %> keys pending',
    '<%= config.bin %> keys pending --all --offline --json',
  ];
  static override flags = {
    all: Flags.boolean({ default: false, description: 'ended requests as well' }),
    offline: Flags.boolean({ default: false, description: 'only what this clone has, without the network' }),
  };

  async run() {
    const state = await this.context.lookUp(this.flags.offline ? 'local' : 'remote-if-reachable');
    const { ports } = await this.context.desk();
    const { cases, refused } = await casesOf(ports, state);
    const chosen = cases.filter((item) => this.flags.all || isOpen(item)).sort(oldestFirst);
    const waiting = [...(await ports.store.outbox()).keys()];
    this.show(
      chosen.length === 0
        ? 'No open requests.'
        : table(['request', 'state', 'until', 'what', 'signed by'], chosen.map(row)),
    );
    for (const { id, because } of refused) this.note(`records/${id} is no request: ${because}`);
    if (waiting.length > 0) this.note(`${waiting.length} records wait in this clone for the network.`);
    return { requests: chosen.map(requestJson), refused, waiting };
  }
}

function row({ id, request, verdict }: Case): readonly Cell[] {
  const said = request.statement.predicate;
  const signed = verdict.approvals.filter(({ counted }) => counted).map(({ signer }) => signer?.id ?? '');
  const until = verdict.state === 'pending' ? said.approveBy : (verdict.executeBy ?? said.approveBy);
  return [
    id,
    stateCell(verdict.state),
    until.slice(0, 16).replace('T', ' '),
    `${said.action}${said.key ? ` ${said.key.name}` : ''}`,
    `${signed.length}/${verdict.threshold} ${signed.join(', ')}${verdict.missing.duties > 0 && signed.length > 0 ? ', another role is needed' : ''}`,
  ];
}
