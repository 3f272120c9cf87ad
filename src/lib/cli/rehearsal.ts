import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import chalk from 'chalk';
import { CustodyError } from '../base/errors.js';
import { REPORT } from '../rehearse/drill.js';
import { type Audience, type Rehearsal, rehearse, type StepReport } from '../rehearse/rehearse.js';
import { PLAYERS } from '../rehearse/stage.js';
import { STORY } from '../rehearse/story.js';
import { startSandbox, stopSandbox } from '../sandbox/process.js';
import type { Context } from './context.js';
import { MARKS, pairs } from './render.js';
import { ProcessStage } from './stage.js';

export interface Keep {
  readonly dir: string;
  readonly repos: Readonly<Record<string, string>>;
  readonly origin: string;
  readonly sandboxDir: string;
  /** The report of the drill: Markdown, HTML, JUnit, and the evidence. */
  readonly report: string;
}

export type PlayedRehearsal = Rehearsal & { readonly keep?: Keep };

/** Sets the stage, plays the story and clears up, or leaves everything in `keep`. */
export async function playRehearsal(
  { environment }: Pick<Context, 'environment'>,
  packageRoot: string,
  keep: string | undefined,
  say: (text: string) => void,
): Promise<PlayedRehearsal> {
  const dir = keep === undefined ? await mkdtemp(join(tmpdir(), 'custody-rehearsal-')) : await emptyFolder(keep);
  const sandboxDir = join(dir, 'sandbox');
  const entry = join(packageRoot, 'bin', 'run.js');
  const interrupted = () => void stopSandbox(sandboxDir).finally(() => process.exit(130));
  process.once('SIGINT', interrupted);
  try {
    const sandbox = await startSandbox({
      dir: sandboxDir,
      entry,
      args: ['sandbox', 'start', '--foreground', '--dir', sandboxDir],
      env: environment,
    });
    const stateHome = keep === undefined ? join(dir, 'state') : stateHomeOf(environment);
    const stage = new ProcessStage({ dir, entry, sandbox, environment, stateHome });
    const rehearsal = await rehearse(STORY, stage, audience(say));
    await stage.close();
    return keep === undefined ? rehearsal : { ...rehearsal, keep: kept(dir, sandboxDir) };
  } finally {
    process.off('SIGINT', interrupted);
    await stopSandbox(sandboxDir);
    if (keep === undefined) await rm(dir, { recursive: true, force: true });
  }
}

/** What is kept is gone on with by hand, so this machine must remember it as it remembers every repository. */
function stateHomeOf(environment: NodeJS.ProcessEnv): string {
  return environment.XDG_STATE_HOME ?? join(environment.HOME ?? tmpdir(), '.local', 'state');
}

async function emptyFolder(given: string): Promise<string> {
  const dir = resolve(given);
  await mkdir(dir, { recursive: true });
  if ((await readdir(dir)).length === 0) return dir;
  throw new CustodyError('REPOSITORY_EXISTS', `${dir} is not empty`, {
    suggestions: ['Name a new folder for --keep.'],
  });
}

function kept(dir: string, sandboxDir: string): Keep {
  const repos = Object.fromEntries(PLAYERS.map((player) => [player, join(dir, player)]));
  return { dir, repos, origin: join(dir, 'origin.git'), sandboxDir, report: join(dir, REPORT) };
}

function audience(say: (text: string) => void): Audience {
  const total = STORY.length;
  return {
    millis: () => performance.now(),
    ended: (report, number) => say(`${String(number).padStart(2)}/${total} ${stepText(report)}`),
  };
}

function stepText({ name, attack, status, seconds, command, error }: StepReport): string {
  const what = attack ? `ATTACK ${name}: ${status === 'pass' ? 'refused' : 'NOT REFUSED'}` : name;
  const tail = error ? `  ${error.code}: ${error.message}` : command ? `  $ ${command}` : '';
  return `${MARKS[status]} ${what} (${seconds.toFixed(1)} s)${tail ? `\n        ${tail.trim()}` : ''}`;
}

/** The summary of a rehearsal, and how to go on with one that was kept. */
export function rehearsalText({ verdict, steps, attacksRefused, seconds, keep }: PlayedRehearsal): string {
  const attacks = steps.filter(({ attack }) => attack).length;
  const colour = verdict === 'verified' ? chalk.green : chalk.red;
  const rows: (readonly [string, string])[] = [
    ['verdict', colour(verdict)],
    ['steps', `${steps.filter(({ status }) => status === 'pass').length} of ${steps.length} as they must be`],
    ['attacks', `${attacksRefused} of ${attacks} refused`],
    ['took', `${seconds.toFixed(1)} s`],
  ];
  const text = rows.map(([label, value]) => `${label.padEnd(9)}${value}`).join('\n');
  return keep ? `${text}\n\n${keptText(keep)}` : text;
}

function keptText({ sandboxDir, repos, origin, report }: Keep): string {
  return `${pairs([
    ['origin', origin],
    ...Object.entries(repos).map(([name, path]) => [name, path] as const),
    ['sandbox', sandboxDir],
    ['report', join(report, 'drill.html')],
  ])}\n\nGo on by hand:\n  eval "$(custody sandbox start --dir ${sandboxDir} | grep ^export)"\n  AWS_PROFILE=architect custody --repo ${repos.architect} keys pending`;
}
