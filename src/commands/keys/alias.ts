import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { openedText, openFlags, openOne, regionFlag } from '../../lib/cli/open-flags.js';
import { type AliasChange, aliasProposal } from '../../lib/request/access.js';

export default class KeysAlias extends BaseCommand<typeof KeysAlias> {
  static override summary = 'Ask the quorum to create, delete or move an alias of a key.';
  static override description =
    'One of --create, --delete and --move-to. Moving takes an alias from KEY to another key of this repository, by default the alias that the plan gives KEY: from then on the other key is what the plan means. Whoever moves an alias moves what applications encrypt with.';
  static override examples = [
    '<%= config.bin %> keys alias case-data --create cmk/cases',
    '<%= config.bin %> keys alias case-data --delete cmk/cases',
    '<%= config.bin %> keys alias case-data --move-to 1234abcd-12ab-34cd-56ef-1234567890ab',
  ];
  static override args = { key: Args.string({ description: 'name, alias, key id or ARN', required: true }) };
  static override flags = {
    ...openFlags,
    ...regionFlag,
    create: Flags.string({
      exactlyOne: ['create', 'delete', 'move-to'],
      description: 'a further name for KEY, with or without alias/',
      helpValue: 'NAME',
    }),
    delete: Flags.string({ description: 'a name of KEY that shall be gone', helpValue: 'NAME' }),
    'move-to': Flags.string({ description: 'the key that takes over the name: id or ARN', helpValue: 'KEY' }),
    name: Flags.string({
      dependsOn: ['move-to'],
      description: "which name moves (else the plan's alias of KEY)",
      helpValue: 'NAME',
    }),
  };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const where = { key: this.args.key, region: this.flags.in ?? null };
    const proposal = await aliasProposal(seat, where, this.change(), how);
    const opened = await openOne(seat, proposal, this.flags['dry-run']);
    this.show(openedText(opened));
    return opened;
  }

  private change(): AliasChange {
    const { create, delete: gone, 'move-to': to = '', name = null } = this.flags;
    if (create !== undefined) return { kind: 'create', name: create };
    return gone === undefined ? { kind: 'move', name, to } : { kind: 'delete', name: gone };
  }
}
