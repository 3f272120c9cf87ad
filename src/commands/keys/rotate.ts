import { Args, Flags } from '@oclif/core';
import { CustodyError } from '../../lib/base/errors.js';
import { chooseSome } from '../../lib/cli/ask.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import type { Seat } from '../../lib/cli/context.js';
import { bringFlags, bringingOf, bringsMaterial } from '../../lib/cli/material.js';
import { openAll, openedText, openFlags, openOne } from '../../lib/cli/open-flags.js';
import { openDue } from '../../lib/cli/rotate-report.js';
import { rotateImportedProposal } from '../../lib/request/import.js';
import type { Proposal } from '../../lib/request/open.js';
import { dueProposals, rotateProposal } from '../../lib/request/rotate.js';

export default class KeysRotate extends BaseCommand<typeof KeysRotate> {
  static override strict = false;
  static override summary = 'Ask the quorum to rotate keys now.';
  static override description =
    'KEY is a name of the plan, an alias, a key id or an ARN. --due takes every key whose last rotation is older than the plan allows; a key whose automatic rotation is off gets a request to switch it on instead, since KMS rotates a key on demand only 25 times. Run it as often as you like, on as many machines: one request a key. ; A key of imported material (origin EXTERNAL) takes new material: --material-fd or --commitment asks to import it into every Region of the key and to rotate to it.';
  static override examples = [
    '<%= config.bin %> keys rotate case-data --reason "quarterly"',
    '<%= config.bin %> keys rotate --due --json',
    '<%= config.bin %> keys rotate partner --material-fd 3 --never-expires 3< /dev/shm/material',
  ];
  static override args = { key: Args.string({ description: 'keys to rotate', required: false }) };
  static override flags = {
    ...openFlags,
    ...bringFlags,
    due: Flags.boolean({ default: false, description: 'every key that is due by the plan' }),
  };

  async run() {
    if (this.flags.due && this.words.length > 0) throw new CustodyError('USAGE', 'name keys, or give --due: not both');
    if (bringsMaterial(this.flags)) return this.rotateImported();
    const seat = await this.context.seat('remote-if-reachable');
    if (this.flags.due) return this.rotateDue(seat);
    const { requests, failures, exit } = await openAll(
      seat,
      await this.proposals(seat),
      this.flags['dry-run'],
      (error) => this.complain(error),
    );
    this.endWith(exit);
    if (requests.length > 0) this.show(requests.map(openedText).join('\n\n'));
    const [only] = requests;
    return requests.length === 1 && failures.length === 0 && only
      ? only
      : { requests: requests.map((item) => item.request ?? item), failures };
  }

  private how() {
    return { reason: this.flags.reason, executor: this.flags.executor ?? null };
  }

  private async proposals(seat: Seat): Promise<readonly Proposal[]> {
    return Promise.all((await this.keys(seat)).map((key) => rotateProposal(seat, key, this.how())));
  }

  private async rotateImported() {
    const [key, ...others] = this.words;
    if (this.flags.due || key === undefined || others.length > 0)
      throw new CustodyError('USAGE', 'key material is for one key: name it');
    const bring = await bringingOf(this.flags);
    const seat = await this.context.seat('remote-if-reachable');
    const proposal = await rotateImportedProposal(seat, key, bring, this.how());
    const opened = await openOne(seat, proposal, this.flags['dry-run']);
    this.show(`${openedText(opened)}\ncommitment  ${bring.commitment}`);
    return opened;
  }

  private async rotateDue(seat: Seat) {
    const due = await dueProposals(seat, this.how());
    const report = await openDue(seat, due, this.flags['dry-run'], (error) => this.complain(error));
    this.context.progress.done();
    this.endWith(report.exit);
    if (report.text !== '' || report.json.failures.length === 0) this.show(report.text || 'Nothing is due.');
    return report.json;
  }

  private keys({ plan }: Seat): Promise<readonly string[]> {
    if (this.words.length > 0) return Promise.resolve(this.words);
    return chooseSome(this.context.interactive, 'keys', Object.keys(plan.keys));
  }
}
