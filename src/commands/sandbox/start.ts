import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { sandboxFlags, startInBackground, startInForeground } from '../../lib/cli/sandbox.js';

export default class SandboxStart extends BaseCommand<typeof SandboxStart> {
  static override summary = 'Start the embedded AWS endpoint (KMS, STS, IAM, CloudTrail) on loopback.';
  static override description =
    'Returns when the endpoint answers; the server stays in the background. Prints the lines that make any AWS tool use it.';
  static override examples = [
    '<%= config.bin %> sandbox start',
    'eval "$(<%= config.bin %> sandbox start --dir ./sandbox | grep ^export)"',
  ];
  static override flags = {
    ...sandboxFlags,
    port: Flags.integer({
      min: 1,
      max: 65_535,
      description: 'port on 127.0.0.1 (else that of the last run, or a free one)',
    }),
    regions: Flags.string({ description: 'Regions, with commas (else those of the last run)' }),
    quotas: Flags.boolean({ default: false, description: "throttle as AWS's default request quotas do" }),
    propagation: Flags.string({
      options: ['documented', 'instant'],
      description: 'when changes of tags and grants count: up to 5 minutes later, as AWS documents, or at once',
      default: 'documented',
    }),
    foreground: Flags.boolean({ default: false, description: 'stay until interrupted' }),
  };

  async run() {
    if (this.flags.foreground) return startInForeground(this.context, this.flags, (text) => this.show(text));
    const { text, json } = await startInBackground(this.context, this.config.root, this.flags);
    this.show(text);
    return json;
  }
}
