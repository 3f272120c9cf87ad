import { CustodyError } from '../base/errors.js';
import { approve, reviewRequest } from './approve.js';
import { type Executed, execute } from './execute.js';
import { type Opened, openRequest, type Proposal } from './open.js';
import type { Actor, Aws, Ports } from './ports.js';

export interface Cancelled extends Executed {
  /** False when somebody had asked for it already: that request was carried out. */
  readonly created: boolean;
}

/**
 * A veto in one go: one custodian opens, signs and executes it with the seat's own credentials. Cut off anywhere, the same
 * command goes on with the same request.
 * @throws CustodyError REFUSED for automation · what opening, approving and executing throw
 */
export async function cancelDeletion(ports: Ports, actor: Actor, aws: Aws, proposal: Proposal): Promise<Cancelled> {
  if (actor.identity.kind !== 'custodian') {
    throw new CustodyError('REFUSED', `${actor.identity.id} is automation: only custodians stop a deletion`);
  }
  const { case: found, created } = await openVeto(ports, actor, aws, proposal);
  if (found.verdict.state === 'pending') {
    const review = await reviewRequest(ports, actor, aws, found.id);
    await approve(ports, actor, aws, review, review.case.request.digest);
  }
  return { ...(await execute(ports, actor, aws, found.id)), created };
}

/** Without the remote nothing can be recorded, but KMS takes a custodian's veto from any AWS tool. */
async function openVeto(ports: Ports, actor: Actor, aws: Aws, proposal: Proposal): Promise<Opened> {
  try {
    return await openRequest(ports, actor, aws, proposal);
  } catch (cause) {
    if (!(cause instanceof CustodyError) || cause.code !== 'REMOTE_UNREACHABLE') throw cause;
    const { arn } = proposal.key ?? {};
    throw new CustodyError('REMOTE_UNREACHABLE', cause.message, {
      details: { ...cause.details },
      suggestions: [
        `If it cannot wait: aws kms cancel-key-deletion --key-id ${arn} --region ${proposal.region}, with your seat's profile.`,
        ...cause.suggestions,
      ],
    });
  }
}
