import { Args, Flags } from '@oclif/core';
import { type Digest, isDigest } from '../../lib/base/bytes.js';
import { CustodyError } from '../../lib/base/errors.js';
import { confirmReview } from '../../lib/cli/ask.js';
import { againstBackupText } from '../../lib/cli/backup-restore.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import type { Seat } from '../../lib/cli/context.js';
import { errorJson } from '../../lib/cli/failure.js';
import { pendingFor } from '../../lib/cli/pending.js';
import { requestJson } from '../../lib/cli/present.js';
import { reviewScreen } from '../../lib/cli/request-screen.js';
import { approve, type Review, reviewRequest } from '../../lib/request/approve.js';
import { approveEach } from '../../lib/request/approve-each.js';

export default class KeysApprove extends BaseCommand<typeof KeysApprove> {
  static override strict = false;
  static override summary = 'See exactly what will happen, then sign for it.';
  static override description =
    'Shows the calls, what changes, the risk, who else signed, both windows and the digest, computed on this machine from live AWS and the repository. Without a terminal --reviewed must name the digest of what was reviewed. There is no --yes.';
  static override examples = [
    '<%= config.bin %> keys approve',
    '<%= config.bin %> keys approve r-abcdefghij --reviewed sha256:…',
    '<%= config.bin %> keys approve r-abcdefghij r-klmnopqrst --reviewed sha256:… --reviewed sha256:…',
  ];
  static override args = {
    id: Args.string({ description: 'requests to approve (else all that wait for you)', required: false }),
  };
  static override flags = {
    reviewed: Flags.string({
      description: 'request digest of what was reviewed; one for each named request, in their order',
      helpValue: 'sha256:…',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'dry-run': Flags.boolean({ default: false, description: 'show the screen, sign nothing' }),
  };

  async run() {
    const reviewed = this.reviewed();
    const seat = await this.context.seat('remote');
    const ids = this.words.length > 0 ? this.words : await pendingFor(seat);
    if (ids.length === 0) this.show('Nothing waits for your approval.');
    const [only, ...more] = ids;
    if (only !== undefined && more.length === 0) return { request: await this.approveOne(seat, only, reviewed[0]) };
    return this.approveAll(seat, ids, reviewed);
  }

  private reviewed(): readonly Digest[] {
    const given = this.flags.reviewed ?? [];
    if (given.length === 0) return [];
    if (given.length === this.words.length && given.every(isDigest)) return given;
    throw new CustodyError(
      'USAGE',
      '--reviewed takes a digest (sha256:…), as often as requests are named and in their order',
    );
  }

  private async approveAll(seat: Seat, ids: readonly string[], reviewed: readonly Digest[]) {
    const one = (id: string, at: number) => this.approveOne(seat, id, reviewed[at]);
    const { approved: requests, waiting } = await approveEach(ids, one);
    // Last, since the screens of the others are long.
    for (const { id, cause } of waiting) {
      this.note(`Not signed yet: ${id}.`);
      this.complain(cause);
      this.endWith(cause.exit);
    }
    const failures = waiting.map(({ id, cause }) => ({ id, ...errorJson(cause) }));
    return { requests, ...(failures.length > 0 ? { failures } : {}) };
  }

  private async approveOne(seat: Seat, id: string, reviewed: Digest | undefined) {
    const review = await reviewRequest(seat.ports, seat.actor, seat.aws, id);
    const screen = reviewScreen(review, seat.ports.clock.now());
    const beside = await againstBackupText(this.context, seat, review.case.request.statement.predicate);
    this.context.progress.done();
    this.show(`${screen}${beside}`);
    if (this.flags['dry-run']) return requestJson(review.case);
    const digest = reviewed === undefined ? await this.ask(review) : this.named(review, reviewed);
    const after = await approve(seat.ports, seat.actor, seat.aws, review, digest);
    this.context.progress.done();
    this.note(`Signed as ${review.identity.id}: ${id} is ${after.verdict.state}, ${after.verdict.because}.`);
    if (review.slot && review.slot.next.length > 0)
      this.note(`It has ${review.slot.next.length + 1} steps; before each further one: custody keys arm ${id}`);
    if (review.slot?.later) this.note(`After the cool-off, set your slot at AWS: custody keys arm ${id}`);
    return requestJson(after);
  }

  private async ask(review: Review) {
    if (!this.context.interactive) {
      throw new CustodyError(
        'INPUT_MISSING',
        'without a terminal, --reviewed must name the digest of what was reviewed',
        {
          suggestions: [`custody keys show ${review.case.id} --json gives request.digest.`],
        },
      );
    }
    if (await confirmReview(review)) return review.case.request.digest;
    throw new CustodyError('INTERRUPTED', 'nothing was signed');
  }

  private named({ presence, case: { request } }: Review, reviewed: Digest) {
    if (presence) {
      throw new CustodyError(
        'REFUSED',
        `the plan wants a person at a terminal for the class ${request.statement.predicate.class}`,
      );
    }
    return reviewed;
  }
}
