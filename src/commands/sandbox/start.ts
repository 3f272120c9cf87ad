import { join } from 'node:path';
import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { sandboxDir, sandboxFlags, sandboxJson, sandboxText } from '../../lib/cli/sandbox.js';
import { startSandbox, untilStopped } from '../../lib/sandbox/process.js';
import { serve } from '../../lib/sandbox/serve.js';

export default class SandboxStart extends BaseCommand<typeof SandboxStart> {
  static override summary = 'Start the embedded AWS endpoint (KMS, STS, IAM) on loopback.';
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
    foreground: Flags.boolean({ default: false, description: 'stay until interrupted' }),
  };

  async run() {
    const dir = sandboxDir(this.flags.dir, process.env);
    const { port, regions } = this.flags;
    if (this.flags.foreground) {
      const serving = await serve({
        dir,
        ...(port ? { port } : {}),
        ...(regions ? { regions: regions.split(',') } : {}),
      });
      this.show(sandboxText(serving.info));
      await untilStopped(serving);
      return { sandbox: sandboxJson(serving.info) };
    }
    const args = [
      'sandbox',
      'start',
      '--foreground',
      '--dir',
      dir,
      ...(port ? ['--port', String(port)] : []),
      ...(regions ? ['--regions', regions] : []),
    ];
    const entry = join(this.config.root, 'bin', 'run.js');
    const onProgress = (waited: number) =>
      this.context.progress.tell(`Starting the sandbox (${Math.round(waited / 1000)} s)`);
    const info = await startSandbox({ dir, entry, args, onProgress });
    this.context.progress.done();
    this.show(sandboxText(info));
    return { sandbox: sandboxJson(info), alreadyRunning: info.alreadyRunning };
  }
}
