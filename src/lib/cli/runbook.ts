import { RUNBOOK_PATH, runbookText } from '../drill/runbook.js';
import type { Context } from './context.js';

export interface Runbook {
  readonly text: string;
  /** The commit that holds it now; null when it was only printed, or stood there already. */
  readonly commit: string | null;
}

/** The runbook of plan and roster in force; published only where the repository has another one. */
export async function runbookFor(context: Context, publish: boolean): Promise<Runbook> {
  const state = await context.lookUp(publish ? 'remote' : 'remote-if-reachable');
  const text = runbookText(state.plan.plan, state.roster);
  if (!publish) return { text, commit: null };
  const { ports } = await context.desk();
  const files = new Map([[RUNBOOK_PATH, Buffer.from(text, 'utf8')]]);
  const build = async () => ({ message: 'The runbook of plan and roster in force', files });
  const before = state.head;
  const { commit } = await ports.store.publish(build, { onProgress: ports.progress });
  return { text, commit: commit === before ? null : commit };
}
