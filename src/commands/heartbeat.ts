import { BaseCommand } from '../lib/cli/base-command.js';
import { beatFor, beatText } from '../lib/cli/heartbeat.js';

export default class Heartbeat extends BaseCommand<typeof Heartbeat> {
  static override summary = 'Sign that this is the newest state you see.';
  static override description =
    "Executing needs a signature of somebody else that is younger than the plan's freshness: a remote that serves an old state cannot forge it. Every signed record carries one; this writes one by itself. It says whether a drill waits for your answer to a challenge.";
  static override examples = ['<%= config.bin %> heartbeat'];

  async run() {
    const beaten = await beatFor(this.context);
    this.show(beatText(beaten));
    return beaten;
  }
}
