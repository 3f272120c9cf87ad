import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { isObject } from '../../src/lib/base/fields.js';
import { PACKAGE_ROOT } from './built.js';

/**
 * A CI system's runner, as far as a printed job needs one: a clean clone, an empty home, and an environment made from nothing.
 * What it does not know it refuses, so that no step is left out unseen.
 */

export interface Runner {
  /** Everything of one job lies in it; there is nothing in it before. */
  readonly dir: string;
  /** What beside the job lies in its repository. */
  readonly beside: Readonly<Record<string, string>>;
  readonly version: string;
  /** Where AWS is. */
  readonly endpoint: string;
  /** The CI system's provider of tokens. */
  readonly token: (audience: string) => Promise<string>;
}

export interface JobOutcome {
  readonly exit: number;
  /** The command that ended it, or the last one. */
  readonly last: string;
  readonly said: string;
  /** Folder of what was uploaded; null for nothing. */
  readonly artifact: string | null;
}

interface Place {
  readonly workspace: string;
  readonly env: NodeJS.ProcessEnv;
}

function place({ dir, beside, version, endpoint }: Runner): Place {
  const [bin, home, repository, workspace] = ['bin', 'home', 'repository', 'workspace'].map((name) =>
    join(dir, name),
  ) as [string, string, string, string];
  for (const folder of [bin, home, repository]) mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(beside)) writeFileSync(join(repository, name), content);
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@x', ...words], { env: { PATH: process.env.PATH } });
  git('init', '--quiet', repository);
  git('-C', repository, 'add', '--all');
  git('-C', repository, 'commit', '--quiet', '-m', 'x');
  git('clone', '--quiet', repository, workspace);
  // The registry has no such package yet: what it would install is the tool as it is built here.
  const tool = `#!/bin/sh\nexec '${process.execPath}' '${join(PACKAGE_ROOT, 'bin/run.js')}' "$@"\n`;
  const npm = `#!/bin/sh
[ "$*" = 'install --global custody@${version}' ] || { echo "npm $*: not what was reviewed" >&2; exit 1; }
cat > '${bin}/custody' <<'TOOL'
${tool}TOOL
chmod 755 '${bin}/custody'
`;
  writeFileSync(join(bin, 'npm'), npm);
  chmodSync(join(bin, 'npm'), 0o755);
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: home,
    CI: 'true',
    LANG: 'C.UTF-8',
    AWS_ENDPOINT_URL: endpoint,
  };
  return { workspace, env };
}

interface Ended {
  readonly exit: number;
  readonly said: string;
}

function shell(script: string, { workspace, env }: Place, words: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile('bash', [...words, '-c', script], { cwd: workspace, env }, (error, stdout, stderr) =>
      resolve({ exit: error === null ? 0 : Number(error.code ?? -1), said: stdout + stderr }),
    );
  });
}

const text = (value: unknown, what: string): string => {
  if (typeof value !== 'string') throw new Error(`${what} is no text`);
  return value;
};
const object = (value: unknown, what: string): Readonly<Record<string, unknown>> => {
  if (!isObject(value)) throw new Error(`${what} is no object`);
  return value;
};

/** "Contexts reference", docs.github.com: `runner` is there in steps, and nowhere above them. */
function filled(template: string, contexts: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\$\{\{ *([\w.]+) *\}\}/g, (_, name: string) => {
    const value = contexts[name];
    if (value === undefined) throw new Error(`no context has ${name} there`);
    return value;
  });
}

const JOB = ['concurrency', 'if', 'runs-on', 'timeout-minutes', 'environment', 'permissions', 'steps', 'env'];

/** One job of a workflow of GitHub Actions, of which `uses` are three that it knows. */
export async function runGithubJob(runner: Runner, workflow: unknown, name: string): Promise<JobOutcome> {
  const job = object(object(object(workflow, 'the workflow').jobs, 'jobs')[name], name);
  const strange = Object.keys(job).filter((key) => !JOB.includes(key));
  if (strange.length > 0) throw new Error(`a job has no ${strange.join(', ')}`);
  const temp = join(runner.dir, 'temp');
  const variables = join(runner.dir, 'github-env');
  mkdirSync(temp, { recursive: true });
  writeFileSync(variables, '');
  const at = place(runner);
  const may = object(job.permissions ?? {}, 'permissions');
  const provider = await tokenProvider(runner);
  const contexts = { 'runner.temp': temp, 'github.token': 'ghs_of-this-job' };
  const base: NodeJS.ProcessEnv = {
    ...at.env,
    GITHUB_ACTIONS: 'true',
    RUNNER_TEMP: temp,
    GITHUB_ENV: variables,
    GITHUB_WORKSPACE: at.workspace,
    ...envOf(job.env, { 'github.token': contexts['github.token'] }),
    ...(may['id-token'] === 'write' ? provider.env : {}),
  };
  const outcome = { exit: 0, last: '', said: '', artifact: null as string | null };
  try {
    for (const item of job.steps as readonly unknown[]) {
      const step = object(item, 'a step');
      if (outcome.exit !== 0 && step.if !== 'always()') continue;
      if (typeof step.uses === 'string') {
        outcome.artifact = use(step, at.workspace, runner.dir) ?? outcome.artifact;
        continue;
      }
      const script = filled(text(step.run, 'run'), contexts);
      const env = { ...base, ...variablesIn(variables), ...envOf(step.env, contexts) };
      const ended = await shell(script, { ...at, env }, ['--noprofile', '--norc', '-e', '-o', 'pipefail']);
      Object.assign(outcome, { exit: ended.exit, last: script, said: `${outcome.said}$ ${script}\n${ended.said}\n` });
    }
    return outcome;
  } finally {
    provider.stop();
  }
}

