import { Args, Flags } from '@oclif/core';
import { CustodyError } from '../../lib/base/errors.js';
import { chooseOne } from '../../lib/cli/ask.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import type { Seat } from '../../lib/cli/context.js';
import { copyProfileFlag, keepCopyFor } from '../../lib/cli/copy.js';
import { materialFdFlag, materialFrom } from '../../lib/cli/material.js';
import { readyIds, wantingMaterial } from '../../lib/cli/pending.js';
import { receiptJson, requestJson } from '../../lib/cli/present.js';
import { readyReport } from '../../lib/cli/ready-report.js';
import { pairs } from '../../lib/cli/render.js';
import type { KeyMaterial } from '../../lib/key/material.js';
import { enforcementText } from '../../lib/policy/enforcement.js';
import { checkExecutable, execute } from '../../lib/request/execute.js';
import { runReady } from '../../lib/request/ready.js';

export default class KeysExecute extends BaseCommand<typeof KeysExecute> {
  static override summary = 'Verify an approved request again and run it once.';
  static override description =
    'Consumes the request with a signed intent, calls AWS as the executor role, reads back and writes a signed receipt. A run that was cut off is finished by running it again; nothing is done twice. --ready leaves to another machine what that one began less than twenty minutes ago. A request that imports key material takes the 32 bytes from --material-fd; --ready leaves that to the machine that has them. With --copy-profile a copy of them, encrypted under the root, goes into the repository first. Exit 8: the quorum is not met; 3: it can never be.';
  static override examples = [
    '<%= config.bin %> keys execute r-abcdefghij',
    '<%= config.bin %> keys execute --ready --json --pin pin.json',
    '<%= config.bin %> keys execute r-abcdefghij --material-fd 3 --copy-profile drill 3< /dev/shm/material',
  ];
  static override args = { id: Args.string({ description: 'request', required: false }) };
  static override flags = {
    ready: Flags.boolean({ default: false, description: 'every request that is approved (for CI)' }),
    pin: Flags.string({
      env: 'CUSTODY_PIN',
      description: 'what a machine without memory must know: genesis, versions, head',
      helpValue: 'FILE',
    }),
    'material-fd': materialFdFlag,
    'copy-profile': copyProfileFlag,
    'dry-run': Flags.boolean({ default: false, description: 'verify everything, change nothing' }),
  };

  async run() {
    const { id } = this.args;
    if (this.flags.ready && id !== undefined)
      throw new CustodyError('USAGE', 'name one request, or give --ready: not both');
    if (this.flags.ready && this.flags['material-fd'] !== undefined)
      throw new CustodyError('USAGE', 'key material is for one request: name it');
    await this.context.requireMemory(this.flags.pin);
    const seat = await this.context.seat('remote');
    if (this.flags.ready) return this.executeReady(seat);
    return this.executeOne(seat, id ?? (await this.choose(seat)));
  }

  private async choose(seat: Seat): Promise<string> {
    const ids = await (this.flags['material-fd'] === undefined ? readyIds(seat) : wantingMaterial(seat));
    return chooseOne(this.context.interactive, 'request', ids);
  }

  private async executeReady(seat: Seat) {
    const report = readyReport(await runReady(seat.ports, seat.actor, (id) => this.executeOne(seat, id, false)));
    this.context.progress.done();
    for (const { error } of report.failures) this.complain(error);
    this.show(report.text);
    this.endWith(report.exit);
    return report.json;
  }

  private async executeOne(seat: Seat, id: string, takeUp = true) {
    const fd = this.flags['material-fd'];
    const material = fd === undefined ? null : await materialFrom(fd);
    try {
      return await this.executeWith(seat, id, material, takeUp);
    } finally {
      material?.wipe();
    }
  }

  private async executeWith(seat: Seat, id: string, material: KeyMaterial | null, takeUp: boolean) {
    const { ports, actor, aws } = seat;
    if (this.flags['dry-run']) {
      const checked = await checkExecutable(ports, actor, aws, id, material);
      this.context.progress.done();
      this.show(`Request ${id} would be executed now: every check passed.`);
      return { dryRun: true, request: requestJson(checked) };
    }
    const kept = await this.keepCopy(seat, id, material);
    const { case: after, receipt } = await execute(ports, actor, aws, id, material, { takeUp });
    this.context.progress.done();
    this.show(
      pairs([
        ['executed', `${id}  ${after.request.statement.predicate.action} ${receipt.key?.name ?? ''}`],
        ['key', receipt.key?.arn ?? '-'],
        ['AWS requests', receipt.awsRequestIds.join(', ') || noRequests(after.request.statement.predicate.calls)],
        ['enforcement', enforcementText(receipt.enforcement)],
        ...(kept === null ? [] : [['copy', kept] as const]),
      ]),
    );
    return { request: requestJson(after), receipt: receiptJson(receipt, id), copy: kept };
  }

  private async keepCopy(seat: Seat, id: string, material: KeyMaterial | null): Promise<string | null> {
    const profile = this.flags['copy-profile'];
    if (profile === undefined || material === null) return null;
    return (await keepCopyFor(this.context, seat, id, { material, profile })).path;
  }
}

function noRequests(calls: readonly { readonly service: string }[]): string {
  return calls.some(({ service }) => service === 'kms')
    ? 'none: an earlier run had made the call'
    : 'none: it calls nothing at AWS';
}
