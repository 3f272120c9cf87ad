import { CustodyError } from '../base/errors.js';
import { gitVersion } from '../git/version.js';
import { type Check, type CheckReport, check, verdictOf } from '../inspect/check.js';
import { assertAccount } from '../request/aws-check.js';
import { wordsOf } from '../roster/words.js';
import { seatOfRole } from './acting.js';
import type { Context } from './context.js';
import { draftChanges } from './draft.js';

type Look = () => Promise<string>;

/** THE table of what is looked at, each on its own: one that fails hides no other. */
function looksOf(context: Context): Readonly<Record<string, Look>> {
  return {
    node: async () => `Node ${process.versions.node}`,
    git: async () => `git ${await gitVersion(context.environment)}`,
    clone: async () => {
      const { folder, pin } = await context.desk();
      return `${folder}, of ${pin.as ?? 'an observer'}, genesis ${wordsOf(pin.genesis).slice(0, 3).join(' ')} …`;
    },
    remote: async () => `newest commit ${(await context.lookUp('remote')).head}`,
    memory: async () => {
      const remembered = await (await context.desk()).ports.memory.read();
      if (!remembered) throw new CustodyError('PIN_REQUIRED', 'this machine remembers nothing of the repository');
      return `plan ${remembered.planVersion}, roster ${remembered.rosterVersion}, head ${remembered.head}`;
    },
    genesis: async () => {
      const { signedGenesis } = await context.lookUp('local');
      return `signed by ${[...signedGenesis].join(', ')}`;
    },
    outbox: async () => {
      const waiting = (await (await context.desk()).ports.store.outbox()).size;
      if (waiting > 0) throw new CustodyError('UNAVAILABLE', `${waiting} records wait for the network`);
      return 'nothing waits for the network';
    },
    draft: async () => {
      const { folder } = await context.desk();
      const changes = await draftChanges(folder, (await context.lookUp('local')).plan.plan);
      return changes.length === 0
        ? 'custody.yaml is the plan in force'
        : `custody.yaml would change ${changes.length} things`;
    },
    aws: async () => {
      const { plan } = (await context.lookUp('local')).plan;
      const aws = await context.access.aws(plan);
      const { arn } = await assertAccount(aws, plan, (await context.desk()).ports.clock.now());
      return `${arn} at ${aws.host}, clocks agree`;
    },
    role: async () => {
      const { plan, roster } = await context
        .lookUp('local')
        .then((state) => ({ plan: state.plan.plan, roster: state.roster }));
      const seat = await seatOfRole(await context.access.aws(plan), roster);
      if (seat) return `these credentials are of the seat ${seat}`;
      throw new CustodyError('DENIED', 'these credentials are of no seat in the roster');
    },
    signer: async () => {
      const { actor } = await context.seat('local');
      return `${actor.identity.id} signs with ${actor.signer.publicKey.keyId}`;
    },
  };
}

/** Looks at everything in the table, one after the other. */
export async function examine(context: Context): Promise<CheckReport> {
  const checks: Check[] = [];
  for (const [id, look] of Object.entries(looksOf(context))) {
    context.progress.tell(`Looking at ${id}`);
    checks.push(await lookAt(id, look));
  }
  return { verdict: verdictOf(checks), checks };
}

async function lookAt(id: string, look: Look): Promise<Check> {
  try {
    return check(id, true, await look());
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    return check(id, false, `${cause.code}: ${cause.message}${cause.suggestions[0] ? ` ${cause.suggestions[0]}` : ''}`);
  }
}
