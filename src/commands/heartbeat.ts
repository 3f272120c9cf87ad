import { BaseCommand } from '../lib/cli/base-command.js';
import { beat } from '../lib/request/heartbeat.js';

export default class Heartbeat extends BaseCommand<typeof Heartbeat> {
  static override summary = 'Sign that this is the newest state you see.';
  static override description =
    "Executing needs a signature of somebody else that is younger than the plan's freshness: a remote that serves an old state cannot forge it. Every signed record carries one; this writes one by itself.";
  static override examples = ['<%= config.bin %> heartbeat'];

  async run() {
    const { ports, actor } = await this.context.seat('remote');
    const heartbeat = await beat(ports, actor);
    this.show(`Signed by ${actor.identity.id}: ${heartbeat.head} is the newest state, until ${heartbeat.expiresAt}.`);
    return { heartbeat };
  }
}
