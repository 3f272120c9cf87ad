import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { textAt } from '../../src/lib/rehearse/expect.js';
import { type JobOutcome, type Runner, runCronLine, runGithubJob, runGitlabJob } from '../support/ci-runner.js';
import type { Ceremony } from '../support/cli.js';
import { AUDIENCE, foundDrillCeremony, SUBJECT, tokenFor } from '../support/drill-ceremony.js';

/** What `dr schedule` prints, run as each CI system runs it: a clean clone, a clean environment, tokens of the job alone. */

let ceremony: Ceremony;
let beside: Readonly<Record<string, string>>;
const printed: Record<string, string> = {};
let version = '';

beforeAll(async () => {
  const founded = await foundDrillCeremony();
  ({ ceremony } = founded);
  const pin = (await ceremony.ok('architect', 'pin')).stdout;
  const read = (name: string) => readFileSync(join(founded.rendered, `organization-${name}.json`), 'utf8');
  const genesis = textAt(JSON.parse(pin), 'genesis');
  beside = { 'pin.json': pin, 'genesis.txt': `${genesis}\n`, 'scp.json': read('scp'), 'rcp.json': read('rcp') };
  for (const scheduler of ['github', 'gitlab', 'cron'])
    printed[scheduler] = textAt(
      (await ceremony.ok('architect', 'dr', 'schedule', `--${scheduler}`)).json,
      'schedule',
      'text',
    );
  [, version = ''] = /custody@(\S+)/.exec(printed.github ?? '') ?? [];
  // CloudTrail shows nothing of the last quarter of an hour.
  await advance('1h');
}, 600_000);
afterAll(() => ceremony?.end());

const advance = (duration: string) =>
  ceremony.ok('architect', 'sandbox', 'advance', duration, '--dir', join(ceremony.dir, 'sandbox'));

function runner(name: string, subject = SUBJECT): Runner {
  const { endpoint } = ceremony.serving.info;
  const token = (audience: string) => tokenFor(ceremony, { subject, audience });
  return { dir: join(ceremony.dir, `runner-${name}`), beside, version, endpoint, token };
}

const github = (name: string, job: string, subject?: string) =>
  runGithubJob(runner(name, subject), parse(printed.github ?? ''), job);
const gitlab = (name: string, job: string, subject?: string) =>
  runGitlabJob(runner(name, subject), parse(printed.gitlab ?? ''), job);

function passed({ exit, said, last }: JobOutcome): void {
  expect(exit, `${last}\n${said}`).toBe(0);
}

/** Nothing that a job wrote down or said opens anything later. */
function expectReport({ artifact, said }: JobOutcome, failures: number): void {
  const junit = readFileSync(join(artifact ?? '', 'drill.xml'), 'utf8');
  expect(Number(/failures="(\d+)"/.exec(junit)?.[1])).toBe(failures);
  for (const file of ['drill.md', 'drill.html', 'drill.sigstore.json'])
    expect(existsSync(join(artifact ?? '', file))).toBe(true);
  for (const secret of ceremony.secrets) expect(said).not.toContain(secret);
}

