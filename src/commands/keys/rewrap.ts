import { Args, Flags } from '@oclif/core';
import { CustodyError } from '../../lib/base/errors.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { contextOf, rewrapBlobs, rewrapFile } from '../../lib/cli/rewrap.js';
import { rewrapText } from '../../lib/cli/rewrap-text.js';

export default class KeysRewrap extends BaseCommand<typeof KeysRewrap> {
  static override strict = false;
  static override usage = [
    'keys rewrap KEY --lines FILE --out FILE',
    'keys rewrap KEY FILE... [--context NAME=VALUE]...',
  ];
  static override summary = 'Move stored ciphertexts to the current material of their key.';
  static override description =
    'Calls ReEncrypt from the key to the same key under the same encryption context: the plaintext never leaves KMS. --lines takes a file of JSON lines {"id","ciphertext","context"} and writes the result to --out; a run that was cut off goes on where it stopped. FILEs are raw ciphertexts under --context, replaced in place. What cannot be moved stays as it is and is reported, with exit 3. It runs with the credentials of a role that the plan lets re-encrypt; no request is needed, since no key is changed. --from moves what is under a key that is replaced to the one that replaces it (custody keys replace): KEY is the name of the plan, also while it still stands for the old key, or the new key’s ARN. An executed request must have made it for that; without a repository, the new key’s tag must say so.';
  static override examples = [
    '<%= config.bin %> keys rewrap case-data --lines keys.jsonl --out keys.new.jsonl',
    '<%= config.bin %> keys rewrap case-data --lines keys.jsonl --dry-run',
    '<%= config.bin %> keys rewrap case-data --from OLD-ARN --lines keys.jsonl --out keys.new.jsonl',
    '<%= config.bin %> keys rewrap case-data a.bin b.bin --context custody:purpose=case-data',
  ];
  static override args = {
    key: Args.string({ description: 'name of the plan, or ARN (then no repository is needed)', required: true }),
  };
  static override flags = {
    lines: Flags.string({ description: 'file of JSON lines', helpValue: 'FILE' }),
    out: Flags.string({ description: 'file for the result of --lines; must not exist', helpValue: 'FILE' }),
    context: Flags.string({ multiple: true, description: 'encryption context of raw FILEs', helpValue: 'NAME=VALUE' }),
    from: Flags.string({ description: 'the key that KEY replaces: moves its ciphertexts to KEY', helpValue: 'ARN' }),
    'dry-run': Flags.boolean({ default: false, description: 'ask KMS and count; write nothing' }),
  };

  async run() {
    const files = this.words.slice(1);
    this.assertInput(files);
    const { key, to } = await this.context.reEncryption(this.args.key, this.flags.from);
    const { lines, out, context = [], 'dry-run': dryRun } = this.flags;
    const { tell } = this.context.progress;
    const tally =
      lines === undefined
        ? await rewrapBlobs(files, contextOf(context), !dryRun, to, tell)
        : await rewrapFile(lines, dryRun ? null : (out ?? null), to, tell);
    if (tally.failed > 0) this.endWith(3);
    const rewrap = { key, ...tally.json(), out: dryRun ? null : (out ?? null), ...(dryRun ? { dryRun } : {}) };
    this.show(rewrapText(rewrap));
    return { rewrap };
  }

  private assertInput(files: readonly string[]): void {
    const { lines, out, context = [], 'dry-run': dryRun } = this.flags;
    const raw = files.length > 0 || context.length > 0;
    const faults: readonly (readonly [boolean, string])[] = [
      [lines === undefined && files.length === 0, 'give --lines FILE, or files of raw ciphertexts'],
      [lines !== undefined && raw, 'give --lines, or raw files with --context: not both'],
      [lines === undefined && out !== undefined, '--out goes with --lines: raw files are replaced in place'],
      [lines !== undefined && out === undefined && !dryRun, 'with --lines, give --out FILE for the result'],
    ];
    const found = faults.find(([broken]) => broken);
    if (found) throw new CustodyError('USAGE', found[1]);
  }
}
