import { BaseCommand } from '../lib/cli/base-command.js';
import { memoryOf } from '../lib/request/in-force.js';

export default class Pin extends BaseCommand<typeof Pin> {
  static override summary = 'Print what a machine without memory must know.';
  static override description =
    "The result is a file for --pin or CUSTODY_PIN: genesis, versions and head. Keep it where the repository's host cannot change it.";
  static override examples = ['<%= config.bin %> pin --json > pin.json'];

  async run() {
    const state = await this.context.lookUp('remote');
    const { ports } = await this.context.desk();
    const pin = memoryOf(state, ports.clock.now());
    this.show(JSON.stringify(pin, null, 2));
    return pin;
  }
}