function envOf(env: unknown, contexts: Readonly<Record<string, string>>): Record<string, string> {
  const given = Object.entries(object(env ?? {}, 'env'));
  return Object.fromEntries(given.map(([name, value]) => [name, filled(text(value, name), contexts)]));
}

function variablesIn(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** @returns what was uploaded */
function use(step: Readonly<Record<string, unknown>>, workspace: string, dir: string): string | null {
  // A tag can be moved by others than those who reviewed the job.
  const [, action] = /^([a-z-]+\/[a-z-]+)@[0-9a-f]{40}$/.exec(text(step.uses, 'uses')) ?? [];
  const input = object(step.with ?? {}, 'with');
  if (action === 'actions/checkout' && input['persist-credentials'] === false) return null;
  if (action === 'actions/setup-node' && isSetUp(input)) return null;
  if (action !== 'actions/upload-artifact') throw new Error(`what does ${text(step.uses, 'uses')} do?`);
  return uploaded(join(workspace, text(input.path, 'path')), dir);
}

/** Nothing that another job has left in a cache gets into one that signs. */
function isSetUp(input: Readonly<Record<string, unknown>>): boolean {
  return Number(input['node-version']) >= 20 && input['package-manager-cache'] === false;
}

function uploaded(folder: string, dir: string): string | null {
  if (!existsSync(folder)) return null;
  const artifact = join(dir, 'artifact');
  cpSync(folder, artifact, { recursive: true });
  return artifact;
}

/** "OpenID Connect reference", docs.github.com: a GET with the job's bearer token and an audience. */
async function tokenProvider({ token }: Runner) {
  const bearer = 'of-this-job-alone';
  const server = createServer((request, response) => {
    const audience = new URL(request.url ?? '/', 'http://localhost').searchParams.get('audience') ?? '';
    const known = request.headers.authorization === `bearer ${bearer}`;
    void token(audience).then((value) => {
      response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
      response.end(JSON.stringify(known ? { value } : {}));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    env: {
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer,
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** One job of GitLab CI: its lines are one script of one shell ("CI/CD YAML syntax reference", script). */
export async function runGitlabJob(runner: Runner, pipeline: unknown, name: string): Promise<JobOutcome> {
  const job = object(object(pipeline, 'the pipeline')[name], name);
  const at = place(runner);
  const env: NodeJS.ProcessEnv = {
    ...at.env,
    GITLAB_CI: 'true',
    CI_JOB_TOKEN: 'of-this-job',
    ...envOf(job.variables, {}),
  };
  for (const [variable, wish] of Object.entries(object(job.id_tokens ?? {}, 'id_tokens')))
    env[variable] = await runner.token(text(object(wish, variable).aud, 'aud'));
  const script = (job.script as readonly unknown[]).map((line) => text(line, 'a line of the script')).join('\n');
  const { exit, said } = await shell(script, { ...at, env }, ['-eo', 'pipefail']);
  const { when, paths } = object(job.artifacts ?? {}, 'artifacts');
  const [path] = (paths ?? []) as readonly string[];
  const kept =
    path !== undefined && (exit === 0 || when === 'always') ? uploaded(join(at.workspace, path), runner.dir) : null;
  return { exit, last: script, said, artifact: kept };
}

/** The commands of a crontab with its environment, which cron's /bin/sh runs in the user's home (crontab(5): `\\%` is `%`). */
export async function runCronLine(
  runner: Runner,
  crontab: string,
  has: string,
  machine: NodeJS.ProcessEnv,
): Promise<JobOutcome> {
  const lines = crontab.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const env = Object.fromEntries(
    lines.flatMap((line) =>
      [...line.matchAll(/^([A-Z_]+)=(.*)$/g)].map(([, name, value]) => [name ?? '', value ?? '']),
    ),
  );
  const command =
    lines
      .find((line) => line.includes(has))
      ?.replace(/^(?:\S+ ){5}/, '')
      .replaceAll('\\%', '%') ?? 'exit 9';
  const home = machine.HOME ?? '';
  const path = `${join(runner.dir, 'bin')}:${process.env.PATH}`;
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', command], { cwd: home, env: { ...env, ...machine, PATH: path } }, (error, out, err) =>
      resolve({ exit: error === null ? 0 : Number(error.code ?? -1), last: command, said: out + err, artifact: null }),
    );
  });
}
