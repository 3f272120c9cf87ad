import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { renderedJson, renderedText, renderPolicies, writeRendered } from '../../lib/cli/policy-render.js';

export default class PolicyRender extends BaseCommand<typeof PolicyRender> {
  static override summary = 'The policies by which KMS itself enforces the quorum.';
  static override description =
    "Of a key in each of its Regions, of all keys, or of the roles, their trust and the organization (samples). Changes nothing. The key's id comes from AWS, or from --key-id; a seat's trust policy needs --provider and --subject.";
  static override examples = [
    '<%= config.bin %> policy render root --in eu-central-1',
    '<%= config.bin %> policy render --all --roles --format terraform --out policies',
    '<%= config.bin %> policy render --roles --provider arn:aws:iam::111122223333:oidc-provider/idp.example.com --audience custody --subject architect=00u1a',
  ];
  static override args = { key: Args.string({ description: 'name or alias of a key of the plan' }) };
  static override flags = {
    all: Flags.boolean({ default: false, description: 'every key of the plan' }),
    roles: Flags.boolean({ default: false, description: 'roles, trust and organization policies' }),
    in: Flags.string({ description: "one of the key's Regions (else all)", helpValue: 'REGION' }),
    'key-id': Flags.string({ description: 'id of the key, for one that AWS is not asked about', exclusive: ['all'] }),
    format: Flags.string({ options: ['json', 'terraform'], default: 'json', description: 'how to write them' }),
    out: Flags.string({ description: 'folder for the files; none of them may be there yet', helpValue: 'DIR' }),
    provider: Flags.string({ description: 'identity provider, OIDC or SAML', helpValue: 'ARN' }),
    audience: Flags.string({ description: 'audience of an OIDC provider' }),
    subject: Flags.string({
      multiple: true,
      description: "a custodian's, automation's or the auditor's subject",
      helpValue: 'NAME=SUBJECT',
    }),
    workflow: Flags.string({
      multiple: true,
      description: "an automation's workflow: OWNER/REPO/.github/workflows/FILE@refs/heads/BRANCH",
      helpValue: 'NAME=WORKFLOW',
    }),
    organization: Flags.string({ description: 'keys are used from within it only', helpValue: 'o-…' }),
    'break-glass': Flags.string({
      multiple: true,
      description: 'further roles that stay as they are',
      helpValue: 'ARN',
    }),
  };

  async run() {
    const { format, out } = this.flags;
    const policies = await renderPolicies(this.context, this.args.key, this.flags);
    this.context.progress.done();
    const files = out === undefined ? [] : await writeRendered(out, policies, format);
    this.show(files.length > 0 ? files.join('\n') : renderedText(policies, format));
    return { policies: policies.map(renderedJson), files };
  }
}
