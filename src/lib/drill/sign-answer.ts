import { ledgerAfter } from '../backup/telling.js';
import { type Digest, digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { View } from '../record/store.js';
import { identityIn } from '../request/desk.js';
import type { InForce } from '../request/in-force.js';
import type { Actor, Ports } from '../request/ports.js';
import { keyStatementSigner } from '../signing/key-statement.js';
import { answerPath, formatAnswer } from './answer.js';
import { openChallenges } from './answers.js';
import type { Drilled } from './history.js';

/** The drill to answer: the newest within the approval window. @throws CustodyError NOT_FOUND */
export function challengeOf(history: readonly Drilled[], state: InForce, { clock }: Ports): Drilled {
  const [newest] = openChallenges(history, state, clock.now());
  if (newest) return newest;
  throw new CustodyError('NOT_FOUND', 'no drill within the approval window is there to be answered', {
    suggestions: ['custody dr verify'],
  });
}

/**
 * Signs a drill's evidence and the list of who has access, and publishes both with a ledger entry.
 * @throws CustodyError REFUSED for who holds no seat · what publishing throws
 */
export async function signAnswer(
  ports: Ports,
  state: InForce,
  actor: Actor,
  drill: Drilled,
  access: readonly string[],
): Promise<{ readonly path: string; readonly digest: Digest }> {
  const { id, kind } = identityIn(state, actor);
  if (kind !== 'custodian') throw new CustodyError('REFUSED', `${id} holds no seat: only custodians answer`);
  const at = ports.clock.now();
  const head = state.head;
  const said = { repository: state.roster.repository, by: id, at, head, challenge: drill.digest, access: [...access] };
  const bytes = await keyStatementSigner(actor.signer).seal(formatAnswer(said, drill.path));
  const [path, digest] = [answerPath(drill.path, id), digestOf(bytes)];
  const facts = { drill: drill.path, challenge: drill.digest, answer: digest };
  const build = async (view: View) => {
    if ((await view.paths()).includes(path))
      throw new CustodyError('REFUSED', `${id} has answered ${drill.path} already`);
    const told = await ledgerAfter(view, [{ at, kind: 'answer', by: id, requestId: null, record: null, facts }]);
    return { message: `${id} answers ${drill.path}`, files: new Map([[path, bytes], ...told]) };
  };
  await ports.store.publish(build, { onProgress: ports.progress });
  return { path, digest };
}