describe('the printed jobs', { shuffle: false, timeout: 600_000 }, () => {
  it('fail before any drill was verified: the daily job says so', async () => {
    const early = await github('early', 'due');
    expect([early.exit, early.last]).toEqual([3, 'custody dr status --fail-when-due --repo custody']);
  });

  it('GitHub: custodians are asked, answer, and the drill is verified and uploaded; the daily job passes', async () => {
    passed(await github('github-ask', 'challenge'));
    const shown = await ceremony.ok('deputy', 'dr', 'answer', '--list');
    expect(textAt(shown.json, 'answer', 'challenge', 'by')).toBe('ci');
    await ceremony.ok('deputy', 'dr', 'answer', '--reviewed', textAt(shown.json, 'answer', 'reviewed'));
    const drill = await github('github', 'drill');
    passed(drill);
    expectReport(drill, 0);
    expect(drill.said).not.toMatch(/title=challenge\.deputy::/);
    expect(drill.said).toMatch(/::warning title=challenge\.privacy::privacy has not answered c-/);
    passed(await github('github-due', 'due'));
  });

  it('GitLab: the drill is verified and uploaded; the daily job passes', async () => {
    await advance('1h');
    const drill = await gitlab('gitlab', 'drill');
    passed(drill);
    expectReport(drill, 0);
    passed(await gitlab('gitlab-due', 'due'));
    const { json } = await ceremony.ok('privacy', 'dr', 'history');
    expect(json).toMatchObject({
      drills: [{ verdict: 'not-verified' }, { verdict: 'verified', by: 'ci' }, { by: 'ci' }],
    });
  });

  it('cron: both lines on a machine with profiles of its own', async () => {
    await advance('1h');
    // The token of the job before has expired; a machine's own is renewed.
    await writeFile(join(ceremony.dir, 'runner-gitlab', 'home', 'oidc-token'), await runner('x').token(AUDIENCE));
    const at = { ...runner('gitlab'), dir: join(ceremony.dir, 'runner-gitlab') };
    const home = join(at.dir, 'workspace');
    const machine = {
      HOME: home,
      AWS_ENDPOINT_URL: at.endpoint,
      AWS_CONFIG_FILE: join(at.dir, 'home', 'aws-config'),
    };
    passed(await runCronLine(at, printed.cron ?? '', 'dr challenge', machine));
    passed(await runCronLine(at, printed.cron ?? '', 'dr verify', machine));
    passed(await runCronLine(at, printed.cron ?? '', 'dr status', machine));
  });

  it('while the primary Region is down, a drill goes on in another one for whoever can sign there', async () => {
    const region = (word: 'up' | 'down') =>
      ceremony.ok('architect', 'sandbox', 'region', word, 'eu-central-1', '--dir', join(ceremony.dir, 'sandbox'));
    const words = [
      'dr',
      'verify',
      '--drill-profile',
      'drill',
      '--skip',
      'interlock',
      '--region',
      'eu-west-1',
      '--json',
    ];
    await region('down');
    try {
      const mute = await ceremony.run('architect', words);
      expect([mute.exit, textAt(mute.json, 'error', 'code')]).toEqual([5, 'UNAVAILABLE']);
      expect(mute.stdout).toContain('If your signing key lies in it');
      const drill = await ceremony.run('deputy', words);
      expect([drill.exit, drill.json]).toMatchObject([
        3,
        {
          verdict: 'not-verified',
          failed: ['regions.eu-central-1'],
          unproven: expect.arrayContaining(['data.case-data']),
        },
      ]);
    } finally {
      await region('up');
    }
  });

  it('a token of another pipeline, or for another audience, opens nothing', async () => {
    const stranger = await github('stranger', 'drill', SUBJECT.replace('acme/keys', 'acme/other'));
    expect([stranger.exit, stranger.artifact]).toEqual([4, null]);
    const elsewhere = parse((printed.gitlab ?? '').replaceAll(AUDIENCE, 'custody'));
    const other = await runGitlabJob(runner('audience'), elsewhere, 'drill');
    expect([other.exit, other.artifact]).toEqual([4, null]);
  });

  it('a tool of another version than the reviewed one is not installed', async () => {
    const other = await runGithubJob({ ...runner('other-tool'), version: '9.9.9' }, parse(printed.github ?? ''), 'due');
    expect([other.exit, other.last]).toEqual([1, `npm install --global custody@${version}`]);
  });

  it('when the quarter is about to pass both fail, and the report of what was lost is uploaded', async () => {
    await advance('79d');
    const due = await github('late-due', 'due');
    expect([due.exit, due.said]).toEqual([3, expect.stringContaining('Less than 14 days are left')]);
    expect((await gitlab('late-due-gitlab', 'due')).exit).toBe(3);
    const drill = await github('late', 'drill');
    expect(drill.exit, drill.said).toBe(3);
    // Nobody has signed for months, and the backup is as old.
    expect(drill.said).toMatch(/::error title=quorum\.life\.deputy::/);
    expect(drill.said).toMatch(/::error title=backup\.age::/);
    expect(drill.artifact).not.toBeNull();
  });
});
