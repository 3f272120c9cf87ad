import { Args, Flags } from '@oclif/core';
import { GRANT_OPERATIONS } from '../../lib/base/grant-operations.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { assignments, openedText, openFlags, openOne, regionFlag } from '../../lib/cli/open-flags.js';
import { grantProposal } from '../../lib/request/access.js';

const pairFlag = (description: string) =>
  Flags.string({ multiple: true, multipleNonGreedy: true, description, helpValue: 'NAME=VALUE' });

export default class KeysGrant extends BaseCommand<typeof KeysGrant> {
  static override summary = 'Ask the quorum to grant a role or user the use of a key.';
  static override description =
    'A grant works beside the key policy, survives its changes and never expires: revoke or retire it. It is held to an encryption context, unless the plan lets the grantee use the key without one. The grant token that KMS answers with is kept nowhere; without it a grant works after up to five minutes.';
  static override examples = [
    '<%= config.bin %> keys grant case-data --to arn:aws:iam::111122223333:role/batch --operation Decrypt --context app=cases',
    '<%= config.bin %> keys grant root --to arn:aws:iam::111122223333:role/PrivacyEngineer --operation Decrypt --context custody:purpose=unwrap --retiring arn:aws:iam::111122223333:role/SecurityArchitect',
  ];
  static override args = { key: Args.string({ description: 'name, alias, key id or ARN', required: true }) };
  static override flags = {
    ...openFlags,
    ...regionFlag,
    to: Flags.string({ required: true, description: 'role or user of the account', helpValue: 'ARN' }),
    operation: Flags.string({
      required: true,
      multiple: true,
      multipleNonGreedy: true,
      options: [...GRANT_OPERATIONS],
      description: 'what the grant allows; may be given several times',
    }),
    context: pairFlag('the encryption context, exactly; once a pair'),
    'context-subset': Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      exclusive: ['context'],
      description: 'pairs that the encryption context must have beside any others',
      helpValue: 'NAME=VALUE',
    }),
    retiring: Flags.string({ description: 'role or user that may retire the grant', helpValue: 'ARN' }),
  };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const where = { key: this.args.key, region: this.flags.in ?? null };
    const { to: grantee, operation: operations, retiring = null } = this.flags;
    const wish = { grantee, operations, context: this.encryptionContext(), retiring };
    const proposal = await grantProposal(seat, where, wish, how);
    const opened = await openOne(seat, proposal, this.flags['dry-run']);
    this.show(openedText(opened));
    return opened;
  }

  private encryptionContext() {
    const { context, 'context-subset': subset } = this.flags;
    const pairs = assignments(context ?? subset ?? []);
    return pairs.size === 0 ? null : { exact: context !== undefined, pairs };
  }
}
