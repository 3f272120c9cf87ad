import { CustodyError } from '../base/errors.js';
import { formatDraft, parseDraft } from '../plan/draft.js';
import type { RosterDraft } from '../plan/roster-draft.js';
import { type ImportReport, importAccount } from '../setup/import.js';
import { readTrail } from '../trail/document.js';
import { MAX_DOCUMENT_BYTES } from '../trail/records.js';
import { type SeenUse, usesIn } from '../trail/uses.js';
import type { Context } from './context.js';
import { readGiven } from './draft.js';
import { draftTextOf } from './init-draft.js';
import { heading, wrap } from './render.js';

interface ImportFlags {
  readonly custodian?: readonly string[] | undefined;
  readonly threshold: number;
  readonly 'executor-role'?: string | undefined;
  readonly regions?: string | undefined;
  readonly trail?: readonly string[] | undefined;
}

export interface Imported {
  readonly report: ImportReport;
  /** `custody.yaml` that `init --from` takes. */
  readonly text: string;
}

/** Reads an account and drafts `custody.yaml` of what is there. @throws CustodyError INPUT_MISSING, PLAN_INVALID, NOT_FOUND */
export async function importDraft(context: Context, flags: ImportFlags): Promise<Imported> {
  const template = parseDraft(await draftTextOf(context, { ...flags, replicas: '' }));
  const [primary = template.plan.regions.primary, ...others] = listOf(flags.regions);
  const aws = await context.access.aws({ ...template.plan, regions: { primary, replicas: others } });
  const { account } = await aws.whoAmI();
  if (account !== template.plan.account) {
    throw new CustodyError('REFUSED', 'these credentials are of another account than the custodians’ roles', {
      details: { expected: template.plan.account, found: account },
    });
  }
  const seen = await seenIn(flags.trail ?? []);
  const own = rolesOf(template.roster);
  const report = await importAccount(aws.reader, [primary, ...others], seen, context.progress.tell, own);
  if (Object.keys(report.keys).length === 0) {
    throw new CustodyError('NOT_FOUND', `no key of ${primary} can be in a plan`, { details: { ...leftOver(report) } });
  }
  const replicas = [...new Set(Object.values(report.keys).flatMap((key) => key.replicas))].sort();
  const plan = { ...template.plan, regions: { primary, replicas }, keys: report.keys };
  const text = `${commentOf(report)}${formatDraft({ plan, roster: template.roster })}`;
  // What is handed out must be what `init --from` takes.
  parseDraft(text, 'the draft');
  return { report, text };
}

/** Roles that the plan may not name as users: custody's own. */
function rolesOf({ custodians, automation, executorRoleArn }: RosterDraft): ReadonlySet<string> {
  return new Set([...custodians, ...automation].map(({ roleArn }) => roleArn).concat(executorRoleArn));
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

async function seenIn(files: readonly string[]): Promise<readonly SeenUse[]> {
  const seen: SeenUse[] = [];
  for (const file of files) seen.push(...usesIn(readTrail(await readGiven(file, MAX_DOCUMENT_BYTES), file).events));
  return seen;
}

export function leftOver({ left, unread }: ImportReport) {
  return { left, unread };
}

function commentOf(report: ImportReport): string {
  return importLines(report, false)
    .flatMap((line) => line.split('\n'))
    .map((line) => `# ${line}`.trimEnd())
    .join('\n')
    .concat('\n');
}

/** What was found and what would have to change, for people. */
export function importText(report: ImportReport): string {
  return importLines(report, true).join('\n');
}

const NEXT = [
  'To bring these keys under the quorum: look at purpose, owner, parent, users and usage periods of each; found a repository with',
  'custody init --from FILE; let an administrator of the account tag each key custody:repository=<repository id>; then custody keys apply',
  'asks for the planned policies, aliases and rotation. Until a key has the planned policy, those named above can change it alone.',
].join(' ');

function importLines(report: ImportReport, shown: boolean): readonly string[] {
  const title = (text: string) => (shown ? heading(text) : text);
  const item = (text: string) => `  ${wrap(text, 4)}`;
  return [
    `Drafted from an account: ${Object.keys(report.keys).length} keys. Nothing was changed at AWS.`,
    ...Object.entries(report.notes).flatMap(([name, notes]) => [title(name), ...notes.map(({ text }) => item(text))]),
    ...(report.left.length > 0 ? [title('Not in the draft')] : []),
    ...report.left.map(({ arn, because }) => item(`${arn}: ${because}`)),
    ...(report.unread.length > 0 ? [title('Not read, so the draft is not complete')] : []),
    ...report.unread.map(item),
    '',
    wrap(NEXT, 0),
    '',
  ];
}
