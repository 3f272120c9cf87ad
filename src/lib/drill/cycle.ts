import { addSeconds, type Instant } from '../base/time.js';
import type { Case } from '../request/case.js';
import type { Scene } from './ports.js';
import { type Answer, open, type Probe, pass } from './probe.js';

/** What people have done since: a request that went its whole way. That fewer are refused, the drill of the quorum tries. */
export async function drillCycle(scene: Scene, probe: Probe): Promise<void> {
  await probe.ask('executed', null, () => executedAnswer(scene));
}

function executedAnswer({ cases, history, state, startedAt }: Scene): Answer {
  const last = history.findLast(({ said }) => said.verdict === 'verified');
  const period = addSeconds(startedAt, -state.plan.plan.recovery.drillPeriodDays * 86_400);
  const since = last && last.said.startedAt > period ? last.said.startedAt : period;
  const done = cases.filter((one) => one.verdict.state === 'executed' && (finishedAt(one) ?? since) > since);
  const newest = done.sort((a, b) => ((finishedAt(a) ?? '') < (finishedAt(b) ?? '') ? -1 : 1)).at(-1);
  if (!newest) return open(`no request was executed since ${since}`);
  const approvals = newest.evidence.records.filter(({ statement }) => statement.kind === 'approval').length;
  const { action } = newest.request.statement.predicate;
  return pass(
    `${newest.id} (${action}) was asked for, has ${approvals} approvals, and was executed ${finishedAt(newest)}`,
  );
}

function finishedAt({ verdict }: Case): Instant | null {
  return verdict.receipt?.statement.predicate.finishedAt ?? null;
}
