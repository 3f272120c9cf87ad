import { CustodyError } from '../base/errors.js';
import { readFileBounded } from '../fs/files.js';
import { DRAFT_NAME, readDraft, requireFolder } from '../fs/folder.js';
import { type Draft, parseDraft } from '../plan/draft.js';
import { diffPlans, type PlanChange } from '../plan/draft-diff.js';
import type { Plan } from '../plan/plan.js';
import type { Context } from './context.js';

/** The draft of a folder. @throws CustodyError REPOSITORY_NOT_FOUND, PLAN_INVALID with every fault */
export async function readDraftOf(folder: string): Promise<Draft> {
  const bytes = await readDraft(folder);
  if (bytes === null) throw new CustodyError('REPOSITORY_NOT_FOUND', `${folder} has no ${DRAFT_NAME}`);
  return parseDraft(bytes, DRAFT_NAME);
}

/** The draft of the folder that a command is about, or another file. @throws CustodyError NOT_FOUND, PLAN_INVALID */
export async function draftFor({ flags }: Pick<Context, 'flags'>, file?: string): Promise<Draft> {
  if (file === undefined) return readDraftOf(await requireFolder(flags.repo, process.cwd()));
  return parseDraft(await readGiven(file, 1024 * 1024), file);
}

/** A file that a person named. @throws CustodyError NOT_FOUND, LIMIT_EXCEEDED */
export async function readGiven(path: string, maxBytes: number): Promise<Buffer> {
  const bytes = await readFileBounded(path, maxBytes);
  if (bytes === null) throw new CustodyError('NOT_FOUND', `there is no file ${path}`);
  return bytes;
}

/** What the draft would change in the plan in force. */
export async function draftChanges(folder: string, inForce: Plan): Promise<readonly PlanChange[]> {
  return diffPlans(inForce, (await readDraftOf(folder)).plan);
}

/** Only the plan that a quorum put in force counts; a draft that says otherwise must go through it (T67). */
export async function assertDraftInForce(folder: string, inForce: Plan): Promise<void> {
  const changes = await draftChanges(folder, inForce);
  if (changes.length === 0) return;
  throw new CustodyError(
    'PLAN_NOT_IN_FORCE',
    `${DRAFT_NAME} differs from the plan in force in ${changes.length} places`,
    {
      details: { changes },
      suggestions: [
        'custody plan propose opens the request that puts the draft in force.',
        'custody plan diff --draft shows the differences.',
      ],
    },
  );
}
