import { Flags } from '@oclif/core';
import { type Digest, isDigest } from '../lib/base/bytes.js';
import { CustodyError } from '../lib/base/errors.js';
import { BaseCommand } from '../lib/cli/base-command.js';
import { notify } from '../lib/cli/notify.js';
import { type Notice, subjectOf } from '../lib/request/notices.js';

export default class Notify extends BaseCommand<typeof Notify> {
  static override summary = 'Tell this machine’s user of new requests, missing signatures and challenges.';
  static override description =
    "Runs the program of the plan (notify.command) once for each new notice, with the notice as JSON on its standard input, without a shell and without AWS credentials. For a timer: it says nothing twice. A program runs only after this machine's user has accepted the very command, at a terminal or by its digest.";
  static override examples = ['<%= config.bin %> notify', '<%= config.bin %> notify --accept sha256:… --json'];
  static override flags = {
    accept: Flags.string({ description: 'digest of the command, after a look at it', helpValue: 'sha256:…' }),
  };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const { command, notices, failed } = await notify(this.context, seat, digestIn(this.flags.accept));
    this.context.progress.done();
    if (failed.length > 0) this.endWith(5);
    this.show(notices.map(noticeText).join('\n') || 'Nothing new.');
    for (const { notice, because } of failed) this.note(`${notice}: ${because}`);
    return { command, notices, failed };
  }
}

function noticeText(notice: Notice): string {
  const what = notice.kind === 'challenge-waiting' ? 'custody dr answer' : notice.request.action;
  return `${notice.kind}  ${subjectOf(notice)}  ${what}`;
}

function digestIn(text: string | undefined): Digest | null {
  if (text === undefined) return null;
  if (isDigest(text)) return text;
  throw new CustodyError('USAGE', '--accept takes a digest: sha256: and 64 hex characters');
}
