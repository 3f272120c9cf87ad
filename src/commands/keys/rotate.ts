import { Args, Flags } from '@oclif/core';
import { CustodyError, EXIT, worstExit } from '../../lib/base/errors.js';
import { chooseSome } from '../../lib/cli/ask.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import type { Seat } from '../../lib/cli/context.js';
import { errorJson } from '../../lib/cli/failure.js';
import { bringFlags, bringingOf, bringsMaterial } from '../../lib/cli/material.js';
import { openAll, openedText, openFlags, openOne } from '../../lib/cli/open-flags.js';
import { rotateImportedProposal } from '../../lib/request/import.js';
import type { Proposal } from '../../lib/request/open.js';
import { dueProposals, rotateProposal, wantsMaterial } from '../../lib/request/rotate.js';

export default class KeysRotate extends BaseCommand<typeof KeysRotate> {
  static override strict = false;
  static override summary = 'Ask the quorum to rotate keys now.';
  static override description =
    'KEY is a name of the plan, an alias, a key id or an ARN. --due takes every key whose last rotation is older than the plan allows; a key whose automatic rotation is off gets a request to switch it on instead. A key of imported material (origin EXTERNAL) takes new material: --material-fd or --commitment asks to import it into every Region of the key and to rotate to it.';
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
    const { proposals, wanting } = this.flags.due
      ? await dueProposals(seat, this.how())
      : { proposals: await this.proposals(seat), wanting: [] };
    const opened = await openAll(seat, proposals, this.flags['dry-run'], (error) => this.complain(error));
    const { requests } = opened;
    const failures = [...opened.failures, ...wanting.map((name) => this.wants(name))];
    this.endWith(worstExit([opened.exit, ...(wanting.length > 0 ? [EXIT.usage] : [])]));
    if (requests.length > 0 || failures.length === 0)
      this.show(requests.map(openedText).join('\n\n') || 'Nothing is due.');
    const [only] = requests;
    return !this.flags.due && requests.length === 1 && failures.length === 0 && only
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

  private wants(key: string) {
    const error = wantsMaterial(key);
    this.complain(error);
    return { key, ...errorJson(error) };
  }

  private keys({ plan }: Seat): Promise<readonly string[]> {
    if (this.words.length > 0) return Promise.resolve(this.words);
    return chooseSome(this.context.interactive, 'keys', Object.keys(plan.keys));
  }
}
