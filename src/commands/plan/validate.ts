import { Args } from '@oclif/core';
import { CustodyError } from '../../lib/base/errors.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { readDraftOf } from '../../lib/cli/draft.js';
import { readFileBounded } from '../../lib/fs/files.js';
import { requireFolder } from '../../lib/fs/folder.js';
import { parseDraft } from '../../lib/plan/draft.js';

export default class PlanValidate extends BaseCommand<typeof PlanValidate> {
  static override summary = 'Check a draft: every fault at once, with file and line.';
  static override examples = ['<%= config.bin %> plan validate', '<%= config.bin %> plan validate plan.yaml'];
  static override args = {
    file: Args.string({ description: 'draft to check (else custody.yaml of the repository)', required: false }),
  };

  async run() {
    const { plan, roster } = await this.draft();
    this.show(
      `In order: ${Object.keys(plan.keys).length} keys, ${roster.threshold} of ${roster.custodians.length} custodians.`,
    );
    return {
      verdict: 'verified',
      keys: Object.keys(plan.keys),
      threshold: roster.threshold,
      custodians: roster.custodians.map(({ id }) => id),
    };
  }

  private async draft() {
    const { file } = this.args;
    if (file === undefined) return readDraftOf(await requireFolder(this.context.flags.repo, process.cwd()));
    const bytes = await readFileBounded(file, 1024 * 1024);
    if (bytes === null) throw new CustodyError('NOT_FOUND', `there is no file ${file}`);
    return parseDraft(bytes, file);
  }
}
